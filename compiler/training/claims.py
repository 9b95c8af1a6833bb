"""Claims whose truth lies in their form: the extreme of two numbers, and a remainder.

They hold for all values of what they are made from, a Ring's too, as long as it is one value that is read twice.
"""

from __future__ import annotations

from fractions import Fraction

from compiler.training.slots import Slots, base
from compiler.words.ir import Value
from compiler.words.operations import Constant, Div, Less, Linear, Mul, Round

Form = tuple[object, Fraction, Fraction]  # (value, factor, constant): factor * value + constant


def form(slots: Slots, number: int) -> Form:
    """The value that a number is made from by one factor and one constant alone."""
    core = base(slots, number)
    item = slots.items.get(core)
    if item is None:
        return core, Fraction(1), Fraction(0)
    match item.op:
        case Constant(values) if len(values) == 1:
            return None, Fraction(1), values[0] * item.type.scale
        case Linear((factor,), constant):
            value, inner, more = form(slots, item.args[0])
            by = factor * item.type.scale / slots.types[item.args[0]].scale
            return value, inner * by, more * by + constant * item.type.scale
        case _:
            return core, Fraction(1), Fraction(0)


def is_extreme(slots: Slots, item: Value) -> bool:
    """One of two numbers, chosen by whether one of the very two is less than the other."""
    condition = slots.items.get(base(slots, item.args[0]))
    if condition is None or not isinstance(condition.op, Less):
        return False
    return {form(slots, a) for a in condition.args} == {form(slots, a) for a in item.args[1:]}


def is_remainder(slots: Slots, item: Value) -> bool:
    """x - y * floor(x / y), y a constant or not."""
    if not isinstance(item.op, Linear) or len(item.args) not in (1, 2):
        return False
    scale = item.type.scale
    weights = [c * scale / slots.types[a].scale for c, a in zip(item.op.coefficients, item.args, strict=True)]
    for position in reversed(range(len(item.args))):
        others = [(a, w) for i, (a, w) in enumerate(zip(item.args, weights, strict=True)) if i != position]
        x: Form = None, Fraction(1), item.op.constant * scale
        if others:
            value, factor, more = form(slots, others[0][0])
            x = value, factor * others[0][1], more * others[0][1] + item.op.constant * scale
        if _quotient_of(slots, item.args[position], weights[position], x):
            return True
    return False


def _quotient_of(slots: Slots, number: int, weight: Fraction, x: Form) -> bool:
    """Is it floor(x / y), times y or to be weighted with -y?"""
    found = slots.items.get(base(slots, number))
    if found is None:
        return False
    if isinstance(found.op, Round) and not found.op.nearest and not found.op.wrap:
        value, factor, more = form(slots, found.args[0])
        return (value, -weight * factor, -weight * more) == x
    if isinstance(found.op, Mul) and weight == -1:
        for quotient, by in (found.args, found.args[::-1]):
            made = slots.items.get(base(slots, quotient))
            if made is not None and isinstance(made.op, Div):
                top, bottom = (form(slots, a) for a in made.args)
                return _same(top, x) and _same(bottom, form(slots, by))
    return False


def _same(of: Form, other: Form) -> bool:
    """Up to a factor: a quotient's operands are brought to whole numbers."""
    if of[0] is None or other[0] is None:
        return of[0] is other[0] is None
    return of[0] == other[0] and of[1] * other[2] == other[1] * of[2]
