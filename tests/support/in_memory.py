"""Both parties of a plan in one process, joined by queues and an ideal OT; everything sent is kept."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from queue import Queue
from threading import Thread
from typing import Any

import numpy as np

from compiler.schedule.plan import Plan
from compiler.words.evaluate import Array, Sources
from compiler.words.ir import Type
from compiler.words.operations import Coins, Draw, Entry, Noise
from runtime.crypto.labels import Labels, decode, encode
from runtime.crypto.secret import LabelSecret, PublicSeeds
from runtime.execute.backend import Bits, Roles, StepSum
from runtime.execute.clear import ClearBackend
from runtime.execute.engines import PORTABLE, corrected, correcting, evaluating, garbling
from runtime.execute.walk import walk
from runtime.execute.yao import EvaluatorBackend, GarblerBackend, PublicLabels
from runtime.privacy.draws import draw_coins
from runtime.privacy.randomness import RunSecret

ROLES = Roles("hospital", "vendor")
WAIT = 20.0
RUN = RunSecret.from_seed(1)


@dataclass
class Inputs:
    """Sources from a dictionary; samples are functions of their position."""

    values: Mapping[str, Any]

    def input(self, at: Entry, type: Type) -> Array:
        return np.asarray(self.values[at.name], dtype=object)

    def sample(self, at: Draw, type: Type, position: tuple[int, ...]) -> Array:
        seed = sum((index + 3) * 31**axis for axis, index in enumerate(position, 1)) + at.draw
        span = type.hi - type.lo + 1
        return np.array([type.lo + (seed * (i + 1)) % span for i in range(type.size)], dtype=object)

    def noise(self, at: Noise, type: Type, position: tuple[int, ...]) -> Array:
        raise NotImplementedError

    def coins(self, at: Coins, type: Type, position: tuple[int, ...]) -> Array:
        return draw_coins(RUN, at.party, at.draw, at.variable, position, count=type.size).reshape(type.shape)


@dataclass
class Pipe:
    """One direction of a connection, as a stream of bytes."""

    queue: Queue[bytes] = field(default_factory=Queue)
    rest: bytes = b""
    sent: list[bytes] = field(default_factory=list)

    def send(self, data: bytes | memoryview) -> None:
        self.sent.append(bytes(data))
        self.queue.put(self.sent[-1])

    def receive(self, size: int) -> bytes:
        while len(self.rest) < size:
            self.rest += self.queue.get(timeout=WAIT)
        data, self.rest = self.rest[:size], self.rest[size:]
        return data


@dataclass
class IdealCot:
    """The functionality: it knows Δ and hands each party its part."""

    delta: Labels
    zeros: Queue[Labels] = field(default_factory=Queue)

    def send(self, count: int) -> Labels:
        zero = decode(secrets.token_bytes(16 * count))
        self.zeros.put(zero.copy())  # what the garbler makes of its own is its own matter
        return zero

    def receive(self, choices: Bits) -> Labels:
        zero = self.zeros.get(timeout=WAIT)
        assert len(zero) == len(choices)
        return zero ^ self.delta * choices[:, None].astype(np.uint64)


@dataclass
class Outputs:
    """The last step of both parties; `forge` may change what the evaluator returns."""

    down: Pipe
    up: Pipe
    told: list[tuple[StepSum, bytes]] = field(default_factory=list[tuple[StepSum, bytes]])

    def forge(self, labels: Labels) -> Labels:
        return labels

    def send_output_labels(self, labels: Labels) -> None:
        self.up.send(encode(self.forge(labels)))

    def receive_output_labels(self, count: int) -> Labels:
        return decode(self.up.receive(16 * count))

    def send_noisy_sum(self, sum: StepSum, payload: bytes) -> None:
        self.told.append((sum, payload))
        self.down.send(payload)

    def receive_noisy_sum(self, sum: StepSum, size: int) -> bytes:
        return self.down.receive(size)

    def send_decoding_bits(self, bits: Bits) -> None:
        self.down.send(bits.tobytes())

    def receive_decoding_bits(self, count: int) -> Bits:
        return np.frombuffer(self.down.receive(count), dtype=np.uint8)


@dataclass
class Run:
    """What both parties learned and everything that passed between them."""

    garbler: dict[str, Array]
    evaluator: dict[str, Array]
    delta: Labels
    tables: bytes
    returned: bytes
    seeds: PublicSeeds
    secret: LabelSecret


def run_clear(plan: Plan, values: Mapping[str, Any]) -> dict[str, Array]:
    return walk(plan, ClearBackend(plan.kernels), Inputs(values), frozenset({ROLES.garbler, ROLES.evaluator}))


def run_both(
    plan: Plan,
    values: Mapping[str, Any] | Sources,
    outputs: type[Outputs] = Outputs,
    roles: Roles = ROLES,
    engine: str = PORTABLE,
) -> Run:
    """Garble in a thread, evaluate here; an error of the garbler is raised in preference to the evaluator's."""
    sources = Inputs(values) if isinstance(values, Mapping) else values
    secret, seeds = LabelSecret.fresh(), PublicSeeds.fresh()
    with secret.in_use() as delta:
        delta = delta.copy()
    tables, down, up = Pipe(), Pipe(), Pipe()
    last, cot = outputs(down, up), IdealCot(delta)
    results: dict[str, dict[str, Array]] = {}
    errors: list[BaseException] = []

    def garble() -> None:
        public = PublicLabels(seeds.labels)
        gates = garbling(engine, plan.kernels, secret, seeds.hash, public.constant, tables.send)
        products = correcting(engine, secret, seeds.hash, tables.send)
        backend = GarblerBackend(roles, secret, public, gates, products, cot, last)
        try:
            results["garbler"] = walk(plan, backend, sources, frozenset({roles.garbler}))
        except BaseException as error:
            errors.append(error)
            down.send(bytes(1 << 16))  # let the evaluator end

    thread = Thread(target=garble)
    thread.start()
    try:
        public = PublicLabels(seeds.labels)
        gates = evaluating(engine, plan.kernels, seeds.hash, public.constant, tables.receive)
        products = corrected(engine, seeds.hash, tables.receive)
        backend = EvaluatorBackend(roles, public, gates, products, cot, last)
        results["evaluator"] = walk(plan, backend, sources, frozenset({roles.evaluator}))
    except BaseException:
        up.send(bytes(1 << 16))  # let the garbler end
        raise
    finally:
        thread.join(WAIT)
        if errors:
            raise errors[0]
    return Run(results["garbler"], results["evaluator"], delta, b"".join(tables.sent), b"".join(up.sent), seeds, secret)
