"""One operation of the core language -> words."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from math import prod

from compiler.words.build import Builder
from compiler.words.inexact import UNBOUND_FRACTION, inexact, quotient
from compiler.words.ir import Op, Value
from compiler.words.layers import avgpool, conv2d, largest, least, maxpool
from compiler.words.order import argmax, permuted_last, popcount, sort, tournament
from lang.kinds import Scalar
from lang.problem import Rejected
from lang.problems import NotYet
from lang.typed import INEXACT, Call, Operate


def operate(b: Builder, e: Operate, args: list[int], bound: Scalar | None = None) -> int:
    """The word for `e`; `bound` is the kind that the result is converted to right away, if any."""
    if e.call in INEXACT:
        return inexact(b, e.call, args[0], e, bound)
    if e.call in REDUCTIONS:
        return _reduce(b, e, args[0])
    if e.call in (Call.RESHAPE, Call.BROADCAST):
        return (b.reshape if e.call is Call.RESHAPE else b.broadcast)(args[0], e.type.shape)
    if e.call is Call.NOT:
        return _invert(b, e, args[0])
    if e.call in (Call.DIVIDE, Call.MODULO) and b.constant(args[1]) is None:
        return _by_private(b, e, args, bound)
    if e.call in PUBLIC_RIGHT:
        return _by_public(b, e, args)
    if e.call in (Call.AVGPOOL, Call.MAXPOOL):
        side = b.constant(args[1])
        assert side is not None
        return (avgpool if e.call is Call.AVGPOOL else maxpool)(b, args[0], int(side))
    if e.call not in SIMPLE:
        raise Rejected([NotYet(span=e.span, what=f"`{e.call.value}` here")])
    return SIMPLE[e.call](b, args)


def matmul(b: Builder, args: list[int]) -> int:
    """[.., I, K] @ [K, J], where a vector stands for a row on the left and a column on the right."""
    left, right = args
    a, c = b.type(left).shape, b.type(right).shape
    if len(c) == 1:
        return b.dot(left, b.broadcast(right, a), 1)
    columns = b.transpose(right, (1, 0))                              # [J, K]
    shape = (*a[:-1], c[1], a[-1])
    stretched = b.reshape(left, (*a[:-1], 1, a[-1]))
    return b.dot(b.broadcast(stretched, shape), b.broadcast(columns, shape), 1)


def _zero(b: Builder) -> int:
    return b.const([Fraction(0)])


def _negated(b: Builder, x: int) -> int:
    return b.scaled(x, Fraction(-1))


def _absolute(b: Builder, x: int) -> int:
    return b.select(b.less(x, _zero(b)), _negated(b, x), x)


def _sign(b: Builder, x: int) -> int:
    return b.sub(b.less(_zero(b), x), b.less(x, _zero(b)))


def _clamp(b: Builder, args: list[int]) -> int:
    return least(b, largest(b, args[0], args[1]), args[2])


SIMPLE: dict[Call, Callable[[Builder, list[int]], int]] = {
    Call.ADD: lambda b, a: b.add2(*a),
    Call.SUB: lambda b, a: b.sub(*a),
    Call.MUL: lambda b, a: b.mul(*a),
    Call.NEG: lambda b, a: _negated(b, *a),
    Call.DOT: lambda b, a: b.dot(a[0], a[1], 1),
    Call.MATMUL: matmul,
    Call.MIN: lambda b, a: least(b, *a),
    Call.MAX: lambda b, a: largest(b, *a),
    Call.ABS: lambda b, a: _absolute(b, *a),
    Call.RELU: lambda b, a: largest(b, a[0], _zero(b)),
    Call.SIGN: lambda b, a: _sign(b, *a),
    Call.CLAMP: _clamp,
    Call.LESS: lambda b, a: b.less(*a),
    Call.EQUAL: lambda b, a: b.equal(*a),
    Call.AND: lambda b, a: b.logic(Op.AND, *a),
    Call.OR: lambda b, a: b.logic(Op.OR, *a),
    Call.XOR: lambda b, a: b.logic(Op.XOR, *a),
    Call.CONV2D: lambda b, a: conv2d(b, *a),
    Call.SORT: lambda b, a: sort(b, *a),
    Call.POPCOUNT: lambda b, a: popcount(b, *a),
    Call.TRANSPOSE: lambda b, a: b.transpose(a[0], range(len(b.type(a[0]).shape))[::-1]),
}
PUBLIC_RIGHT = frozenset({Call.DIVIDE, Call.MODULO, Call.SHL, Call.SHR})
REDUCTIONS = frozenset({Call.SUM, Call.MEAN, Call.MIN_OF, Call.MAX_OF, Call.ARGMAX})


def _invert(b: Builder, e: Operate, x: int) -> int:
    """All bits of the operand's kind: 2^N - 1 - x of a uint, -x - (last bit) of a signed kind."""
    operand = e.args[0].type
    kind = getattr(operand, "kind", None)
    assert isinstance(kind, Scalar)
    constant = Fraction(kind.hi if not kind.signed else -1) * kind.scale
    return b.affine([(Fraction(-1), x)], constant)


