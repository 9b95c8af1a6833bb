"""What a plan tells after each step of a training, and what its receiver alone has to do to make a step again.

The steps that are told are numbered through the whole program, in its order: their *index*.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import assert_never

from compiler.schedule.plan import (
    PUBLIC,
    Carry,
    Clear,
    Copy,
    Disclose,
    Enter,
    Free,
    Hand,
    Launch,
    Open,
    Plan,
    Product,
    Repeat,
    Step,
    Tell,
)
from compiler.words.ir import Type


@dataclass(frozen=True, slots=True)
class Training:
    """A loop whose noisy sums are told after each step."""

    loop: Repeat
    draw: int  # which `dpsgd` of the program
    first: int  # the index of its first step
    to: str
    sums: tuple[tuple[int, Type], ...]  # by variable

    @property
    def carried(self) -> tuple[Type, ...]:
        """What its steps hand on: the variables, in their order, and what their update carries beside."""
        return next(step.types for step in reversed(self.loop.body) if isinstance(step, Carry))

    @property
    def after(self) -> int:
        """The index behind its last step."""
        return self.first + self.loop.count


def trainings(plan: Plan) -> tuple[Training, ...]:
    """In the order of the plan, which has been verified: none of them stands in another loop."""
    found: list[Training] = []
    for step in plan.steps:
        if isinstance(step, Repeat):
            told = [s for s in step.body if isinstance(s, Disclose | Hand)]
            if told:
                sums = tuple((s.told.variable, s.type) for s in told)
                first = found[-1].after if found else 0
                found.append(Training(step, told[0].told.draw, first, told[0].to, sums))
    return tuple(found)


def told_steps(plan: Plan) -> int:
    """How many steps are told in a run."""
    return max((training.after for training in trainings(plan)), default=0)


def left(plan: Plan, first: int) -> Plan:
    """What there is to do jointly in a run that goes on with the step of this index; all of it from 0 on."""
    of = {id(training.loop): training for training in trainings(plan)}
    steps: list[Step] = []
    for step in plan.steps:
        training = of.get(id(step))
        if training is None or not isinstance(step, Repeat):
            steps.append(step)
        elif first < training.after:
            steps.append(replace(step, count=step.count - max(0, first - training.first)))
    return replace(plan, steps=tuple(steps)) if first else plan


def opens(plan: Plan) -> bool:
    """Whether outputs open at the end of a run."""
    return any(isinstance(step, Open) for step in plan.steps)


def again(training: Training) -> tuple[Step, ...]:
    """Those steps of the body that make of the noisy sums, which are known, what the loop carries."""
    return tuple(_needed(training))[::-1]


def _needed(training: Training) -> Iterator[Step]:
    """Last first."""
    needed: set[int] = set()
    for step in reversed(training.loop.body):
        match step:
            case Carry():
                needed.update(step.sources)
                yield step
            case Clear():
                if step.party in (PUBLIC, training.to) and not needed.isdisjoint(step.writes):
                    needed.update(step.reads)
                    yield step
            case Disclose() | Hand():
                needed.discard(step.clear)
                yield step
            case Product():
                assert needed.isdisjoint(step.shares), "a step is made of shares that are not told"
            case Launch() | Enter() | Open() | Tell() | Copy() | Free() | Repeat():
                pass
            case _:
                assert_never(step)
