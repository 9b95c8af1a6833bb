"""Claims whose truth lies in their form: the extreme of two numbers, and a remainder.

They hold for all values of what they are made from, a Ring's too, as long as it is one value that is read twice.
"""

from __future__ import annotations

from fractions import Fraction

from compiler.training.slots import Slots
from compiler.words.arithmetic import round_integer
from compiler.words.ir import Value
from compiler.words.operations import Constant, Less, Linear, Round

Form = tuple[object, Fraction, Fraction]  # (value, factor, constant): factor * value + constant


def form(slots: Slots, number: int) -> Form:
    """The value that a number is made from by one factor and one constant alone, element by element."""
    item = slots.items.get(number)
    if item is None:
        return number, Fraction(1), Fraction(0)
    match item.op:
        case Constant(values) if len(values) == 1:
            return None, Fraction(1), values[0] * item.type.scale
        case Linear((factor,), constant):
            value, inner, more = form(slots, item.args[0])
            by = factor * item.type.scale / slots.types[item.args[0]].scale
            return value, inner * by, more * by + constant * item.type.scale
        case _:
            return number, Fraction(1), Fraction(0)


def is_extreme(slots: Slots, item: Value) -> bool:
    """One of two numbers, chosen by whether one of the very two is less than the other; as far as that one goes."""
    condition = slots.items.get(item.args[0])
    if condition is None or not isinstance(condition.op, Less):
        return False
    compared, arms = ([form(slots, a) for a in args] for args in (condition.args, item.args[1:]))
    one, other = (slots.types[a] for a in item.args[1:])
    if compared == arms:
        lo, hi = min(one.lo, other.lo), min(one.hi, other.hi)
    else:
        lo, hi = max(one.lo, other.lo), max(one.hi, other.hi)
    return arms in (compared, compared[::-1]) and item.type.lo <= lo and hi <= item.type.hi


def is_remainder(slots: Slots, item: Value) -> bool:
    """x - y * floor(x / y) for a constant y, with room for every number from 0 to y."""
    if not isinstance(item.op, Linear) or len(item.args) not in (1, 2):
        return False
    type, types = item.type, [slots.types[a] for a in item.args]
    weights = [c * type.scale / t.scale for c, t in zip(item.op.coefficients, types, strict=True)]
    ends = [sorted((c * t.lo, c * t.hi)) for c, t in zip(item.op.coefficients, types, strict=True)]
    found = [item.op.constant + sum(end[i] for end in ends) for i in (0, 1)]
    for position in reversed(range(len(item.args))):
        others = [(a, w) for i, (a, w) in enumerate(zip(item.args, weights, strict=True)) if i != position]
        x: Form = None, Fraction(1), item.op.constant * type.scale
        if others:
            value, factor, more = form(slots, others[0][0])
            x = value, factor * others[0][1], more * others[0][1] + item.op.constant * type.scale
        y = _divisor(slots, item.args[position], weights[position], x)
        if y is not None:
            lo, hi = min(y + type.scale, Fraction(0)), max(y - type.scale, Fraction(0))
            least, most = max(Fraction(found[0]), lo / type.scale), min(Fraction(found[1]), hi / type.scale)
            return type.lo <= least and most <= type.hi
    return False


def _divisor(slots: Slots, number: int, weight: Fraction, x: Form) -> Fraction | None:
    """y, where the number is floor(x / y) and is to be weighted with -y."""
    found = slots.items.get(number)
    if found is None or not isinstance(found.op, Round) or not _whole_floor(slots, found, found.op):
        return None
    value, factor, more = form(slots, found.args[0])
    return -weight * found.type.scale if (value, -weight * factor, -weight * more) == x else None


def _whole_floor(slots: Slots, item: Value, op: Round) -> bool:
    """Never clamped?"""
    type, ratio = slots.types[item.args[0]], Fraction(op.numerator, op.denominator)
    ends = [round_integer(n, ratio, False) for n in (type.lo, type.hi)]
    return not op.nearest and not op.wrap and op.lo <= ends[0] and ends[1] <= op.hi