def _by_public(b: Builder, e: Operate, args: list[int]) -> int:
    by = b.constant(args[1])
    if by is None or by == 0:
        raise Rejected([NotYet(span=e.span, what=f"`{e.call.value}` by a private number")])
    x = args[0]
    match e.call:
        case Call.SHL:
            return b.scaled(x, Fraction(2) ** int(by))
        case Call.SHR:
            by = Fraction(2) ** int(by)
            return floor_divide(b, x, by) if e.type.integer else b.scaled(x, 1 / by)
        case Call.MODULO:
            return _remainder(b, x, by)
        case _:
            return floor_divide(b, x, by) if e.type.integer else b.scaled(x, 1 / by)


def _by_private(b: Builder, e: Operate, args: list[int], bound: Scalar | None) -> int:
    """Integers: the floor, or what is left over it.  fix: off by less than the last bit of what it is bound to."""
    x, y = (b.broadcast(a, e.type.shape) for a in args)
    if not e.type.integer:
        return quotient(b, x, y, Fraction(1, 1 << (bound.fraction if bound else UNBOUND_FRACTION)))
    kind = getattr(e.args[0].type, "kind", None)
    extremes = (kind.lo, kind.hi) if isinstance(kind, Scalar) else None
    floor = quotient(b, x, y, Fraction(1), extremes)
    if e.call is Call.DIVIDE:
        return floor
    rest = b.sub(x, b.mul(floor, y))
    return b.select(b.equal(y, _zero(b)), x, rest)


def _remainder(b: Builder, x: int, by: Fraction) -> int:
    """x - by * floor(x / by), which lies between 0 and by; by a power of two it is the low bits."""
    type = b.type(x)
    if type.scale == 1 and by.denominator == 1 and by > 0 and by.numerator & (by.numerator - 1) == 0:
        return b.logic(Op.AND, x, b.const([by - 1]))
    rest = b.sub(x, b.scaled(floor_divide(b, x, by), by))
    item = b.item(rest)
    assert isinstance(item, Value)
    most = int((abs(by) - item.type.scale) / item.type.scale)
    lo, hi = (0, most) if by > 0 else (-most, 0)
    return b.emit(replace(item, type=replace(item.type, lo=max(lo, item.type.lo), hi=min(hi, item.type.hi))))


def floor_divide(b: Builder, x: int, by: Fraction) -> int:
    quotient = b.scaled(x, 1 / by)
    type = b.type(quotient)
    lo, hi = (int(n * type.scale // 1) for n in (type.lo, type.hi))
    return b.round(quotient, Fraction(1), lo, hi, nearest=False)


def _reduce(b: Builder, e: Operate, x: int) -> int:
    """Over one axis, or over all."""
    axes = len(b.type(x).shape)
    if e.axis is not None:
        x, axes = permuted_last(b, x, e.axis), 1
    match e.call:
        case Call.SUM:
            return b.sum(x, axes)
        case Call.MEAN:
            terms = prod(b.type(x).shape[len(b.type(x).shape) - axes:])
            return b.scaled(b.sum(x, axes), Fraction(1, terms))
        case Call.ARGMAX:
            return argmax(b, x, axes)
        case _:
            return tournament(b, x, axes, least if e.call is Call.MIN_OF else largest)
