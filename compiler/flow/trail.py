"""How a source came to an output, for messages: the places that it passed, in the checked tree.

Whether a program leaks is decided on words (`flow/leaks.py`).  This walks the text in program order
and keeps, for each variable and each source it may carry, the shortest way there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import assert_never

from lang import typed as t
from lang.source import Span
from lang.traverse import Plain, alternatives, arms, operands

Name = tuple[str, int | None]  # an input; or a data set and the `dpsgd` whose row it is read through
Steps = tuple[tuple[Span, str], ...]
Carried = dict[Name, Steps]
MOST_STEPS = 6


def trails(program: t.Program) -> dict[Span, Carried]:
    """For each released expression the way of each source it may carry; at most MOST_STEPS places."""
    walk = _Walk({i.variable.number: {(i.variable.name, None): ()} for i in program.inputs})
    walk.statements(program.statements)
    return {
        span: {name: _shortened(steps, span) for name, steps in carried.items()}
        for span, carried in walk.released.items()
    }


def _shortened(steps: Steps, end: Span) -> Steps:
    """Each place once, without what the message shows as its own; a long way keeps its two ends."""
    kept = tuple((span, what) for span, what in dict(steps).items() if span != end)
    half = MOST_STEPS // 2
    return kept if len(kept) <= MOST_STEPS else kept[:half] + kept[-half:]


def _joined(ways: Iterable[Carried]) -> Carried:
    """Everything that any of them carries, each by its shortest way."""
    found: Carried = {}
    for carried in ways:
        for name, steps in carried.items():
            if name not in found or len(steps) < len(found[name]):
                found[name] = steps
    return found


def _then(carried: Carried, span: Span, what: str) -> Carried:
    return {name: (*steps, (span, what)) for name, steps in carried.items()}


@dataclass
class _Walk:
    """What every variable may carry at this point of the text."""

    scope: dict[int, Carried]
    released: dict[Span, Carried] = field(default_factory=dict[Span, Carried])
    draws: dict[int, int] = field(default_factory=dict[int, int])  # `dpsgd` statements, as lowering counts them
    row: Carried = field(default_factory=dict[Name, Steps])
    outside: frozenset[int] = frozenset()  # of a `dpsgd` body: the variables around it
    inside: int = 0  # calls around

    # -- statements

    def statements(self, statements: Iterable[t.Statement]) -> None:
        for statement in statements:
            match statement:
                case t.Bind(variable=variable, value=value):
                    self.scope[variable.number] = self._named(self.of(value), variable, variable.span)
                case t.Store():
                    self._store(statement)
                case t.Repeat(body=body):
                    self._repeat(body)
                case t.When():
                    self._when(statement)
                case t.Train():
                    self._train(statement)
                case t.Measure():
                    self._measure(statement)
                case t.Release(value=value, span=span):
                    self.released[span] = _joined([self.released.get(span, {}), self.of(value)])
                case _:
                    assert_never(statement)

    def _named(self, carried: Carried, variable: t.Variable, span: Span) -> Carried:
        """Bindings inside a call are left out: the call itself is told."""
        if self.inside or variable.name == "_":
            return carried
        return _then(carried, span, f"passes into `{variable.name}`")

    def _store(self, s: t.Store) -> None:
        chosen = [
            _then(self.of(p.index), p.index.span, "says which element is assigned")
            for p in s.places
            if isinstance(p, t.At) and p.private
        ]
        value = self._named(self.of(s.added or s.value), s.variable, s.span)
        kept = [self.scope[s.variable.number]] if s.fields or s.places or s.added else []
        self.scope[s.variable.number] = _joined([*kept, value, *chosen])

    def _repeat(self, body: tuple[t.Statement, ...]) -> None:
        while True:
            before = self.scope
            self.scope = dict(before)
            self.statements(body)
            self.scope = self._merged(before, self.scope)
            if all(self.scope[number].keys() == carried.keys() for number, carried in before.items()):
                return

    @staticmethod
    def _merged(first: dict[int, Carried], second: dict[int, Carried]) -> dict[int, Carried]:
        return {
            n: second[n] if first.get(n) is second.get(n) else _joined([first.get(n, {}), second.get(n, {})])
            for n in first | second
        }

    def _when(self, when: t.When) -> None:
        before = self.scope
        found: list[tuple[Carried, dict[int, Carried]]] = []
        taken, last = alternatives(when)
        for each in taken:
            condition = _then(self.of(each.condition), each.condition.span, "decides what is assigned")
            found.append((condition, self._after(each.then)))
        after = self._after(last)
        for condition, then in reversed(found):
            merged = self._merged(then, after)
            for number, carried in before.items():
                if then[number] is not carried or after[number] is not carried:
                    merged[number] = _joined([merged[number], condition])
            after = merged
        self.scope = after

    def _after(self, arm: tuple[t.Statement, ...]) -> dict[int, Carried]:
        """What the variables carry after an arm; the walk itself stays before it."""
        before = self.scope
        self.scope = dict(before)
        self.statements(arm)
        after, self.scope = self.scope, before
        return after

    def _train(self, s: t.Train) -> None:
        draw = self.draws.setdefault(id(s), len(self.draws))
        before = dict(self.scope)
        self.row, self.outside = {(s.dataset, draw): ()}, frozenset(before)
        self.statements(s.body)
        learned = _joined(map(self.of, [s.loss] if s.loss is not None else [value for _, value in s.grads]))
        self.scope, self.row, self.outside = before, {}, frozenset()
        if s.noise:
            learned.pop((s.dataset, draw), None)
        how = "is trained on it" if s.noise else "is trained on it, without noise"
        for variable, span in zip(s.variables, s.variable_spans, strict=True):
            self.scope[variable.number] = _joined(
                [before[variable.number], _then(learned, span, f"`{variable.name}` {how}")]
            )

    def _measure(self, s: t.Measure) -> None:
        draw = self.draws.setdefault(id(s), len(self.draws))
        before = dict(self.scope)
        self.row, self.outside = {(s.dataset, draw): ()}, frozenset(before)
        self.statements(s.body)
        found = self.of(s.value)
        self.scope, self.row, self.outside = before, {}, frozenset()
        if s.noise:
            found.pop((s.dataset, draw), None)
        how = "is measured on it" if s.noise else "is measured on it, without noise"
        self.scope[s.variable.number] = _then(found, s.variable.span, f"`{s.variable.name}` {how}")

    # -- expressions

    def of(self, e: t.Expr) -> Carried:
        """What an expression carries."""
        stack, found = [e], list[Carried]()
        while stack:
            inner = stack.pop()
            if isinstance(inner, Plain):
                stack.extend(reversed(operands(inner)))
            else:
                found.append(self._of(inner))
        return found[0] if len(found) == 1 else _joined(found)

    def _of(self, e: t.Read | t.RowField | t.Choose | t.Pick | t.Scope) -> Carried:
        match e:
            case t.Read(variable=variable, span=span):
                carried = self.scope[variable.number]
                return _then(carried, span, "is read here") if variable.number in self.outside else carried
            case t.RowField(span=span):
                return _then(self.row, span, "is read here")
            case t.Choose():
                choices, last = arms(e)
                ways = [self.of(choice.then) for choice in choices] + [self.of(last)]
                for condition in (choice.condition for choice in reversed(choices)):
                    ways.append(_then(self.of(condition), condition.span, "decides which value is taken"))
                return _joined(ways)
            case t.Pick(base=base, places=places):
                private = [p.index for p in places if isinstance(p, t.At) and p.private]
                return _joined(
                    [self.of(base), *(_then(self.of(i), i.span, "says which element is taken") for i in private)]
                )
            case t.Scope(call=call):
                return self._scope(e, call)
            case _:
                assert_never(e)

    def _scope(self, e: t.Scope, call: str) -> Carried:
        self.inside += bool(call)
        self.statements(e.statements)
        carried = self.of(e.value)
        self.inside -= bool(call)
        return _then(carried, e.span, f"passes through `{call}`") if call and not self.inside else carried
