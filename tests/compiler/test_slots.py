"""Whose elements a squared norm adds up, and which are compared: by slot, and by element."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from compiler.training.claims import is_extreme
from compiler.training.slots import Slots
from compiler.training.squares import NOTHING, squares
from compiler.words.ir import Claim, Type, Value
from compiler.words.operations import Constant, Dot, Draw, Entry, Equal, Less, Linear, Mul, Round, Select, Strided, View


def test_a_square_is_of_one_slot_or_of_all() -> None:
    """Of as many numbers of no row as there are slots, none is a slot's."""
    square = Type((3, 3), Fraction(1), 0, 3)
    whole, rows = replace(square, shape=(), hi=81), replace(square, shape=(3,), hi=27)
    items = [
        Value(Entry("w", "vendor"), (), square),
        Value(Dot(1), (0, 0), rows),
        Value(Dot(2), (0, 0), whole),
        Value(Draw("rows", "x", "clinic", 0, 1, 3), (), square),
        Value(Dot(1), (3, 3), rows),
    ]
    slots = Slots(3, {}, {n: item.type for n, item in enumerate(items)})
    for number, item in enumerate(items):
        slots.add(number, item)
    assert [squares(slots, n, False) is not None for n in (1, 2, 4)] == [False, True, True]


def test_an_extreme_is_chosen_element_by_element() -> None:
    """What is compared along one axis is not what is chosen along another."""
    line = Type((2,), Fraction(1), 0, 9)
    table = replace(line, shape=(2, 2))
    items = [
        Value(Entry("w", "vendor"), (), line),
        Value(View(Strided(0, (1, 0))), (0,), table),
        Value(View(Strided(0, (0, 1))), (0,), table),
        Value(Constant((5,)), (), replace(table, lo=5, hi=5)),
        Value(Less(), (1, 3), replace(table, hi=1)),
        Value(Select(), (4, 1, 3), replace(table, hi=5), claim=Claim.EXTREME),
        Value(Select(), (4, 2, 3), replace(table, hi=5), claim=Claim.EXTREME),
    ]
    slots = Slots(3, {}, {n: item.type for n, item in enumerate(items)})
    for number, item in enumerate(items):
        slots.add(number, item)
    assert is_extreme(slots, items[5]) and not is_extreme(slots, items[6])


def test_what_is_taken_away_is_not_at_least() -> None:
    """Of less than a norm, less is taken away."""
    short = Type((3,), Fraction(1), 0, 3)
    items = [
        Value(Draw("rows", "x", "clinic", 0, 1, 3), (), short),
        Value(Mul(), (0, 0), replace(short, hi=9)),
        Value(Round(1, 4, 0, 2, False), (1,), Type((3,), Fraction(4), 0, 2)),
        Value(Linear((1, 4)), (1, 2), replace(short, hi=17)),
        Value(Linear((2, -4)), (1, 2), replace(short, lo=-8, hi=18)),
    ]
    slots = Slots(3, {}, {n: item.type for n, item in enumerate(items)})
    for number, item in enumerate(items):
        slots.add(number, item)
    assert squares(slots, 3, False) == {((0,), ()): Fraction(2), NOTHING: Fraction(-3)}
    assert squares(slots, 4, False) is None


@pytest.mark.parametrize(
    "op",
    [Round(1, 4, 0, 3, False, True), Round(1, 4, 0, 9, True), Round(1, 4, 0, 1, False), Round(1, 4, 1, 9, False)],
    ids=["wraps", "to the nearest", "clamped above", "clamped below"],
)
def test_what_is_rounded_otherwise_is_not_at_least(op: Round) -> None:
    short = Type((3,), Fraction(1), 0, 7)
    assert squares_of([Value(Mul(), (0, 0), replace(short, hi=49)), Value(op, (1,), replace(short, hi=op.hi))]) is None


@pytest.mark.parametrize("up", [Linear((3,)), Linear((4,), 1), Linear((1,))], ids=["by 3", "and 1", "by nothing"])
def test_what_moves_by_other_than_places(up: Linear) -> None:
    square, moved = Type((3,), Fraction(1), 0, 49), Type((3,), Fraction(1), 0, 200)
    made = [Value(Mul(), (0, 0), square), Value(up, (1,), moved), Value(Equal(), (0, 0), replace(square, hi=1))]
    assert squares_of([*made, Value(Select(), (3, 2, 1), moved)]) is None
    by_4 = Value(Linear((4,)), (1,), moved)
    assert squares_of([made[0], by_4, made[2], Value(Select(), (3, 2, 1), moved)]) == {((0,), ((3, 2),)): 1}


def squares_of(made: list[Value]) -> object:
    """Of the last of these, made of a number of each row."""
    items = [Value(Draw("rows", "x", "clinic", 0, 1, 3), (), Type((3,), Fraction(1), 0, 7)), *made]
    slots = Slots(3, {}, {n: item.type for n, item in enumerate(items)})
    for number, item in enumerate(items):
        slots.add(number, item)
    return squares(slots, len(items) - 1, False)
