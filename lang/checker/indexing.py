"""Elements and slices: x[i], x[2..5, :], and what of them can be assigned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import prod
from typing import assert_never

from lang import typed
from lang.checker.context import Context
from lang.checker.failing import Failed, NeedsIndex
from lang.checker.infer import describe, number
from lang.checker.operators import operate
from lang.checker.public import affine, indices, interval, whole
from lang.problems.flow import PrivateIndexBounds
from lang.problems.shapes import IndexRange, NotIndexable, SliceBackwards, SliceRange, TooManyPicks
from lang.problems.values import IntegersOnly, NotWhole
from lang.source import Span
from lang.syntax import tree
from lang.typed import Along, At, Call, Const, Number, Place


def indexed(context: Context, node: tree.Index) -> typed.Expr:
    """base[picks]."""
    base = context.expr(node.base)
    return pick(base, places_of(context, node.picks, base, node.span), node.span)


def pick(base: typed.Expr, places: tuple[Place, ...], span: Span) -> typed.Expr:
    """base[places], evaluated if it is public."""
    type_ = number(base, "an index")
    if all(isinstance(p, Along) and (p.start, p.count) == (0, n) for p, n in zip(places, type_.shape, strict=True)):
        return base
    result = Number(_picked(places), type_.integer, type_.kind)
    if isinstance(base, Const):
        values = _elements(base, places)
        if values is not None:
            return Const(result, values, span)
    return typed.Pick(result, base, places, span)


def places_of(
    context: Context, picks: Sequence[tree.Expr | tree.Slice], base: typed.Expr, span: Span
) -> tuple[Place, ...]:
    """One place for each axis of the base; axes that are not named are taken whole."""
    type_ = base.type
    if not isinstance(type_, Number) or not type_.shape:
        raise Failed(NotIndexable(span=base.span, what=describe(type_)))
    if len(picks) > len(type_.shape):
        raise Failed(TooManyPicks(span=span, given=len(picks), shape=describe(type_)))
    places: list[Place] = []
    for pick, size in zip(picks, type_.shape, strict=False):
        with context.attempt():
            places.append(_slice(context, pick, size) if isinstance(pick, tree.Slice) else _at(context, pick, size))
    if len(places) < len(picks):
        raise Failed
    return (*places, *(Along(0, size) for size in type_.shape[len(picks) :]))


def _slice(context: Context, node: tree.Slice, size: int) -> Along:
    start = whole(context.expr(node.start), "a slice bound") if node.start else 0
    end = whole(context.expr(node.end), "a slice bound") if node.end else size
    if start >= end:
        raise Failed(
            SliceBackwards(span=node.span, start=start, end=end, fault="runs backwards" if start > end else "is empty")
        )
    if start < 0 or end > size:
        raise Failed(SliceRange(span=node.span, start=start, end=end, size=size))
    return Along(start, end - start)


def _at(context: Context, node: tree.Expr, size: int) -> At:
    index = context.expr(node)
    type_ = number(index, "an index")
    if isinstance(index, Const):
        value = whole(index, "an index")
        if not 0 <= value < size and context.around.never:
            return At(replace(index, values=(Fraction(0),)))  # whichever: the element has one kind and shape
        if not 0 <= value < size:
            raise Failed(IndexRange(span=node.span, index=str(value), size=size, last=size - 1))
        return At(index)
    if type_.shape:
        raise Failed(NotWhole(span=node.span, what="an index", value=describe(type_)))
    if not type_.integer:
        raise Failed(
            IntegersOnly(span=node.span, op="[ ]", given=describe(type_), hint="convert it first: `x as uint<8>`")
        )
    private = affine(index) is None
    if private and (loops := indices(index)):
        raise NeedsIndex(loops[-1])
    bounds = interval(index, context.ranges)
    if bounds is not None and not (bounds[0] >= 0 and bounds[1] < size):
        low, high = bounds
        if private:
            raise Failed(PrivateIndexBounds(span=node.span, lo=low, hi=high, size=size, last=size - 1))
        raise Failed(IndexRange(span=node.span, index=f"{low} to {high}", size=size, last=size - 1))
    return At(index, private)


def compose(places: tuple[Place, ...], inner: tuple[Place, ...], span: Span) -> tuple[Place, ...]:
    """The places of x[places][inner] as places of x."""
    rest = iter(inner)
    composed: list[Place] = []
    for place in places:
        if isinstance(place, At):
            composed.append(place)
            continue
        moved = next(rest)
        match moved:
            case Along(start, count):
                composed.append(Along(place.start + start, count))
            case At(index, private):
                offset = Const(Number((), True), (Fraction(place.start),), span)
                composed.append(At(operate(Call.ADD, (index, offset), span) if place.start else index, private))
            case _:
                assert_never(moved)
    return tuple(composed)


def _picked(places: Sequence[Place]) -> tuple[int, ...]:
    """The shape that places leave."""
    return tuple(place.count for place in places if isinstance(place, Along))


def _elements(base: Const, places: Sequence[Place]) -> tuple[Fraction, ...] | None:
    """The elements that public places pick, row-major; None if a place is not public."""
    ranges: list[range] = []
    for place in places:
        match place:
            case Along(start, count):
                ranges.append(range(start, start + count))
            case At(Const(values=values)):
                ranges.append(range(values[0].numerator, values[0].numerator + 1))
            case At():
                return None
            case _:
                assert_never(place)
    strides = [prod(base.type.shape[axis + 1 :]) for axis in range(len(places))]
    return tuple(
        base.values[sum(i * stride for i, stride in zip(index, strides, strict=True))] for index in product(*ranges)
    )
