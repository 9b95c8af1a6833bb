"""Circuits from files in programs: words, circuits and a garbled run say what the circuit computes, on every lane."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import shared_circuits as shared
from support.agreement import circuits_agree, clear

from compiler import artifact
from compiler.artifact.sealed import ArtifactError
from compiler.gates.apart import Apart, apart
from compiler.gates.bristol import circuit_of, fashion
from compiler.gates.builder import Builder, placed
from compiler.gates.circuit import Circuit
from compiler.gates.netlist import Netlist, netlist
from compiler.gates.simulate import simulate
from compiler.joint.locality import Evaluator
from compiler.lowering.understand import FORMATS
from compiler.passes.base import assignments
from compiler.pipeline import Meaning, build, understand
from compiler.program import Compiled, and_gates
from compiler.training.slots import Slots
from compiler.words.extern import Extern
from compiler.words.ir import Block, Type, Value
from compiler.words.needs import Wrong
from compiler.words.operations import Draw, Strided, View
from compiler.words.strides import row_major
from compiler.words.verify import Malformed, Outside, verify_block
from lang.checker.check import check
from lang.problems.problem import Rejected
from lang.source import Source

WIDTH = 5


def file_of(make: Callable[[Builder, list[int], list[int]], list[int]], width: int = WIDTH) -> str:
    """A circuit of two inputs, made of their bits, in Bristol Fashion."""
    builder = Builder(2 * width)
    bits = [builder.input(i) for i in range(2 * width)]
    outputs = make(builder, bits[:width], bits[width:])
    return fashion(builder.circuit(outputs), [width, width], [len(outputs)])


def added(builder: Builder, a: list[int], b: list[int]) -> list[int]:
    """The low bits of the sum."""
    carry, total = 0, list[int]()
    for x, y in zip(a, b, strict=True):
        both = builder.xor(x, y)
        total.append(builder.xor(both, carry))
        carry = builder.xor(x, builder.and_(both, builder.xor(x, carry)))
    return total


def products(builder: Builder, a: list[int], b: list[int]) -> list[int]:
    """The neighbours of a multiplied, three times over, which is a's alone to do, and then taken where b says so."""
    for _ in range(3):
        a = [builder.xor(x, builder.and_(y, z)) for x, y, z in zip(a, a[1:] + a[:1], a[2:] + a[:2], strict=True)]
    return [builder.and_(x, y) for x, y in zip(a, b, strict=True)]


FILES = {"add.txt": file_of(added), "products.txt": file_of(products)}


def program(text: str, files: Mapping[str, str] = FILES) -> Meaning:
    return understand(Source("main.ccr", text), {}, lambda name: Source(name, files[name]))


HEAD = """
party alice;
party bob;
extern fn add(x: uint<5>, y: uint<5>) -> uint<5> = bristol("add.txt");
extern fn signed(x: int<5>, y: int<5>) -> int<5> = bristol("add.txt");
extern fn tenths(x: fix<5, 2>, y: uint<5>) -> fix<5, 1> = bristol("add.txt");
extern fn bits(x: bit[5], y: bit[5]) -> bit[5] = bristol("add.txt");
extern fn some(x: bit[5], y: uint<5>) -> bit[5] = bristol("products.txt");
input a: uint<5> from alice;
input b: uint<5> from bob;
input x: uint<5>[3] from alice;
input y: uint<5>[2, 3] from bob;
input p: bit[5] from alice;
input q: bit[3, 5] from bob;
input s: int<5> from bob;
input f: fix<5, 2> from alice;
"""
Inputs = Mapping[str, Any]


def low(total: Any) -> Any:
    return total % 32


def wrapped(total: Any) -> Any:
    return (total + 16) % 32 - 16


def number(bits: Any) -> Any:
    return (np.asarray(bits) << np.arange(5)).sum(axis=-1)


def spread(numbers: Any) -> Any:
    return (np.asarray(numbers)[..., None] >> np.arange(5)) & 1


def some(p: Any, y: Any) -> Any:
    builder = Builder(10)
    literals = [builder.input(i) for i in range(10)]
    circuit = builder.circuit(products(builder, literals[:5], literals[5:]))
    return [simulate(circuit, [int(bit) for bit in (*p, *spread(y))], 1)]


