"""Any monotone function of a narrow operand: a table or lines for all of its values at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal, localcontext

from compiler.functions.approximate.fit import Fit, Task, best
from compiler.functions.approximate.real import PRECISION, around, decimal
from compiler.functions.approximate.target import Target
from compiler.words.builder import Builder
from compiler.words.ir import Type

WIDEST = 8  # bits of the operand


@dataclass(frozen=True)
class Direct:
    """The function's value less `center`, fitted."""

    name: str
    task: Task
    fit: Fit
    center: int
    target: Target

    @property
    def ands(self) -> int:
        return self.fit.ands

    def build(self, b: Builder, x: int) -> int:
        pieces = self.fit.pieces(self.name, self.task, self.center, self.target.within)
        shape = b.type(x).shape
        return b.add(pieces, (x,), Type(shape, self.target.unit, self.center, self.center + self.task.most))


def direct(name: str, value: Callable[[Decimal], Decimal], operand: Type, target: Target) -> Direct | None:
    """`value` gives the function where it is finite; None if the operand is too wide, or no table good enough."""
    if operand.width > WIDEST:
        return None
    slack = decimal(target.within / target.unit)

    def units(n: int) -> Decimal:
        """Of the target, within its ends."""
        exact = value(decimal(n * operand.scale)) / decimal(target.unit)
        low = exact if target.lo is None else max(exact, Decimal(target.lo))
        return low if target.hi is None else min(low, Decimal(target.hi))

    def corridor(n: int) -> tuple[Decimal, Decimal]:
        low, high = around(units(n))
        return high - slack - center, low + slack - center

    with localcontext(PRECISION):
        ends = sorted(int(units(n).to_integral_value(ROUND_FLOOR)) for n in (operand.lo, operand.hi))
        center = ends[0]
        task = Task(corridor, operand.lo, operand.hi, ends[1] + 1 - center)
        fit = best(task)
    return Direct(name, task, fit, center, target) if fit else None
