"""A malicious evaluator: it adds what it likes to every Ring, which is all that its part of a product lets it do.

Each attack is a training under such offsets and a way to read its noisy sums: what it shows of a record, in the place
of a canary's noisy sum, so that the same tests and the same claim judge it.  On the system as it is none may alarm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from audit.claim import Floats
from audit.trainings import CANARIES, SIZE, Setting, released, secret
from audit.verdict import Batch
from numpy.typing import NDArray
from pytest import MonkeyPatch

from compiler.pipeline import mechanisms, understand
from compiler.words import evaluate
from compiler.words.integers import Array
from compiler.words.ir import Block, Type
from lang.source import Source
from runtime.data.load import Loaded
from runtime.privacy import draws
from runtime.privacy.accountant import Mechanism
from runtime.privacy.cost import charged
from runtime.privacy.randomness import Stream
from runtime.privacy.sampling import EMPTY

Offset = Callable[[Type], Array]
RECORDS = 16  # all of them in each batch
SLOTS = 32
ONE_STEP = Setting(RECORDS, (("BATCH", "16"), ("STEPS", "1"), ("NOISE", "0.5")))
DRIVEN, SHARE = 16, 0.8  # scores at which the sigmoid ends; of a narrower ring, this part
BIAS = Path(__file__).parent / "bias.ccr"
FIRST = 0  # the record that is there or is not


@dataclass(frozen=True, slots=True)
class Attack:
    """Trainings of a claim, under offsets, as one batch for the auditor."""

    claim: Mechanism
    batch: Callable[[int, int], Batch]  # (trainings, seed)


def enters(patch: MonkeyPatch, offset: Offset) -> None:
    """What the evaluator adds to a Ring of each type."""
    honest = evaluate._ring

    def ring(count: int, more: int, type: Type, left: Array, right: Array) -> Array:
        reach = type.hi - type.lo + 1
        found = honest(count, more, type, left, right) + offset(type)
        return np.asarray((found - type.lo) % reach + type.lo, dtype=np.int64)

    patch.setattr(evaluate, "_ring", ring)


def driven(type: Type) -> Array:
    """Every score to the end of the sigmoid, or a narrower Ring of each slot near its own end; sums stay."""
    reach = min(DRIVEN / type.scale, SHARE * type.hi)
    return np.asarray(int(reach) if SLOTS in type.shape else 0)


def alternating(type: Type) -> Array:
    """The score of every other slot to one end of the sigmoid, the others to the other."""
    signs = np.where(np.arange(SLOTS) % 2, -1, 1)
    return signs * int(DRIVEN / type.scale) if type.shape == (SLOTS,) else np.asarray(0)


def at_the_wrap(type: Type) -> Array:
    """Scores as `driven`; a sum of half a clip or more to the other end of its ring."""
    return driven(type) if SLOTS in type.shape else np.asarray(type.hi + 1 - int(Fraction(1, 2) / type.scale))


def scores(patch: MonkeyPatch) -> Attack:
    """The vendor's weights are 0: its offsets alone decide every score."""
    enters(patch, driven)
    return Attack(_claim(ONE_STEP), lambda trainings, seed: _canaries(trainings, seed, CANARIES / 4, 10, _along))


def wrap(patch: MonkeyPatch) -> Attack:
    """Each canary has a coordinate of its own, and its sum's sign says on which side of the wrap it lies."""
    enters(patch, at_the_wrap)
    return Attack(_claim(ONE_STEP), lambda trainings, seed: _canaries(trainings, seed, np.eye(SIZE)[1:], 1, _sign))


def slots(patch: MonkeyPatch) -> Attack:
    """The first record is there, or has never been sampled: in ascending slots all others stand one further."""
    enters(patch, alternating)
    block = ONE_STEP.meaning().words.block
    inputs = _inputs(np.concatenate([np.zeros((1, SIZE)), CANARIES / 4]))
    ends = [CANARIES[first::2].sum(axis=0) / 4 * 255 / 256 for first in (1, 0)]  # in even slots, with it and without
    along = (ends[0] - ends[1]) / np.linalg.norm(ends[0] - ends[1])

    def read(sums: Floats) -> Floats:
        return np.asarray((sums - (ends[0] + ends[1]) / 2) @ along + 0.5)

    return Attack(_claim(ONE_STEP), lambda trainings, seed: _first(trainings, seed, block, inputs, read))


