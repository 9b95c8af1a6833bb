"""Is a clipped sum clipped, as its words stand?  The norm is looked for in what is summed, not in what made it.

Every part of the gradient is s (x) o, or s alone, for s = f v rounded towards zero and one factor f for all parts; f is
made of one number, sum |v|^2 |o|^2 over the very v and o of the parts; and f^2 times that number is at most the clip
squared (asked of f's own words, next to each of its thresholds and between them).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from compiler.training.clip import factors
from compiler.training.slots import ALL, Slots, elements, shown
from compiler.words.builder import Builder
from compiler.words.evaluate import NoSources, evaluate
from compiler.words.ir import Block, Value
from compiler.words.operations import Constant, Dot, Less, Linear, Mul, Pieces, Ring, Round, Select, Strided, Sum, View
from compiler.words.rules import need
from compiler.words.strides import row_major

Squares = dict[tuple[int, ...], Fraction]  # a sum of products of squared norms: whose norms -> how often


@dataclass(frozen=True, slots=True)
class Part:
    """One variable's: what is scaled, by which factor, and what that is multiplied with."""

    scaled: int
    factor: int
    other: int | None  # a factor of the sum, whose last axis goes through the slots


def check(slots: Slots, sums: list[int], clip: Fraction) -> None:
    """Raises `rules.Wrong` unless each row's part of the sums has norm at most `clip`, for every value of each Ring."""
    parts = [part(slots, number) for number in sums if not nothing(slots, number)]
    for p in parts:
        other = p.other is not None and slots.vanishes(p.other)
        need(other or slots.vanishes(p.scaled), "an empty slot's gradient is not 0 whatever its Rings are")
    found = {base(slots, p.factor) for p in parts}
    need(len(found) == 1, f"{len(found)} factors scale one gradient")
    norm = argument(slots, found.pop())
    squares = polynomial(slots, norm)
    assert squares is not None
    for p in parts:
        term = next((t for t in squares if squares[t] >= 1 and _norm_of(slots, p, t)), None)
        need(term is not None, f"the factor does not know the norm of %{p.scaled}, which it scales")
        assert term is not None
        squares[term] -= 1
    need(all(n >= 0 for n in squares.values()), "the norm that scales a gradient has something taken away")
    _factor(slots, parts[0].factor, norm, clip)


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
    need(all(slots.of(a) != ALL for a in item.args), "a sum of sums over the rows")
    return item, once


def part(slots: Slots, number: int) -> Part:
    item, once = contraction(slots, number)
    need(once, "a scaled gradient is repeated")
    if isinstance(item.op, Sum):
        whole, _ = shown(slots, item.args[0])
        found = scaled(slots, whole)
        if found is not None:
            _all_of(slots, item.args[0])
            return Part(*found, None)
        inner = slots.items.get(whole)
        need(inner is not None and isinstance(inner.op, Mul) and whole == item.args[0], "a gradient is not scaled")
        assert inner is not None
        item = inner
    for own, other in (item.args, item.args[::-1]):
        found = scaled(slots, shown(slots, own)[0])
        if found is not None:
            _all_of(slots, own)
            _outer(slots, own, other)
            return Part(*found, other)
    need(False, "a gradient is not scaled")
    raise AssertionError


def scaled(slots: Slots, number: int) -> tuple[int, int] | None:
    """(v, f) of f * v, exact or rounded towards zero."""
    item = slots.items.get(base(slots, number))
    if item is not None and isinstance(item.op, Round):
        op, inner = item.op, slots.items.get(item.args[0])
        if op.nearest or op.wrap or not op.lo <= 0 <= op.hi or op.numerator != 1 or inner is None:
            return None
        product = item.args[0]
        if isinstance(inner.op, Linear) and inner.op == Linear((1, op.denominator - 1)):
            product, negative = inner.args
            sign = slots.items.get(base(slots, negative))
            if sign is None or not isinstance(sign.op, Less) or base(slots, sign.args[0]) != base(slots, product):
                return None
            zero = slots.items.get(base(slots, sign.args[1]))
            if zero is None or not isinstance(zero.op, Constant) or any(zero.op.values):
                return None
        elif slots.types[product].lo < 0:
            return None  # rounding down makes it longer
        item = slots.items.get(base(slots, product))
    if item is None or not isinstance(item.op, Mul):
        return None
    value, factor = item.args
    return (value, base(slots, factor)) if slots.types[base(slots, factor)].size == slots.count else None


def base(slots: Slots, number: int) -> int:
    """What a chain of views shows, where it shows all of it in its order, repeated or not."""
    item = slots.items.get(number)
    while item is not None and isinstance(item.op, View) and len(item.args) == 1:
        whole = slots.types[item.args[0]]
        offset, axes = elements(item.op.at, item.type.shape)
        order = [(s, n) for s, n in zip(item.op.at.strides, item.type.shape, strict=True) if s and n > 1]
        if (offset, axes) != elements(Strided(0, row_major(whole.shape)), whole.shape) or order != sorted(order)[::-1]:
            break
        number, item = item.args[0], slots.items.get(item.args[0])
    return number


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


# -- the norm ---------------------------------------------------------------------------------------


