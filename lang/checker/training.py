"""`dpsgd`: where it may stand, what it trains, and what it learns."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction

from lang import typed
from lang.checker.clauses import clauses_of
from lang.checker.context import Context
from lang.checker.failing import Failed
from lang.checker.infer import describe, number, show_shape
from lang.checker.symbols import Bound, DatasetName, Poison, RowName
from lang.kinds import Tensor
from lang.numerals import show_number
from lang.problems.flow import (
    DpsgdInside,
    DpsgdNeedsLoss,
    DpsgdPrivate,
    LossPlace,
    LossTwice,
    NotTrainable,
    TrainedTwice,
)
from lang.problems.names import UnknownDataset
from lang.problems.shapes import WrongShape
from lang.problems.silent import UpdateLost
from lang.source import Span
from lang.syntax import tree
from lang.typed import Momentum, Number


@dataclass(slots=True)
class _Body:
    """What stands before the loss, and the loss or the gradients."""

    statements: list[typed.Statement] = field(default_factory=list[typed.Statement])
    loss: typed.Expr | None = None
    grads: dict[typed.Variable, typed.Expr] = field(default_factory=dict[typed.Variable, typed.Expr])


def dpsgd(context: Context, node: tree.Dpsgd) -> typed.Statement:
    """A Train; raises Failed."""
    check_place(context, node.span, "dpsgd")
    dataset = variables = clauses = body = None
    with context.attempt():
        dataset = dataset_of(context, node.dataset)
    with context.attempt():
        variables = _variables(context, node.variables)
    with context.attempt():
        clauses = clauses_of(context, node, dataset)
    if dataset is None or variables is None:
        raise Failed
    for variable in variables:
        context.known.pop(variable.number, None)
    with context.attempt():
        body = _body(context, node, dataset, variables)
    if clauses is None or body is None:
        raise Failed
    values = clauses.values
    if clauses.update.optimizer == Momentum(Fraction(0)):
        _warn_lost(
            context,
            node,
            variables,
            max(clauses.update.rates) * values["clip"] / sum(clauses.sizes or (values["batch"],)),
        )
    return typed.Train(
        variables,
        dataset.name,
        int(values["batch"]),
        int(values["steps"]),
        values["clip"],
        values["noise"],
        clauses.update,
        clauses.drawn_by,
        tuple(body.statements),
        body.loss,
        tuple((v, body.grads[v]) for v in variables) if body.loss is None else (),
        node.span,
        tuple(name.span for name in node.variables),
        clauses.release,
        clauses.sizes,
    )


def _warn_lost(context: Context, node: tree.Dpsgd, variables: tuple[typed.Variable, ...], longest: Fraction) -> None:
    """The longest update that one row makes is to be seen in each variable's kind."""
    for name, variable in zip(node.variables, variables, strict=True):
        assert isinstance(variable.kind, Tensor)
        kind = variable.kind.scalar
        if longest < kind.scale / 2:
            context.report(UpdateLost(span=name.span, name=name.name, step=show_number(longest), kind=str(kind)))


def check_place(context: Context, start: Span, word: str) -> None:
    """Of a `dpsgd` or a `measure`; raises Failed."""
    around, span = context.around, replace(start, end_line=start.line, end_column=start.column + len(word))
    if around.train_level is not None:
        other = "another " if around.rows == word else "a "
        raise Failed(DpsgdInside(span=span, word=word, where=f"{other}`{around.rows}`"))
    if around.calls:
        raise Failed(DpsgdInside(span=span, word=word, where="a function"))
    if around.value_level is not None:
        raise Failed(DpsgdInside(span=span, word=word, where="an `if` that gives a value"))
    if around.private:
        context.report(DpsgdPrivate(span=span, word=word))


def dataset_of(context: Context, name: tree.Name) -> typed.Dataset:
    symbol = context.meaning(name)
    if isinstance(symbol, DatasetName):
        context.used.add(name.name)
        return symbol.dataset
    if isinstance(symbol, Poison):
        raise Failed
    known = context.scopes.outermost(DatasetName)
    hint = context.near(name.name, known) or f"declare it: `dataset {name.name} from PARTY {{ ... }}`"
    raise Failed(
        UnknownDataset(span=name.span, name=name.name, hint=f"`{name.name}` is {symbol.what}" if symbol else hint)
    )


