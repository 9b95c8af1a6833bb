"""Where in the run secret each random choice of a program stands.

A choice has a number (`draw`, which `dpsgd` of the program) and a position (the indices of the loops around it), so
a simulation and the real run, which may ask in any order, find the same bits.  The fields of one batch are gathered by
one and the same draw; the noises of two variables are two.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from compiler.words.evaluate import drawn
from compiler.words.sampler import Sampler
from runtime.privacy.noise import rounded_gaussian
from runtime.privacy.randomness import RunSecret
from runtime.privacy.sampling import EMPTY, place, sample


def draw_batch(
    secret: RunSecret, draw: int, position: tuple[int, ...], *, n: int, batch: int, slots: int
) -> NDArray[np.int64]:
    """The record numbers of one batch, EMPTY in slots without a record, in random order; shape (slots,)."""
    where = (draw, *position)
    return place(secret.stream("slots", where), sample(secret.stream("batch", where), n, batch, slots))


def draw_whole(secret: RunSecret, draw: int, position: tuple[int, ...], *, n: int, slots: int) -> NDArray[np.int64]:
    """All record numbers, each in a slot of its own, in random order; shape (slots,).

    In the order of the file, which may be sorted by what is in it, the slots would depend on the records.
    """
    if n != slots:
        raise ValueError(f"{n} records do not fill {slots} slots")
    return place(secret.stream("slots", (draw, *position)), np.arange(n, dtype=np.int64))


def draw_noise(
    secret: RunSecret, draw: int, variable: int, position: tuple[int, ...], *, sigma: Fraction, count: int
) -> NDArray[np.int64]:
    """The noise on one variable, of `count` elements: round(N(0, sigma^2)) in grid units; shape (count,).

    `variable` counts those that the `dpsgd` trains: equal noise on two of them would cancel in their difference.
    """
    return rounded_gaussian(secret.stream("noise", (draw, variable, *position)), sigma, count)


def draw_coins(
    secret: RunSecret, party: str, draw: int, variable: int, position: tuple[int, ...], *, count: int
) -> NDArray[np.int64]:
    """A party's part of the bits of one joint noise, uniform; shape (count,).

    The party's name is in the label, so that one seed for both parties does not make their parts equal and the noise
    the same in every run.
    """
    stream = secret.stream(f"coins of {party}", (draw, variable, *position))
    packed = np.frombuffer(stream.bytes(-(-count // 8)), dtype=np.uint8)
    return np.unpackbits(packed, bitorder="little", count=count).astype(np.int64)


def draw_joint(
    secret: RunSecret,
    parties: Sequence[str],
    draw: int,
    variable: int,
    position: tuple[int, ...],
    *,
    sampler: Sampler,
    count: int,
) -> NDArray[np.int64]:
    """The noise that the parties draw together where one secret is all of theirs, in grid units; shape (count,)."""
    bits = [draw_coins(secret, party, draw, variable, position, count=count * sampler.bits) for party in parties]
    return drawn(np.bitwise_xor.reduce(bits).reshape(count, sampler.bits), sampler)


class Rows(Protocol):
    """An array of shape (n, ...), or what stands for one."""

    def __getitem__(self, numbers: NDArray[np.int64], /) -> NDArray[Any]: ...


def gather(rows: Rows, numbers: NDArray[np.int64]) -> NDArray[Any]:
    """The rows of the given record numbers, zeros in empty slots; shape (slots, ...)."""
    taken = rows[np.where(numbers == EMPTY, 0, numbers)]  # as many as ever: how long it takes is not of the batch
    taken[numbers == EMPTY] = 0
    return taken
