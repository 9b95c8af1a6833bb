"""Does a factor fit its norm, as its words stand?  f = mantissa * 2^-exponent, and f^2 * norm is to be at most a limit.

Both parts of f are made of comparisons of one norm with numbers from tables, and of nothing else of a row.  So f is
constant between the norms at which a comparison turns, and is looked at for the longest norm of each such stretch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from compiler.training.scaled import between
from compiler.training.slots import Slots, Squares, base
from compiler.training.squares import NOTHING, squares
from compiler.words.evaluate import NoSources, evaluate
from compiler.words.integers import Array
from compiler.words.ir import Value
from compiler.words.needs import Wrong, need
from compiler.words.operations import Constant, Equal, Less, Linear, Pieces, Round, Select

CHOICES = Pieces | Less | Equal | Select | Linear | Round


@dataclass
class MeasuredFactor:
    """A factor, what its norm is at least, and what that is compared with."""

    slots: Slots
    bare: int  # the mantissa, as it scales
    exponent: int
    mantissa: int = field(init=False)  # or more than it is, where a bit makes it 0
    norms: dict[int, Squares] = field(default_factory=dict[int, Squares])
    compared: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])  # (of the norm, of tables)

    def __post_init__(self) -> None:
        self.mantissa = self._unmasked(self.bare)
        seen, waiting = set[int](), [self.mantissa, self.exponent]
        while waiting:
            number = base(self.slots, waiting.pop())
            if number not in seen:
                seen.add(number)
                waiting += self._reads(number)
        need(len(self.norms) == 1, f"the factor is made of {len(self.norms)} norms")

    @property
    def norm(self) -> tuple[int, Squares]:
        [found] = self.norms.items()
        return found

    def _unmasked(self, number: int) -> int:
        """Of a mantissa that a bit may make 0, what it is otherwise: it is never more."""
        item = self.slots.items.get(number)
        if item is not None and isinstance(item.op, Select):
            zero = self.slots.items.get(base(self.slots, item.args[2]))
            if zero is not None and zero.op == Constant((0,)):
                return base(self.slots, item.args[1])
        return number

    def _reads(self, number: int) -> tuple[int, ...]:
        """What else a choice is made of; the norm is only read by comparisons."""
        item = self.slots.items.get(number)
        need(item is not None, "the factor is made of more than a norm")
        assert item is not None
        if isinstance(item.op, Less):
            for own, other in (item.args, item.args[::-1]):
                norm = self._measured(own)
                if norm is not None:
                    self.norms[norm[0]] = norm[1]
                    self.compared.append((own, base(self.slots, other)))
                    return (other,)
        need(isinstance(item.op, Constant | CHOICES), "the factor is made of more than a norm")
        return item.args

    def _measured(self, number: int) -> tuple[int, Squares] | None:
        """The norm that a number is, or is rounded from."""
        item, found = self.slots.items.get(number), squares(self.slots, number, False)
        while found is None and item is not None and _grows(item):
            number = base(self.slots, item.args[0])
            item, found = self.slots.items.get(number), squares(self.slots, number, False)
        return None if found is None else (number, found)

    def check(self, limit: Fraction) -> None:
        """0 <= f and f^2 * norm <= limit, or `rules.Wrong`."""
        slots, (norm, sum) = self.slots, self.norm
        need(min(slots.types[n].lo for n in (self.mantissa, self.exponent)) >= 0, "a factor may be negative")
        points = np.array(sorted({slots.types[norm].lo, slots.types[norm].hi, *self._turns(norm)}), dtype=object)
        f = self._at(norm, points, [self.mantissa, self.exponent])
        start, unit = sum.get(NOTHING, Fraction(0)), slots.types[norm].scale
        for n, mantissa, exponent in zip(points, *f, strict=True):
            by = int(mantissa) * slots.types[self.mantissa].scale / (1 << int(exponent))
            need(by**2 * (n * unit - start) <= limit, f"a norm of {n * unit} squared is scaled by {by}")

    def _turns(self, norm: int) -> set[int]:
        """The norms next to which a comparison turns: the longest on its near side, the shortest beyond."""
        limits = dict[int, set[int]]()
        for own, other in self.compared:
            for value in _values(self.slots.items[other]):
                limits.setdefault(own, set()).update((value - 1, value))
        found, type = set[int](), self.slots.types[norm]
        for own, passed in limits.items():
            limit = np.array(sorted(passed), dtype=object)
            low, high = np.full_like(limit, type.lo), np.full_like(limit, type.hi)
            while np.any(low < high):  # the largest norm that is read as no more than the limit
                middle = (low + high + 1) // 2
                [read] = self._at(norm, middle, [own])
                low, high = np.where(read <= limit, middle, low), np.where(read <= limit, high, middle - 1)
            found |= {int(n) for last in low for n in (last, last + 1) if type.lo <= n <= type.hi}
        return found

    def _at(self, norm: int, points: Array, roots: list[int]) -> list[Array]:
        return evaluate(between(self.slots, {norm: 0}, roots, len(points)), [points], NoSources())


def _grows(item: Value) -> bool:
    """Of one number, and never less for more of it?"""
    match item.op:
        case Round(wrap=wrap):
            return not wrap
        case Linear((factor,)):
            return factor > 0
        case _:
            return False


def _values(item: Value) -> set[int]:
    """What a threshold can be."""
    match item.op:
        case Constant(values):
            return set(values)
        case Pieces(shift=0, guard=0, base=steps, center=center) as op:
            need(not any(op.slope), "a threshold that is no entry of a table")
            return {max(item.type.lo, min(item.type.hi, center + sign * n)) for n in steps for sign in (1, -1)}
        case _:
            raise Wrong("a threshold that is of no table")
