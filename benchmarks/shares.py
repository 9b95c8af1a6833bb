"""Corrections of products as shares, in MB a second of processor time, of each party on one core.

Of the shapes in examples/tumour and examples/digits, by each backend that the machine has.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle

import numpy as np

from benchmarks.figures import Figure, Scale
from benchmarks.kernel import timed
from compiler.schedule.plan import Transfer
from runtime.crypto.labels import fresh
from runtime.crypto.prg import SEED_BYTES
from runtime.crypto.secret import LabelSecret
from runtime.execute.engines import PORTABLE, corrected, correcting
from runtime.execute.native.built import built

SHAPES = (
    Transfer(31, 16, True, 96, 29),
    Transfer(96, 9, True, 31, 24),
    Transfer(650, 16, True, 320, 29),
    Transfer(3200, 9, True, 65, 24),
    Transfer(10240, 17, True, 65, 26),
)


def measure(scale: Scale) -> Iterator[Figure]:
    for backend in (*built().paths, PORTABLE):
        for shape in SHAPES[:1] if scale.quick else SHAPES:
            subject = f"{backend}, {shape.words} words of {shape.width} bits, {shape.shared} each"
            for who, times in zip(("garbler", "evaluator"), _both(backend, shape, scale), strict=True):
                yield Figure("shares", subject, who, "MB/s", [shape.correction_bytes / 1e6 / each for each in times])


def _both(backend: str, shape: Transfer, scale: Scale) -> tuple[list[float], list[float]]:
    """Seconds of the garbler and of the evaluator."""
    secret, sent = LabelSecret.fresh(), list[bytes]()  # the corrections of one product
    labels = fresh(shape.words * shape.width).reshape(shape.width, shape.words, 2).swapaxes(0, 1)  # as `walk` has them
    numbers = np.random.default_rng(1).integers(0, 1 << 20, (shape.words, shape.shared), dtype=np.uint64)
    keeps = correcting(backend, secret, bytes(SEED_BYTES), lambda corrections: sent.append(bytes(corrections)))
    keeps.multiply(labels, numbers, shape, 0)
    garbler = correcting(backend, secret, bytes(SEED_BYTES), lambda corrections: None)
    stream = cycle(sent)
    evaluator = corrected(backend, bytes(SEED_BYTES), lambda count: next(stream))
    return (
        timed(lambda: garbler.multiply(labels, numbers, shape, 0), scale),
        timed(lambda: evaluator.multiply(labels, shape, 0), scale),
    )
