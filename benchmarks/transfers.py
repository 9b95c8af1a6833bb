"""Corrections and transfers, in MB a second of processor time, of each party on one core.

    python benchmarks/transfers.py

Corrections are those of products as shares, of the shapes in examples/tumour and examples/digits, by each backend that
the machine has; transfers are the messages of the extension, with their checks, by each of them too, and piece by
piece.
"""

from __future__ import annotations

import secrets
import statistics
import time
from collections import deque
from collections.abc import Callable
from itertools import cycle

import numpy as np

from compiler.schedule.plan import Transfer
from runtime.crypto.columns import LEAVES, TREES
from runtime.crypto.labels import bits, fresh
from runtime.crypto.prg import SEED_BYTES
from runtime.crypto.secret import LabelSecret
from runtime.execute.engines import PORTABLE, columns_of, corrected, correcting
from runtime.execute.native.built import built
from runtime.ot import base, check, trees
from runtime.ot.extension import BATCH, Receiver, Sender, message_bytes
from runtime.ot.trees import turned

SHAPES = (
    Transfer(31, 16, True, 96, 29),
    Transfer(96, 9, True, 31, 24),
    Transfer(650, 16, True, 320, 29),
    Transfer(3200, 9, True, 65, 24),
    Transfer(10240, 17, True, 65, 26),
)
COUNTS = (2784, 92800, BATCH)
RUNS = 9


def seconds(work: Callable[[], object]) -> float:
    """Median processor time."""
    times: list[float] = []
    for _ in range(RUNS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return statistics.median(times)


def products(backend: str, shape: Transfer) -> tuple[float, float]:
    """Seconds of the garbler and of the evaluator."""
    sent: deque[memoryview] = deque(maxlen=shape.width)  # of one product
    garbler = correcting(backend, LabelSecret.fresh(), bytes(SEED_BYTES), sent.append)
    labels = fresh(shape.words * shape.width).reshape(shape.words, shape.width, 2)
    numbers = np.random.default_rng(1).integers(0, 1 << 20, (shape.words, shape.shared), dtype=np.uint64)
    first = seconds(lambda: garbler.multiply(labels, numbers, shape, 0))
    stream = cycle(sent)
    evaluator = corrected(backend, bytes(SEED_BYTES), lambda count: next(stream))
    return first, seconds(lambda: evaluator.multiply(labels, shape, 0))


def transfers(backend: str, count: int) -> tuple[float, float]:
    """Seconds of the sender (garbler) and of the receiver (evaluator)."""
    delta, by = fresh(1), columns_of(backend)
    leaves = np.frombuffer(secrets.token_bytes(TREES * LEAVES * SEED_BYTES), np.uint8).reshape(TREES, LEAVES, -1)
    sender, receiver = Sender(b"", delta, turned(leaves, bits(delta)), by), Receiver(b"", leaves, by)
    choices = np.random.default_rng(1).integers(0, 2, count, dtype=np.uint8)
    messages: list[bytes | memoryview] = []
    second = seconds(lambda: messages.append(receiver.extend(choices)[0]))
    waiting = iter(messages)
    return seconds(lambda: sender.accept(next(waiting), count)), second


def pieces(backend: str) -> None:
    """What a full message's transfers spend their time on, in milliseconds."""
    by, blocks = columns_of(backend), BATCH // 128 + 1
    streams = by.streams(np.zeros((TREES, LEAVES, SEED_BYTES), dtype=np.uint8))
    sums, columns = streams.read(2 * blocks)
    corrections = sums.tobytes()
    factors = check.challenge(b"", 0, BATCH, corrections)
    works = {
        "streams and their sums": lambda: streams.read(2 * blocks),
        "challenge": lambda: check.challenge(b"", 0, BATCH, corrections),
        "folds": lambda: by.fold(columns, factors),
        "transposition": lambda: by.transpose(columns),
    }
    for name, work in works.items():
        print(f"{f'{backend}: {name} of {BATCH}':<46}{1e3 * seconds(work):7.1f} ms")


def setup() -> None:
    """Of the transfers that the others start from: milliseconds of both parties together, piece by piece."""
    delta = bits(fresh(1))
    choosing = base.choose(b"", delta)
    offered = base.offer(b"", choosing.message)
    answer, pads = choosing.answer(offered.message)
    both = offered.accept(answer)
    message, _ = trees.plant(b"", both)
    pieces = {
        "garbler chooses": lambda: base.choose(b"", delta),
        "evaluator offers": lambda: base.offer(b"", choosing.message),
        "garbler answers": lambda: choosing.answer(offered.message),
        "evaluator grows trees": lambda: trees.plant(b"", both),
        "garbler reaches their leaves": lambda: trees.reach(b"", pads, delta, message),
    }
    for name, work in pieces.items():
        print(f"{name:<46}{1e3 * seconds(work):7.1f} ms")


def main() -> None:
    for backend in (*built().paths, PORTABLE):
        for shape in SHAPES:
            what = f"{backend}: {shape.words} words of {shape.width} bits, {shape.shared} each"
            _print(what, shape.correction_bytes, products(backend, shape))
        for count in COUNTS:
            times = transfers(backend, count)
            _print(f"{backend}: {count} transfers", message_bytes(count), times)
            print(f"{'':<46}{count / 1e6 / times[0]:7.1f} M/s  garbler{count / 1e6 / times[1]:7.1f} M/s  evaluator")
        pieces(backend)
    setup()


def _print(what: str, size: int, times: tuple[float, float]) -> None:
    garbler, evaluator = (size / 1e6 / each for each in times)
    print(f"{what:<46}{garbler:7.1f} MB/s garbler{evaluator:7.1f} MB/s evaluator")


if __name__ == "__main__":
    main()
