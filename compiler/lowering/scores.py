"""What a loss is taken of: the scores of a record by trained weights, as words that one party can evaluate."""

from __future__ import annotations

from dataclasses import dataclass, replace

from compiler.lowering.context import Lowering, Ways
from compiler.lowering.expressions import expression
from compiler.lowering.lower import statements
from compiler.lowering.watch import Watch
from compiler.words.builder import Builder
from compiler.words.ir import Block, Type
from compiler.words.leaves import type_of
from compiler.words.operations import Entry
from lang import typed as t
from lang.checker.check import deep_stack
from lang.kinds import Kind

ROW, TRAINED = "row of a data set", "trained"  # in the place of a party, where a field or a weight enters


@dataclass(frozen=True, slots=True)
class Scores:
    """A block with one result, of this type; fields and weights enter it under their names, from ROW and TRAINED."""

    loss: t.Loss
    block: Block
    type: Type


def scores(program: t.Program, train: t.Train) -> Scores:
    """Raises ValueError where the scores are not known, and Rejected."""
    if train.loss is None:
        raise ValueError("a `dpsgd` that has gradients and no `loss` has no scores")
    loss, score = _taken_of(train.loss)
    c = Lowering(Builder(), program, Watch(), Ways(expression, statements))

    def entered(name: str, kind: Kind | None, party: str) -> int:
        return c.b.add(Entry(name, party), (), type_of(kind), train.span)

    for i in program.inputs:
        c.scope[i.variable.number] = entered(i.variable.name, i.variable.kind, i.party)
    with deep_stack():
        before = program.statements[: program.statements.index(train)]
        c.statements([s for s in before if not isinstance(s, t.Release)])
        for variable in train.variables:
            c.scope[variable.number] = entered(variable.name, variable.kind, TRAINED)
        (dataset,) = (d for d in program.datasets if d.name == train.dataset)
        c.row = {field.name: entered(field.name, field.kind, ROW) for field in dataset.fields}
        c.statements(train.body)
        result = c.number(score)
    return Scores(loss, c.b.block([result]), c.b.type(result))


def _taken_of(expr: t.Expr) -> tuple[t.Loss, t.Expr]:
    """The loss that is built in, and the first thing it is given, where it stands."""
    match expr:
        case t.Operate(call=t.Call.LOGISTIC | t.Call.SQUARED | t.Call.CROSS_ENTROPY as loss, args=(score, *_)):
            return loss, score
        case t.Operate(call=t.Call.SUM | t.Call.MEAN, args=(inner,)) | t.Convert(value=inner):
            return _taken_of(inner)
        case t.Scope(value=inner):
            loss, score = _taken_of(inner)
            return loss, replace(expr, value=score, type=score.type)
        case _:
            known = ", ".join(sorted(f"`{call.value}`" for call in t.LOSSES))
            raise ValueError(f"the scores of a loss are known if it is one of {known}, or a sum or mean of one")
