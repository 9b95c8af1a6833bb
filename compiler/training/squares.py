"""Norms as words take them: sums of products of squared norms, each moved up by the exponents of what it measures."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from compiler.training.slots import Slots, Squares, Term, base
from compiler.words.arithmetic import round_integer
from compiler.words.ir import Claim, Value
from compiler.words.operations import Dot, Linear, Mul, Round, Select, View

NOTHING: Term = ((), ())  # 1, for what is added besides


def squares(slots: Slots, number: int, exact: bool) -> Squares | None:
    """What a norm adds up; None of any other value.  Unless `exact`, the norm may be more than that, never less."""
    if (number, exact) not in slots.squares:
        slots.squares[number, exact] = _squares(slots, number, exact)
    return slots.squares[number, exact]


def _squares(slots: Slots, number: int, exact: bool) -> Squares | None:
    item = slots.items.get(number)
    if item is None or item.claim not in (None, Claim.NORM):
        return None
    match item.op:
        case Dot() | Mul() if item.args[0] == item.args[1] and (item.type.size == 1 or slots.one_each(number)):
            return {((item.args[0],), ()): Fraction(1)}
        case View():
            return squares(slots, item.args[0], exact)
        case Mul():
            left, right = (squares(slots, a, exact) for a in item.args)
            return None if left is None or right is None else _product(left, right)
        case Linear():
            return _sum(slots, item, exact)
        case Select():
            return _moved(slots, item, exact)
        case Round() if not exact:
            return _above(slots, item)
        case _:
            return None


def _product(left: Squares, right: Squares) -> Squares | None:
    if min((*left.values(), *right.values()), default=0) < 0:
        return None  # of what is too little by a little, the product may be too much
    pairs = ((a, b, m * n) for a, m in left.items() for b, n in right.items())
    return _added(((tuple(sorted(a[0] + b[0])), tuple(sorted(a[1] + b[1]))), n) for a, b, n in pairs)


def _sum(slots: Slots, item: Value, exact: bool) -> Squares | None:
    assert isinstance(item.op, Linear)
    scales = [c * item.type.scale / slots.types[a].scale for c, a in zip(item.op.coefficients, item.args, strict=True)]
    terms = [squares(slots, a, exact) for a in item.args]
    if any(t is None for t in terms) or (not exact and min(scales) < 0):
        return None
    all = [(key, k * n) for k, t in zip(scales, terms, strict=True) if t is not None for key, n in t.items()]
    return _added(iter([*all, (NOTHING, item.op.constant * item.type.scale)]))


def _moved(slots: Slots, item: Value, exact: bool) -> Squares | None:
    """2^places times what it is otherwise, where a bit is set."""
    bit, up, still = item.args
    more, less = squares(slots, up, exact), squares(slots, still, exact)
    if not more or not less or more.keys() != less.keys():
        return None
    ratios = {more[t] / less[t] for t in less}
    ratio = ratios.pop()
    if ratios or ratio.denominator != 1 or ratio < 2 or ratio.numerator.bit_count() != 1:
        return None
    move = base(slots, bit), ratio.numerator.bit_length() - 1
    return {(of, tuple(sorted((*moves, move)))): n for (of, moves), n in less.items()}


def _above(slots: Slots, item: Value) -> Squares | None:
    """floor(n p / q), which is at least (n p - (q - 1)) / q."""
    assert isinstance(item.op, Round)
    op, inner, type = item.op, squares(slots, item.args[0], False), slots.types[item.args[0]]
    ends = [round_integer(n, Fraction(op.numerator, op.denominator), op.nearest) for n in (type.lo, type.hi)]
    if inner is None or op.wrap or op.nearest or not (op.lo <= ends[0] and ends[1] <= op.hi):
        return None
    dropped = Fraction(op.denominator - 1, op.denominator) * item.type.scale
    return _added(iter([*inner.items(), (NOTHING, -dropped)]))


def _added(terms: Iterator[tuple[Term, Fraction]]) -> Squares:
    found: Squares = {}
    for key, n in terms:
        found[key] = found.get(key, Fraction(0)) + n
    return {key: n for key, n in found.items() if n}


def bound(slots: Slots, found: Squares) -> Fraction:
    """The most that a sum of products of squared norms can be."""
    total = Fraction(0)
    for (of, moves), times in found.items():
        term = times * (1 << sum(places for _, places in moves))
        for number in of:
            term *= slots.norm(number, slots.of(number))
        total += max(term, Fraction(0))
    return total
