"""One operation of the core language -> words.

The operations are sorted here into those that are made alike; each match below ends in `assert_never`, so that one
more operation does not compile before it stands in one of them.
"""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import Literal, assert_never

from compiler.functions.clamp import clamp
from compiler.functions.divide import divide
from compiler.functions.inexact import inexact
from compiler.functions.layers import avgpool, conv2d, largest, least, maxpool
from compiler.functions.order import argmax, permuted_last, popcount, tournament
from compiler.functions.shifts import shift
from compiler.functions.sorting import argsort, sort, sort_by
from compiler.words.arithmetic import broadcast_shapes
from compiler.words.builder import Builder
from compiler.words.operations import And, Or, Xor
from lang.kinds import Scalar
from lang.problems import NotYet
from lang.problems.problem import Rejected
from lang.typed import Call, Expr, Number, Operate

Linear = Literal[Call.ADD, Call.SUB, Call.NEG, Call.MUL, Call.DOT, Call.MATMUL, Call.CONV2D]
Comparing = Literal[Call.LESS, Call.EQUAL, Call.MIN, Call.MAX, Call.CLAMP, Call.ABS, Call.RELU, Call.SIGN]
Sorting = Literal[Call.SORT, Call.SORT_BY, Call.ARGSORT]
Bitwise = Literal[Call.AND, Call.OR, Call.XOR, Call.NOT, Call.POPCOUNT]
Moving = Literal[Call.TRANSPOSE, Call.RESHAPE, Call.BROADCAST, Call.ZEROS, Call.CONCAT]
Reducing = Literal[Call.SUM, Call.MEAN, Call.MIN_OF, Call.MAX_OF, Call.ARGMAX]
Pooling = Literal[Call.AVGPOOL, Call.MAXPOOL]


def operate(b: Builder, e: Operate, args: list[int], bound: Scalar | None = None, wrap: bool = False) -> int:
    """The word for `e`; `bound` is the kind that the result is converted to right away, if any."""
    match call := e.call:
        case Call.ADD | Call.SUB | Call.NEG | Call.MUL | Call.DOT | Call.MATMUL | Call.CONV2D:
            return _linear(b, call, e, args)
        case Call.LESS | Call.EQUAL | Call.MIN | Call.MAX | Call.CLAMP | Call.ABS | Call.RELU | Call.SIGN:
            return _comparing(b, call, args)
        case Call.SORT | Call.SORT_BY | Call.ARGSORT:
            return _sorting(b, call, args)
        case Call.AND | Call.OR | Call.XOR | Call.NOT | Call.POPCOUNT:
            return _bitwise(b, call, e, args)
        case Call.TRANSPOSE | Call.RESHAPE | Call.BROADCAST | Call.ZEROS | Call.CONCAT:
            return _moving(b, call, e, args)
        case Call.SUM | Call.MEAN | Call.MIN_OF | Call.MAX_OF | Call.ARGMAX:
            return _reducing(b, call, e, args[0])
        case Call.AVGPOOL | Call.MAXPOOL:
            return _pooling(b, call, e, args)
        case Call.SHL | Call.SHR:
            return shift(b, e, *args)
        case Call.DIVIDE | Call.MODULO:
            return divide(b, call, e, args, bound)
        case Call.SIGMOID | Call.EXP | Call.LOG | Call.SQRT | Call.RSQRT | Call.TANH | Call.SOFTMAX | Call.NORM2:
            return inexact(b, call, args[0], e, bound, wrap)
        case Call.LOGISTIC | Call.SQUARED | Call.CROSS_ENTROPY:  # only its gradient: compiler/training/loss.py
            raise Rejected([NotYet(span=e.span, what=f"`{call.value}` here")])
        case _:
            assert_never(call)


def matmul(b: Builder, args: list[int]) -> int:
    """[.., I, K] @ [.., K, J], where a vector stands for a row on the left and a column on the right."""
    left, right = args
    a, c = b.type(left).shape, b.type(right).shape
    if len(c) == 1:
        return b.dot(left, b.broadcast(right, a), 1)
    columns = b.transpose(right, (*range(len(c) - 2), len(c) - 1, len(c) - 2))  # [.., J, K]
    batch, rows = broadcast_shapes([a[:-2], c[:-2]]), a[-2:-1]
    shape = (*batch, *rows, c[-1], a[-1])
    stretched = b.reshape(left, (*a[:-1], 1, a[-1]))
    repeated = b.reshape(columns, (*c[:-2], *[1] * len(rows), c[-1], c[-2]))
    return b.dot(b.broadcast(stretched, shape), b.broadcast(repeated, shape), 1)


