"""One operation of the core language -> words."""
from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import prod

from compiler.words.approximate import sigmoid
from compiler.words.build import Builder
from compiler.words.ir import Op, Strided
from compiler.words.strides import row_major
from lang.kinds import Scalar
from lang.problem import Rejected
from lang.problems import NotYet, RangeTooWide
from lang.typed import Call, Operate

UNBOUND_FRACTION = 8           # fraction bits of a non-linear function that is not bound to a kind
WIDEST = 32                    # bits of the range of such a function's argument


def operate(b: Builder, e: Operate, args: list[int], bound: Scalar | None = None) -> int:
    """The word for `e`; `bound` is the kind that the result is converted to right away, if any."""
    if e.call is Call.SIGMOID:
        return apply_sigmoid(b, e, args[0], bound)
    if e.call in REDUCTIONS:
        return _reduce(b, e, args[0])
    if e.call in (Call.RESHAPE, Call.BROADCAST):
        return (b.reshape if e.call is Call.RESHAPE else b.broadcast)(args[0], e.type.shape)
    if e.call is Call.NOT:
        return _invert(b, e, args[0])
    if e.call in PUBLIC_RIGHT:
        return _by_public(b, e, args)
    if e.call not in SIMPLE:
        raise Rejected([NotYet(span=e.span, what=f"`{e.call.value}` here")])
    return SIMPLE[e.call](b, args)


def apply_sigmoid(b: Builder, e: Operate, score: int, bound: Scalar | None = None) -> int:
    type = b.type(score)
    if bound is None and type.width > WIDEST:
        raise Rejected([RangeTooWide(span=e.span, function="sigmoid", bits=type.width)])
    result, pieces = sigmoid(type, bound.fraction if bound else UNBOUND_FRACTION, e.within)
    return b.add(Op.APPLY, (score,), result, pieces)


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


def _least(b: Builder, x: int, y: int) -> int:
    return b.select(b.less(x, y), x, y)


def _most(b: Builder, x: int, y: int) -> int:
    return b.select(b.less(x, y), y, x)


def _zero(b: Builder) -> int:
    return b.const([Fraction(0)])


def _negated(b: Builder, x: int) -> int:
    return b.scaled(x, Fraction(-1))


def _absolute(b: Builder, x: int) -> int:
    return b.select(b.less(x, _zero(b)), _negated(b, x), x)


def _sign(b: Builder, x: int) -> int:
    return b.sub(b.less(_zero(b), x), b.less(x, _zero(b)))


def _clamp(b: Builder, args: list[int]) -> int:
    return _least(b, _most(b, args[0], args[1]), args[2])


SIMPLE: dict[Call, Callable[[Builder, list[int]], int]] = {
    Call.ADD: lambda b, a: b.add2(*a),
    Call.SUB: lambda b, a: b.sub(*a),
    Call.MUL: lambda b, a: b.mul(*a),
    Call.NEG: lambda b, a: _negated(b, *a),
    Call.DOT: lambda b, a: b.dot(a[0], a[1], 1),
    Call.MATMUL: matmul,
    Call.MIN: lambda b, a: _least(b, *a),
    Call.MAX: lambda b, a: _most(b, *a),
    Call.ABS: lambda b, a: _absolute(b, *a),
    Call.RELU: lambda b, a: _most(b, a[0], _zero(b)),
    Call.SIGN: lambda b, a: _sign(b, *a),
    Call.CLAMP: _clamp,
    Call.LESS: lambda b, a: b.less(*a),
    Call.EQUAL: lambda b, a: b.equal(*a),
    Call.AND: lambda b, a: b.logic(Op.AND, *a),
    Call.OR: lambda b, a: b.logic(Op.OR, *a),
    Call.XOR: lambda b, a: b.logic(Op.XOR, *a),
    Call.TRANSPOSE: lambda b, a: b.transpose(a[0], range(len(b.type(a[0]).shape))[::-1]),
}
PUBLIC_RIGHT = frozenset({Call.DIVIDE, Call.MODULO, Call.SHL, Call.SHR})
REDUCTIONS = frozenset({Call.SUM, Call.MEAN, Call.MIN_OF, Call.MAX_OF})


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
            return b.sub(x, b.scaled(floor_divide(b, x, by), by))
        case _:
            return floor_divide(b, x, by) if e.type.integer else b.scaled(x, 1 / by)


def floor_divide(b: Builder, x: int, by: Fraction) -> int:
    quotient = b.scaled(x, 1 / by)
    type = b.type(quotient)
    lo, hi = (int(n * type.scale // 1) for n in (type.lo, type.hi))
    return b.round(quotient, Fraction(1), lo, hi, nearest=False)


def _reduce(b: Builder, e: Operate, x: int) -> int:
    shape = b.type(x).shape
    axes = len(shape)
    if e.axis is not None:
        x = b.transpose(x, [*(i for i in range(len(shape)) if i != e.axis), e.axis])
        axes = 1
    if e.call in (Call.SUM, Call.MEAN):
        total = b.sum(x, axes)
        if e.call is Call.SUM:
            return total
        terms = prod(b.type(x).shape[len(shape) - axes:])
        return b.scaled(total, Fraction(1, terms))
    return _tournament(b, x, axes, _least if e.call is Call.MIN_OF else _most)


def _tournament(b: Builder, x: int, axes: int, choose: Callable[[Builder, int, int], int]) -> int:
    """Halve the (flattened) trailing axes until one element is left."""
    kept = b.type(x).shape[:len(b.type(x).shape) - axes]
    terms = prod(b.type(x).shape[len(kept):])
    x = b.reshape(x, (*kept, terms))
    while terms > 1:
        half = terms // 2
        first = _slice_last(b, x, 0, half)
        winner = choose(b, first, _slice_last(b, x, half, half))
        if terms % 2:
            last = _slice_last(b, x, terms - 1, 1)
            winner = _join_last(b, winner, last)
        x, terms = winner, half + terms % 2
    return b.reshape(x, kept)


def _slice_last(b: Builder, x: int, start: int, count: int) -> int:
    shape = b.type(x).shape
    return b.view(x, Strided(start, row_major(shape)), (*shape[:-1], count))


def _join_last(b: Builder, x: int, y: int) -> int:
    rank = len(b.type(x).shape)
    first = [rank - 1, *range(rank - 1)]
    joined = b.concat([b.transpose(x, first), b.transpose(y, first)])
    return b.transpose(joined, [*range(1, rank), 0])
