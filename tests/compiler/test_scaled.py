"""What is seen as scaled, and by how much it may be longer than its magnitude times the factor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from compiler.training.scaled import Scaled, scaled
from compiler.training.short import moved_down
from compiler.training.slots import Slots
from compiler.words.builder import Builder
from compiler.words.ir import Claim, Type, Value
from compiler.words.operations import Draw, Entry, Strided
from compiler.words.rules import Wrong

SLOTS = 3
EACH = Strided(0, (1, 0))  # of one number a slot, for each of its elements


def drawn(b: Builder, name: str, hi: int, lo: int = 0, shape: tuple[int, ...] = (SLOTS,)) -> int:
    return b.add(Draw("rows", name, "clinic", 0, 1, SLOTS), (), Type(shape, Fraction(1), lo, hi))


def down(b: Builder, exponent: int, bit: int, more: int = 2) -> int:
    return b.affine([(Fraction(1), exponent), (Fraction(-2), bit)], Fraction(more))


def seen(
    lo: int = 0,
    amount: Callable[[Builder], int] = lambda b: down(b, drawn(b, "e", 3), drawn(b, "b", 1)),
    mantissa: Callable[[Builder], int] = lambda b: drawn(b, "m", 3),
    change: Callable[[Builder, int], int] = lambda b, n: n,
) -> list[Scaled]:
    """The ways to see magnitude * mantissa * 2^-amount, somewhat changed, of magnitudes from `lo` on."""
    b = Builder()
    x, m, places = drawn(b, "x", 15, lo, (SLOTS, 2)), mantissa(b), amount(b)
    wide = [b.view(n, EACH, (SLOTS, 2)) if b.type(n).size == SLOTS else n for n in (m, places)]
    made = change(b, moved_down(b, b.mul(x, wide[0]), wide[1]))
    slots = Slots(SLOTS, {}, {n: b.type(n) for n in range(b.next)})
    for number, item in b.block([made]).numbered():
        assert isinstance(item, Value)
        slots.add(number, item)
    return scaled(slots, made)


def test_a_magnitude_times_a_factor() -> None:
    [way] = seen()
    assert way.ratio == Fraction(1, 4) and [places for _, places in way.moves] == [2]


def of_no_row(b: Builder) -> int:
    return b.add(Entry("e", "vendor"), (), Type((SLOTS,), Fraction(1), 0, 3))


def claiming(b: Builder, number: int) -> int:
    item = b.item(number)
    assert isinstance(item, Value)
    return b.emit(replace(item, type=replace(item.type, hi=item.type.hi - 1), claim=Claim.FUNCTION))


@pytest.mark.parametrize(
    "otherwise",
    [
        {"lo": -15},
        {"amount": lambda b: down(b, drawn(b, "e", 3), drawn(b, "b", 2), 4)},  # no bit
        {"amount": lambda b: b.add2(drawn(b, "e", 3), drawn(b, "f", 3))},  # two exponents
        {"amount": of_no_row},
        {"mantissa": of_no_row},
    ],
    ids=["negative", "no bit", "two exponents", "an exponent of no row", "a mantissa of no row"],
)
def test_what_is_not_seen_as_scaled(otherwise: dict[str, Any]) -> None:
    assert not seen(**otherwise)


def test_nothing_is_scaled_to_nothing() -> None:
    with pytest.raises(Wrong, match="nothing is scaled to something"):
        seen(change=lambda b, n: b.affine([(Fraction(1), n)], Fraction(1)))


def test_no_claim_is_believed() -> None:
    with pytest.raises(Wrong, match="rests on a claim"):
        seen(change=claiming)


def test_not_too_many_are_tried() -> None:
    with pytest.raises(Wrong, match="too long to try them all"):
        seen(mantissa=lambda b: drawn(b, "m", 1 << 20))
