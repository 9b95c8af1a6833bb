"""Of the finished words of a `dpsgd`: which slot each element belongs to, how long a slot's part can be, when it is 0.

An element of a tensor with n slots belongs to slot (its row-major number / unit) mod n; the unit says where the slots
are.  Nothing here believes how the words were made: rows that meet before their sum are found, and the bounds of
`bounds.py` are derived once more, on the batch instead of on one example.  A Ring is a source with every value of its
type: it has no bound but that, and is 0 for nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod

from compiler.training.bounds import largest
from compiler.training.hot import most_equal
from compiler.words.arithmetic import split
from compiler.words.extern import Extern
from compiler.words.ir import Item, Type, Value
from compiler.words.needs import need
from compiler.words.operations import (
    Bits,
    Compute,
    Concat,
    Constant,
    Digits,
    Dot,
    Draw,
    Equal,
    Less,
    Linear,
    Mark,
    Mul,
    Put,
    Ring,
    Round,
    Select,
    Source,
    Strided,
    Sum,
    Telling,
    View,
)
from compiler.words.strides import identity, injective, row_major

ALL = 0  # in place of a unit: a sum over all slots, or made of one
Unit = int | None  # None: of no row
Moves = tuple[tuple[int, int], ...]  # (bit, n): where the bit is set, by n places
Term = tuple[tuple[int, ...], Moves]  # a product of squared norms: of these values, times 2^moves
Squares = dict[Term, Fraction]  # a sum: how often each


@dataclass
class Slots:
    """The words of one body, item by item in order; raises `rules.Wrong` where rows meet."""

    count: int
    norms: Mapping[str, Fraction | None]  # of the fields of a row
    types: Mapping[int, Type]  # also of the values around the body
    items: dict[int, Value] = field(default_factory=dict[int, Value])
    units: dict[int, Unit] = field(default_factory=dict[int, Unit])
    _norms: dict[tuple[int, Unit], Fraction] = field(default_factory=dict[tuple[int, Unit], Fraction])
    squares: dict[tuple[int, bool], Squares | None] = field(default_factory=dict[tuple[int, bool], Squares | None])
    _zero: dict[int, bool] = field(default_factory=dict[int, bool])

    def add(self, number: int, item: Value) -> None:
        self.units[number] = self._unit(item)
        self.items[number] = item

    def of(self, number: int) -> Unit:
        return self.units.get(number)

    def item(self, number: int) -> Item | None:
        return self.items.get(number)

    def _unit(self, item: Value) -> Unit:
        op, found = item.op, [self.of(a) for a in item.args]
        match op:
            case Draw():
                return item.type.size // self.count
            case View(at):
                base, unit = self.types[item.args[0]], found[0]
                steps = [(s, self.types[a].hi + 1) for s, a in zip(at.steps, item.args[1:], strict=True)]
                return unit if not unit else self._seen(unit, base, at, item.type.shape, steps)
            case Put(at):
                return self._put(item, at, found)
            case Bits():
                return found[0] and found[0] * item.type.shape[-1]
            case Concat():
                unit = self._meet(found)
                whole = all(self.types[a].size % (unit * self.count) == 0 for a in item.args) if unit else True
                need(whole, "tensors put together across their slots")
                return unit
            case Sum() | Dot() | Digits() | Ring():
                unit = self._meet(found)
                return unit if not unit else self._summed(unit, split(self.types[item.args[0]].shape, op.count)[1])
            case Extern():
                return self._through(item, found)
            case _ if isinstance(op, Source | Compute | Mark | Telling):
                return self._meet(found)
            case _:
                raise AssertionError("shares among words that are not cut yet")

    def _meet(self, found: list[Unit]) -> Unit:
        """Of values that are read together, element by element."""
        units = {unit for unit in found if unit is not None}
        need(len(units) <= 1, "elements of different rows meet before they are summed, clipped and hidden by noise")
        return units.pop() if units else None

    def _through(self, item: Value, found: list[Unit]) -> Unit:
        """As many results for a row as there are whole operands of it."""
        widths = [self.types[a].shape[-1] for a in item.args]
        both = list(zip(found, widths, strict=True))
        need(all(unit is None or unit % bits == 0 for unit, bits in both), "bits of two rows in one operand")
        each = self._meet([unit and unit // bits for unit, bits in both])
        return each and each * item.type.shape[-1]

    def _summed(self, unit: int, terms: int) -> Unit:
        if unit % terms == 0:
            return unit // terms
        need(terms == self.count and unit == 1, "a sum over some of the rows, or over more than the rows")
        return ALL

    def _put(self, item: Value, at: Strided, found: list[Unit]) -> Unit:
        whole, part = found[:2]
        if whole is None and part is None:
            return None
        unit = item.type.size // self.count if whole is None else whole  # a constant has its slots in front
        need(unit != ALL and part != ALL, "something is put into a sum over all rows")
        steps = [(s, self.types[a].hi + 1) for s, a in zip(at.steps, item.args[2:], strict=True)]
        seen = self._seen(unit, item.type, at, self.types[item.args[1]].shape, steps)
        need(part is None or part == seen, "what is put into a tensor changes its slot")
        return unit

    def _seen(self, unit: int, base: Type, at: Strided, shape: tuple[int, ...], steps: list[tuple[int, int]]) -> int:
        """The unit of a view of a tensor: one axis goes through the slots, nothing else leaves one."""
        if at == identity(shape) and prod(shape) == base.size:
            return unit
        moves = [(s, n) for s, n in zip(at.strides, shape, strict=True) if n > 1]
        need(min([at.offset, *(s for s, _ in (*moves, *steps))]) >= 0, "a view that goes backwards through slots")
        rest = at.offset % unit + sum((n - 1) * (s % unit) for s, n in (*moves, *steps))
        crossing = [
            axis for axis, (s, n) in enumerate(zip(at.strides, shape, strict=True)) if n > 1 and self._slot(unit, s)
        ]
        along = (
            len(crossing) == 1
            and shape[crossing[0]] == self.count
            and at.strides[crossing[0]] % (unit * self.count) == unit
        )
        still = not self._slot(unit, at.offset) and not any(self._slot(unit, s) for s, _ in steps)
        need(along and still and rest < unit, "a view that shows an element in another slot than its own")
        return prod(shape[crossing[0] + 1 :])

    def _slot(self, unit: int, elements: int) -> int:
        return elements // unit % self.count

    def one_each(self, number: int) -> bool:
        """Is it one number of each slot's own?"""
        return self.of(number) == 1 and self.types[number].size == self.count

    # -- bounds ---------------------------------------------------------------------------------

    def axis(self, shape: tuple[int, ...], unit: int) -> int:
        """The axis that goes through the slots."""
        inner = self._axes(shape, unit)
        need(bool(inner), "the slots are no axis of a gradient")
        return inner[-1]

    def _axes(self, shape: tuple[int, ...], unit: int) -> list[int]:
        return [axis for axis, n in enumerate(shape) if n == self.count and prod(shape[axis + 1 :]) == unit]

    def norm(self, number: int, unit: Unit) -> Fraction:
        """A bound on the squared norm of one slot's part, whose unit is given; of a value of no row, as it is repeated
        for each slot, or without a unit all of it."""
        key = number, unit
        if key not in self._norms:
            type = self.types[number]
            size = type.size // self.count if unit else type.size
            self._norms[key] = min(size * largest(type) ** 2, self._structural(number, unit, size))
        return self._norms[key]

    def norm_of_each(self, number: int, axes: int) -> Fraction:
        """A bound on the squared norm over the trailing axes alone: of each window on a field, that of the field."""
        type, unit, item = self.types[number], self.of(number), self.items.get(number)
        inner = type.shape[len(type.shape) - axes :]
        most = prod(inner) * largest(type) ** 2
        if unit is None or unit % prod(inner) == 0:
            most = min(most, self.norm(number, unit))
        base = self.items.get(item.args[0]) if item is not None and isinstance(item.op, View) else None
        if item is None or not isinstance(item.op, View) or base is None or not isinstance(base.op, Draw):
            return most
        once = injective(Strided(0, item.op.at.strides[len(type.shape) - axes :]), inner)
        norm = self.norms.get(base.op.name) if once else None
        return most if norm is None else min(most, norm**2)

    def _structural(self, number: int, unit: Unit, size: int) -> Fraction:
        type, item = self.types[number], self.items.get(number)
        whole = size * largest(type) ** 2
        if item is None:
            return whole
        args = item.args
        match item.op:
            case Draw(name=name):
                norm = self.norms.get(name)
                return whole if norm is None or not unit else norm**2
            case Mul():
                return min(largest(self.types[x]) ** 2 * self.norm(y, unit) for x, y in (args, args[::-1]))
            case Linear((factor,), 0):
                return (factor * type.scale / self.types[args[0]].scale) ** 2 * self.norm(args[0], unit)
            case View(at):
                return self._viewed(args[0], at, type.shape, unit, whole)
            case Concat() if unit is None or self.of(number) == unit:
                return sum((self.norm(a, unit) for a in args), Fraction(0))
            case Select():
                return sum((self.norm(a, unit) for a in args[1:]), Fraction(0))
            case Equal() if unit and self.of(number) == unit and (inner := self._axes(type.shape, unit)):
                most = most_equal(self.items.get, self.types.__getitem__, args, inner[-1])
                return whole if most is None else min(whole, most * largest(type) ** 2)
            case _:
                return whole

    def _viewed(self, base: int, at: Strided, shape: tuple[int, ...], unit: Unit, whole: Fraction) -> Fraction:
        strides, extents = list(at.strides), list(shape)
        if unit:
            axis = self.axis(shape, unit)
            if self.of(base) is None and strides[axis]:
                return whole
            del strides[axis], extents[axis]
        times = repeats(Strided(at.offset, tuple(strides)), extents)
        return whole if times is None else times * self.norm(base, self.of(base) if unit else None)

    # -- empty slots ----------------------------------------------------------------------------

    def vanishes(self, number: int) -> bool:
        """Is a slot's part 0 where the slot is empty?  Every field of an empty slot is, and so is its valid bit."""
        if number not in self._zero:
            item = self.items.get(number)
            self._zero[number] = item is not None and self._vanishing(item)
        return self._zero[number]

    def _vanishing(self, item: Value) -> bool:
        args = item.args
        match item.op:
            case Draw():
                return True
            case Constant(values):
                return not any(values)
            case Mul() | Dot():
                return any(map(self.vanishes, args))
            case Linear(_, constant):
                return constant == 0 and all(map(self.vanishes, args))
            case View() | Sum():
                return self.vanishes(args[0])
            case Round(lo=lo, hi=hi):
                return lo <= 0 <= hi and self.vanishes(args[0])
            case Concat() | Less():  # 0 is not less than 0
                return all(map(self.vanishes, args))
            case Put():
                return all(map(self.vanishes, args[:2]))
            case Select():
                return self.vanishes(args[2]) and (self.vanishes(args[0]) or self.vanishes(args[1]))
            case _:
                return False


