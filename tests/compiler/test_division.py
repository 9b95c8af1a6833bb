"""`/` and `%` by private numbers: every pair of small kinds against Python's integers, in words and in circuits."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import Any

import numpy as np
import pytest
from support.in_memory import Inputs, run_clear

from compiler.pipeline import Meaning, build, understand
from compiler.words.evaluate import evaluate
from compiler.words.ir import Type
from lang.checker.fold import to_kind
from lang.kinds import Base, Scalar
from lang.problems.problem import Rejected
from lang.source import Source
from runtime.report.work import work


def meaning(text: str) -> Meaning:
    return understand(Source("division.ccr", "party hospital; party vendor;\n" + text))


def every(kind: Scalar) -> list[int]:
    return list(range(kind.lo, kind.hi + 1))


def outcomes(text: str, pairs: list[tuple[int, int]]) -> tuple[list[int], Type]:
    """The output `q` of a program of the inputs x and y, for each pair: in words, and by the circuits."""
    understood = meaning(text.replace("[N]", f"[{len(pairs)}]"))
    compiled = build(understood)
    values: dict[str, Any] = {"x": np.array([x for x, _ in pairs]), "y": np.array([y for _, y in pairs])}
    got = run_clear(compiled.plan, values)["q"]
    assert np.array_equal(got, evaluate(understood.words.block, [], Inputs(values))[0])
    return [int(v) for v in got.reshape(-1)], compiled.outputs[0].type


def divided(x: int, y: int, kind: Scalar) -> int:
    """As docs/language.md says: rounded down; x / 0 is the end of the kind, by the sign of x."""
    return x // y if y else kind.lo if x < 0 else kind.hi


WHOLE = [Scalar(base, bits) for base in (Base.UINT, Base.INT) for bits in (1, 2, 3, 4)]


@pytest.mark.parametrize("a", WHOLE, ids=str)
@pytest.mark.parametrize("b", WHOLE, ids=str)
def test_whole_numbers(a: Scalar, b: Scalar) -> None:
    pairs = [(x, y) for x in every(a) for y in every(b)]
    inputs = f"input x: {a}[N] from hospital; input y: {b}[N] from vendor; "
    quotients, _ = outcomes(inputs + "output q = reveal(x / y) to vendor;", pairs)
    assert quotients == [divided(x, y, a) for x, y in pairs]
    rests, type = outcomes(inputs + "output q = reveal(x % y) to vendor;", pairs)
    assert rests == [x % y if y else x for x, y in pairs]
    assert type.width <= max(a.bits, b.bits) + 1


FIXED = [
    (Scalar(Base.FIX, 4, 2), Scalar(Base.FIX, 3, 0), Scalar(Base.FIX, 5, 3)),
    (Scalar(Base.FIX, 4, 0), Scalar(Base.FIX, 4, 4), Scalar(Base.FIX, 6, 1)),
    (Scalar(Base.UINT, 4), Scalar(Base.FIX, 4, 3), Scalar(Base.UINT, 5)),
    (Scalar(Base.FIX, 4, 3), Scalar(Base.UINT, 3), Scalar(Base.FIX, 8, 7)),
]


@pytest.mark.parametrize(("a", "b", "bound"), FIXED, ids=str)
def test_fix_is_off_by_less_than_a_last_bit(a: Scalar, b: Scalar, bound: Scalar) -> None:
    pairs = [(x, y) for x in every(a) for y in every(b)]
    quotients, type = outcomes(
        f"input x: {a}[N] from hospital; input y: {b}[N] from vendor; "
        f"let z: {bound}[N] = x / y; output q = reveal(z) to vendor;",
        pairs,
    )
    assert type.scale == bound.scale
    for (x, y), got in zip(pairs, quotients, strict=True):
        if y == 0:
            assert got == (bound.lo if x < 0 else bound.hi)
            continue
        exact = Fraction(x) * a.scale / (y * b.scale)
        clamped = min(max(exact, bound.lo * bound.scale), bound.hi * bound.scale)
        assert abs(got * bound.scale - clamped) < bound.scale
        assert got * bound.scale == to_kind(Fraction(floor(exact / bound.scale)) * bound.scale, bound)


def test_unbound_fix_has_eight_fraction_bits() -> None:
    kind = Scalar(Base.FIX, 4, 1)
    pairs = [(x, y) for x in every(kind) for y in every(kind)]
    quotients, type = outcomes(
        f"input x: {kind}[N] from hospital; input y: {kind}[N] from vendor; output q = reveal(x / y) to vendor;", pairs
    )
    assert type.scale == Fraction(1, 256)
    assert quotients == [256 * x // y if y else 128 * (kind.lo if x < 0 else kind.hi) for x, y in pairs]


def test_public_tensors_divide_exactly() -> None:
    quotients, type = outcomes(
        "input x: fix<6, 2>[N] from hospital; input y: bit[N] from vendor;"
        "output q = reveal(12 * (x / [1.0, 3.0, -0.5]) + 0 * y) to vendor;",
        [(-5, 0), (7, 0), (9, 1)],
    )
    assert [q * type.scale for q in quotients] == [-15, 7, -54]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("let z: uint<3>[N] = y - y; output q = reveal(x / z) to vendor;", [-8, 7, 7]),
        ("let z: uint<3>[N] = y - y; output q = reveal(x % z) to vendor;", [-3, 0, 5]),
        ("let z: int<8>[N] = (x + x) / y; output q = reveal(z) to vendor;", [-3, 127, 3]),
        ("let z: int<8>[N] = 9 / y; output q = reveal(z) to vendor;", [4, 127, 3]),
        ("var z: int<7>[N] = -10; output q = reveal(min(z % 3, y)) to vendor;", [2, 0, 2]),
        ("var z: int<7>[N] = -10; output q = reveal(max(z % -7, x)) to vendor;", [-3, 0, 5]),
    ],
)
def test_divisors_known_to_the_compiler_alone_and_dividends_without_a_kind(text: str, wanted: list[int]) -> None:
    inputs = "input x: int<4>[N] from hospital; input y: uint<3>[N] from vendor; "
    assert outcomes(inputs + text, [(-3, 2), (0, 0), (5, 3)])[0] == wanted


@pytest.mark.parametrize(
    ("kind", "least", "most"),
    [("fix<8, 8>", 0, 0), ("fix<8, 7>", -128, 0), ("fix<8, 6>", -128, 64), ("fix<16, 8>", -(2**15), 127 * 256)],
)
def test_whole_numbers_bound_to_fix_divide_by_zero_to_its_last_whole_number(kind: str, least: int, most: int) -> None:
    inputs = "input x: int<4>[N] from hospital; input y: uint<3>[N] from vendor; "
    text = f"let z: {kind}[N] = (x + x) / y; output q = reveal(z) to vendor;"
    assert outcomes(inputs + text, [(-3, 0), (0, 0), (5, 0)])[0] == [least, most, most]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("output q = reveal((x + x) / y) to vendor;", "quotient-kind"),
        ("output q = reveal(1 / y) to vendor;", "quotient-kind"),
        ("input w: fix<40, 8> from vendor; output q = reveal(w / y) to vendor;", "range-too-wide"),
        ("input w: fix<8, 4> from vendor; output q = reveal(w % y) to vendor;", "integers-only"),
    ],
)
def test_what_is_refused(text: str, code: str) -> None:
    with pytest.raises(Rejected) as caught:
        meaning("input x: int<4> from hospital; input y: uint<3> from vendor; " + text)
    assert [p.code for p in caught.value.problems] == [code]


@pytest.mark.parametrize(("kind", "op", "bar"), [("uint<8>", "/", 61), ("uint<32>", "/", 829), ("uint<64>", "/", 3197)])
def test_a_program_pays_what_the_cell_costs(kind: str, op: str, bar: int) -> None:
    compiled = build(
        meaning(f"input x: {kind} from hospital; input y: {kind} from vendor; output q = reveal(x {op} y) to vendor;")
    )
    assert work(compiled).and_gates <= bar
