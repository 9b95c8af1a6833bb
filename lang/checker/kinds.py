"""Written kinds -> kinds."""

from __future__ import annotations

import re
from math import prod
from typing import assert_never

from lang import typed
from lang.checker.context import Context
from lang.checker.failing import Failed
from lang.checker.public import indices, whole
from lang.checker.symbols import KindName, Poison
from lang.kinds import BIT, Base, Kind, Scalar, Tensor, TupleKind
from lang.problems.names import NotAKind, UnknownKind
from lang.problems.shapes import KindRange, ShapeRange, SizeNegative, SizeNotPublic, WrongKind
from lang.problems.values import TupleTooLarge
from lang.source import Span
from lang.syntax import tree

_WRITTEN = {"bit": "bit", "uint": "uint<N>", "int": "int<N>", "fix": "fix<T, F>"}
_SIZED = re.compile(r"(u?int)(\d+)")  # as many languages write it
MAX_WIDTH = 1024
MAX_ELEMENTS = 1 << 28
MAX_LEAVES = 1024  # values of a tuple


def resolve(context: Context, node: tree.Kind) -> Kind:
    """The kind that is written; raises Failed."""
    match node:
        case tree.Words():
            return Tensor(_scalar(context, node))
        case tree.Alias():
            return _alias(context, node)
        case tree.TupleKind():
            kind = TupleKind(tuple(resolve(context, field) for field in node.fields))
            small_enough(sum(typed.leaves(typed.type_of(field)) for field in kind.fields), node.span)
            return kind
        case tree.Shaped():
            return _shaped(context, node)
        case _:
            assert_never(node)


def small_enough(values: int, span: Span) -> None:
    """Raises Failed for a tuple of too many; whatever is made of one walks all of them."""
    if values > MAX_LEAVES:
        raise Failed(TupleTooLarge(span=span, limit=MAX_LEAVES))


def _scalar(context: Context, node: tree.Words) -> Scalar:
    if node.word == "bit":
        return BIT
    sizes = [_size(context, size, least=0) for size in node.sizes]
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


def _alias(context: Context, node: tree.Alias) -> Kind:
    symbol = context.scopes.anywhere(node.name)
    if isinstance(symbol, KindName):
        context.meanings.setdefault(node.span, symbol)
        return symbol.kind
    if isinstance(symbol, Poison):
        raise Failed
    if symbol is not None:
        raise Failed(NotAKind(span=node.span, name=node.name, what=symbol.what))
    known = context.scopes.outermost(KindName)
    sized = _SIZED.fullmatch(node.name)
    near = f"did you mean `{sized[1]}<{sized[2]}>`?" if sized else context.near(node.name, [*known, *_WRITTEN])
    for word, written in _WRITTEN.items():
        near = near.replace(f"`{word}`", f"`{written}`")
    raise Failed(
        UnknownKind(span=node.span, name=node.name, hint=near) if near else UnknownKind(span=node.span, name=node.name)
    )


def _shaped(context: Context, node: tree.Shaped) -> Kind:
    base = resolve(context, node.base)
    if isinstance(base, TupleKind):
        raise Failed(WrongKind(span=node.span, what="an array", wanted="numbers", given="a tuple"))
    shape = (*(_size(context, size, least=1) for size in node.shape), *base.shape)
    if prod(shape) > MAX_ELEMENTS:
        raise Failed(ShapeRange(span=node.span, elements=str(prod(shape)), limit=MAX_ELEMENTS))
    return Tensor(base.scalar, shape)


def _size(context: Context, node: tree.Expr, least: int) -> int:
    """A size in a kind."""
    expr = context.expr(node)
    if not isinstance(expr, typed.Const) and not indices(expr):
        raise Failed(SizeNotPublic(span=node.span, what="known only when the program runs"))
    value = whole(expr, "a size")
    if value < least:
        raise Failed(SizeNegative(span=node.span, value=value, least=least))
    return value


def _show(node: tree.Words, sizes: list[int]) -> str:
    return f"{node.word}<{', '.join(map(str, sizes))}>"
