"""`measure`: the sum over all rows of one value of each, clipped, with noise.

    sum   = sum over the rows of clip(value of the row)          exact integers
    noisy = sum + noise of deviation noise * clip                integers on the sum's grid, or a finer one

It is made as one step of a `dpsgd` (`dpsgd.py`) that samples nothing: every row is in a slot of its own, so one row
replaced by an empty one moves the sum by `clip` at most.  It stands in a loop of one iteration, of which `verify.py`
proves that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from compiler.training.dpsgd import Batch, clipped_sums, noisy_sums, pooled
from compiler.training.own import Own
from compiler.training.rings import Cheaper
from compiler.words.builder import BIT, Builder
from compiler.words.ir import Type, full_range
from compiler.words.operations import Constant
from lang import typed as t
from lang.problems.problem import Rejected
from lang.problems.steps import StepPlace

Made = Callable[[Builder, dict[str, int]], int]  # (builder of one row, its fields) -> the value


def measure(b: Builder, s: t.Measure, program: t.Program, value: Made, draw: int) -> int:
    """The noisy sum."""
    dataset = next(d for d in program.datasets if d.name == s.dataset)
    batch = Batch(s, dataset, program.parties, draw, s.rows)

    def clamped(row: Builder, fields: dict[str, int], _: list[int]) -> list[int]:
        return [_clamped(row, value(row, fields), s.clip)]

    def step(carried: Type) -> tuple[Builder, int]:
        """The loop's body, which does not read what it carries, and its result."""
        body = Builder([Type((), Fraction(1), 0, 0), carried], b)
        body.span = s.span
        body.rings = Cheaper(Own(dataset.party)) if s.noise else None
        [noisy] = pooled(body, batch, noisy_sums(body, batch, clipped_sums(body, batch, [], clamped)))
        return body, noisy

    if batch.receiver and b.outer is not None:
        raise Rejected([StepPlace(span=s.span)])
    first, noisy = step(BIT)  # only the type of the result says what the loop begins with
    carried = first.type(noisy)
    if batch.receiver:  # who goes on with what it is told may go on with anything
        lo, hi = full_range(carried.width, True)
        carried = replace(carried, lo=lo, hi=hi)
    zero = b.add(Constant((0,)), (), carried)
    body, noisy = step(carried)
    return b.loop(1, [zero], body.block([body.fit(noisy, carried)]))[0]


def _clamped(b: Builder, value: int, clip: Fraction) -> int:
    """A number between -clip and clip, which is its norm clipped; of more than one number the value as it is."""
    type = b.type(value)
    if type.size > 1:
        return value
    most = int(clip / type.scale)
    return b.round(value, type.scale, -most, most)
