"""Clipping without a norm: of a linear regression the error is clamped, since the norm of a row is bounded already.

The gradient of squared(dot(w, x), y) is (dot(w, x) - y) x.  Where the data set promises |x| <= c, an error of at most
clip / c in magnitude bounds it by structure, and no gradient has to be scaled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from compiler.savings.edits import Edit, text_of
from lang import typed as t
from lang.numerals import show_number
from lang.source import Source
from lang.syntax import tree
from lang.syntax.parse import parse
from lang.traverse import walk


def clamped(program: t.Program, file: Source) -> Iterator[Edit]:
    """For each `loss squared(dot(w, row.x), ...)` of the program's own `file` the gradient with a clamped error."""
    written = {(n.span.line, n.span.column): n for n in parse(file).items if isinstance(n, tree.Dpsgd)}
    norms = {(d.name, f.name): f.norm for d in program.datasets for f in d.fields}
    for node in walk(program.statements):
        if not isinstance(node, t.Train) or not isinstance(loss := node.loss, t.Operate) or len(node.variables) > 1:
            continue
        place, x = written.get((node.span.line, node.span.column)), _field(node, loss)
        norm = norms.get((node.dataset, x)) if x else None
        if place and norm:
            yield from _edits(node, loss, place, f"{place.row.name}.{x}", show_number(node.clip / norm))


def _edits(node: t.Train, loss: t.Operate, place: tree.Dpsgd, x: str, most: str) -> Iterator[Edit]:
    guess, truth = (text_of(arg.span) for arg in loss.args)
    gradient = f"grad {node.variables[0].name} = clamp(({guess}) - ({truth}), -{most}, {most}) * {x};"
    for statement in place.body.statements:
        if isinstance(statement, tree.Loss):
            yield Edit(statement.span, gradient)


def _field(node: t.Train, loss: t.Operate) -> str | None:
    """The field that the trained variable is multiplied by, if that is all that the loss's first operand is."""
    if loss.call is not t.Call.SQUARED:
        return None
    made = {s.variable: s.value for s in node.body if isinstance(s, t.Bind)}
    guess = _resolved(loss.args[0], made)
    if not isinstance(guess, t.Operate) or guess.call not in (t.Call.DOT, t.Call.MATMUL):
        return None
    factors = [_resolved(arg, made) for arg in guess.args]
    fields = [f.name for f in factors if isinstance(f, t.RowField)]
    weights = [f for f in factors if isinstance(f, t.Read) and f.variable in node.variables]
    return fields[0] if len(fields) == len(weights) == 1 else None


def _resolved(expr: t.Expr, made: Mapping[t.Variable, t.Expr]) -> t.Expr:
    """Behind names and kinds."""
    while isinstance(expr, t.Convert) or (isinstance(expr, t.Read) and expr.variable in made):
        expr = expr.value if isinstance(expr, t.Convert) else made[expr.variable]
    return expr
