"""What is seen as scaled, and by how much it may be longer than its magnitude times the factor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from compiler.training.scaled import Scaled, between, scaled
from compiler.training.short import moved_down
from compiler.training.slots import Slots
from compiler.words.builder import Builder
from compiler.words.ir import Claim, Type, Value
from compiler.words.needs import Wrong
from compiler.words.operations import Draw, Entry, Linear, Strided

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
    return scaled(slotted(b, made), made)


def slotted(b: Builder, made: int) -> Slots:
    slots = Slots(SLOTS, {}, {n: b.type(n) for n in range(b.next)})
    for number, item in b.block([made]).numbered():
        assert isinstance(item, Value)
        slots.add(number, item)
    return slots


def test_a_magnitude_times_a_factor() -> None:
    [way] = seen()
    assert way.ratio == Fraction(1, 4) and [places for _, places in way.moves] == [2]


def of_no_row(b: Builder) -> int:
    return b.add(Entry("e", "vendor"), (), Type((SLOTS,), Fraction(1), 0, 3))


def counted(exponent: Fraction, places: Fraction) -> Callable[[Builder], int]:
    """exponent - 2 bits + 2, where the exponent counts by one number, and the places by another."""

    def amount(b: Builder) -> int:
        e = b.add(Draw("rows", "e", "clinic", 0, 1, SLOTS), (), Type((SLOTS,), exponent, 0, 3))
        return b.add(Linear((1, -2), 2), (e, drawn(b, "b", 1)), Type((SLOTS,), places, 0, 5))

    return amount


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
        {"amount": counted(Fraction(1), Fraction(1, 2))},
        {"amount": counted(Fraction(2), Fraction(1))},
    ],
    ids=[
        "negative",
        "no bit",
        "two exponents",
        "an exponent of no row",
        "a mantissa of no row",
        "places that are halves",
        "an exponent that counts by two",
    ],
)
def test_what_is_not_seen_as_scaled(otherwise: dict[str, Any]) -> None:
    assert not seen(**otherwise)


def test_whole_places_of_a_whole_exponent() -> None:
    assert len(seen(amount=counted(Fraction(1), Fraction(1)))) == 1


def test_nothing_is_scaled_to_nothing() -> None:
    with pytest.raises(Wrong, match="nothing is scaled to something"):
        seen(change=lambda b, n: b.affine([(Fraction(1), n)], Fraction(1)))


def test_no_claim_is_believed() -> None:
    with pytest.raises(Wrong, match="rests on a claim"):
        seen(change=claiming)


def test_not_too_many_are_tried() -> None:
    with pytest.raises(Wrong, match="too long to try them all"):
        seen(mantissa=lambda b: drawn(b, "m", 1 << 20))


def test_an_element_stays_in_its_place() -> None:
    """What is evaluated for each product is one number of each: elements in another order are other elements."""
    b = Builder()
    x = drawn(b, "x", 15, 0, (SLOTS, 2, 2))
    turned = b.transpose(b.scaled(x, Fraction(3)), (0, 2, 1))
    made = b.add2(turned, b.const([Fraction(1)], (SLOTS, 2, 2)))
    with pytest.raises(Wrong, match="elements in another order"):
        between(slotted(b, made), {x: 0}, [made], 4)
    still = b.add2(b.reshape(b.reshape(x, (SLOTS, 4)), (SLOTS, 2, 2)), b.const([Fraction(1)], (SLOTS, 2, 2)))
    assert between(slotted(b, still), {x: 0}, [still], 4).results
