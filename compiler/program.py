"""A compiled program: everything an artifact holds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod

from compiler.joint.choices import Evaluator, Products
from compiler.schedule.attribution import Place, sent_by_the_garbler
from compiler.schedule.plan import Plan, launches, transfers
from compiler.schedule.steered import steered
from compiler.training.estimates import Estimate
from compiler.words.ir import Dataset, Type
from compiler.words.operations import Entry, Mechanism
from compiler.words.verify import Outside
from lang.source import Source


@dataclass(frozen=True, slots=True)
class Released:
    """One line of the manifest: who learns what."""

    name: str
    type: Type
    kind: str  # the kind as written in the language
    receivers: tuple[str, ...]
    revealed: bool  # released by `reveal`, not by a privacy mechanism
    carries: tuple[str, ...]  # data sets whose records it tells, as they are, to another than their owner
    estimate: Estimate | None = None  # where it is a `measure` but for a factor and an offset


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
    equal gates the first is kept, and pays.  Corrections belong to the product that was cut into shares.  All lines
    together are all AND gates and all corrections.
    """

    file: str  # its name, without folders
    line: int
    column: int
    and_gates: int
    correction_bytes: int


@dataclass(frozen=True, slots=True)
class Compiled:
    parties: tuple[str, ...]
    garbler: str
    evaluator: str
    taken_for: Evaluator  # what the parties take the evaluator for
    parameters: tuple[tuple[str, str], ...]
    inputs: tuple[tuple[Entry, Type, str], ...]  # type and the kind as written
    datasets: tuple[Dataset, ...]
    disjoint: tuple[tuple[str, ...], ...]  # data sets of which no person is in two, as their owner says
    mechanisms: tuple[Mechanism, ...]
    approximations: tuple[Approximation, ...]
    outputs: tuple[Released, ...]
    passes: tuple[PassCount, ...]
    plan: Plan
    owners: tuple[str, ...] = ()  # all of its data sets, where they are several: this is the program of one of them
    lines: tuple[Line, ...] = field(default=(), compare=False)  # about the text, so no part of what the program is
    files: tuple[Source, ...] = field(default=(), compare=False)  # the text that it is made of, the program's own first


def owner(program: Compiled) -> str:
    """Whose program it is, of several owners'; "" where there is one, or none."""
    return program.datasets[0].party if program.owners else ""


def receiver(program: Compiled) -> str:
    """The party that each of several owners tells its noisy sums; "" where there is one owner, or none."""
    return next(p for p in program.parties if p not in program.owners) if program.owners else ""


def everyone(program: Compiled) -> tuple[str, ...]:
    """All parties, also those owners whose program it is not."""
    return (receiver(program), *program.owners) if program.owners else program.parties


def outside(program: Compiled) -> Outside:
    """What clear words of the program's plan may read from."""
    inputs = {entry: type for entry, type, _ in program.inputs}
    return Outside(program.parties, inputs, {d.name: d for d in program.datasets})


def unclaimed(program: Compiled) -> tuple[Released, ...]:
    """Outputs that others than the evaluator learn or that are revealed, and that it can steer: no integrity."""
    found = steered(program.plan)
    return tuple(o for o in program.outputs if o.name in found and (o.revealed or program.garbler in o.receivers))


def products(plan: Plan) -> Products:
    """How the plan computes the sums of products; one without any is the same either way, and counts as gates."""
    return Products.SHARES if any(transfers(plan.steps)) else Products.GATES


def and_gates(plan: Plan) -> int:
    """AND gates of a run."""
    return sum(
        times * prod(launch.lanes) * plan.kernels[launch.kernel].circuit.and_gates
        for launch, times in launches(plan.steps)
    )


def ciphertexts(plan: Plan) -> int:
    """Of a run's AND gates: two for each, or one where a party knows an operand."""
    each = [kernel.ciphertexts for kernel in plan.kernels]
    return sum(times * prod(launch.lanes) * each[launch.kernel] for launch, times in launches(plan.steps))


def correction_bytes(plan: Plan) -> int:
    """What the garbler sends of a run for the products that go as shares."""
    return sum(times * step.transfer.correction_bytes for step, times in transfers(plan.steps))


def lines(plan: Plan) -> tuple[Line, ...]:
    """The AND gates and corrections of a run by source place, in the order of the text."""
    ands: Counter[Place] = Counter()
    corrections: Counter[Place] = Counter()
    for row in sent_by_the_garbler(plan):
        ands[row.place] += row.and_gates[-1] if row.and_gates else 0
        corrections[row.place] += row.corrections
    places = sorted(place for place in {*ands, *corrections} if ands[place] or corrections[place])
    return tuple(Line(*place, ands[place], corrections[place]) for place in places)
