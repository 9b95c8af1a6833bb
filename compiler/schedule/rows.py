"""Table rows numbered through the whole run, and buffers freed after their last use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from compiler.schedule.plan import (
    Carry,
    Clear,
    Copy,
    Disclose,
    Enter,
    Free,
    Hand,
    Kernel,
    Launch,
    Open,
    Product,
    Repeat,
    Step,
    Tell,
    lane_count,
    table_rows,
)


def number_rows(steps: Sequence[Step], kernels: Sequence[Kernel]) -> tuple[tuple[Step, ...], int]:
    """The steps with every launch's and Repeat's first row set, and the rows that they take together."""
    row = 0
    numbered: list[Step] = []
    for step in steps:
        match step:
            case Launch():
                numbered.append(replace(step, row=row))
                row += table_rows(kernels[step.kernel], lane_count(step))
            case Product():
                numbered.append(replace(step, row=row))
                row += step.transfer.rows
            case Repeat():
                body, rows = number_rows(step.body, kernels)
                numbered.append(replace(step, body=body, row=row, rows=rows))
                row += step.count * rows
            case Clear() | Enter() | Open() | Tell() | Disclose() | Hand() | Carry() | Copy() | Free():
                numbered.append(step)
            case _:
                assert_never(step)
    return tuple(numbered), row


def free_buffers(steps: Sequence[Step], owned: set[int] | None = None) -> tuple[Step, ...]:
    """A Free after the last use of each buffer, in the innermost body that all its uses lie in."""
    uses = [_buffers(step) for step in steps]
    owned = set[int]().union(*uses) if owned is None else owned
    result: list[Step] = []
    for i, step in enumerate(steps):
        own = uses[i] & owned
        if isinstance(step, Repeat):
            elsewhere = set[int]().union(*uses[:i], *uses[i + 1 :])
            step = replace(step, body=free_buffers(step.body, own - elsewhere))
            own &= elsewhere
        result.append(step)
        later = set[int]().union(*uses[i + 1 :])
        result.extend(Free(buffer) for buffer in sorted(own - later))
    return tuple(result)


def _buffers(step: Step) -> set[int]:
    match step:
        case Launch():
            return {v.buffer for v in (*step.reads, *step.writes)}
        case Enter() | Open() | Disclose():
            return {step.buffer}
        case Product():
            return {step.joint.buffer}
        case Copy():
            return {step.source.buffer, step.target.buffer}
        case Repeat():
            return set[int]().union(*map(_buffers, step.body))
        case Clear() | Tell() | Hand() | Carry() | Free():
            return set()
        case _:
            assert_never(step)
