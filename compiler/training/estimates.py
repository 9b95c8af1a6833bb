"""Which outputs are a `measure`, and in what unit: what an interval around them needs to be known by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from compiler.words.ir import Block, Item, Loop, Result, Value
from compiler.words.operations import Bound, Learn, Linear, Mechanism, Pooled, Sum, View


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an output that is a `measure` estimates: factor * (the sum over all rows of what each adds) + offset."""

    mechanism: int  # which of the program's
    factor: Fraction
    offset: Fraction
    least: Fraction  # that a row can add, to any element
    most: Fraction
    grid: Fraction  # of the noise: the sum with it is a multiple
    owners: int  # whose rows it is of, each with noise of its own
    rows: int  # of all of them


def estimate(block: Block, number: int, mechanisms: Sequence[Mechanism]) -> Estimate | None:
    """Of a value of the program's outermost block; None where it is anything else than a `measure` in another unit."""
    items = dict(block.numbered())
    factor, offset = Fraction(1), Fraction(0)
    item = items.get(number)
    while isinstance(item, Value) and isinstance(item.op, View | Linear) and len(item.args) == 1:
        before = items.get(item.args[0])
        if isinstance(item.op, Linear):
            if before is None or isinstance(before, Loop):
                return None
            offset += factor * item.op.constant * item.type.scale
            factor *= item.op.coefficients[0] * item.type.scale / before.type.scale
        item = before
    loop = items.get(item.loop) if isinstance(item, Result) else None
    if not (isinstance(item, Result) and isinstance(loop, Loop) and loop.count == 1):
        return None
    body = dict(loop.body.numbered())
    last = body.get(loop.body.results[item.position])
    each = tuple[int, ...]()
    while isinstance(last, Value) and (isinstance(last.op, Learn | Pooled) or last.op == Linear((1,))):
        each = last.op.sizes if isinstance(last.op, Pooled) else each
        last = body.get(last.args[0])
    if not (isinstance(last, Value) and isinstance(last.op, Mechanism) and last.op.whole):
        return None
    which, each = [m.draw for m in mechanisms].index(last.op.draw), each or (last.op.slots,)
    return Estimate(which, factor, offset, *_ends(body, last, last.op.clip), last.type.scale, len(each), sum(each))


def _ends(items: Mapping[int, Item], last: Value, clip: Fraction) -> tuple[Fraction, Fraction]:
    """The least and the most that a row adds to an element."""
    waiting = [last]
    while waiting:
        item = waiting.pop()
        if isinstance(item.op, Bound):
            total = items.get(item.args[0])
            row = items.get(total.args[0]) if isinstance(total, Value) and isinstance(total.op, Sum) else None
            if isinstance(row, Value):
                return max(-clip, row.type.lo * row.type.scale), min(clip, row.type.hi * row.type.scale)
        waiting += [value for a in item.args if isinstance(value := items.get(a), Value)]
    return -clip, clip
