"""Is a clipped sum clipped, as its words stand?  The norm is looked for in what is summed, not in what made it.

Every part of the gradient is s (x) o, or s alone, for an s that is no longer than r f v 2^m: one factor f for all
parts, and for each its magnitudes v, its moves m and a constant r (`scaled.py`).  f is made of one number, which is at
least the sum of k |v|^2 4^m |o|^2 over the very v, m and o of the parts (`squares.py`), and f^2 times that number is at
most what makes each row's gradient no longer than the clip, for every number that it can be (`factor_fits.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from compiler.training.factor_fits import MeasuredFactor
from compiler.training.scaled import Scaled, scaled
from compiler.training.slots import ALL, Slots, Squares, Term, elements, shown
from compiler.training.squares import NOTHING
from compiler.words.ir import Value
from compiler.words.needs import Wrong, need
from compiler.words.operations import Dot, Mul, Ring, Strided, Sum, View
from compiler.words.strides import row_major


@dataclass(frozen=True, slots=True)
class Part:
    """One variable's: how it is scaled, and what that is multiplied with."""

    scaled: int
    ways: tuple[Scaled, ...]  # to see it so; two for one element a row
    other: int | None  # a factor of the sum, whose last axis goes through the slots


def check(slots: Slots, sums: list[int], clip: Fraction) -> None:
    """Raises `rules.Wrong` unless each row's part of the sums has norm at most `clip`, for every value of each Ring."""
    parts = [part(slots, number) for number in sums if not nothing(slots, number)]
    for p in parts:
        other = p.other is not None and slots.vanishes(p.other)
        need(other or slots.vanishes(p.scaled), "an empty slot's gradient is not 0 whatever its Rings are")
    factors = {(w.mantissa, w.exponent) for p in parts for w in p.ways}
    common = [f for f in factors if all(any((w.mantissa, w.exponent) == f for w in p.ways) for p in parts)]
    need(bool(common), "more than one factor scales one gradient")
    wrong: list[Wrong] = []
    for mantissa, exponent in common:
        try:
            factor = MeasuredFactor(slots, mantissa, exponent)
            factor.check(clip**2 / _most(slots, parts, factor))
            return
        except Wrong as found:  # of one element a row, each of two may be the factor
            wrong.append(found)
    raise wrong[0]


def _most(slots: Slots, parts: list[Part], factor: MeasuredFactor) -> Fraction:
    """(row's gradient)^2 is at most that times f^2 times the norm, which knows each part."""
    _, squares = factor.norm
    asked: Squares = {}
    for p in parts:
        [way] = [w for w in p.ways if (w.mantissa, w.exponent) == (factor.bare, factor.exponent)]
        term = next((t for t in squares if t != NOTHING and _norm_of(slots, p, way, t)), None)
        need(term is not None, f"the factor does not know the norm of %{p.scaled}, which it scales")
        assert term is not None
        asked[term] = asked.get(term, Fraction(0)) + way.ratio**2
    held = all(n > 0 for term, n in squares.items() if term != NOTHING)
    need(held, "the norm that scales a gradient has something taken away")
    return max(asked[term] / squares[term] for term in asked)


def nothing(slots: Slots, number: int) -> bool:
    """0 of an empty row, and of no row: 0."""
    return slots.of(number) is None and slots.vanishes(number)


# -- what is scaled ---------------------------------------------------------------------------------


def contraction(slots: Slots, number: int) -> tuple[Value, bool]:
    """The sum over the slots that a value is, or views each element of once; else the flag is False."""
    once = True
    item = slots.items[number]
    while isinstance(item.op, View) and len(item.args) == 1:
        _, axes = elements(item.op.at, item.type.shape)
        _, dense = elements(Strided(0, row_major(item.type.shape)), item.type.shape)
        once = once and axes == dense and item.type.size <= slots.types[item.args[0]].size
        item = slots.items[item.args[0]]
    need(isinstance(item.op, Sum | Dot | Ring), "a gradient's sum is no sum")
    need(slots.of(number) == ALL, "a gradient's sum is not over the rows")
    need(all(slots.of(a) != ALL for a in item.args), "a sum of sums over the rows")
    return item, once


def part(slots: Slots, number: int) -> Part:
    item, once = contraction(slots, number)
    need(once, "a scaled gradient is repeated")
    if isinstance(item.op, Sum):
        whole, _ = shown(slots, item.args[0])
        found = scaled(slots, whole)
        if found:
            _all_of(slots, item.args[0])
            return Part(whole, tuple(found), None)
        inner = slots.items.get(whole)
        need(inner is not None and isinstance(inner.op, Mul) and whole == item.args[0], "a gradient is not scaled")
        assert inner is not None
        item = inner
    for own, other in (item.args, item.args[::-1]):
        whole, _ = shown(slots, own)
        found = scaled(slots, whole)
        if found:
            _all_of(slots, own)
            _outer(slots, own, other)
            return Part(whole, tuple(found), other)
    raise Wrong("a gradient is not scaled by its norm's factor")


def _all_of(slots: Slots, number: int) -> None:
    """A view shows no element of what it shows twice in one slot, axes along which it repeats aside."""
    _, at = shown(slots, number)
    _, axes = elements(at, slots.types[number].shape)
    reach = 0
    for stride, extent in axes:
        need(stride > reach, "a scaled gradient's elements overlap")
        reach += stride * (extent - 1)


def _outer(slots: Slots, own: int, other: int) -> None:
    """Each pair of elements of two factors is multiplied once in a slot: one of them moves along each axis."""
    shape = slots.types[own].shape
    _, a = shown(slots, own)
    _, b = shown(slots, other)
    unit = slots.of(own) or slots.of(other)
    slot = slots.axis(shape, unit) if unit else None
    for axis, extent in enumerate(shape):
        if extent > 1 and axis != slot:
            need(bool(a.strides[axis]) != bool(b.strides[axis]), "a gradient that is no outer product is scaled as one")


def _norm_of(slots: Slots, p: Part, way: Scaled, term: Term) -> bool:
    """Is the product of squared norms that of this part, with its moves twice?"""
    of, moves = term
    if moves != tuple((bit, 2 * places) for bit, places in way.moves):
        return False
    if p.other is None:
        return of == (way.magnitude,)
    if len(of) != 2 or way.magnitude not in of:
        return False
    squared = of[1] if of[0] == way.magnitude else of[0]
    return _within_slot(slots, squared) == _within_slot(slots, p.other)


def _within_slot(slots: Slots, number: int) -> object:
    """Which elements of which value a view shows in one slot, and how far the next slot's are from there."""
    value, at = shown(slots, number)
    shape, unit = slots.types[number].shape, slots.of(number)
    slot = slots.axis(shape, unit) if unit else None
    return value, elements(at, shape, slot), None if slot is None else at.strides[slot]
