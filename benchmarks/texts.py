"""The programs that are measured, of any size, and the values that they get."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from compiler.joint.shares import Products

EXAMPLES = Path(__file__).parents[1] / "examples"
PARTIES = "party alice; party bob;\n"
Values = dict[str, NDArray[np.float64] | NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class Measured:
    """A program: its text or its file, and its values or their files."""

    name: str
    text: str | Path
    values: Callable[[np.random.Generator], Values] = field(default=lambda _: {})
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    overrides: Mapping[str, str] = field(default_factory=dict[str, str])
    products: Products = Products.SHARES


def words(rng: np.random.Generator, *shape: int, bits: int = 32) -> NDArray[np.int64]:
    return rng.integers(0, 1 << bits, shape)


def products(count: int) -> Measured:
    """Each factor of one party."""
    text = f"""
input x: uint<32>[{count}] from alice;
input y: uint<32>[{count}] from bob;
output reveal((x * y) as uint<32> wrap) to bob;
"""
    return Measured(f"{count} products", text, lambda rng: {"x": words(rng, count), "y": words(rng, count)})


def joint_products(count: int) -> Measured:
    """Factors that nobody knows."""
    text = f"""
input x: uint<32>[{count}] from alice;
input u: uint<32>[{count}] from alice;
input y: uint<32>[{count}] from bob;
input v: uint<32>[{count}] from bob;
output reveal(((x ^ y) as uint<32> * (u ^ v) as uint<32>) as uint<32> wrap) to bob;
"""
    return Measured(f"{count} joint products", text, lambda rng: {name: words(rng, count) for name in "xuyv"})


def steps(count: int, lanes: int = 4096) -> Measured:
    """So many products one after the other, in so many lanes."""
    text = f"""
input x: uint<32>[{lanes}] from alice;
input y: uint<32>[{lanes}] from bob;
var a = x;
for i in 0..{count} {{ a = ((a ^ y) as uint<32> * a) as uint<32> wrap; }}
output reveal(a) to bob;
"""
    return Measured(f"{count} steps", text, lambda rng: {"x": words(rng, lanes), "y": words(rng, lanes)})


def aes(count: int, circuit: Path) -> Measured:
    """So many blocks under one key of the other party's; the circuit takes key and text, as that of Bristol Fashion."""
    text = f"""
extern fn aes(key: bit[128], text: bit[128]) -> bit[128] = bristol("{circuit.resolve()}");
input key: bit[128] from alice;
input text: bit[{count}, 128] from bob;
output reveal(aes(key, text)) to bob;
"""
    return Measured(
        f"AES-128 x {count}", text, lambda rng: {"key": words(rng, 128, bits=1), "text": words(rng, count, 128, bits=1)}
    )


def logistic(rows: int, features: int) -> Measured:
    """One step of gradient descent, all in gates."""
    text = f"""
input x: fix<16, 8>[{rows}, {features}] from alice;
input y: bit[{rows}] from alice;
input w: fix<16, 8>[{features}] from bob;
let score = (x @ w) as fix<16, 8> floor wrap;
let p: fix<9, 8>[{rows}] = sigmoid(score);
output reveal((w - (p - y) @ x / 64) as fix<16, 8> floor wrap) to bob;
"""

    def values(rng: np.random.Generator) -> Values:
        x, w = (rng.integers(-256, 256, shape) / 256 for shape in ((rows, features), (features,)))
        return {"x": x, "y": words(rng, rows, bits=1), "w": w}

    return Measured(f"logistic step of {rows} x {features}", text, values)


def sort(count: int) -> Measured:
    text = f"""
input a: uint<32>[{count}] from alice;
input b: uint<32>[{count}] from bob;
output reveal(sort((a ^ b) as uint<32>)) to bob;
"""
    return Measured(f"sort of {count}", text, lambda rng: {"a": words(rng, count), "b": words(rng, count)})


def intersection(count: int, how: str) -> Measured:
    """Which of bob's alice has, each against each: `loops` of one lane, or `lanes`."""
    inner = (
        "for j in 0..N { found[i] = found[i] | (b[i] == a[j]); }" if how == "loops" else "found[i] = sum(b[i] == a);"
    )
    text = f"""
param N = {count};
input a: uint<32>[N] from alice;
input b: uint<32>[N] from bob;
var found: bit[N] = 0;
for i in 0..N {{ {inner} }}
output reveal(found) to bob;
"""
    return Measured(
        f"intersection of {count} x {count}, in {how}",
        text,
        lambda rng: dict(zip("ab", rng.permutation(3 * count).reshape(3, count)[:2], strict=True)),
    )


def sorted_intersection(count: int) -> Measured:
    """How many elements two sorted sets share: a bitonic merge, then neighbours.  Bob's runs downwards; whoever brings
    2^32 - 1 is not counted rightly, for it fills both up to a power of two."""
    size = 1 << (count - 1).bit_length()
    spare = size - count
    # both are filled in the middle: alice's goes up to the end, bob's comes down from there
    lines = [f"var v: uint<32>[{2 * size}] = concat(a, full, b);" if spare else "var v = concat(a, b);"]
    distance = size
    while distance:
        pairs = size // distance
        lines += [
            f"let r{distance} = reshape(v, {pairs}, 2, {distance});",
            f"let p{distance} = r{distance}[:, 0]; let q{distance} = r{distance}[:, 1];",
            f"let low{distance} = min(p{distance}, q{distance});",
            f"let high{distance} = (p{distance} ^ q{distance} ^ low{distance}) as uint<32>;",
            f"v = reshape(concat(reshape(low{distance}, {pairs}, 1, {distance}), "
            f"reshape(high{distance}, {pairs}, 1, {distance}), axis = 1), {2 * size});",
        ]
        distance //= 2
    text = f"""
input a: uint<32>[{count}] from alice;
input b: uint<32>[{count}] from bob;
{f"let full: uint<32>[{2 * spare}] = {2**32 - 1};" if spare else ""}
{chr(10).join(lines)}
output reveal(sum(v[..{2 * size - 1}] == v[1..]) - {max(0, 2 * spare - 1)}) to bob;
"""

    def values(rng: np.random.Generator) -> Values:
        mine, yours = (np.sort(rng.permutation(3 * count)[:count]) for _ in "ab")
        return {"a": mine, "b": yours[::-1]}

    return Measured(f"sorted intersection of {count} + {count}", text, values)


def millionaires() -> Measured:
    return Measured("millionaires", EXAMPLES / "millionaires" / "millionaires.ccr", files={"a": "3", "b": "2"})


def demo(how: Products) -> Measured:
    folder = EXAMPLES / "tumour"
    files = {"w0": str(folder / "base.npz"), "records": str(folder / "records.csv")}
    return Measured(f"demo, products as {how.name.lower()}", folder / "tumour.ccr", files=files, products=how)


def digits(name: str, batch: int) -> Measured:
    """One step of a model that reads digits."""
    folder = EXAMPLES / "digits"
    weights = {
        "one_vs_all": ("linear", ["w0"]),
        "softmax": ("linear", ["w0"]),
        "mlp": ("mlp", ["first", "second", "bias"]),
    }
    file, inputs = weights[name]
    files = {each: f"{folder / file}.npz:{each}" for each in inputs} | {"digits": str(folder / "records.csv")}
    return Measured(
        f"digits, {name}, one step of {batch}",
        folder / f"{name}.ccr",
        files=files,
        overrides={"STEPS": "1", "BATCH": str(batch)},
    )
