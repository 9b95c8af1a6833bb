"""Shifts by private numbers: every number, every kind, and no more gates than there are bits to choose."""

from __future__ import annotations

from fractions import Fraction

import pytest
from support.agreement import circuits_agree, words_agree

from compiler.pipeline import compile, understand
from compiler.words.ir import Claim, Type, Value
from compiler.words.operations import Power
from compiler.words.rules import Operand, Wrong, made
from lang.source import Source

HEAD = (
    "party alice; party bob; input a: uint<8> from alice; input n: int<6> from alice; input f: fix<8, 3> from alice;\n"
)
HEAD += "input s: uint<3> from bob; input v: uint<2>[3] from bob; input b: int<4> from bob;\n"
SHIFTS = {
    "left": "a << s",
    "left, negative": "n << s",
    "left, fix": "f << s",
    "right": "a >> s",
    "right, negative": "n >> s",
    "right, fix": "f >> s",
    "of a public number": "(1 << s) + (-5 >> s) + (0.5 >> s)",
    "elements": "[a, n, a + n] << v",
    "public elements": "([a, b] << [0, 3]) + (n >> [[2, 1]])",
    "a scalar by public elements that are one number": "(n >> [1, 1, 1]) + v",
    "a scalar by known elements": "(a << clamp([b, b], 2, 2)) + [1, 2]",
    "a scalar by elements": "(n >> v) + (f << v)",
    "bounded": "(a << clamp(n, 0, 4)) - (a >> (s % 5)) + (n << min(s, 5))",
    "twice a number": "a << 2 * s",
    "into a kind": "((n << s) as int<8>) * ((a << s) as uint<8> wrap)",
    "by a known one": "(a << s % 1) + (a >> argmax([1, 2, 0]))",
}


@pytest.mark.parametrize("text", SHIFTS.values(), ids=SHIFTS)
def test_values(text: str) -> None:
    circuits_agree(*words_agree(f"{HEAD} output r = reveal({text}) to bob;"), garbled=False)


@pytest.mark.parametrize("text", ["a >> [1, 1]", "a << [2, 2]", "f >> [1, 1]", "1 << clamp([b, b], 1, 1)"])
def test_by_elements_there_are_as_many(text: str) -> None:
    [output] = compile(Source("shape.ccr", f"{HEAD} output r = reveal({text}) to bob;")).outputs
    assert output.type.shape == (2,)


@pytest.mark.parametrize(
    ("text", "gates"),
    [
        ("a << s", 9 + 11 + 15),
        ("a >> s", 3 * 8),
        ("(a << s) as uint<8> wrap", 3 * 8),
        ("1 << s", 4),
        ("3 << (a % 64)", 57),
        ("f >> s", 9 + 11 + 15),
    ],
)
def test_cost(text: str, gates: int) -> None:
    """One for each bit that two words are chosen from."""
    compiled = compile(Source("cost.ccr", f"{HEAD} output r = reveal({text}) to bob;"))
    assert sum(line.and_gates for line in compiled.lines) <= gates


@pytest.mark.parametrize(
    ("type", "scale", "reason"),
    [
        (Type((), Fraction(1), -1, 3), Fraction(1), "2 to the power -1..3"),
        (Type((), Fraction(1), 0, 1 << 16), Fraction(1), "2 to the power 0..65536"),
        (Type((), Fraction(1, 2), 0, 3), Fraction(1), "no whole number"),
        (Type((), Fraction(1), 0, 3), Fraction(2), "the scale is 2"),
    ],
)
def test_powers_that_are_refused(type: Type, scale: Fraction, reason: str) -> None:
    with pytest.raises(Wrong, match=reason):
        made(Power(), [Operand(type, (type.lo, type.hi), 0)], Type((), scale, 1, 8))


@pytest.mark.parametrize("text", ["a << s % 5", "n << min(s, 5)", "f << s % 6"])
def test_a_width_is_cut_and_not_claimed(text: str) -> None:
    words = understand(Source("claim.ccr", f"{HEAD} output r = reveal({text}) to bob;")).words
    made = [item for item in words.block.items if isinstance(item, Value)]
    assert not any(item.claim is Claim.FUNCTION for item in made)
    assert made[-1].type.width <= 14  # of 8 bits moved by 5, and a sign


@pytest.mark.parametrize(
    "text",
    [
        "x @ y",
        "x[0] @ y",
        "x @ y[1, 0]",
        "x[0, 0] @ y",
        "x @ y[0, 0, :, 1]",
        "[[1, 2], [3, 4]] @ y[0, 0]",
        "y @ [1, 2]",
    ],
)
def test_products_of_batches(text: str) -> None:
    """NumPy's rule for the axes before the last two."""
    head = "input x: int<4>[3, 2, 2] from alice; input y: fix<5, 2>[2, 1, 2, 2] from bob;"
    words_agree(f"party alice; party bob; {head} output r = reveal({text}) to bob;")
