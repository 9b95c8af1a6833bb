"""Bugs to plant, each in the real function that it would sit in; pytest's monkeypatch takes it out again.

Each is planted in both kinds of noise: what the data provider draws, and what the coins of both parties make.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pytest import MonkeyPatch

from compiler.training import bounds, dpsgd
from compiler.training.clip import Factor, Scaling, masked
from compiler.words import evaluate
from compiler.words.builder import Builder
from compiler.words.integers import Array
from compiler.words.ir import Type, full_range
from compiler.words.operations import Ring
from runtime.party import sources
from runtime.privacy import draws
from runtime.privacy.randomness import RunSecret, Stream
from runtime.privacy.sampling import EMPTY

Plant = Callable[[MonkeyPatch], None]


def clipping_removed(patch: MonkeyPatch) -> None:
    def clipped(b: Builder, gradients: Sequence[int], *others: Any) -> list[int]:
        *_, row, valid = others
        return [g if valid is None else masked(b, g, valid, row) for g in gradients]

    patch.setattr(dpsgd, "clipped", clipped)


def in_every_batch(patch: MonkeyPatch) -> None:
    """The first records fill every batch, and the canaries come first."""

    def first(stream: Stream, n: int, batch: int, slots: int) -> NDArray[np.int64]:
        numbers = np.arange(slots)
        return np.where(numbers < n, numbers, EMPTY)

    patch.setattr(draws, "sample", first)


def sigma_times(factor: Fraction) -> Plant:
    """The mechanism still says its old sigma."""
    right = dpsgd.Batch.sigma

    def sigma(batch: dpsgd.Batch, sum: Type) -> Fraction:
        return right(batch, sum) * factor

    return lambda patch: patch.setattr(dpsgd.Batch, "sigma", sigma)


def half_without_noise(patch: MonkeyPatch) -> None:
    def halved(noise: Array) -> Array:
        return np.where(np.arange(noise.size) % 2, noise, 0)

    right, drawn = sources.draw_noise, evaluate.drawn
    patch.setattr(sources, "draw_noise", lambda *place, **size: halved(right(*place, **size)))
    patch.setattr(evaluate, "drawn", lambda bits, made: halved(drawn(bits, made)))


def noise_shared_by_steps(patch: MonkeyPatch) -> None:
    for name, right in _drawing().items():

        def once(*place: object, right: Callable[..., Array] = right, **size: object) -> Array:
            return right(*place[:-1], (0,), **size)  # the last is the position

        patch.setattr(sources, name, once)


def noise_shared_by_runs(patch: MonkeyPatch) -> None:
    for name, right in _drawing().items():

        def known(secret: RunSecret, *place: object, right: Callable[..., Array] = right, **size: object) -> Array:
            return right(RunSecret.from_seed(0), *place, **size)

        patch.setattr(sources, name, known)


def noise_shared_by_coordinates(patch: MonkeyPatch) -> None:
    def first_for_all(noise: Array) -> Array:
        return np.broadcast_to(noise[:1], noise.shape)

    right, drawn = sources.draw_noise, evaluate.drawn
    patch.setattr(sources, "draw_noise", lambda *place, **size: first_for_all(right(*place, **size)))
    patch.setattr(evaluate, "drawn", lambda bits, made: first_for_all(drawn(bits, made)))


def _drawing() -> dict[str, Callable[..., Array]]:
    return {"draw_noise": sources.draw_noise, "draw_coins": sources.draw_coins}


AGAINST_PRIVACY: dict[str, Plant] = {
    "clipping removed": clipping_removed,
    "sigma halved": sigma_times(Fraction(1, 2)),
    "sigma x .8": sigma_times(Fraction(4, 5)),
    "noise reused at each step": noise_shared_by_steps,
    "canary in every batch": in_every_batch,
    "noise missing on half the coordinates": half_without_noise,
}

AGAINST_WHITENESS: dict[str, Plant] = {
    "sigma x .95": sigma_times(Fraction(19, 20)),
    "noise shared by steps": noise_shared_by_steps,
    "noise shared by coordinates": noise_shared_by_coordinates,
    "noise shared by runs": noise_shared_by_runs,
}


def ascending_slots(patch: MonkeyPatch) -> None:
    def as_drawn(stream: Stream, batch: NDArray[np.int64]) -> NDArray[np.int64]:
        return batch

    patch.setattr(draws, "place", as_drawn)


def noise_behind_the_ring(patch: MonkeyPatch) -> None:
    """Sum and noise in a word wide enough for both, whose carry tells where the sum stood."""
    patch.setattr(dpsgd, "added", Builder.add2)


def scaled_entered(patch: MonkeyPatch) -> None:
    """What the clip has scaled is a Ring once more."""
    right = Scaling.shrunk

    def entered(scaling: Scaling, b: Builder, by: Factor) -> int:
        scaled = right(scaling, b, by)
        type = b.type(scaled)
        lo, hi = full_range(type.width, True)
        return b.add(Ring(0), (scaled, b.const([Fraction(1)], type.shape)), replace(type, lo=lo, hi=hi))

    patch.setattr(Scaling, "shrunk", entered)


def revived_empties(patch: MonkeyPatch) -> None:
    """A gradient is taken to vanish on a row of zeros, and is not masked."""

    def vanishes(*_: object) -> bool:
        return True

    patch.setattr(bounds, "vanishes", vanishes)
