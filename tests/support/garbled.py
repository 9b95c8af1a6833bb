"""A garbler whose peer nobody plays: its tables and decoding bits, the same for every engine under one secret."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from support.in_memory import ROLES, Inputs

from compiler.schedule.plan import Plan
from runtime.crypto.labels import Labels
from runtime.crypto.secret import LabelSecret
from runtime.execute.engines import garbling
from runtime.execute.threads import ALONE, Threads
from runtime.execute.walk import walk
from runtime.execute.yao import GarblerBackend, PublicLabels

SEED = bytes(range(16))


class Given:
    """The evaluator's inputs have labels that are the same for every engine."""

    def send(self, count: int) -> Labels:
        return np.arange(2 * count, dtype=np.uint64).reshape(count, 2)


class Taken:
    """The end of a run whose outputs nobody waits for."""

    def receive_output_labels(self, count: int) -> Labels:
        return np.zeros((count, 2), dtype=np.uint64)

    def send_decoding_bits(self, bits: NDArray[np.uint8]) -> None:
        self.bits = bits


def garbled(
    plan: Plan, values: dict[str, Any], engine: str, secret: LabelSecret, threads: Threads = ALONE
) -> tuple[bytes, bytes, list[int]]:
    """Tables, decoding bits, and what is told of progress."""
    sent, last, done = bytearray(), Taken(), list[int]()
    public = PublicLabels(SEED)
    gates = garbling(engine, plan.kernels, secret, SEED, public.constant, sent.extend, threads)
    unused: Any = None
    ends: Any = last
    backend = GarblerBackend(ROLES, secret, public, gates, unused, Given(), ends)
    walk(plan, backend, Inputs(values), frozenset({ROLES.garbler}), done.append)
    return bytes(sent), last.bits.tobytes(), done
