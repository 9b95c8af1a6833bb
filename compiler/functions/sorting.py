"""Sorting: Batcher's odd-even merge network (1968), alone or with what stands beside the keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from compiler.words.builder import Builder
from compiler.words.operations import Strided
from compiler.words.strides import identity, row_major


@dataclass(frozen=True, slots=True)
class Exchanges:
    """Elements start + i * apart + j, for i < groups and j < each, are compared with those `distance` further on."""

    start: int
    apart: int
    groups: int
    each: int
    distance: int


def sort(b: Builder, x: int) -> int:
    """A vector, ascending."""
    for at in network(b.type(x).shape[0]):
        low, high = (_side(b, x, at, side) for side in (0, 1))
        x = _exchanged(b, b.less(high, low), x, at)
    return b.view(x, Strided(0, (1,)), b.type(x).shape)


def argsort(b: Builder, keys: int) -> int:
    """Where the elements of the sorted vector stand; the first of equal ones first."""
    return _by_keys(b, keys, [])[0]


def sort_by(b: Builder, x: int, keys: int) -> int:
    """The elements along axis 0 of x by ascending keys; those of equal keys stay in order."""
    return _by_keys(b, keys, [x])[1]


def _by_keys(b: Builder, keys: int, beside: Sequence[int]) -> list[int]:
    """The places, then what stands beside, by key and place."""
    type = b.type(keys)
    [count] = type.shape
    moved = [keys, b.const([Fraction(i) for i in range(count)], (count,)), *beside]
    weight = Fraction(1 << (count - 1).bit_length()) / type.scale
    for at in network(count):
        low, high = ([_side(b, x, at, side) for x in moved[:2]] for side in (0, 1))
        order = [b.affine([(weight, key), (Fraction(1), place)]) for key, place in (low, high)]
        greater = b.less(order[1], order[0])
        moved = [_exchanged(b, greater, x, at) for x in moved]
    return [b.view(x, identity(shape), shape) for x in moved[1:] for shape in [b.type(x).shape]]


def network(count: int) -> Iterator[Exchanges]:
    """Of so many elements; Knuth 5.2.2, algorithm M: those of one step meet no element twice."""
    top = 1 << (count - 1).bit_length() >> 1
    power = top
    while power:
        end, start, distance = top, 0, power
        while True:
            yield from _step(count, start, power, distance)
            if end == power:
                break
            start, distance, end = power, end - power, end // 2
        power //= 2


def _step(count: int, start: int, power: int, distance: int) -> Iterator[Exchanges]:
    """For all i of which the bit `power` is that of `start`, as far as there is an element that far behind it."""
    groups, rest = divmod(max(0, count - distance - start), 2 * power)
    if rest >= power:
        groups, rest = groups + 1, 0
    if groups:
        yield Exchanges(start, 2 * power, groups, power, distance)
    if rest:
        yield Exchanges(start + groups * 2 * power, 2 * power, 1, rest, distance)


def _side(b: Builder, x: int, at: Exchanges, side: int) -> int:
    """The elements that are compared, or those with which they are, as [groups, each, ..]."""
    return b.view(x, _where(b, x, at, side), (at.groups, at.each, *b.type(x).shape[1:]))


def _where(b: Builder, x: int, at: Exchanges, side: int) -> Strided:
    unit, *inner = row_major(b.type(x).shape)
    return Strided((at.start + side * at.distance) * unit, (at.apart * unit, unit, *inner))


def _exchanged(b: Builder, greater: int, x: int, at: Exchanges) -> int:
    """With both sides exchanged where the low one is `greater`."""
    low, high = (_side(b, x, at, side) for side in (0, 1))
    rest = len(b.type(x).shape) - 1
    condition = b.reshape(greater, (at.groups, at.each, *[1] * rest))
    for side, pair in enumerate(((high, low), (low, high))):
        x = b.put(x, b.select(condition, *pair), _where(b, x, at, side))
    return x
