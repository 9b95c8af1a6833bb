"""Bugs to plant, each in the real function that it would sit in; pytest's monkeypatch takes it out again."""
from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pytest import MonkeyPatch

from compiler.words import dpsgd
from compiler.words.build import Builder
from runtime import sources
from runtime.privacy import draws
from runtime.privacy.draws import draw_noise
from runtime.privacy.randomness import RunSecret, Stream
from runtime.privacy.sampling import sample

Noise = NDArray[np.int64]
Plant = Callable[[MonkeyPatch], None]


def clipping_removed(patch: MonkeyPatch) -> None:
    def clipped(b: Builder, gradients: Sequence[int], clip: Fraction, row: Container[int]) -> list[int]:
        return list(gradients)
    patch.setattr(dpsgd, "clipped", clipped)


def in_every_batch(patch: MonkeyPatch) -> None:
    def everyone(stream: Stream, n: int, batch: int, slots: int) -> NDArray[np.int64]:
        return sample(stream, n, n, slots)
    patch.setattr(draws, "sample", everyone)


def sigma_times(factor: Fraction) -> Plant:
    def plant(patch: MonkeyPatch) -> None:
        _noise(patch, lambda secret, draw, variable, position, *, sigma, count:
               draw_noise(secret, draw, variable, position, sigma=sigma * factor, count=count))
    return plant


def noise_shared_by_steps(patch: MonkeyPatch) -> None:
    _noise(patch, lambda secret, draw, variable, position, *, sigma, count:
           draw_noise(secret, draw, variable, (0,) * len(position), sigma=sigma, count=count))


def noise_shared_by_coordinates(patch: MonkeyPatch) -> None:
    _noise(patch, lambda secret, draw, variable, position, *, sigma, count:
           np.repeat(draw_noise(secret, draw, variable, position, sigma=sigma, count=1), count))


def noise_shared_by_runs(patch: MonkeyPatch) -> None:
    _noise(patch, lambda secret, draw, variable, position, *, sigma, count:
           draw_noise(RunSecret.from_seed(0), draw, variable, position, sigma=sigma, count=count))


def half_without_noise(patch: MonkeyPatch) -> None:
    def half(secret: RunSecret, draw: int, variable: int, position: tuple[int, ...], *, sigma: Fraction,
             count: int) -> Noise:
        noise = draw_noise(secret, draw, variable, position, sigma=sigma, count=count)
        noise[::2] = 0
        return noise
    _noise(patch, half)


def _noise(patch: MonkeyPatch, draw: Callable[..., Any]) -> None:
    patch.setattr(sources, "draw_noise", draw)


AGAINST_PRIVACY: dict[str, Plant] = {
    "clipping removed": clipping_removed,
    "sigma halved": sigma_times(Fraction(1, 2)),
    "sigma x .8": sigma_times(Fraction(4, 5)),
    "noise reused at each step": noise_shared_by_steps,
    "canary in every batch": in_every_batch,
    "noise missing on half the coordinates": half_without_noise,
}

AGAINST_MOMENTS: dict[str, Plant] = {
    "sigma x .95": sigma_times(Fraction(19, 20)),
    "noise shared by steps": noise_shared_by_steps,
    "noise shared by coordinates": noise_shared_by_coordinates,
    "noise shared by runs": noise_shared_by_runs,
}
