"""One operation of the core language -> words."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import prod

from compiler.functions.divide import divide
from compiler.functions.inexact import inexact
from compiler.functions.layers import avgpool, conv2d, largest, least, maxpool
from compiler.functions.order import argmax, permuted_last, popcount, sort, tournament
from compiler.words.builder import Builder
from compiler.words.ir import Op
from lang.kinds import Scalar
from lang.problems import NotYet
from lang.problems.problem import Rejected
from lang.typed import INEXACT, Call, Expr, Number, Operate


def operate(b: Builder, e: Operate, args: list[int], bound: Scalar | None = None, wrap: bool = False) -> int:
    """The word for `e`; `bound` is the kind that the result is converted to right away, if any."""
    if e.call in INEXACT:
        return inexact(b, e.call, args[0], e, bound, wrap)
    if e.call in REDUCTIONS:
        return _reduce(b, e, args[0])
    if e.call in (Call.RESHAPE, Call.BROADCAST):
        return (b.reshape if e.call is Call.RESHAPE else b.broadcast)(args[0], e.type.shape)
    if e.call is Call.NOT:
        return _invert(b, e, args[0])
    if e.call is Call.POPCOUNT:
        return popcount(b, args[0], _kind(e.args[0]).bits)
    if e.call in DIVISIONS:
        return divide(b, e, args, bound)
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
    columns = b.transpose(right, (1, 0))  # [J, K]
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
    Call.TRANSPOSE: lambda b, a: b.transpose(a[0], range(len(b.type(a[0]).shape))[::-1]),
}
DIVISIONS = frozenset({Call.DIVIDE, Call.MODULO, Call.SHL, Call.SHR})
REDUCTIONS = frozenset({Call.SUM, Call.MEAN, Call.MIN_OF, Call.MAX_OF, Call.ARGMAX})


def _invert(b: Builder, e: Operate, x: int) -> int:
    """All bits of the operand's kind: 2^N - 1 - x of a uint, -x - (last bit) of a signed kind."""
    kind = _kind(e.args[0])
    constant = Fraction(kind.hi if not kind.signed else -1) * kind.scale
    return b.affine([(Fraction(-1), x)], constant)


def _kind(e: Expr) -> Scalar:
    """The kind that an operand is held in, where the language asks for one."""
    assert isinstance(e.type, Number) and e.type.kind is not None
    return e.type.kind


def _reduce(b: Builder, e: Operate, x: int) -> int:
    """Over one axis, or over all."""
    axes = len(b.type(x).shape)
    if e.axis is not None:
        x, axes = permuted_last(b, x, e.axis), 1
    match e.call:
        case Call.SUM:
            return b.sum(x, axes)
        case Call.MEAN:
            terms = prod(b.type(x).shape[len(b.type(x).shape) - axes :])
            return b.scaled(b.sum(x, axes), Fraction(1, terms))
        case Call.ARGMAX:
            return argmax(b, x, axes)
        case _:
            return tournament(b, x, axes, least if e.call is Call.MIN_OF else largest)
