"""Expressions: every form that they have, and those that are written nowhere else."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import assert_never

from lang import typed
from lang.checker import fold
from lang.checker.calls import invoke
from lang.checker.conditions import choose
from lang.checker.context import Context
from lang.checker.convert import convert, rounded
from lang.checker.failing import Failed
from lang.checker.indexing import indexed
from lang.checker.infer import number, show_shape
from lang.checker.kinds import MAX_ELEMENTS, MAX_WIDTH, resolve, small_enough
from lang.checker.names import member, read
from lang.checker.operators import binary, operate
from lang.kinds import Tensor
from lang.problems.flow import RevealPlace
from lang.problems.quotients import exactly
from lang.problems.shapes import ItemsDiffer, LiteralTooLarge, ShapeRange
from lang.problems.silent import QuotientZero
from lang.problems.values import ModesClash
from lang.syntax import tree
from lang.typed import Call, Const, Number, Pair

_UNARY = {"-": Call.NEG, "!": Call.NOT}


def expression(context: Context, node: tree.Expr) -> typed.Expr:
    """The checked expression; raises Failed."""
    match node:
        case tree.Name():
            return read(context, node)
        case tree.Literal():
            return literal(node)
        case tree.Binary():
            return _binary(context, node)
        case tree.Index():
            return indexed(context, node)
        case tree.Invoke():
            return invoke(context, node)
        case tree.Member():
            return member(context, node)
        case tree.Unary():
            return _unary(context, node)
        case tree.If():
            return choose(context, node)
        case tree.Cast():
            return _cast(context, node)
        case tree.TupleOf():
            items = context.all_of(node.items)
            small_enough(sum(typed.leaves(item.type) for item in items), node.span)
            return typed.Pack(Pair(tuple(item.type for item in items)), items, node.span)
        case tree.ArrayOf():
            return _array(context, node)
        case tree.Reveal():
            raise Failed(RevealPlace(span=node.span))
        case _:
            assert_never(node)


def _array(context: Context, node: tree.ArrayOf) -> typed.Expr:
    items = context.all_of(node.items)
    types = [number(item, "an array") for item in items]
    for item, type_ in zip(items, types, strict=True):
        if type_.shape != types[0].shape:
            raise Failed(ItemsDiffer(span=item.span, first=show_shape(types[0].shape), given=show_shape(type_.shape)))
    kinds = {type_.kind for type_ in types}
    stacked = Number(
        (len(items), *types[0].shape), all(t.integer for t in types), kinds.pop() if len(kinds) == 1 else None
    )
    if (elements := fold.type_size(stacked)) > MAX_ELEMENTS:
        raise Failed(ShapeRange(span=node.span, elements=str(elements), limit=MAX_ELEMENTS))
    constants = [item for item in items if isinstance(item, Const)]
    if len(constants) == len(items) and elements <= fold.MAX_ELEMENTS:
        return Const(stacked, tuple(v for item in constants for v in item.values), node.span)
    return typed.Stack(stacked, items, node.span)


def _binary(context: Context, node: tree.Binary) -> typed.Expr:
    """A chain of operations, each checked whatever is wrong with the others."""
    chain = tree.operations(node)
    value: typed.Expr | None = None
    with context.attempt():
        value = context.expr(chain[0].left)
    for operation in chain:
        left, value = value, None
        with context.attempt():
            right = context.expr(operation.right)
            if left is not None:
                value = binary(context, operation.op, left, right, operation.span)
                if operation is not node:  # which is counted as a whole
                    context.counted(value, operation.span)
                lost = _nothing(value) and not _nothing(left)
                if lost and operation.op == "/" and isinstance(operation.left, tree.Literal):
                    context.report(QuotientZero(span=operation.span, instead=exactly(operation.span)))
    if value is None:
        raise Failed
    return value


def _nothing(value: typed.Expr) -> bool:
    return isinstance(value, Const) and value.type.integer and not any(value.values)


def _unary(context: Context, node: tree.Unary) -> typed.Expr:
    value = context.expr(node.value)
    return operate(_UNARY[node.op], (value,), node.span)


def _cast(context: Context, node: tree.Cast) -> typed.Expr:
    value = context.expr(node.value)
    modes = dict.fromkeys(node.modes)
    for first, second in (("wrap", "saturate"), ("floor", "nearest")):
        if first in modes and second in modes:
            raise Failed(ModesClash(span=node.span, first=first, second=second))
    kind = resolve(context, node.kind)
    down, wrap = "floor" in modes, "wrap" in modes
    if isinstance(kind, Tensor) and not kind.shape and isinstance(value.type, Number):
        return rounded(context, value, kind.scalar, node.span, down, wrap)  # element by element
    if (down or wrap) and isinstance(kind, Tensor):
        number(value, "`as`")
        value = rounded(context, value, kind.scalar, node.span, down, wrap)
    return convert(context, value, kind, node.span, "`as`")


def literal(node: tree.Literal) -> Const:
    """A number as written; one without a point is an integer."""
    text = node.text.replace("_", "")
    whole = text.isdecimal() or text[:2] in ("0x", "0b")
    exponent = re.search(r"[eE]([+-]?\d+)$", text) if not text.startswith("0x") else None
    if len(text) > 400 or (exponent and abs(int(exponent[1])) > 320):
        raise Failed(LiteralTooLarge(span=node.span, limit=MAX_WIDTH, reason="too long or too far from 1"))
    value = Fraction(int(text, 0) if text[:2] in ("0x", "0b") else int(text)) if whole else Fraction(text)
    if value.numerator.bit_length() > MAX_WIDTH or (value and value < Fraction(1, 1 << MAX_WIDTH)):
        raise Failed(LiteralTooLarge(span=node.span, limit=MAX_WIDTH, reason="too far from 1"))
    return Const(Number((), whole), (value,), node.span)
