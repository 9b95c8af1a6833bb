"""Expressions of the checked tree -> words."""

from __future__ import annotations

from typing import assert_never

from compiler.functions.operate import operate
from compiler.lowering.choices import Choice, merge
from compiler.lowering.context import Lowering
from compiler.lowering.places import picked
from compiler.lowering.stores import NotOnlyAdded
from compiler.words.leaves import Word
from lang import typed as t


def expression(c: Lowering, e: t.Expr) -> Word:
    outer, c.b.span = c.b.span, e.span
    word = _expression(c, e)
    kind = e.type.kind if isinstance(e.type, t.Number) else None
    if kind is not None and isinstance(word, int):  # a value of a kind has its scale, whatever its digits
        word = c.b.round(word, kind.scale, kind.lo, kind.hi)
    c.b.span = outer
    if isinstance(word, int):
        c.watch.expression(c.b, e, word)
    return word


def _expression(c: Lowering, e: t.Expr) -> Word:
    match e:
        case t.Const():
            return c.b.const(e.values, e.type.shape)
        case t.Read() | t.IndexOf():
            if c.added and e.variable.number in c.added.kinds:
                raise NotOnlyAdded
            return c.scope[e.variable.number]
        case t.RowField():
            return c.row[e.name]
        case t.Operate():
            return operate(c.b, e, [c.number(a) for a in e.args])
        case t.Convert():
            return _convert(c, e)
        case t.Choose():
            return _choose(c, e)
        case t.Pick():
            return picked(c, c.number(e.base), e.places)
        case t.Part():
            base = c.expression(e.base)
            assert isinstance(base, tuple)
            return base[e.position]
        case t.Pack():
            return tuple(c.expression(i) for i in e.items)
        case t.Stack():
            items = [c.number(i) for i in e.items]
            return c.b.concat([c.b.reshape(i, (1, *c.b.type(i).shape)) for i in items])
        case t.Scope():
            c.statements(e.statements)
            return c.expression(e.value)
        case _:
            assert_never(e)


def _convert(c: Lowering, e: t.Convert) -> int:
    inner = e.value
    c.b.span = inner.span  # of `v += e` that is the whole statement
    if isinstance(inner, t.Operate):  # what is not exact is rounded once, to the kind it is bound to
        word = operate(c.b, inner, [c.number(a) for a in inner.args], e.kind, e.wrap)
        c.watch.expression(c.b, inner, word, e.kind)
    else:
        word = c.number(inner)
    after = c.b.round(word, e.kind.scale, e.kind.lo, e.kind.hi, nearest=not e.floor, wrap=e.wrap)
    c.watch.conversion(c.b, e, word, after)
    return after


def _choose(c: Lowering, e: t.Choose) -> Word:
    condition, since = c.number(e.condition), c.b.next
    before = dict(c.scope)
    then = c.expression(e.then)
    after_then, c.scope = c.scope, dict(before)
    otherwise = c.expression(e.otherwise)
    after_otherwise, c.scope = c.scope, before
    kept = (then, otherwise, *after_then.values(), *after_otherwise.values())
    choice = Choice(c.b, condition, since, *kept)
    merge(c, choice, after_then, after_otherwise)
    return choice.of(then, otherwise)
