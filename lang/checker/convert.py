"""Written kinds -> kinds, and values -> kinds they are bound to."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from lang import typed
from lang.checker import fold
from lang.checker.context import Context
from lang.checker.failing import Failed, NeedsIndex
from lang.checker.infer import describe, show_shape
from lang.checker.public import affine, indices, interval
from lang.checker.symbols import KindName, Poison
from lang.kinds import BIT, Base, Kind, Scalar, Tensor, TupleKind
from lang.numerals import show_number
from lang.problems.names import NotAKind, UnknownKind
from lang.problems.shapes import (
    KindRange,
    ShapeRange,
    SizeNegative,
    SizeNotPublic,
    WrongKind,
    WrongShape,
)
from lang.problems.values import Clamped, NotPublic, NotWhole
from lang.source import Span
from lang.syntax import tree
from lang.typed import kind_of

MAX_WIDTH = 1024
MAX_ELEMENTS = 1 << 28


class Kinds(Context):
    """Resolves written kinds and converts values to them."""

    def expr(self, node: tree.Expr) -> typed.Expr:
        """The checked expression; raises Failed.  Defined where expressions are checked."""
        raise NotImplementedError

    # -- public numbers

    def constant(self, expr: typed.Expr, what: str) -> typed.Const:
        """An expression that must be public; raises NeedsIndex if a loop around must be unrolled for it."""
        if isinstance(expr, typed.Const):
            return expr
        if loops := indices(expr):
            raise NeedsIndex(loops[-1])
        raise Failed(NotPublic(span=expr.span, what=what))

    def whole(self, expr: typed.Expr, what: str) -> int:
        """A public whole number."""
        const = self.constant(expr, what)
        if const.type.shape or const.values[0].denominator != 1:
            shown = show_shape(const.type.shape) if const.type.shape else show_number(const.values[0])
            raise Failed(NotWhole(span=expr.span, what=what, value=shown))
        return const.values[0].numerator

    def size(self, node: tree.Expr, least: int = 1) -> int:
        """A size in a kind."""
        expr = self.expr(node)
        if not isinstance(expr, typed.Const) and not indices(expr):
            raise Failed(SizeNotPublic(span=node.span, what="known only when the program runs"))
        value = self.whole(expr, "a size")
        if value < least:
            raise Failed(SizeNegative(span=node.span, value=value, least=least))
        return value

    # -- kinds

    def kind(self, node: tree.Kind) -> Kind:
        """The kind that is written; raises Failed."""
        match node:
            case tree.Words():
                return Tensor(self.scalar(node))
            case tree.Alias():
                return self._alias(node)
            case tree.TupleKind():
                return TupleKind(tuple(map(self.kind, node.fields)))
            case tree.Shaped():
                return self._shaped(node)

    def scalar(self, node: tree.Words) -> Scalar:
        if node.word == "bit":
            return BIT
        sizes = [self.size(size, least=0) for size in node.sizes]
        if not 1 <= sizes[0] <= MAX_WIDTH:
            raise Failed(
                KindRange(
                    span=node.span,
                    kind=_show(node, sizes),
                    reason=f"its width is {sizes[0]} bits",
                    wanted=f"a width is 1 to {MAX_WIDTH} bits",
                )
            )
        if node.word != "fix":
            return Scalar(Base(node.word), sizes[0])
        if sizes[1] > sizes[0]:
            raise Failed(
                KindRange(
                    span=node.span,
                    kind=_show(node, sizes),
                    reason=f"{sizes[1]} of {sizes[0]} bits cannot lie after the point",
                    wanted="fix<T, F> has T bits, F of them after the point",
                    hint=f"did you mean `fix<{sizes[1]}, {sizes[0]}>`?",
                )
            )
        return Scalar(Base.FIX, sizes[0], sizes[1])

    def _alias(self, node: tree.Alias) -> Kind:
        symbol = self.scopes.anywhere(node.name)
        if isinstance(symbol, KindName):
            return symbol.kind
        if isinstance(symbol, Poison):
            raise Failed
        if symbol is not None:
            raise Failed(NotAKind(span=node.span, name=node.name, what=symbol.what))
        known = [n for n, s in self.scopes.stack[0].names.items() if isinstance(s, KindName)]
        near = self.near(node.name, [*known, "bit", "uint", "int", "fix"])
        raise Failed(
            UnknownKind(span=node.span, name=node.name, hint=near)
            if near
            else UnknownKind(span=node.span, name=node.name)
        )

    def _shaped(self, node: tree.Shaped) -> Kind:
        base = self.kind(node.base)
        if isinstance(base, TupleKind):
            raise Failed(WrongKind(span=node.span, what="an array", wanted="numbers", given="a tuple"))
        shape = (*map(self.size, node.shape), *base.shape)
        if prod(shape) > MAX_ELEMENTS:
            raise Failed(ShapeRange(span=node.span, elements=str(prod(shape)), limit=MAX_ELEMENTS))
        return Tensor(base.scalar, shape)

    # -- binding

    def convert(self, expr: typed.Expr, kind: Kind, span: Span, what: str) -> typed.Expr:
        """The value bound to a kind: rounded where it has another one, filled where it is a scalar."""
        if isinstance(kind, TupleKind):
            return self._convert_tuple(expr, kind, span, what)
        type_ = expr.type
        if isinstance(type_, typed.Pair):
            raise Failed(WrongKind(span=expr.span, what=what, wanted=f"`{kind}`", given=describe(type_)))
        if type_.shape and type_.shape != kind.shape:
            raise Failed(
                WrongShape(span=expr.span, what=what, wanted=show_shape(kind.shape), given=show_shape(type_.shape))
            )
        return fill(self.rounded(expr, kind.scalar, span), kind.shape, span)

    def rounded(self, expr: typed.Expr, kind: Scalar, span: Span, down: bool = False, wrap: bool = False) -> typed.Expr:
        """The numbers of a tensor rounded to a scalar kind."""
        type_ = expr.type
        assert isinstance(type_, typed.Number)
        if type_.kind == kind:
            return expr
        target = typed.Number(type_.shape, kind.base is not Base.FIX, kind)
        if isinstance(expr, typed.Const):
            values = tuple(fold.to_kind(value, kind, down, wrap) for value in expr.values)
            if not wrap:
                self._warn_clamped(expr, kind)
            return typed.Const(target, values, expr.span)
        if isinstance(expr, (typed.IndexOf, typed.Operate)) and affine(expr) is not None and target.integer:
            bounds = interval(expr, self.loops, self.known)
            if bounds is not None and kind.lo <= bounds[0] and bounds[1] <= kind.hi:
                return replace(expr, type=target)  # stays an index that both parties know
        return typed.Convert(target, kind, expr, span, down, wrap)

    def _warn_clamped(self, const: typed.Const, kind: Scalar) -> None:
        low, high = kind.lo * kind.scale, kind.hi * kind.scale
        for value in const.values:
            if not low - kind.scale / 2 <= value < high + kind.scale / 2:
                self.report(
                    Clamped(
                        span=const.span,
                        value=show_number(value),
                        kind=str(kind),
                        lo=show_number(low),
                        hi=show_number(high),
                        becomes=show_number(min(max(value, low), high)),
                    )
                )
                return

    def _convert_tuple(self, expr: typed.Expr, kind: TupleKind, span: Span, what: str) -> typed.Expr:
        if not isinstance(expr.type, typed.Pair) or len(expr.type.fields) != len(kind.fields):
            raise Failed(WrongKind(span=expr.span, what=what, wanted=f"`{kind}`", given=describe(expr.type)))
        if kind_of(expr.type) == kind:
            return expr
        binds, items = self.take_apart(expr)
        fields = tuple(self.convert(item, field, span, what) for item, field in zip(items, kind.fields, strict=True))
        packed = typed.Pack(typed.Pair(tuple(field.type for field in fields)), fields, span)
        return typed.Scope(packed.type, binds, packed, span) if binds else packed

    def take_apart(self, expr: typed.Expr) -> tuple[tuple[typed.Statement, ...], tuple[typed.Expr, ...]]:
        """The fields of a tuple, and the binding that keeps it from being computed once for each."""
        if isinstance(expr, typed.Pack):
            return (), expr.items
        assert isinstance(expr.type, typed.Pair)
        binds, whole = self.once(expr)
        return binds, tuple(typed.Part(type_, whole, i, expr.span) for i, type_ in enumerate(expr.type.fields))

    def once(self, expr: typed.Expr) -> tuple[tuple[typed.Statement, ...], typed.Expr]:
        """An expression that may be used several times, and the binding that it needs for this."""
        if isinstance(expr, (typed.Const, typed.Read, typed.IndexOf, typed.RowField)):
            return (), expr
        variable = self.fresh(tree.Name("_", expr.span), None)
        return (typed.Bind(variable, expr, expr.span),), typed.Read(expr.type, variable, expr.span)


def fill(expr: typed.Expr, shape: tuple[int, ...], span: Span) -> typed.Expr:
    """A scalar spread over a shape."""
    type_ = expr.type
    assert isinstance(type_, typed.Number)
    if type_.shape == shape:
        return expr
    target = replace(type_, shape=shape)
    if isinstance(expr, typed.Const) and prod(shape) <= fold.MAX_ELEMENTS:
        return typed.Const(target, expr.values * prod(shape), expr.span)
    return typed.Operate(target, typed.Call.BROADCAST, (expr,), span)


def _show(node: tree.Words, sizes: list[int]) -> str:
    return f"{node.word}<{', '.join(map(str, sizes))}>"
