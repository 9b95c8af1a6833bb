"""`dpsgd`: its clauses, its body, and what it may touch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from lang import typed
from lang.checker.failing import Failed
from lang.checker.infer import describe, number, show_shape
from lang.checker.public import indices
from lang.checker.statements import Statements
from lang.checker.symbols import Bound, DatasetName, PartyName, Poison, RowName
from lang.numerals import show_number
from lang.problems.flow import (
    ClauseMissing,
    ClausePrivate,
    ClauseTwice,
    ClauseUnknown,
    ClauseValue,
    DpsgdInside,
    DpsgdNeedsLoss,
    DpsgdPrivate,
    DpsgdUnbounded,
    LossPlace,
    LossTwice,
    NoiseByReceiver,
    NotTrainable,
    TrainedTwice,
)
from lang.problems.names import UnknownDataset, UnknownParty
from lang.problems.shapes import WrongShape
from lang.syntax import tree
from lang.typed import Number

# clause -> what it must be, the test for it, an example
_CLAUSES: dict[str, tuple[str, Callable[[Fraction], bool], str]] = {
    "batch": ("a whole number above 0", lambda v: v > 0 and v.denominator == 1, "64"),
    "steps": ("a whole number above 0", lambda v: v > 0 and v.denominator == 1, "20"),
    "clip": ("above 0", lambda v: v > 0, "1.0"),
    "noise": ("at least 0", lambda v: v >= 0, "1.69"),
    "rate": ("above 0", lambda v: v > 0, "8.0"),
}


class Training(Statements):
    """Checks `dpsgd` statements."""

    def dpsgd(self, node: tree.Dpsgd) -> typed.Statement:
        start = node.span
        word = replace(start, end_line=start.line, end_column=start.column + len("dpsgd"))
        if self.train_level is not None:
            raise Failed(DpsgdInside(span=word, where="another `dpsgd`"))
        if self.calling:
            raise Failed(DpsgdInside(span=word, where="a function"))
        if self.value_level is not None:
            raise Failed(DpsgdInside(span=word, where="an `if` that gives a value"))
        if self.private:
            self.report(DpsgdPrivate(span=word))
        dataset = variables = clauses = body = None
        with self.attempt():
            dataset = self._dataset(node.dataset)
        with self.attempt():
            variables = self._variables(node.variables)
        with self.attempt():
            clauses = self._clauses(node, dataset)
        if dataset is None or variables is None:
            raise Failed
        with self.attempt():
            body = self._body(node, dataset, variables)
        if clauses is None or body is None:
            raise Failed
        statements, loss, grads = body
        values, drawn_by = clauses
        return typed.Train(
            variables,
            dataset.name,
            int(values["batch"]),
            int(values["steps"]),
            values["clip"],
            values["noise"],
            values["rate"],
            drawn_by,
            tuple(statements),
            loss,
            grads,
            node.span,
            tuple(name.span for name in node.variables),
        )

    def _dataset(self, name: tree.Name) -> typed.Dataset:
        symbol = self.scopes.find(name.name)
        if isinstance(symbol, DatasetName):
            self.used.add(name.name)
            return symbol.dataset
        if isinstance(symbol, Poison):
            raise Failed
        known = [n for n, s in self.scopes.stack[0].names.items() if isinstance(s, DatasetName)]
        hint = self.near(name.name, known) or f"declare it: `dataset {name.name} from PARTY {{ ... }}`"
        raise Failed(
            UnknownDataset(span=name.span, name=name.name, hint=f"`{name.name}` is {symbol.what}" if symbol else hint)
        )

    def _variables(self, names: tuple[tree.Name, ...]) -> tuple[typed.Variable, ...]:
        found: list[typed.Variable] = []
        for name in names:
            with self.attempt():
                symbol = self.find(name.name, name.span)
                if not isinstance(symbol, Bound) or not symbol.variable.mutable or not isinstance(symbol.type, Number):
                    what = "a tuple" if isinstance(symbol, Bound) and symbol.variable.mutable else symbol.what
                    raise Failed(
                        NotTrainable(span=name.span, name=name.name, what=what, related=((symbol.span, "bound here"),))
                    )
                if symbol.variable in found:
                    raise Failed(TrainedTwice(span=name.span, name=name.name))
                self.used.add(name.name)
                found.append(symbol.variable)
        if len(found) < len(names):
            raise Failed
        return tuple(found)

    # -- clauses

    def _clauses(self, node: tree.Dpsgd, dataset: typed.Dataset | None) -> tuple[dict[str, Fraction], str | None]:
        values: dict[str, Fraction] = {}
        drawn_by: str | None = None
        given: set[str] = set()
        for clause in node.clauses:
            name = clause.name.name
            if name not in _CLAUSES:
                self.report(
                    ClauseUnknown(
                        span=clause.name.span,
                        clause=name,
                        hint=self.near(name, list(_CLAUSES)) or "clauses are batch, steps, clip, noise and rate",
                    )
                )
                continue
            if name in given:
                self.report(ClauseTwice(span=clause.name.span, clause=name))
            given.add(name)
            with self.attempt():
                values[name] = self._clause(clause)
            if clause.drawn_by is not None:
                with self.attempt():
                    drawn_by = self._drawn_by(clause, clause.drawn_by, dataset)
        if "clip" not in given:
            self.report(DpsgdUnbounded(span=node.dataset.span))
        if missing := [f"`{name}`" for name in _CLAUSES if name not in given and name != "clip"]:
            raise Failed(ClauseMissing(span=node.dataset.span, missing=_listed(missing), dataset=node.dataset.name))
        if len(values) < len(_CLAUSES):
            raise Failed
        return values, drawn_by

    def _clause(self, clause: tree.Clause) -> Fraction:
        name = clause.name.name
        expr = self.expr(clause.value)
        if indices(expr) is None:
            raise Failed(ClausePrivate(span=clause.value.span, clause=name))
        const = self.constant(expr, f"`{name}`")
        wanted, test, example = _CLAUSES[name]
        if const.type.shape or not test(const.values[0]):
            shown = describe(const.type) if const.type.shape else show_number(const.values[0])
            raise Failed(ClauseValue(span=clause.value.span, clause=name, wanted=wanted, value=shown, example=example))
        return const.values[0]

    def _drawn_by(self, clause: tree.Clause, party: tree.Name, dataset: typed.Dataset | None) -> str:
        if clause.name.name != "noise":
            raise Failed(
                ClauseUnknown(
                    span=party.span,
                    clause=f"{clause.name.name} ... drawn by",
                    hint="`drawn by PARTY` goes with `noise`",
                )
            )
        if not isinstance(self.scopes.find(party.name), PartyName):
            parties = [n for n, s in self.scopes.stack[0].names.items() if isinstance(s, PartyName)]
            raise Failed(UnknownParty(span=party.span, name=party.name, hint=self.near(party.name, parties)))
        if dataset is not None and party.name != dataset.party:
            raise Failed(
                NoiseByReceiver(
                    span=party.span,
                    party=party.name,
                    owner=dataset.party,
                    related=((dataset.span, f"belongs to `{dataset.party}`"),),
                )
            )
        return party.name

    # -- body

    def _body(
        self, node: tree.Dpsgd, dataset: typed.Dataset, variables: tuple[typed.Variable, ...]
    ) -> tuple[list[typed.Statement], typed.Expr | None, tuple[tuple[typed.Variable, typed.Expr], ...]]:
        self.train_level = len(self.scopes)
        try:
            with self.block(node.body.statements):
                self.bind(node.row, RowName(node.row.span, dataset))
                return self._learn(node, variables)
        finally:
            self.train_level = None

    def _learn(
        self, node: tree.Dpsgd, variables: tuple[typed.Variable, ...]
    ) -> tuple[list[typed.Statement], typed.Expr | None, tuple[tuple[typed.Variable, typed.Expr], ...]]:
        statements: list[typed.Statement] = []
        loss: typed.Expr | None = None
        grads: dict[typed.Variable, typed.Expr] = {}
        failed = False
        said = False
        for statement in node.body.statements:
            if isinstance(statement, tree.Loss | tree.Grad):
                try:
                    if isinstance(statement, tree.Loss):
                        if said:
                            raise Failed(LossTwice(span=statement.span, what="a second statement of what to learn"))
                        loss = self._loss(statement)
                    else:
                        variable, value = self._grad(statement, node, variables, loss is not None, grads)
                        grads[variable] = value
                except Failed as error:
                    failed = True
                    for problem in error.problems:
                        self.report(problem)
                said = True
            elif said:
                self.report(LossTwice(span=statement.span, what="a statement after what is to be learned"))
            else:
                statements += self.one_statement(statement)
        if node.body.value is not None:
            raise Failed(LossPlace(span=node.body.value.span, word="a value"))
        if failed:
            raise Failed
        missing = [v.name for v in variables if v not in grads]
        if loss is None and missing:
            wanted = "a `grad`" if not grads else " and ".join(f"the `grad` of `{name}`" for name in missing)
            raise Failed(DpsgdNeedsLoss(span=node.body.span, missing=wanted))
        return statements, loss, tuple((v, grads[v]) for v in variables) if loss is None else ()

    def _loss(self, node: tree.Loss) -> typed.Expr:
        self.in_loss = True
        try:
            value = self.expr(node.value)
        finally:
            self.in_loss = False
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
        self,
        node: tree.Grad,
        train: tree.Dpsgd,
        variables: tuple[typed.Variable, ...],
        has_loss: bool,
        grads: dict[typed.Variable, typed.Expr],
    ) -> tuple[typed.Variable, typed.Expr]:
        name = node.variable
        variable = next((v for v in variables if v.name == name.name), None)
        if variable is None:
            trained = ", ".join(f"`{v.name}`" for v in variables)
            raise Failed(NotTrainable(span=name.span, name=name.name, what=f"not among {trained}"))
        if has_loss or variable in grads:
            raise Failed(LossTwice(span=node.span, what=f"a second statement of what `{name.name}` learns"))
        value = self.expr(node.value)
        type_ = number(value, "`grad`")
        symbol = self.find(name.name, name.span)
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


def _listed(names: list[str]) -> str:
    """`clip`, `noise` and `rate`, with the noun before them."""
    if len(names) == 1:
        return f"the clause {names[0]}"
    return f"the clauses {', '.join(names[:-1])} and {names[-1]}"
