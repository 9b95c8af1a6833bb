"""What corrections and oblivious transfers take: each of two sizes, which tell what one costs and what each of many."""

from __future__ import annotations

import secrets
from itertools import cycle

import numpy as np

from compiler.schedule.plan import Transfer
from runtime.crypto.columns import LEAVES, TREES
from runtime.crypto.labels import bits, fresh
from runtime.crypto.prg import SEED_BYTES
from runtime.crypto.secret import LabelSecret
from runtime.execute.engines import columns_of, corrected, correcting
from runtime.ot import base, trees
from runtime.ot.extension import Receiver, Sender
from runtime.report.forecast.measured_gates import Shortest

FEW, MANY = Transfer(4, 8, True, 32, 24), Transfer(512, 8, True, 256, 24)
COUNTS = (128, 100_000)  # transfers


def products(backend: str, shortest: Shortest) -> dict[str, float]:
    garbler, evaluator = zip(*(_product(backend, shape, shortest) for shape in (FEW, MANY)), strict=True)
    found = dict[str, float]()
    for name, (few, many) in (("correct", garbler), ("corrected", evaluator)):
        each = max(many - few, 0.0) / (_numbers(MANY) - _numbers(FEW))
        found[f"{name}_number"] = each
        found[f"{name}_bit"] = max(few - each * _numbers(FEW), 0.0) / FEW.width
    return found


def _numbers(shape: Transfer) -> int:
    return shape.words * shape.shared * shape.width


def _product(backend: str, shape: Transfer, shortest: Shortest) -> tuple[float, float]:
    """Seconds of the garbler and of the evaluator."""
    sent: list[bytes] = []
    kept = correcting(backend, LabelSecret.fresh(), bytes(SEED_BYTES), lambda payload: sent.append(bytes(payload)))
    garbler = correcting(backend, LabelSecret.fresh(), bytes(SEED_BYTES), lambda payload: None)
    labels = fresh(shape.words * shape.width).reshape(shape.words, shape.width, 2)
    numbers = np.arange(shape.words * shape.shared, dtype=np.uint64).reshape(shape.words, shape.shared)
    first = shortest(lambda: garbler.multiply(labels, numbers, shape, 0))
    kept.multiply(labels, numbers, shape, 0)
    stream = cycle(sent)
    evaluator = corrected(backend, bytes(SEED_BYTES), lambda count: next(stream))
    return first, shortest(lambda: evaluator.multiply(labels, shape, 0))


def transfers(backend: str, shortest: Shortest) -> dict[str, float]:
    accepted, asked = zip(*(_transfers(backend, count, shortest) for count in COUNTS), strict=True)
    found = dict[str, float]()
    for name, (few, many) in (("accept", accepted), ("ask", asked)):
        each = max(many - few, 0.0) / (COUNTS[1] - COUNTS[0])
        found |= {name: each, f"{name}_message": max(few - each * COUNTS[0], 0.0)}
    return found


def _transfers(backend: str, count: int, shortest: Shortest) -> tuple[float, float]:
    """Seconds of one message's transfers: of the garbler, who accepts it, and of the evaluator."""
    delta, by = fresh(1), columns_of(backend)
    leaves = np.frombuffer(secrets.token_bytes(TREES * LEAVES * SEED_BYTES), np.uint8).reshape(TREES, LEAVES, -1)
    sender, receiver = Sender(b"", delta, trees.turned(leaves, bits(delta)), by), Receiver(b"", leaves, by)
    choices = np.arange(count).astype(np.uint8) & np.uint8(1)
    messages: list[memoryview] = []
    asked = shortest(lambda: messages.append(receiver.extend(choices)[0]))
    waiting = iter(messages)
    return shortest(lambda: sender.accept(next(waiting), count)), asked


def base_transfers(shortest: Shortest) -> float:
    """Seconds of both parties, of whom one waits for the other."""
    return shortest(_base_transfers)


def _base_transfers() -> None:
    delta = bits(fresh(1))
    choosing = base.choose(b"", delta)
    offered = base.offer(b"", choosing.message)
    answer, pads = choosing.answer(offered.message)
    message, _ = trees.plant(b"", offered.accept(answer))
    trees.reach(b"", pads, delta, message)
