"""What a run spends, each part with the place in the text that it is spent on, the kernel and the cell.

A gate belongs to the innermost expression that the word it was made for came from (`cells/expand.py`); of equal gates
the first is kept, and pays.  Corrections belong to the product that was cut into shares, transfers to what the
evaluator enters, bytes of outputs to what is told.  All rows together are all gates and all bytes of a run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import PurePath

from compiler.gates.knowledge import halves
from compiler.schedule.plan import (
    Disclose,
    Enter,
    Hand,
    Open,
    Plan,
    Repeat,
    Step,
    counted,
    launches,
    packed_bytes,
    stages,
    transfers,
)
from lang.source import Span

Place = tuple[str, int, int]  # file without folders, line, column
NOWHERE: Place = ("", 0, 0)


@dataclass(frozen=True, slots=True)
class Spent:
    """What a run spends at a place on one cell of one kernel, or on one thing that takes no gates."""

    place: Place
    cell: str  # the operation whose cell made the gates, or `product`, `enter`, `open` or `tell`
    kernel: int | None = None  # its number in the plan, where it is gates
    and_gates: tuple[int, ...] = ()  # as they are made, then after each pass; none where it is no gates
    xor_gates: tuple[int, ...] = ()
    ciphertexts: int = 0  # of the gates that are left
    corrections: int = 0  # bytes
    transfers: int = 0  # bytes
    outputs: int = 0  # bytes


@dataclass(frozen=True, slots=True)
class Prices:
    """Bytes of what is neither a gate nor a correction."""

    label: int
    request: Callable[[int], int]  # of one request of so many transfers


def place_of(span: Span | None) -> Place:
    return (PurePath(span.source.name).name, span.line, span.column) if span else NOWHERE


def spent(plan: Plan, garbler: str, evaluator: str, prices: Prices) -> tuple[Spent, ...]:
    """All that a run spends, in the order of the text."""
    rows = [
        *sent_by_the_garbler(plan),
        *_entered(plan.steps, evaluator, prices),
        *_told(plan, garbler, evaluator, prices),
    ]
    rows = [row for row in rows if any((*row.and_gates, *row.xor_gates, row.corrections, row.transfers, row.outputs))]
    return tuple(sorted(rows, key=lambda row: (row.place, -1 if row.kernel is None else row.kernel, row.cell)))


def sent_by_the_garbler(plan: Plan) -> Iterator[Spent]:
    """Gates and corrections."""
    ands: dict[tuple[Place, int, str], Counter[int]] = {}
    xors: dict[tuple[Place, int, str], Counter[int]] = {}
    sent: Counter[tuple[Place, int, str]] = Counter()
    costs = [[half.ciphertexts for half in halves(kernel.circuit, kernel.known)] for kernel in plan.kernels]
    for launch, times in launches(plan.steps):
        lanes = times * prod(launch.lanes)
        for span, charge in zip(launch.places, plan.kernels[launch.kernel].charges, strict=True):
            key = place_of(span), launch.kernel, charge.cell
            sent[key] += lanes * sum(costs[launch.kernel][gate] for gate in charge.last)
            for found, gates in ((ands, charge.and_gates), (xors, charge.xor_gates)):
                found.setdefault(key, Counter()).update({at: lanes * n for at, n in enumerate(gates)})
    for (place, kernel, cell), made in ands.items():
        key = place, kernel, cell
        yield Spent(place, cell, kernel, tuple(made.values()), tuple(xors[key].values()), sent[key])
    corrections: Counter[Place] = Counter()
    for step, times in transfers(plan.steps):
        corrections[place_of(step.place)] += times * step.transfer.correction_bytes
    yield from (Spent(place, "product", corrections=n) for place, n in corrections.items())


def _entered(steps: Sequence[Step], evaluator: str, prices: Prices) -> Iterator[Spent]:
    """Every request's bytes, each of what is entered with it as many as it has bits."""
    sent: Counter[Place] = Counter()
    for stage, times in _requests(steps, evaluator, 1):
        bits = [step.type.size * step.type.width for step in stage]
        for step, part in zip(stage, _parts(prices.request(sum(bits)), bits), strict=True):
            sent[place_of(step.place)] += times * part
    yield from (Spent(place, "enter", transfers=n) for place, n in sent.items())


def _requests(steps: Sequence[Step], evaluator: str, times: int) -> Iterator[tuple[tuple[Enter, ...], int]]:
    for stage in stages(steps, evaluator):
        yield stage, times
    for step in steps:
        if isinstance(step, Repeat):
            yield from _requests(step.body, evaluator, times * step.count)


def _parts(whole: int, weights: Iterable[int]) -> Iterator[int]:
    """`whole` in parts as the weights are, which add up to it."""
    weights = list(weights)
    before, total = 0, sum(weights)
    for weight in weights:
        yield whole * (before + weight) // total - whole * before // total
        before += weight


def _told(plan: Plan, garbler: str, evaluator: str, prices: Prices) -> Iterator[Spent]:
    """Labels of what the garbler learns, decoding bits of what the evaluator does, and noisy sums."""
    opened = [step for step in plan.steps if isinstance(step, Open)]
    bits = [step.type.size * step.type.width for step in opened]
    decoding = [n if evaluator in step.to else 0 for step, n in zip(opened, bits, strict=True)]
    decoded = _parts(-(-sum(decoding) // 8), decoding) if any(decoding) else iter(decoding)
    for output, n, part in zip(opened, bits, decoded, strict=True):
        labels = prices.label * n if garbler in output.to else 0
        yield Spent(place_of(output.place), "open", outputs=part + labels)
    for step, times in counted(plan.steps):
        if isinstance(step, Disclose):
            sent = -(-step.type.size * step.type.width // 8)
            yield Spent(place_of(step.place), "tell", outputs=times * sent)
        elif isinstance(step, Hand):
            sent = packed_bytes(step.type.size, step.type.width)
            yield Spent(place_of(step.place), "tell", outputs=times * sent)
