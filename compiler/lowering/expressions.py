"""Expressions of the checked tree -> words."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import assert_never

from compiler.functions.operate import operate
from compiler.functions.through import through
from compiler.lowering.choices import Choice, merge
from compiler.lowering.context import Lowering, Scope
from compiler.lowering.places import picked
from compiler.lowering.stores import NotOnlyAdded
from compiler.words.leaves import Word
from lang import typed as t
from lang.traverse import arms, chain


def expression(c: Lowering, e: t.Expr) -> Word:
    first, operations = chain(e)
    word = _placed(c, first, lambda: _expression(c, first))
    for operation in operations:
        word = _placed(c, operation, partial(_operation, c, operation, word))
    return word


def _placed(c: Lowering, e: t.Expr, made: Callable[[], Word]) -> Word:
    """The word of `e` made where `e` stands, and of its kind."""
    outer, c.b.span = c.b.span, e.span
    word = made()
    kind = e.type.kind if isinstance(e.type, t.Number) else None
    if kind is not None and isinstance(word, int):  # a value of a kind has its scale, whatever its digits
        word = c.b.round(word, kind.scale, kind.lo, kind.hi)
    c.b.span = outer
    if isinstance(word, int):
        assert isinstance(e.type, t.Number) and c.b.type(word).shape == e.type.shape, e
        c.watch.expression(c.b, e, word)
    return word


def _operation(c: Lowering, e: t.Operate, first: Word) -> int:
    assert isinstance(first, int)
    return operate(c.b, e, [first, *(c.number(a) for a in e.args[1:])])


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
            return _operation(c, e, c.number(e.args[0]))
        case t.Through():
            return through(c.b, e, [c.number(a) for a in e.args])
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
    """Gone along the arms, then back from the last, at each of which what both sides assigned is merged."""
    choices, last = arms(e)
    before, outer = dict(c.scope), c.b.span
    made: list[tuple[t.Choose, int, int, Word, Scope]] = []
    for choice in choices:
        c.b.span = choice.span
        condition, since = c.number(choice.condition), c.b.next
        c.scope = dict(before)
        made.append((choice, condition, since, c.expression(choice.then), c.scope))
        c.scope = dict(before)
    word, after = c.expression(last), c.scope
    for choice, condition, since, then, after_then in reversed(made):
        c.scope, c.b.span = dict(before), choice.span
        between = Choice(c.b, condition, since, then, word, *after_then.values(), *after.values())
        merge(c, between, after_then, after)
        after, make = c.scope, partial(between.of, then, word)
        word = make() if choice is e else _placed(c, choice, make)
    c.b.span = outer
    return word
