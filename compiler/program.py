"""A compiled program: everything an artifact holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod
from pathlib import PurePath
from typing import assert_never

from compiler.schedule.plan import Clear, Copy, Enter, Free, Launch, Open, Plan, Product, Repeat, Step, Tell
from compiler.words.ir import Dataset, Type
from compiler.words.operations import Entry, Mechanism
from compiler.words.verify import Outside


@dataclass(frozen=True, slots=True)
class Released:
    """One line of the manifest: who learns what."""

    name: str
    type: Type
    kind: str  # the kind as written in the language
    receivers: tuple[str, ...]
    revealed: bool  # released by `reveal`, not by a privacy mechanism


@dataclass(frozen=True, slots=True, order=True)
class Approximation:
    """A function that the program computes off by at most `error`."""

    function: str
    error: Fraction


@dataclass(frozen=True, slots=True)
class PassCount:
    """What one gate pass did to all kernels together."""

    name: str
    and_before: int
    and_after: int
    xor_before: int
    xor_after: int


@dataclass(frozen=True, slots=True, order=True)
class Line:
    """What a run spends on the source expressions that begin at one place.

    A gate belongs to the innermost expression that the word it was made for came from (`cells/expand.py`); of
    equal gates the first is kept, and pays.  All lines together are all AND gates.
    """

    file: str  # its name, without folders
    line: int
    column: int
    and_gates: int


@dataclass(frozen=True, slots=True)
class Compiled:
    parties: tuple[str, ...]
    garbler: str
    evaluator: str
    parameters: tuple[tuple[str, str], ...]
    inputs: tuple[tuple[Entry, Type, str], ...]  # type and the kind as written
    datasets: tuple[Dataset, ...]
    mechanisms: tuple[Mechanism, ...]
    approximations: tuple[Approximation, ...]
    outputs: tuple[Released, ...]
    passes: tuple[PassCount, ...]
    plan: Plan
    lines: tuple[Line, ...] = field(default=(), compare=False)  # about the text, so no part of what the program is


def outside(program: Compiled) -> Outside:
    """What clear words of the program's plan may read from."""
    inputs = {entry: type for entry, type, _ in program.inputs}
    return Outside(program.parties, inputs, {d.name: d for d in program.datasets})


def launches(steps: tuple[Step, ...], times: int = 1) -> Iterator[tuple[Launch, int]]:
    """Every launch and how many times it runs."""
    for step in steps:
        match step:
            case Launch():
                yield step, times
            case Repeat():
                yield from launches(step.body, times * step.count)
            case Clear() | Product() | Enter() | Open() | Tell() | Copy() | Free():
                pass
            case _:
                assert_never(step)


def and_gates(plan: Plan) -> int:
    """AND gates of a run, which are its ciphertext pairs."""
    return sum(
        times * prod(launch.lanes) * plan.kernels[launch.kernel].circuit.and_gates
        for launch, times in launches(plan.steps)
    )


def lines(plan: Plan) -> tuple[Line, ...]:
    """The AND gates of a run by source place, in the order of the text."""
    found: dict[tuple[str, int, int], int] = {}
    for launch, times in launches(plan.steps):
        lanes = times * prod(launch.lanes)
        for span, ands in zip(launch.places, plan.kernels[launch.kernel].charges, strict=True):
            if ands:
                place = (PurePath(span.source.name).name, span.line, span.column) if span else ("", 0, 0)
                found[place] = found.get(place, 0) + ands * lanes
    return tuple(Line(*place, ands) for place, ands in sorted(found.items()))