CALLS: dict[str, tuple[str, Callable[[Inputs], Any]]] = {
    "of numbers": ("let r = add(a, b);", lambda v: low(v["a"] + v["b"])),
    "of signed ones": ("let r = signed(s, b);", lambda v: wrapped(v["s"] + np.minimum(v["b"], 15))),
    "of a grid": ("let r = tenths(f, b);", lambda v: wrapped(v["f"] + v["b"])),
    "of bits": ("let r = bits(p, q[0]);", lambda v: spread(low(number(v["p"]) + number(v["q"][0])))),
    "of bits and a number": ("let r = some(p, b);", lambda v: some(v["p"], v["b"])[0]),
    "of what one party has": ("let r = add(a, x[1]);", lambda v: low(v["a"] + v["x"][1])),
    "of what the other has": ("let r = add(b, y[1, 1]);", lambda v: low(v["b"] + v["y"][1, 1])),
    "of a number that both know": ("let r = add(7, b);", lambda v: low(7 + v["b"])),
    "of nothing else": ("let r = bits(1, 3 as bit) as bit;", lambda v: spread(low(31 + 31))),
    "of a result": ("let r = add(add(a, b), add(a, 3));", lambda v: low(2 * v["a"] + v["b"] + 3)),
    "of what is rounded to the parameter": ("let r = add(a + b, 0);", lambda v: np.minimum(v["a"] + v["b"], 31)),
    "side by side": ("let r = add(x, y);", lambda v: low(v["x"] + v["y"])),
    "side by side with one for all": ("let r = bits(p, q);", lambda v: spread(low(number(v["p"]) + number(v["q"])))),
    "one for all, made of first": ("let r = some(p, y[0]);", lambda v: [some(v["p"], n)[0] for n in v["y"][0]]),
    "in a loop": (
        "var r: uint<5>[3] = 0; for i in 0..3 { r[i] = add(x[i], add(y[0, i], a)); }",
        lambda v: low(v["x"] + v["y"][0] + v["a"]),
    ),
    "in a loop that adds": (
        "var r: uint<8> = 0; for i in 0..3 { r += add(x[i], b); }",
        lambda v: low(v["x"] + v["b"]).sum(),
    ),
    "under a condition": (
        "var r: uint<5> = 1; if a > b { r = add(a, b); }",
        lambda v: low(v["a"] + v["b"]) if v["a"] > v["b"] else 1,
    ),
    "in a function": ("fn twice(v: uint<5>) -> uint<5> { add(v, v) } let r = twice(b);", lambda v: low(2 * v["b"])),
}


@pytest.mark.parametrize("evaluator", Evaluator, ids=lambda e: e.value)
@pytest.mark.parametrize("name", CALLS)
def test_a_call(name: str, evaluator: Evaluator) -> None:
    statement, function = CALLS[name]
    meant = program(f"{HEAD}{statement}\noutput reveal(r) to alice, bob;\n")
    compiled = build(meant, evaluator=evaluator)
    for seed in range(4):
        draw = np.random.default_rng(seed)
        given = {
            entry.name: draw.integers(type.lo, type.hi, type.shape, endpoint=True).astype(object)
            for entry, type in meant.words.inputs
        }
        assert np.array_equal(clear(meant, given)["r"], function(given))
    circuits_agree(meant, compiled, garbled=True)


def gates_of(statement: str, evaluator: Evaluator = Evaluator.MALICIOUS) -> int:
    return and_gates(build(program(f"{HEAD}{statement}\noutput reveal(r) to alice, bob;\n"), evaluator=evaluator).plan)


def test_what_is_paid_for() -> None:
    """No more than the circuit's own gates: bits that become numbers are wires, and what one argument decides is its
    owner's alone, or made once for all that share it."""
    assert gates_of("let r = add(a, b);") == gates_of("let r = signed(a as int<5> wrap, s);") == 4
    assert gates_of("let r = add(x, y[0]);") == 12
    assert gates_of("let r = some(q[0], a);") == gates_of("let r = some(p, b);", Evaluator.HONEST) == 5  # bob garbles
    assert gates_of("let r = some(p, b);") == 15 + 5
    assert gates_of("let r = some(p, y[0]);") == 15 + 3 * 5


