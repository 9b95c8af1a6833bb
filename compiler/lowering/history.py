"""What became of a tensor since it was another: the elements that were written, step by step back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import prod

from compiler.words.builder import Builder
from compiler.words.ir import Block, Claim, Item, Loop, Result, Type, Value
from compiler.words.operations import Constant, Linear, Put, Select, Strided
from compiler.words.strides import elements_of, views_of

Moves = tuple[tuple[int, int], ...]  # (a loop index, how many elements one step of it is), by index


@dataclass(frozen=True, slots=True)
class Region:
    """Elements of a tensor, as a view without axes of extent 1: equal places are equal regions."""

    at: Strided
    shape: tuple[int, ...]
    indices: tuple[int, ...]  # loop indices that it moves with, ascending

    @property
    def moves(self) -> Moves:
        return tuple(zip(self.indices, self.at.steps, strict=True))

    @property
    def elements(self) -> list[int]:
        """Where every loop index is 0."""
        return elements_of(self.at, self.shape)

    def over(self, index: int, count: int) -> Region:
        """All that it covers while a loop index goes from 0 to `count` - 1."""
        step = dict(self.moves).get(index)
        if step is None:
            return self
        at = Strided(self.at.offset, (step, *self.at.strides), self.at.steps)
        return region_of(at, (count, *self.shape), self.indices, index)


def region_of(at: Strided, shape: Sequence[int], indices: Sequence[int], without: int | None = None) -> Region:
    """What a view shows; it does not move with the index `without`."""
    axes = [(stride, extent) for stride, extent in zip(at.strides, shape, strict=True) if extent > 1]
    moves = sorted((i, step) for i, step in zip(indices, at.steps, strict=True) if i != without)
    moved = Strided(at.offset, tuple(stride for stride, _ in axes), tuple(step for _, step in moves))
    return Region(moved, tuple(extent for _, extent in axes), tuple(i for i, _ in moves))


@dataclass(frozen=True, slots=True)
class Written:
    """`word` is `before` with some elements replaced, by a part where it is known."""

    word: int
    before: int
    parts: dict[Region, int | None] = field(default_factory=dict[Region, int | None])


@dataclass(frozen=True, slots=True)
class Masked:
    """`word` is `value` where the bits `where` are 1, else `before`: at a private index, or in a private arm."""

    word: int
    before: int
    where: int
    value: int


Step = Written | Masked


@dataclass(frozen=True, slots=True)
class _Body:
    """The body of a finished loop, for looking up."""

    block: Block
    outer: Builder | _Body

    def item(self, number: int) -> Item | None:
        return self._items(number) if number >= self.block.first else self.outer.item(number)

    def type(self, number: int) -> Type:
        if number < self.block.first:
            return self.outer.type(number)
        item = self._items(number)
        assert not isinstance(item, Loop)
        return item.type if item else self.block.params[number - self.block.first]

    def _items(self, number: int) -> Item | None:
        place = number - self.block.first - len(self.block.params)
        return self.block.items[place] if place >= 0 else None


def step(b: Builder | _Body, number: int) -> Step | None:
    """How a tensor was made from one of its own shape; None where it is something new."""
    item = b.item(number)
    match item:
        case Value(claim=Claim()):  # its range is not that of what it was made of
            return None
        case Value(op=Put(at), args=(before, part, *indices)):
            return Written(number, before, {region_of(at, b.type(part).shape, indices): part})
        case Value(op=Linear((1,), 0), args=(before,)) if b.type(before).scale == item.type.scale:
            return Written(number, before)
        case Value(op=Select(), args=(where, value, before)):
            return Masked(number, before, where, value)
        case Result(loop, position):
            finished = b.item(loop)
            assert isinstance(finished, Loop)
            regions = _of_loop(b, finished, position)
            return None if regions is None else Written(number, finished.init[position], dict.fromkeys(regions))
        case _:
            return None


def _of_loop(b: Builder | _Body, loop: Loop, position: int) -> list[Region] | None:
    """What all iterations together write of a carried tensor; None: they make it anew."""
    body, number = _Body(loop.body, b), loop.body.results[position]
    index, parameter = loop.body.first, loop.body.first + 1 + position
    regions: list[Region] = []
    while number != parameter:
        made = step(body, number) if number > parameter else None
        if not isinstance(made, Written):
            return None
        regions += [r.over(index, loop.count) for r in made.parts]
        number = made.before
    return regions


def same(b: Builder, one: int, other: int) -> bool:
    """The same numbers (a constant is made anew for words of another width)."""
    if one == other:
        return True
    first, second = b.item(one), b.item(other)
    return (
        isinstance(first, Value)
        and isinstance(second, Value)
        and isinstance(first.op, Constant)
        and first.op == second.op
        and (first.type.shape, first.type.scale) == (second.type.shape, second.type.scale)
    )


def apart(b: Builder, regions: Iterable[Region]) -> bool:
    """Is no element in two of the regions, or in one of them twice, wherever the loops are?"""
    groups: dict[Moves, list[Region]] = {}
    for r in regions:
        groups.setdefault(r.moves, []).append(r)
    if any(sum(prod(r.shape) for r in g) != len({e for r in g for e in r.elements}) for g in groups.values()):
        return False
    reached = [{e for r in g for e in _everywhere(b, r).elements} for g in groups.values() if len(groups) > 1]
    return sum(map(len, reached)) == len(set[int]().union(*reached))


def _everywhere(b: Builder, region: Region) -> Region:
    for index in region.indices:
        region = region.over(index, b.type(index).hi + 1)
    return region


def united(regions: Iterable[Region]) -> list[Region]:
    """Regions of the same elements; of those that move together none is in two."""
    groups: dict[Moves, set[int]] = {}
    for r in regions:
        groups.setdefault(r.moves, set()).update(r.elements)
    return [
        Region(Strided(at.offset, at.strides, tuple(step for _, step in moves)), shape, tuple(i for i, _ in moves))
        for moves, elements in groups.items()
        for at, shape in views_of(elements)
    ]
