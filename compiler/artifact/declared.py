"""What an artifact says of a program beside its plan, held to what makes sense and to the plan."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from compiler.joint.choices import Evaluator
from compiler.program import Compiled
from compiler.schedule.plan import Open, Tell
from compiler.schedule.told import trainings
from compiler.words.ir import Type, full_range
from compiler.words.operations import PUBLIC


def wrong(program: Compiled) -> Iterator[str]:
    """What a party that loads, or an accountant, could not make sense of."""
    yield from _parties(program)
    yield from _promises(program)
    yield from _disjoint(program)
    yield from _reveals(program)
    yield from _mechanisms(program)


def otherwise(program: Compiled) -> Iterator[str]:
    """Outputs that the plan has otherwise; the plan has been verified."""
    given = [step for step in program.plan.steps if isinstance(step, Open | Tell)]
    if [(step.name, step.to) for step in given] != [(output.name, output.receivers) for output in program.outputs]:
        yield "has a plan that gives its outputs to others than it says"
        return
    for step, output in zip(given, program.outputs, strict=True):
        if (step.type.shape, step.type.scale) != (output.type.shape, output.type.scale):
            yield f"has a plan that gives another `{output.name}` than it says"
    told = [(t.draw, t.to, t.loop.count, tuple(variable for variable, _ in t.sums)) for t in trainings(program.plan)]
    if sorted(told) != sorted((m.draw, m.to, m.steps, tuple(range(len(m.sizes)))) for m in program.mechanisms if m.to):
        yield "has a plan that tells other steps than it says"


def _parties(program: Compiled) -> Iterator[str]:
    parties = program.parties
    if len(parties) != 2 or {program.garbler, program.evaluator} != set(parties):
        yield "has parties that are not its garbler and its evaluator"
    owned = {d.party for d in program.datasets}
    owners = set(program.owners)
    if owners and (len(owners) < 2 or not owned or owned - owners or owners >= set(parties)):
        yield "is of several owners, and not of one of them"
    if len(owned) > 1:
        yield "has data sets of two parties"
    if program.datasets and program.taken_for is not Evaluator.MALICIOUS:
        yield "takes the evaluator for honest where a data set is at stake"
    asked = [
        *((entry.name, entry.party, [type]) for entry, type, _ in program.inputs),
        *((d.name, d.party, [f.type for f in d.fields]) for d in program.datasets),
    ]
    if len({name for name, _, _ in asked}) < len(asked):
        yield "has two inputs of one name"
    for name, party, kinds in asked:
        if party not in parties:
            yield f"asks `{party}` for `{name}`, who is not a party"
        if not all(map(_of_a_kind, kinds)):
            yield f"asks for a `{name}` that is of no kind"


def _promises(program: Compiled) -> Iterator[str]:
    for d in program.datasets:
        shapes = {f.name: f.type.shape for f in d.fields}
        for c in (c for f in d.fields for c in f.where):
            of = [shapes.get(name) for name in (c.field, *([c.other] if c.other else []))]
            if None in of or (len(set(of)) > 1 and () not in of):
                yield f"promises of `{d.name}` what no row can be held to"


def _disjoint(program: Compiled) -> Iterator[str]:
    named = [name for names in program.disjoint for name in names]
    if len(set(named)) < len(named) or not set(named) <= {d.name for d in program.datasets}:
        yield "says of data sets that they have no person in common, which it does not have or has said before"


def _of_a_kind(type: Type) -> bool:
    """Whole words, with so many bits after the point: what `kind_of` of a party's sources makes of it is true."""
    bits = type.scale.denominator.bit_length() - 1
    whole = (type.lo, type.hi) == full_range(type.width, type.signed)
    return whole and type.scale == Fraction(1, 1 << bits) and all(n > 0 for n in type.shape)


def _reveals(program: Compiled) -> Iterator[str]:
    known = {d.name for d in program.datasets}
    for output in program.outputs:
        if not set(output.carries) <= known or (output.carries and not output.revealed):
            yield f"carries records in `{output.name}` that it does not reveal"


def _mechanisms(program: Compiled) -> Iterator[str]:
    owners = {d.name: d.party for d in program.datasets}
    for m in program.mechanisms:
        if m.dataset not in owners or m.drawn_by not in (PUBLIC, owners[m.dataset]):
            yield f"has noise on `{m.dataset}` that its owner has no part in"
        if m.to and (m.to not in program.parties or m.to == owners.get(m.dataset)):
            yield f"tells each step on `{m.dataset}` to nobody who may learn it"
        counted = 0 < m.batch <= m.slots and min((m.steps, *m.sizes)) > 0
        counted = counted and (m.batch == m.slots or not m.whole)
        if not (counted and m.clip > 0 and m.noise_multiplier > 0):
            yield f"says of the noise on `{m.dataset}` what cannot be"
