"""Where in the run secret each random choice of a program stands.

A choice has a number (`draw`, unique in the program among choices of its sort) and a position (the indices of the
loops around it), so both parties' simulations and the real run, which may ask in any order, find the same bits.
"""
from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from runtime.privacy.noise import rounded_gaussian
from runtime.privacy.randomness import RunSecret
from runtime.privacy.sampling import EMPTY, sample


def draw_batch(
    secret: RunSecret, draw: int, position: tuple[int, ...], *, n: int, batch: int, slots: int
) -> NDArray[np.int64]:
    """The record numbers of one batch, EMPTY in slots without a record; shape (slots,)."""
    return sample(secret.stream("batch", (draw, *position)), n, batch, slots)


def draw_noise(
    secret: RunSecret, draw: int, position: tuple[int, ...], *, sigma: Fraction, count: int
) -> NDArray[np.int64]:
    """`count` draws of round(N(0, sigma^2)) in grid units; shape (count,).

    Two variables must not share a `draw`: equal noise on both would cancel in their difference.
    """
    return rounded_gaussian(secret.stream("noise", (draw, *position)), sigma, count)


def gather(rows: NDArray[np.int64], numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """The rows (n, ...) of the given record numbers, zeros in empty slots; shape (slots, ...)."""
    taken = rows[numbers]  # EMPTY indexes the last row, which the next line wipes
    taken[numbers == EMPTY] = 0
    return taken