def _linear(b: Builder, call: Linear, e: Operate, args: list[int]) -> int:
    """Sums and products: linear in each operand."""
    match call:
        case Call.ADD:
            return b.add2(*args)
        case Call.SUB:
            return b.sub(*args)
        case Call.NEG:
            return b.scaled(args[0], Fraction(-1))
        case Call.MUL:
            return b.mul(*args)
        case Call.DOT:
            return b.dot(args[0], args[1], 1)
        case Call.MATMUL:
            return matmul(b, args)
        case Call.CONV2D:
            return conv2d(b, args[0], args[1], e.window)
        case _:
            assert_never(call)


def _comparing(b: Builder, call: Comparing, args: list[int]) -> int:
    """Comparisons, and what chooses by them."""
    x = args[0]
    match call:
        case Call.LESS:
            return b.less(*args)
        case Call.EQUAL:
            return b.equal(*args)
        case Call.MIN:
            return least(b, *args)
        case Call.MAX:
            return largest(b, *args)
        case Call.CLAMP:
            return clamp(b, *args)
        case Call.ABS:
            return b.select(b.less(x, _zero(b)), b.scaled(x, Fraction(-1)), x)
        case Call.RELU:
            return largest(b, x, _zero(b))
        case Call.SIGN:
            return b.sub(b.less(_zero(b), x), b.less(x, _zero(b)))
        case _:
            assert_never(call)


def _sorting(b: Builder, call: Sorting, args: list[int]) -> int:
    match call:
        case Call.SORT:
            return sort(b, *args)
        case Call.SORT_BY:
            return sort_by(b, *args)
        case Call.ARGSORT:
            return argsort(b, *args)
        case _:
            assert_never(call)


def _zero(b: Builder) -> int:
    return b.const([Fraction(0)])


def _bitwise(b: Builder, call: Bitwise, e: Operate, args: list[int]) -> int:
    match call:
        case Call.AND:
            return b.logic(And(), *args)
        case Call.OR:
            return b.logic(Or(), *args)
        case Call.XOR:
            return b.logic(Xor(), *args)
        case Call.NOT:
            return _invert(b, e, args[0])
        case Call.POPCOUNT:
            return popcount(b, args[0], _kind(e.args[0]).bits)
        case _:
            assert_never(call)


def _invert(b: Builder, e: Operate, x: int) -> int:
    """All bits of the operand's kind: 2^N - 1 - x of a uint, -x - (last bit) of a signed kind."""
    kind = _kind(e.args[0])
    constant = Fraction(kind.hi if not kind.signed else -1) * kind.scale
    return b.affine([(Fraction(-1), x)], constant)


def _kind(e: Expr) -> Scalar:
    """The kind that an operand is held in, where the language asks for one."""
    assert isinstance(e.type, Number) and e.type.kind is not None
    return e.type.kind


def _moving(b: Builder, call: Moving, e: Operate, args: list[int]) -> int:
    """The same elements at other places."""
    x = args[0]
    match call:
        case Call.TRANSPOSE:
            return b.transpose(x, range(len(b.type(x).shape))[::-1])
        case Call.RESHAPE:
            return b.reshape(x, e.type.shape)
        case Call.BROADCAST | Call.ZEROS:
            return b.broadcast(x, e.type.shape)
        case Call.CONCAT:
            assert e.axis is not None
            axes = [e.axis, *(i for i in range(len(e.type.shape)) if i != e.axis)]
            joined = b.concat([b.transpose(arg, axes) for arg in args])
            return b.transpose(joined, [axes.index(i) for i in range(len(axes))])
        case _:
            assert_never(call)


def _reducing(b: Builder, call: Reducing, e: Operate, x: int) -> int:
    """Over one axis, or over all."""
    axes = len(b.type(x).shape)
    if e.axis is not None:
        x, axes = permuted_last(b, x, e.axis), 1
    match call:
        case Call.SUM:
            return b.sum(x, axes)
        case Call.MEAN:
            terms = prod(b.type(x).shape[len(b.type(x).shape) - axes :])
            return b.scaled(b.sum(x, axes), Fraction(1, terms))
        case Call.ARGMAX:
            return argmax(b, x, axes)
        case Call.MIN_OF:
            return tournament(b, x, axes, least)
        case Call.MAX_OF:
            return tournament(b, x, axes, largest)
        case _:
            assert_never(call)


def _pooling(b: Builder, call: Pooling, e: Operate, args: list[int]) -> int:
    image, side = args[0], b.constant(args[1])
    assert side is not None
    match call:
        case Call.AVGPOOL:
            return avgpool(b, image, int(side), e.window)
        case Call.MAXPOOL:
            return maxpool(b, image, int(side), e.window)
        case _:
            assert_never(call)