def _variables(context: Context, names: tuple[tree.Name, ...]) -> tuple[typed.Variable, ...]:
    found: list[typed.Variable] = []
    for name in names:
        with context.attempt():
            symbol = context.find(name)
            if not isinstance(symbol, Bound) or not symbol.variable.mutable or not isinstance(symbol.type, Number):
                what = "a tuple" if isinstance(symbol, Bound) and symbol.variable.mutable else symbol.what
                raise Failed(
                    NotTrainable(span=name.span, name=name.name, what=what, related=((symbol.span, "bound here"),))
                )
            if symbol.variable in found:
                raise Failed(TrainedTwice(span=name.span, name=name.name))
            context.used.add(name.name)
            found.append(symbol.variable)
    if len(found) < len(names):
        raise Failed
    return tuple(found)


# -- body


def _body(context: Context, node: tree.Dpsgd, dataset: typed.Dataset, variables: tuple[typed.Variable, ...]) -> _Body:
    with (
        context.inside(replace(context.around, train_level=len(context.scopes), rows="dpsgd")),
        context.block(node.body.statements),
    ):
        context.bind(node.row, RowName(node.row.span, dataset))
        return _learn(context, node, variables)


def _learn(context: Context, node: tree.Dpsgd, variables: tuple[typed.Variable, ...]) -> _Body:
    body = _Body()
    said, right = 0, 0  # statements of what to learn
    for statement in node.body.statements:
        if isinstance(statement, tree.Loss | tree.Grad):
            with context.attempt():
                if isinstance(statement, tree.Grad):
                    variable, value = _grad(context, statement, variables, body)
                    body.grads[variable] = value
                elif said:
                    raise Failed(LossTwice(span=statement.span, what="a second statement of what to learn"))
                else:
                    body.loss = _loss(context, statement)
                right += 1
            said += 1
        elif said:
            context.report(LossTwice(span=statement.span, what="a statement after what is to be learned"))
        else:
            body.statements += context.statements((statement,))
    if node.body.value is not None:
        raise Failed(LossPlace(span=node.body.value.span, word="a value"))
    if right < said:
        raise Failed
    missing = [v.name for v in variables if v not in body.grads]
    if body.loss is None and missing:
        wanted = "a `grad`" if not body.grads else " and ".join(f"the `grad` of `{name}`" for name in missing)
        raise Failed(DpsgdNeedsLoss(span=node.body.span, missing=wanted))
    return body


def _loss(context: Context, node: tree.Loss) -> typed.Expr:
    with context.inside(replace(context.around, loss=True)):
        value = context.expr(node.value)
    if number(value, "`loss`").shape:
        raise Failed(
            WrongShape(
                span=node.value.span,
                what="`loss`",
                wanted="a scalar",
                given=describe(value.type),
                hint="take the `sum` or the `mean` of it",
            )
        )
    return value


def _grad(
    context: Context, node: tree.Grad, variables: tuple[typed.Variable, ...], body: _Body
) -> tuple[typed.Variable, typed.Expr]:
    name = node.variable
    variable = next((v for v in variables if v.name == name.name), None)
    if variable is None:
        trained = ", ".join(f"`{v.name}`" for v in variables)
        raise Failed(NotTrainable(span=name.span, name=name.name, what=f"not among {trained}"))
    if body.loss is not None or variable in body.grads:
        raise Failed(LossTwice(span=node.span, what=f"a second statement of what `{name.name}` learns"))
    value = context.expr(node.value)
    type_ = number(value, "`grad`")
    symbol = context.find(name)
    assert isinstance(symbol, Bound) and isinstance(symbol.type, Number)
    if type_.shape != symbol.type.shape:
        raise Failed(
            WrongShape(
                span=node.value.span,
                what=f"the gradient of `{name.name}`",
                wanted=show_shape(symbol.type.shape),
                given=show_shape(type_.shape),
            )
        )
    return variable, value