def empties(patch: MonkeyPatch, revived: int) -> Attack:
    """All scores high, but the first record's, whose label is the other one: it adds -1 where a revived slot adds 1.

    `revived`: of its slot, what it adds when it is empty.
    """
    enters(patch, driven)
    words = understand(Source(BIAS.name, BIAS.read_text())).words
    [mechanism] = mechanisms(words)
    x = np.zeros((RECORDS, 2), dtype=np.int64)
    x[FIRST, 0] = 8
    y = (np.arange(RECORDS) == FIRST).astype(np.int64)
    inputs: dict[str, Loaded] = {
        "w0": np.array([-1 << 15, 0, 0]),
        "records": {"x": x, "y": y},
    }
    absent = (RECORDS - 1 + revived * (SLOTS - RECORDS + 1)) * 255 / 256

    def read(sums: Floats) -> Floats:
        return np.asarray((absent - sums[:, 2] - revived / 2) * 16 / 17)

    claim = charged(mechanism, {"records": RECORDS})
    return Attack(claim, lambda trainings, seed: _first(trainings, seed, words.block, inputs, read))


def _claim(setting: Setting) -> Mechanism:
    [mechanism] = mechanisms(setting.meaning().words)
    return charged(mechanism, {mechanism.dataset: setting.records})


def _inputs(rows: Floats) -> dict[str, Loaded]:
    x = np.zeros((RECORDS, SIZE), dtype=np.int64)
    x[: len(rows)] = rows * 32
    return {"w0": np.zeros(SIZE, dtype=np.int64), "records": {"x": x, "y": np.zeros(RECORDS, dtype=np.int64)}}


def _canaries(trainings: int, seed: int, rows: Floats, norm: int, read: Callable[[Floats, Floats], Floats]) -> Batch:
    """Canaries that are there by fair coins, else zeroed out, as in the audit without offsets."""
    block = ONE_STEP.meaning(bounded=norm <= 1).words.block
    present = np.random.default_rng([seed, norm]).random((trainings, len(rows))) < 0.5
    sums = [
        released(block, _inputs(rows * (norm * there[:, None])), secret(seed, norm, k))
        for k, there in enumerate(present)
    ]
    seen = read(np.asarray(sums), rows)  # (trainings, steps, canaries)
    return Batch(np.moveaxis(seen, 2, 1).reshape(present.size, -1), present.reshape(-1))


def _along(sums: Floats, rows: Floats) -> Floats:
    return np.asarray(sums @ rows.T)


def _sign(sums: Floats, rows: Floats) -> Floats:
    return np.asarray((sums @ rows.T < 0).astype(np.float64))


def _first(
    trainings: int, seed: int, block: Block, inputs: dict[str, Loaded], read: Callable[[Floats], Floats]
) -> Batch:
    """Half of the trainings without the first record."""
    present = np.arange(trainings) % 2 == 0
    seen: list[Floats] = []
    for k, there in enumerate(present):
        with MonkeyPatch.context() as patch:
            if not there:
                never_sampled(patch, FIRST)
            seen.append(read(np.asarray(released(block, inputs, secret(seed, 1, k)))))
    return Batch(np.asarray(seen).reshape(trainings, -1), present)


def never_sampled(patch: MonkeyPatch, record: int) -> None:
    """The record is the empty one, which fills no slot."""
    honest = draws.sample

    def others(stream: Stream, n: int, batch: int, slots: int) -> NDArray[np.int64]:
        drawn = honest(stream, n, batch, slots)
        rest = drawn[drawn != record]
        return np.concatenate([rest, np.full(slots - len(rest), EMPTY)])

    patch.setattr(draws, "sample", others)