def polynomial(slots: Slots, number: int) -> Squares | None:
    """What a norm adds up, () for what is added to it; None of any other value."""
    item = slots.items.get(number)
    if item is None:
        return None
    match item.op:
        case Dot() | Mul() if item.args[0] == item.args[1] and item.type.size in (1, slots.count):
            return {(item.args[0],): Fraction(1)}
        case View():
            return polynomial(slots, item.args[0])
        case Mul():
            left, right = (polynomial(slots, a) for a in item.args)
            if left is None or right is None:
                return None
            return _added((tuple(sorted((*a, *b))), m * n) for a, m in left.items() for b, n in right.items())
        case Linear(coefficients, constant):
            scales = [c * item.type.scale / slots.types[a].scale for c, a in zip(coefficients, item.args, strict=True)]
            terms = [polynomial(slots, a) for a in item.args]
            if any(t is None for t in terms):
                return None
            all = [(key, k * n) for k, t in zip(scales, terms, strict=True) if t is not None for key, n in t.items()]
            return _added(iter([*all, *([((), constant * item.type.scale)] if constant else [])]))
        case _:
            return None


def _added(terms: Iterator[tuple[tuple[int, ...], Fraction]]) -> Squares:
    found: Squares = {}
    for key, n in terms:
        found[key] = found.get(key, Fraction(0)) + n
    return found


def _norm_of(slots: Slots, p: Part, term: tuple[int, ...]) -> bool:
    """Is the product of squared norms that of this part?"""
    if p.other is None:
        return term == (p.scaled,)
    if len(term) != 2 or p.scaled not in term:
        return False
    squared = term[1] if term[0] == p.scaled else term[0]
    return _within_slot(slots, squared) == _within_slot(slots, p.other)


def _within_slot(slots: Slots, number: int) -> object:
    """Which elements of which value a view shows in one slot."""
    value, at = shown(slots, number)
    shape, unit = slots.types[number].shape, slots.of(number)
    slot = slots.axis(shape, unit) if unit else None
    return value, elements(at, shape, slot)


def argument(slots: Slots, factor: int) -> int:
    """The one number of each row that the factor is made of."""
    found, seen = set[int](), set[int]()
    waiting = [factor]
    while waiting:
        number = waiting.pop()
        if number in seen:
            continue
        seen.add(number)
        item = slots.items.get(number)
        need(item is not None, "the factor reads what is no norm")
        assert item is not None
        if polynomial(slots, number) is not None:
            found.add(base(slots, number))
        elif not isinstance(item.op, Constant):
            reads = isinstance(item.op, Pieces | Less | Select | Linear | Round | View)
            need(reads, "the factor is made of more than a norm")
            waiting += item.args
    need(len(found) == 1, f"the factor is made of {len(found)} norms")
    return found.pop()


def bound(slots: Slots, squares: Squares) -> Fraction:
    """The most that a sum of products of squared norms can be."""
    total = Fraction(0)
    for key, times in squares.items():
        term = times
        for number in key:
            term *= slots.norm(number, slots.of(number))
        total += max(term, Fraction(0))
    return total


# -- the factor -------------------------------------------------------------------------------------


def _factor(slots: Slots, factor: int, norm: int, clip: Fraction) -> None:
    """0 <= f and f^2 * norm <= clip^2, next to every threshold and between them."""
    type, made = slots.types[norm], slots.types[factor]
    need(made.lo >= 0, "a factor may be negative")
    squares = polynomial(slots, norm)
    assert squares is not None
    added = squares.get((), Fraction(0))
    points = sorted(set(_points(type.lo, type.hi, type.scale, added, clip)))
    block = _between(slots, norm, factor, len(points))
    [result] = evaluate(block, [np.array(points, dtype=object)], NoSources())
    start, most = int(added / type.scale), clip**2 / made.scale**2 // type.scale
    for n, f in zip(points, result.tolist(), strict=True):
        need(f * f * (n - start) <= most, f"a norm of {n * type.scale} squared is scaled by {int(f) * made.scale}")


def _between(slots: Slots, norm: int, factor: int, count: int) -> Block:
    """The factor's words, of so many norms; views only place the slots."""
    needed, waiting = {norm}, [factor]
    while waiting:
        number = waiting.pop()
        if number not in needed:
            needed.add(number)
            waiting += slots.items[number].args
    b = Builder([replace(slots.types[norm], shape=(count,))])
    place = {norm: 0}
    for number in sorted(needed - {norm}):
        item, args = slots.items[number], [place[a] for a in slots.items[number].args]
        need(not isinstance(item.op, Constant) or len(item.op.values) == 1, "a factor that differs by slot")
        viewed = isinstance(item.op, View)
        place[number] = args[0] if viewed else b.add(item.op, args, replace(item.type, shape=(count,)))
    return b.block([place[factor]])


def _points(lo: int, hi: int, scale: Fraction, added: Fraction, clip: Fraction) -> Iterator[int]:
    lo = max(lo, int(added / scale))
    yield from (lo, hi)
    for f in (*factors(hi * scale / clip**2)[1:], Fraction(1)):
        exact = int((clip**2 / f**2 + added) / scale)
        step = max(1, exact >> 12)
        yield from (n for n in (exact, exact + 1, exact + step, exact + 2 * step) if lo <= n <= hi)
