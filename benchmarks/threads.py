"""AND gates a second by the clock, of a wide launch of one party in memory, shared among so many threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import cache

from benchmarks.figures import Figure, Scale
from compiler import pipeline
from compiler.schedule.plan import Launch, Plan
from lang.source import Source
from runtime.crypto.labels import Labels, fresh
from runtime.crypto.secret import LabelSecret
from runtime.execute.backend import Engine
from runtime.execute.engines import PORTABLE, chosen, evaluating, garbling
from runtime.execute.threads import Threads

WORDS = 20_000
COUNTS = (1, 2, 4)
SEED = bytes(16)
PROGRAM = """party left; party right;
input x: uint<32>[{words}] from left;
input y: uint<32>[{words}] from right;
output product = reveal((x * y) as uint<32> wrap) to right;
"""


def drop(tables: memoryview) -> None:
    """What was made is of no use."""


@cache
def some(size: int) -> bytes:
    """Tables: what stands in them takes no longer or shorter."""
    return bytes(size)


def measure(scale: Scale) -> Iterator[Figure]:
    """Nothing where the portable backend runs, which has use for one thread."""
    backend = chosen().backend
    if backend == PORTABLE:
        return
    plan = pipeline.compile(Source("product.ccr", PROGRAM.format(words=200 if scale.quick else WORDS))).plan
    launch = max((s for s in plan.steps if isinstance(s, Launch)), key=lambda s: plan.kernels[s.kernel].ciphertexts)
    ands = plan.kernels[launch.kernel].circuit.and_gates * launch.lanes[0] / 1e6
    secret, constant = LabelSecret.fresh(), fresh(1)
    for count in COUNTS[:2] if scale.quick else COUNTS:
        with Threads(count) as threads:
            sides = {
                "garbled": garbling(backend, plan.kernels, secret, SEED, constant, drop, threads),
                "evaluated": evaluating(backend, plan.kernels, SEED, constant, some, threads),
            }
            for what, engine in sides.items():
                subject = f"{backend}, {count} thread{'s' * (count > 1)}"
                seconds = timed(launched(engine, plan, launch), scale)
                yield Figure("threads", subject, what, "million AND gates/s", [ands / each for each in seconds])


def launched(engine: Engine, plan: Plan, launch: Launch) -> Callable[[], None]:
    buffers: dict[int, Labels] = {
        view.buffer: fresh(plan.buffers[view.buffer]) for view in (*launch.reads, *launch.writes)
    }
    together = engine.together([launch], plan.buffers, list(buffers), 0)
    assert together is not None
    return lambda: together(buffers, (), 0, None)


def timed(work: Callable[[], None], scale: Scale) -> list[float]:
    """Seconds of each run, by the clock; the first one makes things ready and is not counted."""
    times: list[float] = []
    for _ in range(scale.runs + 1):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return times[1:]
