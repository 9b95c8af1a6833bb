"""Oblivious transfers a second of processor time, of each party on one core, and what sets them up.

Messages of the extension, with their checks, by each backend that the machine has, and piece by piece.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.figures import Figure, Scale
from benchmarks.kernel import timed
from runtime.crypto.columns import LEAVES, TREES
from runtime.crypto.labels import bits, fresh
from runtime.crypto.prg import SEED_BYTES
from runtime.execute.engines import PORTABLE, columns_of
from runtime.execute.native.built import built
from runtime.ot import base, check, trees
from runtime.ot.extension import BATCH, Receiver, Sender
from runtime.ot.trees import turned

COUNTS = (2784, 92800, BATCH)


def measure(scale: Scale) -> Iterator[Figure]:
    for backend in (*built().paths, PORTABLE):
        for count in COUNTS[:1] if scale.quick else COUNTS:
            for who, times in zip(("garbler", "evaluator"), _transfers(backend, count, scale), strict=True):
                subject = f"{backend}, {count} transfers"
                yield Figure("ot", subject, who, "million/s", [count / 1e6 / each for each in times])
    if not scale.quick:
        for backend in (*built().paths, PORTABLE):
            yield from _pieces(backend, scale)
    yield from _setup(scale)


def _transfers(backend: str, count: int, scale: Scale) -> tuple[list[float], list[float]]:
    """Seconds of the sender (garbler) and of the receiver (evaluator)."""
    delta, by = fresh(1), columns_of(backend)
    leaves = np.frombuffer(secrets.token_bytes(TREES * LEAVES * SEED_BYTES), np.uint8).reshape(TREES, LEAVES, -1)
    choices = np.random.default_rng(1).integers(0, 2, count, dtype=np.uint8)
    receiver = Receiver(b"", leaves, by)
    messages: list[bytes | memoryview] = []
    second = timed(lambda: messages.append(receiver.extend(choices)[0]), scale)
    sender = Sender(b"", delta, turned(leaves, bits(delta)), by)
    first: list[float] = []
    for message in messages:  # each is taken once
        start = time.process_time()
        sender.accept(message, count)
        first.append(time.process_time() - start)
    return first, second


def _pieces(backend: str, scale: Scale) -> Iterator[Figure]:
    """What a full message's transfers spend their time on."""
    by, blocks = columns_of(backend), BATCH // 128 + 1
    streams = by.streams(np.zeros((TREES, LEAVES, SEED_BYTES), dtype=np.uint8))
    sums, columns = streams.read(2 * blocks)
    corrections = sums.tobytes()
    factors = check.challenge(b"", 0, BATCH, corrections)
    works: dict[str, Callable[[], object]] = {
        "streams and their sums": lambda: streams.read(2 * blocks),
        "challenge": lambda: check.challenge(b"", 0, BATCH, corrections),
        "folds": lambda: by.fold(columns, factors),
        "transposition": lambda: by.transpose(columns),
    }
    for name, work in works.items():
        yield Figure("ot", f"{backend}, {name}", f"of {BATCH}", "ms", _milliseconds(work, scale))


def _setup(scale: Scale) -> Iterator[Figure]:
    """Of the transfers that the others start from, piece by piece."""
    delta = bits(fresh(1))
    choosing = base.choose(b"", delta)
    offered = base.offer(b"", choosing.message)
    answer, pads = choosing.answer(offered.message)
    both = offered.accept(answer)
    message, _ = trees.plant(b"", both)
    pieces: dict[str, Callable[[], object]] = {
        "garbler chooses": lambda: base.choose(b"", delta),
        "evaluator offers": lambda: base.offer(b"", choosing.message),
        "garbler answers": lambda: choosing.answer(offered.message),
        "evaluator grows trees": lambda: trees.plant(b"", both),
        "garbler reaches their leaves": lambda: trees.reach(b"", pads, delta, message),
    }
    for name, work in pieces.items():
        yield Figure("ot", f"set-up: {name}", "once", "ms", _milliseconds(work, scale))


def _milliseconds(work: Callable[[], object], scale: Scale) -> list[float]:
    return [1e3 * each for each in timed(work, scale)]
