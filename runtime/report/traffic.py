"""What a run sends, and how often a party waits for the other, counted from its schedule: no run is needed.

Bytes are exact, but for frames' headers, the set-up (greeting, base transfers and trees, some 20 kB) and TLS, which are
not counted.  How long it takes is `forecast`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import inf
from numbers import Real

from compiler.program import Compiled, ciphertexts, correction_bytes
from compiler.schedule.plan import (
    Clear,
    Disclose,
    Enter,
    Hand,
    Launch,
    Open,
    Plan,
    Product,
    Repeat,
    Step,
    counted,
    packed_bytes,
    stages,
)
from compiler.words.ir import Block, Loop, Value
from compiler.words.operations import Draw
from runtime.crypto.labels import LABEL_BYTES
from runtime.execute.ahead import Known
from runtime.execute.backend import ciphertext_bytes
from runtime.net.traffic import Traffic
from runtime.ot import base, extension, trees
from runtime.ot.oracle import DIGEST_BYTES

GREETING = 380  # bytes, about
MEETING = 4  # round trips from the greeting to the first transfers, and from the last launch to the outputs


@dataclass(frozen=True, slots=True)
class Link:
    """A connection between the parties.  Raises ValueError for a rate or a round trip that none has."""

    bytes_per_second: float
    round_trip: float  # seconds

    def __post_init__(self) -> None:
        _checked("bytes_per_second", self.bytes_per_second, lambda rate: 0 < rate < inf, "above 0")
        _checked("round_trip", self.round_trip, lambda trip: 0 <= trip < inf, "of seconds, 0 or more")


def _checked(name: str, given: object, good: Callable[[float], bool], which: str) -> None:
    if isinstance(given, bool) or not isinstance(given, Real) or not good(float(given)):
        raise ValueError(f"link.{name} is {given!r}, and must be a number {which}")


def setup_bytes() -> int:
    """About what the greeting, the base transfers and the trees take, which is in no `traffic`."""
    return 2 * GREETING + base.CHOICES_BYTES + base.OFFER_BYTES + DIGEST_BYTES + trees.MESSAGE_BYTES


def traffic(program: Compiled) -> Traffic:
    plan, evaluator = program.plan, program.evaluator
    opened = [(step.type.size * step.type.width, step.to) for step in plan.steps if isinstance(step, Open)]
    labels = sum(bits for bits, to in opened if program.garbler in to)
    decoding = sum(bits for bits, to in opened if evaluator in to)
    return Traffic(
        ciphertext_bytes(ciphertexts(plan)),
        correction_bytes(plan),
        sum(times * extension.request_bytes(count) for count, times in _requests(plan.steps, evaluator)),
        LABEL_BYTES * labels + -(-decoding // 8) + noisy_sums(plan),
    )


def noisy_sums(plan: Plan) -> int:
    """Bytes of what is told after the steps."""
    told = 0
    for step, times in counted(plan.steps):
        if isinstance(step, Disclose):
            told += times * -(-step.type.size * step.type.width // 8)
        elif isinstance(step, Hand):
            told += times * packed_bytes(step.type.size, step.type.width)
    return told


def _requests(body: Sequence[Step], evaluator: str, times: int = 1) -> Iterator[tuple[int, int]]:
    """The transfers of every request, and how often it is made."""
    for stage in stages(body, evaluator):
        yield sum(step.type.size * step.type.width for step in stage), times
    for step in body:
        if isinstance(step, Repeat):
            yield from _requests(step.body, evaluator, times * step.count)


def messages_per_step(program: Compiled) -> int | None:
    """Messages of transfers in the dearest step of a `dpsgd`; None without one."""
    steps = list(_training(program.plan.steps))
    return max((_messages(step.body, program.evaluator) for step in steps), default=None)


def _messages(body: Sequence[Step], evaluator: str) -> int:
    return sum(times * len(extension.messages(count)) for count, times in _requests(body, evaluator))


def _training(steps: Sequence[Step]) -> Iterator[Repeat]:
    """The loops whose iterations each draw a batch."""
    for step in steps:
        if isinstance(step, Repeat):
            if any(isinstance(inner, Clear) and _draws(inner.block) for inner in step.body):
                yield step
            yield from _training(step.body)


def _draws(block: Block) -> bool:
    return any(
        isinstance(item.op, Draw) if isinstance(item, Value) else isinstance(item, Loop) and _draws(item.body)
        for item in block.items
    )


def round_trips(program: Compiled) -> int:
    """How often a party waits for what the other makes only once it has heard from it."""
    return MEETING + _trips(program.plan, program.plan.steps, program.evaluator, True)[0]


def _trips(plan: Plan, steps: Sequence[Step], evaluator: str, heard: bool) -> tuple[int, bool]:
    """Of a body; `heard`: the garbler has sent something since the evaluator's last request."""
    trips = 0
    for step in steps:
        if isinstance(step, Repeat) and Known.of(step, evaluator):  # only the first iteration waits
            trips, heard = trips + heard, _trips(plan, step.body, evaluator, False)[1]
        elif isinstance(step, Repeat):
            first, heard = _trips(plan, step.body, evaluator, heard)
            again, _ = _trips(plan, step.body, evaluator, heard)
            trips += first + (step.count - 1) * again
        elif isinstance(step, Enter) and step.party == evaluator:
            trips, heard = trips + heard, False
        elif isinstance(step, Launch):
            heard = heard or plan.kernels[step.kernel].circuit.and_gates > 0
        elif isinstance(step, Product | Disclose | Hand):
            heard = True
    return trips, heard
