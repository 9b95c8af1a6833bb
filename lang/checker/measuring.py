"""`measure`: the noisy sum of one value over all rows of a data set, bound to a name; each time is paid for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import sqrt

from lang import typed
from lang.checker.blocks import block_value
from lang.checker.clauses import clauses_of
from lang.checker.context import Context
from lang.checker.failing import Failed
from lang.checker.infer import number
from lang.checker.symbols import RowName
from lang.checker.training import check_place, dataset_of
from lang.problems.names import MissingResult
from lang.problems.silent import MeasureRepeated
from lang.source import Span
from lang.syntax import tree
from lang.typed import Number


def measure(context: Context, node: tree.Measure) -> typed.Statement:
    """A Measure; raises Failed.  Its value is exact and of no kind: the noise may be on a finer grid than the sum."""
    check_place(context, node.span, "measure")
    dataset = clauses = found = None
    with context.attempt():
        dataset = dataset_of(context, node.dataset)
    with context.attempt():
        clauses = clauses_of(context, node, dataset)
    if dataset is None:
        raise Failed
    with context.attempt():
        found = _body(context, node, dataset)
    if clauses is None or found is None:
        raise Failed
    body, value = found
    variable = context.fresh(node.name, None)
    type_ = Number(number(value, "`measure`").shape, False)
    context.bind_value(node.name, variable, type_, "a `measure`")
    values = clauses.values
    return typed.Measure(
        variable,
        dataset.name,
        int(values["rows"]),
        values["clip"],
        values["noise"],
        clauses.drawn_by,
        tuple(body),
        value,
        node.span,
        clauses.sizes,
    )


def _body(context: Context, node: tree.Measure, dataset: typed.Dataset) -> tuple[list[typed.Statement], typed.Expr]:
    """What is done with one row, and its value; raises Failed."""
    around = replace(context.around, train_level=len(context.scopes), rows="measure")
    with context.inside(around), context.block(()):
        context.bind(node.row, RowName(node.row.span, dataset))
        statements, value = block_value(context, node.body)
        if value is None:
            raise Failed(MissingResult(span=node.body.span, name=node.name.name))
        number(value, "`measure`")
        return statements, value


def warn_repeated(context: Context, statements: Sequence[typed.Statement]) -> None:
    """A warning for each measure that a loop repeats, unrolled or not: "once an epoch" adds up."""
    times = Counter[tuple[str, Span]]()  # by the place of the name: each iteration of an unrolled loop has its own
    for measured, count in _measured(statements, 1):
        times[measured.variable.name, measured.variable.span] += count if measured.noise else 0
    for (name, span), count in times.items():
        if count > 1:
            context.report(MeasureRepeated(span=span, name=name, times=count, root=f"{sqrt(count):.3g}"))


def _measured(statements: Sequence[typed.Statement], times: int) -> Iterator[tuple[typed.Measure, int]]:
    """Each measure, and how often its loops run it; none stands under a private condition."""
    for statement in statements:
        if isinstance(statement, typed.Measure):
            yield statement, times
        elif isinstance(statement, typed.Repeat):
            yield from _measured(statement.body, times * statement.count)