def test_parts_and_rest_are_the_circuit() -> None:
    for text in FILES.values():
        circuit = circuit_of(_read(text))
        made = apart(circuit, [WIDTH, WIDTH])
        assert _joined(made, [WIDTH, WIDTH]) == simulate(circuit, *_all(circuit))
    circuit = circuit_of(_read(FILES["products.txt"]))
    made = apart(circuit, [WIDTH, WIDTH])
    assert made.parts[1] is None and made.parts[0] is not None
    assert (made.parts[0].and_gates, made.rest.and_gates) == (15, 5)


def _read(text: str) -> Netlist:
    return netlist(Source("circuit.txt", text))


def _all(circuit: Circuit) -> tuple[list[int], int]:
    return assignments(circuit.inputs)


def _joined(made: Apart, widths: list[int]) -> list[int]:
    builder = Builder(sum(widths))
    first, operands = 0, list[int]()
    for width, part in zip(widths, made.parts, strict=True):
        bits = [builder.input(first + i) for i in range(width)]
        operands += bits if part is None else placed(builder, part, bits)
        first += width
    whole = builder.circuit(placed(builder, made.rest, operands))
    return simulate(whole, *_all(whole))


# -- files and artifacts


def test_a_file_is_read_once_whatever_it_holds() -> None:
    """Also where it is no circuit: which is told once."""
    for text, codes in ((FILES["add.txt"], list[str]()), ("1 1\n", ["circuit-line"])):
        read: list[str] = []

        def loader(name: str, text: str = text, read: list[str] = read) -> Source:
            read.append(name)
            return Source(name, text)

        declared = (f'extern fn f{i}(x: uint<5>, y: uint<5>) -> uint<5> = bristol("add.txt");' for i in range(50))
        calls = "party p; party q; input a: uint<5> from p; output reveal(f1(f2(a, 1), 2)) to q;"
        try:
            check(Source("main.ccr", "\n".join([*declared, calls])), {}, loader, FORMATS)
            found = list[str]()
        except Rejected as rejected:
            found = [p.code for p in rejected.problems]
        assert (found, read) == (codes, ["add.txt"])


def test_a_circuit_of_an_import_lies_beside_it() -> None:
    files = {
        "lib/sums.ccr": 'extern fn add(x: uint<5>, y: uint<5>) -> uint<5> = bristol("../add.txt");',
        "add.txt": FILES["add.txt"],
    }
    text = 'import "lib/sums.ccr"; party p; party q; input a: uint<5> from p; output reveal(add(a, 1)) to q;'
    assert [file.name for file in program(text, files).files] == ["main.ccr", "lib/sums.ccr", "add.txt"]


def test_an_artifact_holds_its_circuits() -> None:
    """It is read without the file; with a circuit of another function it is refused."""
    compiled = build(program(f"{HEAD}output reveal(some(p, b)), reveal(add(a, a)) to bob;"))
    again = artifact.decode(artifact.encode(compiled))
    assert again == compiled and again.files == compiled.files
    other = Source("add.txt", FILES["add.txt"].replace(" XOR", " AND", 1))
    forged = _with(compiled, tuple(other if file.name == "add.txt" else file for file in compiled.files))
    with pytest.raises(ArtifactError, match="not what its text makes"):
        artifact.decode(artifact.encode(forged))
    missing = _with(compiled, tuple(file for file in compiled.files if file.name != "add.txt"))
    with pytest.raises(ArtifactError, match="circuit-missing"):
        artifact.decode(artifact.encode(missing))


def _with(compiled: Compiled, files: tuple[Source, ...]) -> Compiled:
    return replace(compiled, files=files)


def test_another_circuit_is_another_program() -> None:
    texts = (FILES, FILES | {"add.txt": FILES["products.txt"]})
    made = [build(program(f"{HEAD}output reveal(add(a, b)) to bob;", text)) for text in texts]
    assert len({artifact.digest(artifact.encode(each)) for each in made}) == 2


