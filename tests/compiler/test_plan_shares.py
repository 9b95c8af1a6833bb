"""Where shares go in a plan: what the compiler makes passes, anything else is refused when an artifact is loaded."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from support.damaged_plans import Damage, edited, nth

from compiler import artifact, pipeline
from compiler.joint.shares import Products
from compiler.program import Compiled
from compiler.schedule.plan import Clear, Copy, Enter, Launch, Open, Plan, Product, Repeat, Step, Tell
from compiler.schedule.shares import ShareError, verify
from lang.syntax.load import read

LAYERS = Path(__file__).parent / "words" / "layers.ccr"


@cache
def compiled() -> Compiled:
    return pipeline.build(pipeline.understand(read(LAYERS)), Products.SHARES)


def body(plan: Plan) -> tuple[Step, ...]:
    return nth(plan.steps, Repeat).body


def product(plan: Plan) -> Product:
    return nth(body(plan), Product)


def share(plan: Plan, party: str) -> Enter:
    """The party's first entry of what it made of shares."""
    made = {n for s in body(plan) if isinstance(s, Product) for n in s.shares}
    for step in body(plan):
        if isinstance(step, Clear) and made & {*step.reads}:
            made |= {*step.writes}
    return next(s for s in body(plan) if isinstance(s, Enter) and s.clear in made and s.party == party)


def with_step(find: Callable[[Plan], Step], change: Callable[[Plan, Step], tuple[Step, ...]]) -> Damage:
    def damage(plan: Plan) -> Plan:
        old = find(plan)
        return edited(old, *change(plan, old))(plan)

    return damage


def last_open(plan: Plan) -> Step:
    return nth(plan.steps, Open)


def opened_share(plan: Plan, old: Step) -> tuple[Step, ...]:
    entry = share(plan, "vendor")
    return (old, Open("s", entry.buffer, entry.type, ("vendor",)))


def told_share(plan: Plan, old: Step) -> tuple[Step, ...]:
    return (old, Tell("s", product(plan).shares[0], product(plan).type, ("clinic",)))


def reads_the_others(plan: Plan, old: Step) -> tuple[Step, ...]:
    found = product(plan)
    block = replace(nth(body(plan), Clear).block, params=(found.type,), items=(), results=(0,))
    return (old, Clear("clinic", block, (found.shares[1],), (9999,)))


def copied(plan: Plan, old: Step) -> tuple[Step, ...]:
    assert isinstance(old, Enter)
    copy = nth(plan.steps, Copy)
    return (old, replace(copy, source=replace(copy.source, buffer=old.buffer)))


def by_a_share(plan: Plan, old: Step) -> tuple[Step, ...]:
    assert isinstance(old, Enter)
    found = product(plan)
    return (old, replace(found, joint=replace(found.joint, buffer=old.buffer), shares=(9998, 9999)))


def narrow(plan: Plan, old: Step) -> tuple[Step, ...]:
    assert isinstance(old, Enter)
    return (replace(old, type=replace(old.type, lo=old.type.lo + 1)),)


def swapped(plan: Plan, old: Step) -> tuple[Step, ...]:
    assert isinstance(old, Product)
    return (replace(old, parties=old.parties[::-1]),)


def entered_by_the_other(plan: Plan, old: Step) -> tuple[Step, ...]:
    assert isinstance(old, Enter)
    return (replace(old, party="clinic"),)


def then(find: Callable[[Plan], Step]) -> Callable[[Plan, Step], tuple[Step, ...]]:
    return lambda plan, old: (old, find(plan))


DAMAGES: dict[str, tuple[Damage, str]] = {
    "a share given away": (with_step(lambda p: share(p, "vendor"), opened_share), "a share is given away"),
    "a share told": (with_step(last_open, told_share), "a share is told"),
    "parties that changed sides": (with_step(product, swapped), "not its garbler's and its evaluator's"),
    "a product outside the loop": (
        with_step(lambda p: nth(p.steps, Repeat), lambda p, old: (product(p), old)),
        "outside the loops",
    ),
    "the other party's share read": (with_step(product, reads_the_others), "reads a share that is not its own"),
    "the other party's share entered": (
        with_step(lambda p: share(p, "vendor"), entered_by_the_other),
        "another party's",
    ),
    "a share in less than a ring": (with_step(lambda p: share(p, "vendor"), narrow), "which is not a ring"),
    "a share copied": (with_step(lambda p: share(p, "vendor"), copied), "copied before it is joined"),
    "a share that shares are made with": (with_step(lambda p: share(p, "vendor"), by_a_share), "the bits of a share"),
    "an entry behind an output": (with_step(last_open, then(lambda p: share(p, "vendor"))), "is entered after"),
    "a product behind an output": (with_step(last_open, then(product)), "joint work after"),
    "a launch behind an output": (with_step(last_open, then(lambda p: nth(body(p), Launch))), "joint work after"),
    "a loop behind an output": (with_step(last_open, then(lambda p: nth(p.steps, Repeat))), "joint work after"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_refused_by_its_rule(name: str) -> None:
    damage, rule = DAMAGES[name]
    program = compiled()
    verify(program.plan, program.garbler, program.evaluator, True)
    with pytest.raises(ShareError) as error:
        verify(damage(program.plan), program.garbler, program.evaluator, True)
    assert re.search(rule, str(error.value)), error.value


def test_products_need_noise() -> None:
    program = compiled()
    with pytest.raises(artifact.ArtifactError, match="without noise"):
        artifact.decode(artifact.encode(replace(program, mechanisms=())))


def test_an_artifact_with_shares_is_loaded() -> None:
    program = compiled()
    assert artifact.decode(artifact.encode(program)) == program


def test_an_artifact_whose_parties_changed_sides_is_not_loaded() -> None:
    program = compiled()
    other = replace(program, garbler=program.evaluator, evaluator=program.garbler)
    with pytest.raises(artifact.ArtifactError, match="not its garbler's and its evaluator's"):
        artifact.decode(artifact.encode(other))
