"""The checked tree -> words: private branches become selects, assignments become new values."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import prod
from typing import assert_never

from compiler.lowering.chains import Arm, chosen
from compiler.lowering.context import Lowering, Scope, Ways
from compiler.lowering.expressions import expression
from compiler.lowering.loops import repeat
from compiler.lowering.places import picked, replaced
from compiler.lowering.watch import Watch
from compiler.training.dpsgd import train
from compiler.training.grad import reads, reverse
from compiler.training.loss import seeds
from compiler.training.measure import measure
from compiler.words.builder import Abandoned, Builder
from compiler.words.ir import Dataset, Field, Output, Words
from compiler.words.leaves import Word, flatten, type_of
from compiler.words.operations import Entry
from lang import traverse
from lang import typed as t
from lang.problems.problem import Rejected
from lang.problems.silent import LossIgnores


def lower(program: t.Program, watch: Watch | None = None) -> Words:
    """The whole program as words; raises Rejected with everything that this compiler cannot do."""
    lowering = Lowering(Builder(), program, watch or Watch(), Ways(expression, statements))
    for i in program.inputs:
        type = type_of(i.variable.kind)
        lowering.scope[i.variable.number] = lowering.b.add(Entry(i.variable.name, i.party), (), type, i.span)
    lowering.statements(program.statements)
    if lowering.problems:
        raise Rejected(list(lowering.problems.values()))
    return Words(
        parties=program.parties,
        inputs=tuple((Entry(i.variable.name, i.party), type_of(i.variable.kind)) for i in program.inputs),
        datasets=tuple(
            Dataset(d.name, d.party, tuple(Field(f.name, type_of(f.kind), f.norm, f.where) for f in d.fields))
            for d in program.datasets
        ),
        block=lowering.b.block([o.value for o in lowering.outputs]),
        outputs=tuple(lowering.outputs),
    )


def statements(c: Lowering, statements: Sequence[t.Statement]) -> None:
    """One after the other; what is wrong with one is kept, what it would have bound is 0, and the rest goes on."""
    outer = c.b.span
    for statement in statements:
        c.b.span = statement.span
        try:
            _statement(c, statement)
        except Abandoned:
            raise
        except Rejected as rejected:
            c.problems |= {(p.code, p.span): p for p in rejected.problems}
            if isinstance(statement, t.Bind):
                c.scope[statement.variable.number] = _zero(c, statement.value.type)
    c.b.span = outer


def _statement(c: Lowering, statement: t.Statement) -> None:
    match statement:
        case t.Bind():
            word = c.scope[statement.variable.number] = c.expression(statement.value)
            c.watch.variable(c.b, statement.variable.name, statement.value, flatten(word))
        case t.Store():
            _store(c, statement)
        case t.Repeat():
            repeat(c, statement)
        case t.When():
            _when(c, statement)
        case t.Train():
            _train(c, statement)
        case t.Measure():
            _measure(c, statement)
        case t.Release():
            _release(c, statement)
        case _:
            assert_never(statement)


def _zero(c: Lowering, type: t.TypeOf) -> Word:
    if isinstance(type, t.Pair):
        return tuple(_zero(c, f) for f in type.fields)
    word, kind = c.b.const([Fraction(0)], type.shape), type.kind
    return word if kind is None else c.b.round(word, kind.scale, kind.lo, kind.hi)


def _store(c: Lowering, s: t.Store) -> None:
    number = s.variable.number
    value = _sum(c, s) if c.added and number in c.added.kinds else c.expression(s.value)
    if not (s.fields or s.places):
        c.watch.variable(c.b, s.variable.name, s.value, flatten(value))
    c.scope[number] = replaced(c, c.scope[number], s.fields, s.places, value)


def _sum(c: Lowering, s: t.Store) -> int:
    """What has been added to a place so far, and what is added now."""
    assert c.added and s.added and isinstance(s.value.type, t.Number)
    old, new = c.scope[s.variable.number], c.number(s.added)
    assert isinstance(old, int)
    private = any(isinstance(p, t.At) and p.private for p in s.places)
    size = prod(c.b.type(old).shape if private else s.value.type.shape)
    c.added.note(s.variable.number, c.b.type(new), size)
    old = picked(c, old, s.places) if s.places else old
    total = c.b.add2(old, c.b.broadcast(new, c.b.type(old).shape))
    scale = c.added.kinds[s.variable.number].scalar.scale
    return c.b.round(total, scale, *(int(end / scale) for end in c.b.bounds(total)))


def _when(c: Lowering, s: t.When) -> None:
    alternatives, last = traverse.alternatives(s)
    before, outer, made = dict(c.scope), c.b.span, list[Arm]()
    for each in alternatives:
        c.b.span = each.span
        condition, since = c.number(each.condition), c.b.next
        made.append(Arm(each.span, condition, since, _arm(c, each.then)))
    after, c.scope = _arm(c, last), before  # without what the conditions have bound
    c.scope = chosen(c, made, after)
    c.b.span = outer


def _arm(c: Lowering, statements: Sequence[t.Statement]) -> Scope:
    """What the variables hold after the statements; this lowering's own scope is left as it was."""
    before = dict(c.scope)
    c.statements(statements)
    after, c.scope = c.scope, before
    return after


def _train(c: Lowering, s: t.Train) -> None:
    weights = [c.scope[v.number] for v in s.variables]

    def gradients(inside: Builder, row: dict[str, int], values: list[int]) -> list[int]:
        """The body for one row, then the gradient of each variable."""
        example = c.one_row(inside, row)
        example.scope.update(zip((v.number for v in s.variables), values, strict=True))
        example.statements(s.body)
        if s.loss is None:
            return [example.number(e) for _, e in s.grads]
        inside.span = s.loss.span
        start = seeds(inside, example, s.loss)
        inside.span = s.span
        found = reverse(inside, start, values)
        seen = reads(inside, [word for seed in start for word in seed])
        for v, value, gradient in zip(s.variables, values, found, strict=True):
            if value not in seen:
                raise Rejected([LossIgnores(span=s.loss.span, name=v.name)])
            if inside.constant(gradient) == 0:
                c.watch.flat(s.loss, v)
        return found

    after = train(c.b, s, c.program, [leaf for w in weights for leaf in flatten(w)], gradients, next(c.trainings))
    c.watch.training(c.b, s, after)
    c.scope.update(zip((v.number for v in s.variables), after, strict=True))


def _measure(c: Lowering, s: t.Measure) -> None:
    def value(inside: Builder, row: dict[str, int]) -> int:
        """The body for one row."""
        example = c.one_row(inside, row)
        example.statements(s.body)
        return example.number(s.value)

    after = c.scope[s.variable.number] = measure(c.b, s, c.program, value, next(c.trainings))
    c.watch.measuring(c.b, s, after)


def _release(c: Lowering, s: t.Release) -> None:
    for position, leaf in enumerate(leaves := flatten(c.expression(s.value))):
        name = s.name if len(leaves) == 1 else f"{s.name}.{position}"
        c.outputs.append(Output(name, leaf, s.receivers, s.reveal, s.span))