def test_no_gradient() -> None:
    text = """
party vendor;
party hospital;
extern fn add(x: uint<5>, y: uint<5>) -> uint<5> = bristol("add.txt");
input w0: uint<5> from vendor;
dataset records from hospital { x: uint<5>; }
var w = w0;
dpsgd w on records(batch = 8, steps = 2, clip = 1.0, noise = 1.0, rate = 8.0) as row {
    loss squared(add(w, row.x), 0);
}
output w to vendor;
"""
    with pytest.raises(Rejected) as caught:
        program(text)
    assert [p.code for p in caught.value.problems] == ["not-yet"]


def test_rows_of_a_data_set_go_through_one_by_one() -> None:
    """In a measure: the proof sees that each value is of one row."""
    text = """
party vendor;
party hospital;
extern fn add(x: uint<5>, y: uint<5>) -> uint<5> = bristol("add.txt");
input v: uint<5> from vendor;
dataset records from hospital { x: uint<5>; y: uint<5>; }
measure total on records(rows = 8, clip = 31, noise = 1.0) as row { add(add(row.x, row.y), v) }
output total to vendor;
"""
    meant = program(text)
    assert and_gates(build(meant).plan) > 8 * 4


GOOD = Circuit(4, (), (2, 4))


def extern(circuit: Circuit = GOOD, shape: tuple[int, ...] = (3, 2), **changed: Any) -> Block:
    """Of two operands of two bits each, on three lanes."""
    bits = Type((3, 2), Fraction(1), 0, 1)
    return Block(
        0, (bits, replace(bits, **changed)), (Value(Extern("f", circuit), (0, 1), replace(bits, shape=shape)),), (2,)
    )


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        (extern(Circuit(3, (), (2, 4))), "a circuit of other widths"),
        (extern(shape=(3, 3)), "a circuit of other widths"),
        (extern(shape=(2, 2)), "an operand of other axes"),
        (extern(Circuit(4, (), (2, 11))), "a circuit that is none"),
        (extern(hi=2), "an operand that is not of bits"),
        (extern(scale=Fraction(1, 2)), "an operand of other axes"),
    ],
    ids=["inputs", "outputs", "lanes", "literals", "numbers", "scale"],
)
def test_words_are_held_to_the_circuit(block: Block, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        verify_block(block, Outside(("p",), {}, {}), "p")


def test_operands_of_several_rows_are_not_one_rows() -> None:
    """Of four rows of two bits each, all on one lane; or two on each of two."""
    bits = Type((4, 2), Fraction(1), 0, 1)
    for lead, bad in (((4,), False), ((2,), True)):
        shape = (*lead, 8 // lead[0])
        items = [
            Value(Draw("rows", "x", "clinic", 0, 4, 4), (), bits),
            Value(View(Strided(0, row_major(shape))), (0,), replace(bits, shape=shape)),
            Value(Extern("f", Circuit(shape[-1], (), (2,))), (1,), replace(bits, shape=(*lead, 1))),
        ]
        slots = Slots(4, {}, {n: item.type for n, item in enumerate(items)})
        slots.add(0, items[0])
        slots.add(1, items[1])
        if bad:
            with pytest.raises(Wrong, match="bits of two rows"):
                slots.add(2, items[2])
        else:
            slots.add(2, items[2])
            assert slots.of(2) == 1


# -- a real one


@shared.needed
def test_aes_of_a_program_is_that_of_fips_197(tmp_path: Path) -> None:
    """Appendix C.1, of bits and of numbers; the key schedule is its owner's alone where that may compute."""
    (tmp_path / "aes_128.txt.gz").write_bytes(shared.path("aes_128").read_bytes())
    (tmp_path / "aes.ccr").write_text(
        """party alice;
party bob;
extern fn aes(key: uint<128>, block: uint<128>) -> uint<128> = bristol("aes_128.txt.gz");
input key: uint<128> from alice;
input block: uint<128> from bob;
output reveal(aes(key, block)) to bob;
"""
    )
    meant = understand(Source(str(tmp_path / "aes.ccr"), (tmp_path / "aes.ccr").read_text()))
    compiled = build(meant)
    assert and_gates(compiled.plan) == 6400 - 1280
    key, block = 0x000102030405060708090A0B0C0D0E0F, 0x00112233445566778899AABBCCDDEEFF
    given = {"key": np.array(key, dtype=object), "block": np.array(block, dtype=object)}
    assert clear(meant, given)["out"] == 0x69C4E0D86A7B0430D8CDB78070B4C55A
