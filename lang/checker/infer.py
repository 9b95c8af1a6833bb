"""The types of operations: shapes broadcast as in NumPy, named kinds stay where they still hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lang.checker.failing import Failed
from lang.checker.fold import spread
from lang.kinds import BIT, Scalar
from lang.numerals import show_number
from lang.problems.shapes import InnerSizes, ShapesDiffer, WrongAxis, WrongKind, WrongRank
from lang.problems.values import BitsOfFix, ClampReversed, DivisionByZero, IntegersOnly, NotNamed
from lang.source import Span
from lang.typed import Call, Const, Expr, Number, Pair, TypeOf


@dataclass(frozen=True, slots=True)
class Use:
    """One use of an operation in a text: what it is of, and where."""

    call: Call
    args: Sequence[Expr]
    types: Sequence[Number]  # of the arguments
    axis: int | None
    span: Span

    @property
    def x(self) -> Number:
        """The only operand's type."""
        return self.types[0]

    @property
    def shape(self) -> tuple[int, ...]:
        """Of all operands together, element by element; raises Failed if they do not broadcast."""
        return broadcast(self.call.value, self.span, *self.types)

    @property
    def left(self) -> tuple[int, ...]:
        """The only operand's shape without the axis; raises Failed if there is no such axis."""
        return without(self.x, self.axis, self.span)

    @property
    def whole(self) -> bool:
        return all(t.integer for t in self.types)


Typing = Callable[[Use], Number]


# -- one function for each way in which a type follows from the operands' types; each raises Failed if there is none ---


def arithmetic(use: Use) -> Number:
    return Number(use.shape, use.whole)


def quotient(use: Use) -> Number:
    _check_divisor(use)
    return arithmetic(use)


def remainder(use: Use) -> Number:
    _check_divisor(use)
    for arg, type_ in zip(use.args, use.types, strict=True):
        if not type_.integer:
            raise Failed(
                IntegersOnly(span=arg.span, op="%", given=describe(type_), hint="convert it first: `x as int<16>`")
            )
    return arithmetic(use)


def shifted(use: Use) -> Number:
    return Number(use.shape, use.types[0].integer)


def clamped(use: Use) -> Number:
    shape = use.shape
    low, high = use.args[1:]
    if isinstance(low, Const) and isinstance(high, Const):
        bounds = broadcast(use.call.value, use.span, low.type, high.type)
        for least, most in zip(spread(low, bounds), spread(high, bounds), strict=True):
            if least > most:
                first, second = show_number(least), show_number(most)
                raise Failed(ClampReversed(span=use.span, low=first, high=second))
    return Number(shape, use.whole)


def alike(use: Use) -> Number:
    """One of the operands: of their kind, if that is one."""
    return Number(use.shape, use.whole, _common(use.types))


def bitwise(use: Use) -> Number:
    _check_bits(use)
    return alike(use)


def truth(use: Use) -> Number:
    return Number(use.shape, True, BIT)


def inverted(use: Use) -> Number:
    _check_bits(use)
    _check_named(use)
    return use.x


def counted(use: Use) -> Number:
    _check_bits(use)
    _check_named(use)
    return Number(use.x.shape, True)


def exact(use: Use) -> Number:
    """Of one operand, element by element, out of any kind."""
    return Number(use.x.shape, use.x.integer)


def kept(use: Use) -> Number:
    return use.x


def small(use: Use) -> Number:
    """A few integers, whatever the operand."""
    return Number(use.x.shape, True)


def total(use: Use) -> Number:
    return Number(use.left, use.x.integer)


def average(use: Use) -> Number:
    return Number(use.left, False)


def one_of(use: Use) -> Number:
    return Number(use.left, use.x.integer, use.x.kind)


def position(use: Use) -> Number:
    return Number(use.left, True)


def turned(use: Use) -> Number:
    return Number(use.x.shape[::-1], use.x.integer, use.x.kind)


def ordered(use: Use) -> Number:
    _check_vector(use.call.value, use.x, use.span)
    return use.x


