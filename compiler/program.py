"""A compiled program: everything an artifact holds."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from compiler.schedule.plan import Launch, Plan, Repeat, Step
from compiler.words.ir import Dataset, Entry, Mechanism, Type


@dataclass(frozen=True, slots=True)
class Released:
    """One line of the manifest: who learns what."""

    name: str
    type: Type
    kind: str                      # the kind as written in the language
    receivers: tuple[str, ...]
    revealed: bool                 # released by `reveal`, not by a privacy mechanism


@dataclass(frozen=True, slots=True)
class PassCount:
    """What one gate pass did to all kernels together."""

    name: str
    and_before: int
    and_after: int
    xor_before: int
    xor_after: int


@dataclass(frozen=True, slots=True)
class Compiled:
    parties: tuple[str, ...]
    garbler: str
    evaluator: str
    parameters: tuple[tuple[str, str], ...]
    inputs: tuple[tuple[Entry, Type, str], ...]    # type and the kind as written
    datasets: tuple[Dataset, ...]
    mechanisms: tuple[Mechanism, ...]
    outputs: tuple[Released, ...]
    passes: tuple[PassCount, ...]
    plan: Plan


def launches(steps: tuple[Step, ...], times: int = 1) -> Iterator[tuple[Launch, int]]:
    """Every launch and how many times it runs."""
    for step in steps:
        match step:
            case Launch():
                yield step, times
            case Repeat():
                yield from launches(step.body, times * step.count)
            case _:
                pass


def and_gates(plan: Plan) -> int:
    """AND gates of a run, which are its ciphertext pairs."""
    return sum(times * prod(launch.lanes) * plan.kernels[launch.kernel].circuit.and_gates
               for launch, times in launches(plan.steps))
