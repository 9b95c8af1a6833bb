"""Places of a tensor: what stands there, and the tensor with something else there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from compiler.functions.order import element, placed
from compiler.functions.tables import looked_up
from compiler.lowering.context import Lowering
from compiler.lowering.indices import linear_parts
from compiler.words import strides
from compiler.words.leaves import Word
from compiler.words.operations import Strided
from lang import typed as t
from lang.problems import NotYet, PrivateIndexBounds
from lang.problems.problem import Rejected


def picked(c: Lowering, base: int, picks: Sequence[t.Place]) -> int:
    private = {axis: p.index for axis, p in enumerate(picks) if isinstance(p, t.At) and p.private}
    if private:
        base = _by_private_indices(c, base, private)
    places = [p for p in picks if not (isinstance(p, t.At) and p.private)]
    at, shape, indices = _places(c, c.b.type(base).shape, places)
    kept = [n for n, place in zip(shape, places, strict=True) if isinstance(place, t.Along)]
    strip = [s for s, place in zip(at.strides, places, strict=True) if isinstance(place, t.Along)]
    return c.b.view(base, Strided(at.offset, tuple(strip), at.steps), tuple(kept), indices)


def replaced(c: Lowering, old: Word, fields: tuple[int, ...], places: tuple[t.Place, ...], value: Word) -> Word:
    if fields:
        assert isinstance(old, tuple)
        changed = replaced(c, old[fields[0]], fields[1:], places, value)
        return (*old[: fields[0]], changed, *old[fields[0] + 1 :])
    if not places:
        return value
    assert isinstance(old, int) and isinstance(value, int)
    if any(isinstance(p, t.At) and p.private for p in places):
        return _privately(c, old, places, value)
    at, shape, indices = _places(c, c.b.type(old).shape, places)
    kept = tuple(p.count for p in places if isinstance(p, t.Along))
    return c.b.put(old, c.b.reshape(c.b.broadcast(value, kept), shape), at, indices)


def _privately(c: Lowering, old: int, places: Sequence[t.Place], value: int) -> int:
    """With elements at private indices replaced: what stands at the public places is taken out, changed, put back."""
    private = {axis: p.index for axis, p in enumerate(places) if isinstance(p, t.At) and p.private}
    sizes = c.b.type(old).shape
    words = [_in_bounds(c, index, sizes[axis]) for axis, index in private.items()]
    public = [t.Along(0, sizes[axis]) if axis in private else p for axis, p in enumerate(places)]
    axes = [axis for axis, p in enumerate(public) if isinstance(p, t.Along)]
    order = sorted(range(len(axes)), key=lambda i: axes[i] not in private)  # the private ones first
    part = c.b.transpose(picked(c, old, public), order)
    changed = c.b.transpose(_deep(c, part, words, value), [order.index(i) for i in range(len(order))])
    if c.b.type(part).size == c.b.type(old).size:
        return c.b.reshape(changed, sizes)
    at, shape, indices = _places(c, sizes, public)
    return c.b.put(old, c.b.reshape(changed, shape), at, indices)


def _deep(c: Lowering, base: int, words: Sequence[int], value: int) -> int:
    """base[words[0], words[1], ...] = value, for private indices in bounds."""
    if not words:
        return c.b.broadcast(value, c.b.type(base).shape)
    row = element(c.b, base, words[0]) if words[1:] else base
    return placed(c.b, base, words[0], _deep(c, row, words[1:], value) if words[1:] else value)


def _by_private_indices(c: Lowering, base: int, indices: Mapping[int, t.Expr]) -> int:
    """The elements at private indices of axes, which go, the last first."""
    shape = c.b.type(base).shape
    words = {axis: _in_bounds(c, indices[axis], shape[axis]) for axis in sorted(indices, reverse=True)}
    known = looked_up(c.b, base, words)
    if known is not None:
        return known
    for axis, word in words.items():
        rank = len(c.b.type(base).shape)
        first = c.b.transpose(base, [axis, *(i for i in range(rank) if i != axis)])
        base = element(c.b, first, word)
    return base


def _in_bounds(c: Lowering, index: t.Expr, size: int) -> int:
    word = c.number(index)
    type = c.b.type(word)
    lo, hi = type.lo * type.scale, type.hi * type.scale
    if not (type.scale.denominator == 1 and lo >= 0 and hi < size):
        raise Rejected([PrivateIndexBounds(span=index.span, lo=int(lo), hi=int(hi), size=size, last=size - 1)])
    return c.b.round(word, Fraction(1), int(lo), int(hi))


def _places(
    c: Lowering, shape: tuple[int, ...], places: Sequence[t.Place]
) -> tuple[Strided, tuple[int, ...], list[int]]:
    """A view that keeps every axis (an At has extent 1), its shape, and the loop indices it moves with."""
    offset = 0
    extents: list[int] = []
    steps: dict[int, int] = {}
    unit = strides.row_major(shape)
    for place, stride in zip(places, unit, strict=True):
        if isinstance(place, t.Along):
            offset += place.start * stride
            extents.append(place.count)
            continue
        constant, moves = _affine(c, place.index)
        offset += constant * stride
        for index, factor in moves.items():
            steps[index] = steps.get(index, 0) + factor * stride
        extents.append(1)
    return Strided(offset, unit, tuple(steps.values())), tuple(extents), list(steps)


def _affine(c: Lowering, e: t.Expr) -> tuple[int, dict[int, int]]:
    """An index as constant + sum of factor * loop index."""
    word = c.number(e)
    constant = c.b.constant(word)
    if constant is not None:
        return int(constant), {}
    parts = linear_parts(c.b, word)
    if parts is None:
        raise Rejected([NotYet(span=e.span, what="an index that is not a sum of multiples of loop indices")])
    return parts
