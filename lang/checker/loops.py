"""`for`: a loop stays one unless its body needs the value of the index; one that never runs is only checked."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from fractions import Fraction

from lang import typed
from lang.checker.blocks import body
from lang.checker.context import Context
from lang.checker.counters import changed_in, counted, entered, left
from lang.checker.failing import Failed, NeedsIndex
from lang.checker.findings import of_no_value
from lang.checker.public import whole
from lang.checker.symbols import Public
from lang.problems.shapes import SliceBackwards
from lang.problems.values import UnrolledTooFar
from lang.syntax import tree
from lang.typed import Const, Number

MAX_UNROLLED = 4096


def repeat(context: Context, node: tree.For) -> list[typed.Statement]:
    """A Repeat, or its iterations one after the other; raises Failed."""
    start, end = 0, 0
    with context.attempt() if context.around.never else nullcontext():
        start, end = _bounds(context, node)
    if context.around.never or start == end:
        _never(context, node, start)
        return []
    variable = context.fresh(node.index, None)
    context.ranges[variable.number] = (start, end - 1)
    index = typed.IndexOf(Number((), True), variable, node.index.span)
    while True:
        found, unrolled, known = context.findings.saved(), context.unrolled, dict(context.known)
        unroll = False
        try:
            done = _kept(context, node, index, start, end)
        except NeedsIndex as needed:
            if needed.index != variable:
                raise
            done, unroll = None, True
        if done is not None:
            return done
        context.findings.restore(found)
        context.unrolled, context.known = unrolled, known
        if unroll:
            return _unroll(context, node, start, end)


def _bounds(context: Context, node: tree.For) -> tuple[int, int]:
    start = whole(context.expr(node.start), "a loop bound")
    end = whole(context.expr(node.end), "a loop bound")
    if end < start:
        bounds = replace(node.start.span, end_line=node.end.span.end_line, end_column=node.end.span.end_column)
        raise Failed(SliceBackwards(span=bounds, start=start, end=end))
    return start, end


def _never(context: Context, node: tree.For, start: int) -> None:
    """The body of a loop without iterations is looked at, and changes nothing."""
    known, context.known = context.known, dict(context.known)
    with context.never_run(of_no_value):
        _iteration(context, node, Const(Number((), True), (Fraction(start),), node.index.span))
    context.known = known


def _kept(context: Context, node: tree.For, index: typed.IndexOf, start: int, end: int) -> list[typed.Statement] | None:
    """A Repeat; None if a variable that seemed to count does not, which is then known."""
    before, changed = dict(context.known), changed_in(context, node.body)
    steps = entered(context, node, changed, index, start)
    done = _iteration(context, node, index)
    if not counted(context, before, steps, index, start):
        return None
    left(context, before, changed, steps, end - start)
    return [typed.Repeat(index.variable, start, end - start, tuple(done), node.span)]


def _unroll(context: Context, node: tree.For, start: int, end: int) -> list[typed.Statement]:
    done: list[typed.Statement] = []
    for value in range(start, end):
        context.unrolled += 1
        if context.unrolled > MAX_UNROLLED:
            raise Failed(UnrolledTooFar(span=node.index.span, limit=MAX_UNROLLED))
        done += _iteration(context, node, Const(Number((), True), (Fraction(value),), node.index.span))
    return done


def _iteration(context: Context, node: tree.For, index: typed.Expr) -> list[typed.Statement]:
    with context.scopes.inner():
        context.bind(node.index, Public(node.index.span, index, "a loop index"))
        return body(context, node.body)
