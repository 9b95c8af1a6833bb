"""The clear steps of a plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from compiler.schedule.plan import Clear, Repeat, Step


def clear_steps(steps: Iterable[Step]) -> Iterator[Clear]:
    for step in steps:
        if isinstance(step, Repeat):
            yield from clear_steps(step.body)
        elif isinstance(step, Clear):
            yield step