def ordered_by(use: Use) -> Number:
    x, keys = use.types
    _check_vector(use.call.value, keys, use.span)
    if x.shape[:1] != keys.shape:
        raise Failed(ShapesDiffer(span=use.span, left=show_shape(x.shape), right=show_shape(keys.shape), op="sort"))
    return x


def places(use: Use) -> Number:
    _check_vector(use.call.value, use.x, use.span)
    return Number(use.x.shape, True)


def joined(use: Use) -> Number:
    """One after the other along an axis: the other axes must be the same."""
    first, *others = use.types
    shape = without(first, use.axis, use.span)
    for type_ in others:
        if len(type_.shape) != len(first.shape) or without(type_, use.axis, use.span) != shape:
            shown = show_shape(first.shape), show_shape(type_.shape)
            raise Failed(ShapesDiffer(span=use.span, left=shown[0], right=shown[1], op="concat"))
    axis = use.axis or 0
    return Number((*shape[:axis], sum(t.shape[axis] for t in use.types), *shape[axis:]), use.whole, _common(use.types))


def approximated(use: Use) -> Number:
    """Element by element, or along an axis."""
    without(use.x, use.axis, use.span)
    return Number(use.x.shape, False)


def length(use: Use) -> Number:
    return Number((), False)


def dot(use: Use) -> Number:
    return Number(_dot(use.types[0], use.types[1], use.span), use.whole)


def matmul(use: Use) -> Number:
    return Number(_matmul(use.types[0], use.types[1], use.span), use.whole)


def judged_each(use: Use) -> Number:
    return Number(use.shape, False)


def judged(use: Use) -> Number:
    broadcast(use.call.value, use.span, *use.types)
    return Number((), False)


def judged_class(use: Use) -> Number:
    scores, label = use.types
    _check_vector(use.call.value, scores, use.span)
    if label.shape or not label.integer:
        raise Failed(WrongKind(span=use.args[1].span, what="the class", wanted="an integer", given=describe(label)))
    return Number((), False)


def given(use: Use) -> Number:
    """Operations whose shape is no function of the operands' alone: whoever makes one says its type."""
    raise AssertionError(f"{use.call} is made with its own shape")


# -- shapes and kinds -------------------------------------------------------------------------------------------------


def number(expr: Expr, what: str) -> Number:
    """The type of an expression that must not be a tuple."""
    if isinstance(expr.type, Pair):
        raise Failed(WrongKind(span=expr.span, what=what, wanted="a number", given=describe(expr.type)))
    return expr.type


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


def _check_bits(use: Use) -> None:
    for arg, type_ in zip(use.args, use.types, strict=True):
        if not type_.integer:
            raise Failed(BitsOfFix(span=arg.span, op=use.call.value, given=describe(type_)))


def _check_named(use: Use) -> None:
    if use.x.kind is None:
        raise Failed(NotNamed(span=use.args[0].span, op=use.call.value))


def _check_divisor(use: Use) -> None:
    divisor = use.args[1]
    if isinstance(divisor, Const) and not all(divisor.values):
        raise Failed(DivisionByZero(span=divisor.span))


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
        if not type_.shape:
            raise Failed(WrongRank(span=span, op="@", shape=describe(type_), wanted="vectors or matrices"))
    inner = right.shape[-2:][0]
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
    batch = broadcast_shapes(left.shape[:-2], right.shape[:-2])
    if batch is None:
        raise Failed(ShapesDiffer(span=span, left=show_shape(left.shape), right=show_shape(right.shape), op="@"))
    return (*batch, *left.shape[-2:-1], *right.shape[-1:][: len(right.shape) - 1])


def show_shape(shape: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, shape))}]" if shape else "scalar"


def describe(type_: TypeOf) -> str:
    """A type in the words of the language."""
    if isinstance(type_, Pair):
        return f"a tuple of {len(type_.fields)}"
    base = str(type_.kind) if type_.kind else "exact integer" if type_.integer else "exact number"
    return f"{base}{show_shape(type_.shape)}" if type_.shape else base
