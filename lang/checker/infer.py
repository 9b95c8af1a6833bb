"""The types of operations: shapes broadcast as in NumPy, named kinds stay where they still hold."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from lang.checker.failing import Failed
from lang.kinds import BIT, Scalar
from lang.problems.shapes import InnerSizes, ShapesDiffer, WrongAxis, WrongKind, WrongRank
from lang.problems.values import BitsOfFix, DivisionByZero, IntegersOnly, NotNamed
from lang.source import Span
from lang.typed import Call, Const, Expr, Number, Pair, TypeOf

_SAME_KIND = frozenset({Call.MIN, Call.MAX, Call.AND, Call.OR, Call.XOR})
_BITS = frozenset({Call.AND, Call.OR, Call.XOR, Call.NOT})
_BROADCASTING = frozenset(
    {
        Call.ADD,
        Call.SUB,
        Call.MUL,
        Call.DIVIDE,
        Call.MODULO,
        Call.CLAMP,
        Call.MIN,
        Call.MAX,
        Call.AND,
        Call.OR,
        Call.XOR,
        Call.SHL,
        Call.SHR,
        Call.LESS,
        Call.EQUAL,
        Call.LOGISTIC,
    }
)


def number(expr: Expr, what: str) -> Number:
    """The type of an expression that must not be a tuple."""
    if isinstance(expr.type, Pair):
        raise Failed(WrongKind(span=expr.span, what=what, wanted="a number", given=describe(expr.type)))
    return expr.type


def infer(call: Call, args: Sequence[Expr], span: Span, axis: int | None = None) -> Number:
    """The type of an operation; raises Failed if it cannot be applied."""
    types = [number(arg, f"`{call.value}`") for arg in args]
    if call in _BITS or call is Call.POPCOUNT:
        _check_bits(call, args, types)
    if call in (Call.DIVIDE, Call.MODULO):
        _check_divisor(call, args, types)
    if call in _BROADCASTING:
        return _broadcasting(call, types, span)
    if len(types) == 1:
        return _of_one(call, types[0], args[0].span, axis, span)
    whole = all(t.integer for t in types)
    match call:
        case Call.DOT:
            return Number(_dot(types[0], types[1], span), whole)
        case Call.MATMUL:
            return Number(_matmul(types[0], types[1], span), whole)
        case Call.SQUARED:
            broadcast(call.value, span, *types)
            return Number((), False)
        case Call.CROSS_ENTROPY:
            _check_vector("cross_entropy", types[0], span)
            if types[1].shape or not types[1].integer:
                raise Failed(
                    WrongKind(span=args[1].span, what="the class", wanted="an integer", given=describe(types[1]))
                )
            return Number((), False)
        case _:
            raise AssertionError(f"{call} is made with its own shape")


def _broadcasting(call: Call, types: Sequence[Number], span: Span) -> Number:
    """Operations element by element."""
    shape = broadcast(call.value, span, *types)
    whole = all(t.integer for t in types)
    match call:
        case Call.LESS | Call.EQUAL:
            return Number(shape, True, BIT)
        case Call.LOGISTIC:
            return Number(shape, False)
        case Call.SHL | Call.SHR:
            return Number(shape, types[0].integer)
        case _:
            return Number(shape, whole, _common(types) if call in _SAME_KIND else None)


def _of_one(call: Call, x: Number, place: Span, axis: int | None, span: Span) -> Number:
    """Operations of one operand, which stands at `place`."""
    match call:
        case Call.NEG | Call.ABS:
            return Number(x.shape, x.integer)
        case Call.RELU:
            return x
        case Call.NOT | Call.POPCOUNT:
            if x.kind is None:
                raise Failed(NotNamed(span=place, op=call.value))
            return x if call is Call.NOT else Number(x.shape, True)
        case Call.SIGN:
            return Number(x.shape, True)
        case Call.SUM:
            return Number(without(x, axis, span), x.integer)
        case Call.MIN_OF | Call.MAX_OF:
            return Number(without(x, axis, span), x.integer, x.kind)
        case Call.ARGMAX:
            return Number(without(x, axis, span), True)
        case Call.MEAN:
            return Number(without(x, axis, span), False)
        case Call.TRANSPOSE:
            return Number(x.shape[::-1], x.integer, x.kind)
        case Call.SORT:
            _check_vector("sort", x, span)
            return x
        case Call.NORM2:
            return Number((), False)
        case _:  # the functions that are not exact, element by element
            without(x, axis, span)
            return Number(x.shape, False)


def broadcast(op: str, span: Span, *types: Number) -> tuple[int, ...]:
    """The common shape, aligned from the last axis; raises Failed if there is none."""
    shape: tuple[int, ...] = ()
    for type_ in types:
        joined = broadcast_shapes(shape, type_.shape)
        if joined is None:
            raise Failed(ShapesDiffer(span=span, left=show_shape(shape), right=show_shape(type_.shape), op=op))
        shape = joined
    return shape


def broadcast_shapes(left: tuple[int, ...], right: tuple[int, ...]) -> tuple[int, ...] | None:
    if left == right or not right:
        return left
    if len(left) < len(right):
        left, right = right, left
    right = (1,) * (len(left) - len(right)) + right
    if any(a != b and 1 not in (a, b) for a, b in zip(left, right, strict=True)):
        return None
    return tuple(b if a == 1 else a for a, b in zip(left, right, strict=True))


def without(type_: Number, axis: int | None, span: Span) -> tuple[int, ...]:
    """The shape left when one axis, or all, are taken together."""
    if axis is None:
        return ()
    if not 0 <= axis < len(type_.shape):
        raise Failed(WrongAxis(span=span, axis=axis, shape=show_shape(type_.shape)))
    return type_.shape[:axis] + type_.shape[axis + 1 :]


def _common(types: Sequence[Number]) -> Scalar | None:
    kinds = {t.kind for t in types}
    return kinds.pop() if len(kinds) == 1 else None


def _check_bits(call: Call, args: Sequence[Expr], types: Sequence[Number]) -> None:
    for arg, type_ in zip(args, types, strict=True):
        if not type_.integer:
            raise Failed(BitsOfFix(span=arg.span, op=call.value, given=describe(type_)))


def _check_divisor(call: Call, args: Sequence[Expr], types: Sequence[Number]) -> None:
    divisor = args[1]
    if isinstance(divisor, Const) and not all(divisor.values):
        raise Failed(DivisionByZero(span=divisor.span))
    if call is Call.MODULO:
        for arg, type_ in zip(args, types, strict=True):
            if not type_.integer:
                raise Failed(
                    IntegersOnly(span=arg.span, op="%", given=describe(type_), hint="convert it first: `x as int<16>`")
                )


def _check_vector(op: str, type_: Number, span: Span) -> None:
    if len(type_.shape) != 1:
        raise Failed(WrongRank(span=span, op=op, shape=describe(type_), wanted="a vector"))


def _dot(left: Number, right: Number, span: Span) -> tuple[int, ...]:
    for type_ in (left, right):
        if len(type_.shape) != 1:
            raise Failed(
                WrongRank(
                    span=span, op="dot", shape=describe(type_), wanted="two vectors", hint="for matrices write `a @ b`"
                )
            )
    if left.shape != right.shape:
        raise Failed(
            InnerSizes(
                span=span,
                op="dot",
                left=show_shape(left.shape),
                right=show_shape(right.shape),
                first=left.shape[0],
                second=right.shape[0],
                hint="give both vectors one length",
            )
        )
    return ()


def _matmul(left: Number, right: Number, span: Span) -> tuple[int, ...]:
    for type_ in (left, right):
        if len(type_.shape) not in (1, 2):
            raise Failed(WrongRank(span=span, op="@", shape=describe(type_), wanted="vectors or matrices"))
    inner = right.shape[-2] if len(right.shape) == 2 else right.shape[0]
    if left.shape[-1] != inner:
        raise Failed(
            InnerSizes(
                span=span,
                op="@",
                left=show_shape(left.shape),
                right=show_shape(right.shape),
                first=left.shape[-1],
                second=inner,
            )
        )
    return left.shape[:-1] + right.shape[1:]


def same_size(shape: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return prod(shape) == prod(other)


def show_shape(shape: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, shape))}]" if shape else "scalar"


def describe(type_: TypeOf) -> str:
    """A type in the words of the language."""
    if isinstance(type_, Pair):
        return f"a tuple of {len(type_.fields)}"
    base = str(type_.kind) if type_.kind else "exact integer" if type_.integer else "exact number"
    return f"{base}{show_shape(type_.shape)}" if type_.shape else base