def repeats(at: Strided, shape: list[int]) -> int | None:
    """How often a view shows each element that it shows; None where that is not the same for all."""
    moving = [(s, n) for s, n in zip(at.strides, shape, strict=True) if s and n > 1]
    if not injective(Strided(at.offset, tuple(s for s, _ in moving)), [n for _, n in moving]):
        return None
    return prod(n for s, n in zip(at.strides, shape, strict=True) if not s)


def elements(
    at: Strided, shape: tuple[int, ...], without: int | None = None
) -> tuple[int, tuple[tuple[int, int], ...]]:
    """Which elements a view shows, as (offset, strides and extents), whatever its axes are called; equal for equal sets
    of axes.  `without` leaves an axis out, axes along which it repeats are left out anyway."""
    axes = [(s, n) for i, (s, n) in enumerate(zip(at.strides, shape, strict=True)) if s and n > 1 and i != without]
    merged: list[tuple[int, int]] = []
    for stride, extent in sorted(axes):
        if merged and stride == merged[-1][0] * merged[-1][1]:
            merged[-1] = merged[-1][0], merged[-1][1] * extent
        else:
            merged.append((stride, extent))
    return at.offset, tuple(merged)


def shown(slots: Slots, number: int) -> tuple[int, Strided]:
    """(value, view) of a view without indices; any other value is all of itself."""
    item = slots.items.get(number)
    if item is not None and isinstance(item.op, View) and len(item.args) == 1:
        return item.args[0], item.op.at
    return number, Strided(0, row_major(slots.types[number].shape))


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
