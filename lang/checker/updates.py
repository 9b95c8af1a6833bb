"""How the weights follow the noisy gradients: the clauses `rate`, `momentum`, `optimizer` and `average`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from fractions import Fraction

from lang import typed
from lang.checker.context import Context
from lang.checker.failing import Failed
from lang.checker.infer import describe
from lang.checker.public import constant, indices
from lang.checker.symbols import Public
from lang.numerals import counted, show_number
from lang.problems.flow import ClausePrivate, ClauseTwice, ClauseUnknown, ClauseValue
from lang.problems.steps import StepClause
from lang.problems.values import TooLarge
from lang.source import Span
from lang.syntax import tree
from lang.typed import Adam, Moment, Momentum, Update

STEP = "t"  # in a `rate`: the number of the step, from 0
CLAUSES = ("rate", "momentum", "optimizer", "average")
MOST_APART = 1 << 14  # steps that have numbers of their own: the schedule holds a table of them
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
        update, done = Update(()), 0
        for clause in self.given.values():
            with context.attempt():
                update = _with(context, update, clause, steps)
                done += 1
        if "momentum" in self.given and "optimizer" in self.given:  # a momentum is an optimizer of its own
            context.report(ClauseTwice(span=self.given["momentum"].name.span, clause="momentum` or `optimizer"))
        if done < len(self.given) or not update.rates:
            raise Failed
        if moment is Moment.END and not update.plain:
            name = next(name for name in ("momentum", "optimizer", "average", "rate") if name in self.given)
            raise Failed(StepClause(span=self.given[name].name.span, clause=name))
        return update


def _with(context: Context, update: Update, clause: tree.Clause, steps: int) -> Update:
    """The update with what one more clause says; raises Failed."""
    match clause.name.name:
        case "rate":
            return replace(update, rates=_rates(context, clause, steps))
        case "average":
            return replace(update, average=_average(context, clause, steps))
        case "momentum":
            return replace(update, optimizer=Momentum(_number(context, clause.value, "momentum", *_BELOW_ONE, "0.9")))
        case "optimizer":
            _in_a_table(clause, steps)
            return replace(update, optimizer=_optimizer(context, clause))
        case name:
            raise AssertionError(f"`{name}` is no clause of an update")


def _rates(context: Context, clause: tree.Clause, steps: int) -> tuple[Fraction, ...]:
    """One for all steps, one for each, or a formula of the step `t`."""
    with context.block(()):
        if context.scopes.find(STEP) is None and _mentions(clause.value, STEP):
            _in_a_table(clause, steps)
            numbers = typed.Const(typed.Number((steps,), True), tuple(map(Fraction, range(steps))), clause.value.span)
            context.bind(tree.Name(STEP, clause.value.span), Public(clause.value.span, numbers, "the step"))
        values = _public(context, clause.value, "rate")
    shape = values.type.shape
    if shape not in ((), (steps,)) or not all(v > 0 for v in values.values):
        bad = next((v for v in values.values if v <= 0), None)
        shown = describe(values.type) if bad is None else show_number(bad)
        wanted = f"above 0: a number, a formula of `{STEP}`, or {counted(steps, 'number')}"
        raise _wrong(clause.value.span, "rate", wanted, shown, "8.0")
    return values.values if len(set(values.values)) > 1 else values.values[:1]


def _mentions(node: object, name: str) -> bool:
    """Does the name stand in an expression?"""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, tree.Name) and part.name == name:
            return True
        if isinstance(part, tuple):
            waiting += part
        elif is_dataclass(part) and not isinstance(part, Span):
            waiting += [getattr(part, f.name) for f in fields(part)]
    return False


def _in_a_table(clause: tree.Clause, steps: int) -> None:
    """Raises Failed where there are too many steps for a number of each."""
    if steps > MOST_APART:
        hint = "give one `rate` for all steps, and no `optimizer`"
        what = f"steps that `{clause.name.name}` tells apart"
        raise Failed(TooLarge(span=clause.value.span, limit=MOST_APART, what=what, hint=hint))


def _average(context: Context, clause: tree.Clause, steps: int) -> int:
    def some(value: Fraction) -> bool:
        return 1 <= value <= steps and value.denominator == 1

    wanted = f"a whole number from 1 to {steps}, the number of steps"
    return int(_number(context, clause.value, "average", wanted, some, str(max(1, steps // 2))))


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
