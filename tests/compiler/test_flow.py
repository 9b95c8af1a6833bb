"""What a value still carries, on words."""

from __future__ import annotations

from fractions import Fraction

import pytest

from compiler.flow.leaks import check
from compiler.words.builder import Builder
from compiler.words.ir import Output, Type, Words
from compiler.words.operations import Draw, Entry, Mechanism
from lang.problems.problem import Rejected
from lang.source import Source, Span

HERE = Span(Source("x.ccr", "output w to vendor;"), 1, 8, 1, 9)
BYTE = Type((), Fraction(1), 0, 255)


def mechanism(draw: int, drawn_by: str) -> Mechanism:
    return Mechanism("records", draw, 4, 12, 1, Fraction(1), Fraction(1), drawn_by)


def sampled(b: Builder, draw: int) -> int:
    return b.add(Draw("records", "x", "hospital", draw, 4, 12), (), BYTE)


def released(b: Builder, value: int, draw: int, drawn_by: str = "") -> int:
    return b.add(mechanism(draw, drawn_by), (value,), b.type(value))


def leaks(b: Builder, value: int, receiver: str, revealed: bool = False) -> list[str]:
    words = Words(("vendor", "hospital"), (), (), b.block([value]), (Output("w", value, (receiver,), revealed, HERE),))
    try:
        check(words, {})
    except Rejected as rejected:
        return [p.code for p in rejected.problems]
    return []


def test_a_mechanism_takes_its_own_data_set_and_nothing_else() -> None:
    b = Builder()
    w0 = b.add(Entry("w0", "vendor"), (), BYTE)
    noisy = released(b, sampled(b, 0), 0)
    assert leaks(b, sampled(b, 0), "vendor") == ["leaks-data"]
    assert leaks(b, noisy, "vendor") == []
    assert leaks(b, b.add2(w0, noisy), "vendor") == []
    assert leaks(b, b.add2(w0, noisy), "hospital") == ["leaks-input"]
    assert leaks(b, b.add2(w0, noisy), "hospital", revealed=True) == []


def test_records_read_by_another_dpsgd_stay() -> None:
    b = Builder()
    carried = sampled(b, 0)  # say, trained with noise = 0
    assert leaks(b, released(b, b.add2(carried, sampled(b, 1)), 1), "vendor") == ["leaks-data"]


def test_a_private_condition_taints_what_it_chooses() -> None:
    b = Builder()
    bit = b.less(b.add(Entry("age", "hospital"), (), BYTE), b.const([Fraction(18)]))
    chosen = b.select(bit, b.const([Fraction(1)]), b.const([Fraction(2)]))
    assert leaks(b, chosen, "vendor") == ["leaks-input"]


@pytest.mark.parametrize("revealed", [False, True])
def test_who_drew_the_noise_does_not_learn_what_it_protects(revealed: bool) -> None:
    b = Builder()
    own, joint = released(b, sampled(b, 0), 0, "hospital"), released(b, sampled(b, 1), 1)
    for value in own, b.add2(own, joint), b.select(b.less(own, joint), joint, b.const([Fraction(0)])):
        assert leaks(b, value, "hospital", revealed) == ["noise-known"]
        assert leaks(b, value, "vendor", revealed) == []
    assert leaks(b, joint, "hospital", revealed) == []


@pytest.mark.parametrize("iterations", [1, 3])
def test_loops_carry_sources_round(iterations: int) -> None:
    b = Builder()
    secret = b.add(Entry("secret", "hospital"), (), BYTE)
    zero = b.const([Fraction(0)])
    inner = Builder([Type((), Fraction(1), 0, iterations - 1), BYTE, BYTE], b)
    first, second = inner.first + 1, inner.first + 2
    after = b.loop(iterations, [b.fit(zero, BYTE), secret], inner.block([second, first]))
    assert leaks(b, after[0], "vendor") == ["leaks-input"]
    assert leaks(b, after[1], "vendor") == ["leaks-input"]  # after two iterations the two have changed places
