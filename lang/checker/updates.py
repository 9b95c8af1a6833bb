"""How the weights follow the noisy gradients: the clauses `rate`, `momentum`, `optimizer` and `average`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from lang import typed
from lang.checker.context import Context
from lang.checker.failing import Failed
from lang.checker.infer import describe
from lang.checker.public import constant, indices
from lang.checker.symbols import Public
from lang.numerals import show_number
from lang.problems.flow import ClausePrivate, ClauseTwice, ClauseUnknown, ClauseValue
from lang.problems.steps import StepClause
from lang.source import Span
from lang.syntax import tree
from lang.typed import Adam, Moment, Momentum, Update

STEP = "t"  # in a `rate`: the number of the step, from 0
CLAUSES = ("rate", "momentum", "optimizer", "average")
_BELOW_ONE = ("at least 0 and below 1", lambda v: 0 <= v < 1)
# option of `adam` -> what it must be, the test for it, what it is if it is not given
_ADAM: Mapping[str, tuple[str, Callable[[Fraction], bool], Fraction]] = {
    "beta1": (*_BELOW_ONE, Fraction(9, 10)),
    "beta2": (*_BELOW_ONE, Fraction(999, 1000)),
    "epsilon": ("above 0", lambda v: v > 0, Fraction(1, 10**8)),
}


@dataclass
class Updates:
    """The clauses as they are met; nothing is looked at before all are, for `steps` may stand behind."""

    given: dict[str, tree.Clause] = field(default_factory=dict[str, tree.Clause])

    def update(self, context: Context, steps: int, moment: Moment) -> Update:
        """Raises Failed."""
        rates: tuple[Fraction, ...] | None = None
        optimizer: Momentum | Adam | None = Momentum(Fraction(0))
        average: int | None = 0
        for name, clause in self.given.items():
            with context.attempt():
                match name:
                    case "rate":
                        rates = None
                        rates = _rates(context, clause, steps)
                    case "average":
                        average = None
                        average = _average(context, clause, steps)
                    case "momentum":
                        optimizer = None
                        factor = _number(context, clause.value, "momentum", *_BELOW_ONE, "0.9")
                        optimizer = Momentum(factor)
                    case "optimizer":
                        optimizer = None
                        optimizer = _optimizer(context, clause)
                    case _:
                        raise AssertionError(f"`{name}` is no clause of an update")
        self._at_most_one(context)
        if rates is None or optimizer is None or average is None:
            raise Failed
        update = Update(rates, optimizer, average)
        if moment is Moment.END and not update.plain:
            names = [name for name in ("momentum", "optimizer", "average", "rate") if name in self.given]
            raise Failed(StepClause(span=self.given[names[0]].name.span, clause=names[0]))
        return update

    def _at_most_one(self, context: Context) -> None:
        """A momentum is an optimizer of its own."""
        if "momentum" in self.given and "optimizer" in self.given:
            context.report(ClauseTwice(span=self.given["momentum"].name.span, clause="momentum` or `optimizer"))


def _rates(context: Context, clause: tree.Clause, steps: int) -> tuple[Fraction, ...]:
    """One for all steps, one for each, or a formula of the step `t`."""
    numbers = typed.Const(typed.Number((steps,), True), tuple(map(Fraction, range(steps))), clause.value.span)
    with context.block(()):
        if context.scopes.find(STEP) is None:
            context.bind(tree.Name(STEP, clause.value.span), Public(clause.value.span, numbers, "the step"))
        values = _public(context, clause.value, "rate")
    shape = values.type.shape
    if shape not in ((), (steps,)) or not all(v > 0 for v in values.values):
        bad = next((v for v in values.values if v <= 0), None)
        shown = describe(values.type) if bad is None else show_number(bad)
        wanted = f"above 0: a number, a formula of `{STEP}`, or {steps} numbers"
        raise _wrong(clause.value.span, "rate", wanted, shown, "8.0")
    return values.values if len(set(values.values)) > 1 else values.values[:1]


def _average(context: Context, clause: tree.Clause, steps: int) -> int:
    wanted = f"a whole number from 1 to {steps}, the number of steps"
    test: Callable[[Fraction], bool] = lambda v: 1 <= v <= steps and v.denominator == 1  # noqa: E731
    return int(_number(context, clause.value, "average", wanted, test, str(max(1, steps // 2))))


def _optimizer(context: Context, clause: tree.Clause) -> Adam:
    """`adam(beta1, beta2, epsilon)`, each by place or by name."""
    call = clause.value
    if not isinstance(call, tree.Invoke) or call.name.name != "adam":
        raise _wrong(call.span, "optimizer", "`adam(...)`", "something else", "adam(beta1 = 0.9, beta2 = 0.999)")
    given = dict(zip(_ADAM, call.args, strict=False))
    if len(call.args) > len(_ADAM):
        shown = f"{len(call.args)} numbers"
        raise _wrong(call.span, "optimizer", f"`adam` of at most {len(_ADAM)}", shown, "adam(0.9, 0.999, 1e-8)")
    for name, value in call.options:
        if name.name not in _ADAM:
            hint = context.near(name.name, list(_ADAM)) or "`adam` takes beta1, beta2 and epsilon"
            raise Failed(ClauseUnknown(span=name.span, word="adam", clause=name.name, hint=hint))
        if name.name in given:
            raise Failed(ClauseTwice(span=name.span, clause=name.name))
        given[name.name] = value
    found = {
        name: _number(context, given[name], name, wanted, test, show_number(usual)) if name in given else usual
        for name, (wanted, test, usual) in _ADAM.items()
    }
    return Adam(found["beta1"], found["beta2"], found["epsilon"])


def _number(
    context: Context, node: tree.Expr, name: str, wanted: str, test: Callable[[Fraction], bool], example: str
) -> Fraction:
    const = _public(context, node, name)
    if const.type.shape or not test(const.values[0]):
        shown = describe(const.type) if const.type.shape else show_number(const.values[0])
        raise _wrong(node.span, name, wanted, shown, example)
    return const.values[0]


def _public(context: Context, node: tree.Expr, name: str) -> typed.Const:
    expr = context.expr(node)
    if indices(expr) is None:
        raise Failed(ClausePrivate(span=node.span, clause=name))
    return constant(expr, f"`{name}`")


def _wrong(span: Span, name: str, wanted: str, value: str, example: str) -> Failed:
    return Failed(ClauseValue(span=span, clause=name, wanted=wanted, value=value, example=example))
