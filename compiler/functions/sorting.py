"""Sorting: Batcher's bitonic network (1968), alone or with what stands beside the keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from compiler.words.builder import Builder
from compiler.words.operations import Strided, Xor
from compiler.words.strides import identity, row_major


def sort(b: Builder, x: int) -> int:
    """A vector, ascending."""
    type = b.type(x)
    count, size = type.shape[0], _size(type.shape[0])
    x = _padded(b, x, size, type.hi * type.scale)
    for block, distance in _stages(size):
        low, high = _sides(b, x, distance)
        [x] = _exchanged(b, b.less(high, low), [x], block, distance)
    return b.view(x, Strided(0, (1,)), (count,))


def argsort(b: Builder, keys: int) -> int:
    """Where the elements of the sorted vector stand; the first of equal ones first."""
    return _by_keys(b, keys, [])[0]


def sort_by(b: Builder, x: int, keys: int) -> int:
    """The elements along axis 0 of x by ascending keys; those of equal keys stay in order."""
    return _by_keys(b, keys, [x])[1]


def _by_keys(b: Builder, keys: int, beside: Sequence[int]) -> list[int]:
    """The places, then what stands beside, by key and place."""
    type = b.type(keys)
    count, size = type.shape[0], _size(type.shape[0])
    places = b.const([Fraction(min(i, count - 1)) for i in range(size)], (size,))
    moved = [_padded(b, keys, size, (type.hi + 1) * type.scale), places, *(_padded(b, x, size) for x in beside)]
    for block, distance in _stages(size):
        low, high = zip(*(_sides(b, x, distance) for x in moved[:2]), strict=True)
        order = [b.affine([(size / type.scale, key), (Fraction(1), place)]) for key, place in (low, high)]
        moved = _exchanged(b, b.less(order[1], order[0]), moved, block, distance)
    return [b.view(x, identity(shape), shape) for x in moved[1:] for shape in [(count, *b.type(x).shape[1:])]]


def _size(count: int) -> int:
    return 1 << (count - 1).bit_length()


def _padded(b: Builder, x: int, size: int, value: Fraction = Fraction(0)) -> int:
    count, *rest = b.type(x).shape
    return b.concat([x, b.const([value], (size - count, *rest))]) if size > count else x


def _stages(size: int) -> Iterator[tuple[int, int]]:
    """Blocks to sort, and how far apart their elements are compared."""
    block = 2
    while block <= size:
        distance = block // 2
        while distance:
            yield block, distance
            distance //= 2
        block *= 2


def _sides(b: Builder, x: int, distance: int) -> tuple[int, int]:
    """The elements that are compared, as [groups, distance, ..]."""
    size, *rest = b.type(x).shape
    unit, *inner = row_major((size, *rest))
    shape = (size // (2 * distance), distance, *rest)
    at = (2 * distance * unit, unit, *inner)
    low, high = (b.view(x, Strided(side * distance * unit, at), shape) for side in (0, 1))
    return low, high


def _exchanged(b: Builder, greater: int, moved: Sequence[int], block: int, distance: int) -> list[int]:
    """Each vector with its sides exchanged where the low one is `greater`; the other way where the bit `block` of the
    index is 1."""
    groups, _ = shape = b.type(greater).shape
    down = [Fraction(1 if (group * 2 * distance) & block else 0) for group in range(groups) for _ in range(distance)]
    swap = b.logic(Xor(), greater, b.const(down, shape))
    found: list[int] = []
    for x in moved:
        size, *rest = b.type(x).shape
        low, high = _sides(b, x, distance)
        condition = b.reshape(swap, (*shape, *[1] * len(rest)))
        halves = [b.reshape(b.select(condition, *pair), (1, *shape, *rest)) for pair in ((high, low), (low, high))]
        order = [1, 0, *range(2, 3 + len(rest))]
        found.append(b.reshape(b.transpose(b.concat(halves), order), (size, *rest)))
    return found
