"""What a wrap does not keep is not made, whatever stands between: the same values, counted."""

from __future__ import annotations

from fractions import Fraction

import pytest
from support.agreement import circuits_agree, words_agree
from support.lanes import number

from compiler.joint.demand import kept
from compiler.joint.locality import Evaluator
from compiler.program import and_gates
from compiler.words.builder import BIT, Builder
from compiler.words.operations import And, Strided

HEAD = "party alice; party bob;\n"
PROGRAMS = {
    "a choice": (
        "input x: int<12>[6, 6] from alice; input y: int<12>[6, 6] from bob; input c: bit from bob;",
        "(if c { x @ y } else { y @ x }) as int<8> wrap",
        14_400,
    ),
    "slices": (
        "input x: int<12>[16, 6] from alice; input y: int<12>[6, 16] from bob; let p = x @ y;",
        "(p[0..4, :] + p[4..8, :]) as int<8> wrap",
        36_464,
    ),
    "one after the other": (
        "input x: int<12>[4, 6] from alice; input y: int<12>[6, 4] from bob;",
        "concat(x @ y, y[0..4, 0..4] @ y[0..4, 0..4]) as int<8> wrap",
        5_552,
    ),
    "logic": (
        "input x: uint<16>[8] from alice; input y: uint<16>[8] from bob;",
        "((x * y) ^ (x + y) | (x * 3)) as uint<16> wrap",
        1_448,
    ),
    "logic of both signs": (
        "input x: uint<12>[8] from alice; input y: int<12>[8] from bob;",
        "((x * y) ^ (x - y) | (y * 3)) as int<10> wrap",
        720,
    ),
    "a mask": (
        "input x: uint<12>[5, 6] from alice; input y: int<12>[6, 5] from bob; let p = x @ y;",
        "p[0, :] & 255",
        4_950,
    ),
    "maxima added up": (
        "input x: int<12>[100] from alice; input y: int<12>[100] from bob;",
        "sum(max(x, y)) as int<12> wrap",
        3_400,
    ),
    "read whole, too": (
        "input x: int<12>[4, 6] from alice; input y: int<12>[6, 4] from bob; let p = x @ y;",
        "(transpose(p) as int<8> wrap) + (p > 5)",
        11_248,
    ),
    "behind the point": (
        "input x: fix<12, 6>[6, 6] from alice; input y: fix<12, 6>[6, 6] from bob; let p = transpose(x @ y);",
        "(if y[0, 0] > 0 { p } else { x }) as fix<8, 3> wrap",
        18_509,
    ),
    "factors": (
        "input x: int<12>[8] from alice; input y: int<12>[8] from bob; let p = (x + y) * (x - 3 * y);",
        "(p * p) as int<9> wrap",
        744,
    ),
    "in a loop": (
        """input x: int<12>[9, 6] from alice; input y: int<12>[6, 9] from bob; input c: bit[9, 9] from bob;
        let p = x @ y; var t: int<8>[9, 9] = 0; var s: int<8> = 0;
        for i in 0..9 { for j in 0..9 { t[i, j] = (if c[i, j] { p[i, j] } else { p[j, i] }) as int<8> wrap; } }
        for i in 0..9 { s = (s * 3 + t[i, i] + p[i, i]) as int<8> wrap; }""",
        "s + t[0, :]",
        16_488,
    ),
}


@pytest.mark.parametrize("evaluator", Evaluator)
@pytest.mark.parametrize(("before", "value", "ands"), PROGRAMS.values(), ids=PROGRAMS)
def test_values_stay_and_fewer_gates_make_them(before: str, value: str, ands: int, evaluator: Evaluator) -> None:
    malicious = evaluator is Evaluator.MALICIOUS
    found = words_agree(f"{HEAD}{before}\noutput z = reveal({value}) to bob;", evaluator)
    circuits_agree(*found, garbled=malicious)
    assert and_gates(found[1].plan) == ands or not malicious


def test_bits_are_asked_through_wiring_and_choices() -> None:
    """As many as the most that one of all readers asks for."""
    b = Builder([number(-100, 100), number(-100, 100), BIT])
    product = b.mul(0, 1)
    shown = b.view(product, Strided(0, (0,)), (3,))
    chosen = b.select(2, shown, b.broadcast(0, (3,)))
    wrapped = b.round(chosen, Fraction(1), -8, 7, nearest=False, wrap=True)
    beside = b.broadcast(0, (3,))
    assert kept(b.block([wrapped])) == {product: 4, shown: 4, beside: 4, chosen: 4}
    other = b.round(shown, Fraction(4), -32, 31, nearest=False, wrap=True)
    assert kept(b.block([wrapped, other]))[product] == 8
    assert product not in kept(b.block([wrapped, product]))
    assert product not in kept(b.block([wrapped, b.less(product, 1)]))


def test_a_mask_asks_for_its_own_bits() -> None:
    b = Builder([number(-100, 100), number(-100, 100)])
    product = b.mul(0, 1)
    for mask, bits in (b.const([Fraction(15)]), 4), (b.const([Fraction(-16)]), None):
        assert kept(b.block([b.logic(And(), product, mask)])).get(product) == bits
