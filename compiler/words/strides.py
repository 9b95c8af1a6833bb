"""The algebra of views: slices, transposes, broadcasts and reshapes as offset and strides."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from math import prod

from compiler.words.operations import Strided


def row_major(shape: Sequence[int]) -> tuple[int, ...]:
    """Stride of each axis of a dense tensor, in elements."""
    return tuple(prod(shape[axis + 1 :]) for axis in range(len(shape)))


def identity(shape: Sequence[int]) -> Strided:
    return Strided(0, row_major(shape))


def broadcast(shape: Sequence[int], target: Sequence[int]) -> Strided:
    """`shape` stretched to `target` as NumPy does: missing leading axes and axes of extent 1 repeat."""
    own = row_major(shape)
    missing = len(target) - len(shape)
    stretched = [0 if extent == 1 else stride for extent, stride in zip(shape, own, strict=True)]
    return Strided(0, (0,) * missing + tuple(stretched))


def transposed(shape: Sequence[int], axes: Sequence[int]) -> Strided:
    """Axis i of the result is axis axes[i] of the operand."""
    own = row_major(shape)
    return Strided(0, tuple(own[axis] for axis in axes))


def elements_of(at: Strided, shape: Sequence[int]) -> list[int]:
    """The flat elements that a view without symbolic indices shows, row-major."""
    found = [at.offset]
    for stride, extent in zip(at.strides, shape, strict=True):
        found = [element + i * stride for element in found for i in range(extent)]
    return found


def views_of(elements: Collection[int]) -> list[tuple[Strided, tuple[int, ...]]]:
    """Views, with their shapes, that together show each of the flat elements once: progressions of progressions."""
    found: list[tuple[Strided, tuple[int, ...]]] = []
    waiting: dict[tuple[tuple[int, ...], tuple[int, ...]], list[int]] = {((), ()): sorted(elements)}
    while waiting:
        (inner, shape), offsets = waiting.popitem()
        for offset, stride, extent in _progressions(offsets):
            if extent == 1:
                found.append((Strided(offset, inner), shape))
            else:
                waiting.setdefault(((stride, *inner), (extent, *shape)), []).append(offset)
    return sorted(found, key=lambda view: view[0].offset)


def _progressions(ascending: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """(first, difference, count) of arithmetic progressions, each as long as it goes on from where the last ended."""
    start = 0
    while start < len(ascending):
        end = start + 1
        difference = ascending[end] - ascending[start] if end < len(ascending) else 0
        while end < len(ascending) and ascending[end] - ascending[end - 1] == difference:
            end += 1
        yield ascending[start], difference, end - start
        start = end


def injective(at: Strided, shape: Sequence[int]) -> bool:
    """Does the view show no element twice?  (True only where nested strides prove it.)"""
    reach = 0
    for stride, extent in sorted((abs(s), n) for s, n in zip(at.strides, shape, strict=True) if n > 1):
        if stride <= reach:
            return False
        reach += stride * (extent - 1)
    return True


def compose(
    inner: Strided, middle: Sequence[int], outer: Strided, shape: Sequence[int], last: Sequence[int] = ()
) -> Strided | None:
    """The view `outer` (of shape `shape`) of the view `inner` (of shape `middle`) as one view, if it is one.

    An outer stride counts row-major elements of `middle`; written in the mixed radix of `middle` it
    says how far it moves along each axis.  The composition is a view as long as no sum of such moves
    carries into the next axis.  `last` holds the largest value of each symbolic index of `outer`.
    """
    if identity(middle) == inner:
        return outer
    place = _radix(outer.offset, middle)
    reach = list(place)
    moves = [_radix(stride, middle) for stride in (*outer.strides, *outer.steps)]
    for move, extent in zip(moves, (*shape, *(n + 1 for n in last)), strict=True):
        for axis, step in enumerate(move):
            reach[axis] += step * (extent - 1)
    if any(r >= extent for r, extent in zip(reach, middle, strict=True)):
        return None
    along = [sum(m * s for m, s in zip(move, inner.strides, strict=True)) for move in moves]
    offset = inner.offset + sum(p * s for p, s in zip(place, inner.strides, strict=True))
    rank = len(outer.strides)
    return Strided(offset, tuple(along[:rank]), inner.steps + tuple(along[rank:]))


def _radix(number: int, shape: Sequence[int]) -> list[int]:
    """Digits of a flat index, one for each axis; the first axis takes what is left."""
    digits: list[int] = []
    for extent in reversed(shape):
        digits.append(number % extent if len(digits) + 1 < len(shape) else number)
        number //= extent
    return digits[::-1]
