"""Workers of both parties as threads of this process, joined by queues."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Thread
from typing import Any

from support.in_memory import ROLES, WAIT, IdealCot, Inputs, Outputs, Pipe
from support.memory_channel import pair

from compiler.schedule.plan import Plan
from compiler.words.evaluate import Array, Sources
from runtime.cluster.crew import Crew
from runtime.cluster.hand import RemoteHand
from runtime.cluster.spread import Spread
from runtime.cluster.transfers import EvaluatorSpread, GarblerSpread
from runtime.cluster.worker import EvaluatorSide, GarblerSide, Side, Worker, give_up
from runtime.crypto.secret import LabelSecret, PublicSeeds
from runtime.execute.backend import Roles
from runtime.execute.engines import PORTABLE, corrected, correcting, evaluating, garbling
from runtime.execute.instructions import Programs
from runtime.execute.walk import walk
from runtime.execute.yao import EvaluatorBackend, GarblerBackend, PublicLabels
from runtime.net.channel import Channel


@dataclass
class Both:
    """What both parties learned, and what each pair of workers and the coordinators sent."""

    garbler: dict[str, Array]
    evaluator: dict[str, Array]
    home: int  # bytes between the coordinators
    pairs: list[int]


def hired(plan: Plan, number: int, side: Side, threads: list[Thread]) -> RemoteHand:
    here, there = pair()
    worker = Worker(number, plan, side, there)

    def work(channel: Channel = there) -> None:
        try:
            worker.work()
        except BaseException as error:
            give_up(channel, error)

    threads.append(Thread(target=work))
    threads[-1].start()
    return RemoteHand(number, f"worker {number}", here, pair()[0])


def run_spread(
    plan: Plan, values: Mapping[str, Any] | Sources, workers: int, roles: Roles = ROLES, engine: str = PORTABLE
) -> Both:
    """Both parties, each with so many workers."""
    sources = Inputs(values) if isinstance(values, Mapping) else values
    secret, seeds = LabelSecret.fresh(), PublicSeeds.fresh()
    with secret.in_use() as delta:
        cot = IdealCot(delta.copy())
    tables, down, up = Pipe(), Pipe(), Pipe()
    last = Outputs(down, up)
    threads: list[Thread] = []
    wires = [pair() for _ in range(workers)]
    programs = Programs(plan.kernels)
    garblers = [hired(plan, n, GarblerSide(programs, secret, seeds, wires[n][0]), threads) for n in range(workers)]
    evaluators = [hired(plan, n, EvaluatorSide(programs, seeds, wires[n][1]), threads) for n in range(workers)]
    learned: dict[str, dict[str, Array]] = {}
    errors: list[BaseException] = []

    def garble() -> None:
        public, crew = PublicLabels(seeds.labels), Crew(plan, garblers, lambda: None)
        own = garbling(engine, plan.kernels, secret, seeds.hash, public.constant, tables.send)
        products = GarblerSpread(correcting(engine, secret, seeds.hash, tables.send), crew)
        backend = GarblerBackend(roles, secret, public, Spread(own, crew), products, cot, last)
        try:
            learned["garbler"] = walk(plan, backend, sources, frozenset({roles.garbler}))
        except BaseException as error:
            errors.append(error)
            down.send(bytes(1 << 16))

    thread = Thread(target=garble)
    thread.start()
    try:
        public, crew = PublicLabels(seeds.labels), Crew(plan, evaluators, lambda: None)
        own = evaluating(engine, plan.kernels, seeds.hash, public.constant, tables.receive)
        products = EvaluatorSpread(corrected(engine, seeds.hash, tables.receive), crew)
        backend = EvaluatorBackend(roles, public, Spread(own, crew), products, cot, last)
        learned["evaluator"] = walk(plan, backend, sources, frozenset({roles.evaluator}))
    finally:
        thread.join(WAIT)
        for hand in (*garblers, *evaluators):
            hand.end()
        for each in threads:
            each.join(WAIT)
        if errors:
            raise errors[0]
    return Both(
        learned["garbler"], learned["evaluator"], sum(map(len, tables.sent)), [here.sent_bytes for here, _ in wires]
    )
