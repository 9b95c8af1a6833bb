"""Trainings whose noisy sums the auditor reads: a real program, with batches and noise from a run secret, evaluated as
`ccr simulate` evaluates it.

Canaries are the rows of a Hadamard matrix but the first, over sqrt(d): orthonormal, so the noisy sum along each of them
is an experiment of its own.  The start lies so far on the wrong side of every canary that the sigmoid stays at its
greatest, 255/256, where the label says 0: a canary's gradient is that much of its row, at every step.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import isqrt
from pathlib import Path

import numpy as np
from audit.claim import Floats
from audit.verdict import Batch
from numpy.typing import NDArray
from scipy.linalg import hadamard

from compiler.pipeline import Meaning, mechanisms, understand
from compiler.words import operations
from compiler.words.evaluate import Array, run
from compiler.words.ir import Block, Loop, Value
from lang.source import Source
from runtime.data.load import Loaded
from runtime.party.sources import PartySources
from runtime.privacy.accountant import Mechanism
from runtime.privacy.cost import charged
from runtime.privacy.randomness import RunSecret

PROGRAM = Path(__file__).parent / "canaries.ccr"
WHERE, NOISE = " where norm2(x) <= 1.0", "noise = NOISE"
SIZE = 16
CANARIES = hadamard(SIZE)[1:]  # times 1 / sqrt(SIZE)
START = 64  # the weight of the one feature that is positive in all canaries: each scores 16
WEIGHT, FEATURE = Fraction(1, 256), Fraction(1, 32)  # their last bits


@dataclass(frozen=True, slots=True)
class Setting:
    """What to audit: the canary program on `records` rows, under overrides of its params, in one kind of noise."""

    records: int
    overrides: tuple[tuple[str, str], ...] = ()
    joint: bool = True  # else the owner of the records draws the noise

    def meaning(self, *, bounded: bool = True) -> Meaning:
        """With its `where` the data's owner bounds each row; without it the program clips each gradient."""
        text = PROGRAM.read_text()
        for wanted, old, new in ((bounded, WHERE, ""), (self.joint, NOISE, NOISE + " drawn by subject")):
            assert old in text
            text = text if wanted else text.replace(old, new)
        return understand(Source(PROGRAM.name, text), dict(self.overrides))

    def inputs(self, present: NDArray[np.bool_], norm: int) -> dict[str, Loaded]:
        """The canaries present, in grid units; every other record is zeroed out, which is how neighbours differ."""
        unit = Fraction(norm, isqrt(SIZE)) / FEATURE
        assert unit.denominator == 1
        x = np.zeros((self.records, SIZE), dtype=np.int64)
        x[: len(CANARIES)] = CANARIES * present[:, None] * int(unit)
        w0 = np.zeros(SIZE, dtype=np.int64)
        w0[0] = int(START / WEIGHT)
        return {"w0": w0, "records": {"x": x, "y": np.zeros(self.records, dtype=np.int64)}}

    def noisy_sums(self, present: NDArray[np.bool_], norm: int, seed: int) -> Floats:
        """Of one training for each row of `present`, every one with a run secret of its own; (trainings, steps, d)."""
        block = self.meaning(bounded=norm <= 1).words.block
        return np.asarray([released(block, self.inputs(r, norm), secret(seed, norm, k)) for k, r in enumerate(present)])

    def batch(self, trainings: int, norm: int, seed: int, *, wired: bool = True) -> Batch:
        """Canaries that are there by fair coins, and what was seen; not wired in, they stay at home whatever the coin.

        Above norm 1 the `where` is lifted.
        """
        present = np.random.default_rng([seed, norm]).random((trainings, len(CANARIES))) < 0.5
        sums = self.noisy_sums(present & wired, norm, seed)
        along = sums @ CANARIES.T / isqrt(SIZE)  # (trainings, steps, canaries)
        return Batch(np.moveaxis(along, 2, 1).reshape(present.size, -1), present.reshape(-1))


@cache
def claim(setting: Setting) -> Mechanism:
    """What `ccr privacy` charges for it; ask before a bug is planted."""
    [m] = mechanisms(setting.meaning().words)
    return charged(m, {m.dataset: setting.records})


class Transcript(dict[int, Array]):
    """An environment for the evaluator that keeps every noisy sum written into it, in units of the clip 1."""

    def __init__(self, number: int, scale: float) -> None:
        super().__init__()
        self.released: list[Floats] = []
        self._number, self._scale = number, scale

    def __setitem__(self, number: int, value: Array) -> None:
        super().__setitem__(number, value)
        if number == self._number:
            self.released.append(value * self._scale)


def released(block: Block, inputs: dict[str, Loaded], secret: RunSecret) -> list[Floats]:
    """The noisy sum of each step of one training."""
    transcript = Transcript(*noisy_sum(block))
    run(block, transcript, PartySources(inputs, secret), ())
    return transcript.released


def secret(seed: int, norm: int, training: int) -> RunSecret:
    return RunSecret.from_seed((seed * 1000 + norm) * 1_000_000 + training)


def noisy_sum(block: Block) -> tuple[int, float]:
    """The number of the noisy sum in a program's one loop, and the scale of its integers."""
    [loop] = (item for item in block.items if isinstance(item, Loop))
    values = ((n, v) for n, v in loop.body.numbered() if isinstance(v, Value))
    [(number, value)] = ((n, v) for n, v in values if isinstance(v.op, operations.Mechanism))
    assert number not in dict(block.numbered())  # blocks share their numbers: this one is written once a step
    return number, float(value.type.scale)
