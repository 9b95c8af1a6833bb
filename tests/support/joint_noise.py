"""Joint noise taken from the compiled circuit, and what it must look like."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from support.vectors import unpack

from compiler.cells.expand import expand
from compiler.gates.circuit import Circuit
from compiler.gates.simulate import simulate
from compiler.passes.base import run
from compiler.passes.levels import O1
from compiler.words.ir import Block, Type, Value
from compiler.words.sampler import ONE, Sampler, sampler
from runtime.privacy.draws import draw_coins
from runtime.privacy.randomness import RunSecret

CHUNK = 1 << 16  # samples of one position
Bits = NDArray[np.int64]  # (samples, bits)
Values = NDArray[Any]


def lane(made: Sampler) -> Block:
    """One lane: both parties' bits to one noise."""
    bits = Type((made.bits,), Fraction(1), 0, 1)
    noise = Value(made, (0, 1), Type((), Fraction(1), -made.reach, made.reach))
    return Block(0, (bits, bits), (noise,), (2,))


@cache
def circuit(sigma: Fraction) -> Circuit:
    return run(O1, expand(lane(sampler(sigma))))[0]


def through(sigma: Fraction, own: Bits, other: Bits) -> Values:
    """What the gates make of the parties' bits, shape (samples,)."""
    count, made = len(own), sampler(sigma)
    packed = np.packbits(np.hstack([own, other]).astype(np.uint8).T, axis=1, bitorder="little")
    inputs = [int.from_bytes(row.tobytes(), "little") for row in packed]
    found: Values = unpack(simulate(circuit(sigma), inputs, count), lane(made).items[0].type, count)
    return found


def coins(sigma: Fraction, party: str, seed: int, position: int, count: int) -> Bits:
    """A party's bits as a run draws them."""
    bits = sampler(sigma).bits
    secret = RunSecret.from_seed(seed)
    return draw_coins(secret, party, 0, 0, (position,), count=count * bits).reshape(count, bits)


def samples(sigma: Fraction, count: int, seed: int, evaluator: Callable[[Bits], Bits] = lambda bits: bits) -> Values:
    """Noises of many steps; `evaluator` is what the evaluator enters for the bits that it should."""
    parts: list[Values] = []
    for position, start in enumerate(range(0, count, CHUNK)):
        size = min(CHUNK, count - start)
        entered = evaluator(coins(sigma, "vendor", seed, position, size))
        parts.append(through(sigma, coins(sigma, "hospital", seed, position, size), entered))
    return np.concatenate(parts)


def probabilities(made: Sampler) -> NDArray[np.float64]:
    """Of -c, ..., c, from the weights: the table's points, convolved with every coin.

    Sums of positive numbers, so each is good to 1e-14 of itself.
    """
    unit = 1 << len(made.coins)
    half = np.array([w / (2 * ONE) for w in made.weights])
    p = np.zeros((2 * len(half) - 1) * unit + 1)
    p[::unit] = np.concatenate([half[::-1], half])
    for j, n in enumerate(made.coins):
        for _ in range(n):
            p = (np.pad(p, (0, 1 << j)) + np.pad(p, (1 << j, 0))) / 2
    return p


def chi_squared(values: Values, made: Sampler, width: int = 1) -> tuple[float, int]:
    """(statistic / degrees of freedom, degrees of freedom) in bins of `width` integers that expect 10 samples at least;
    the two tails are a bin each."""
    p = probabilities(made)
    middle = len(p) // 2
    bins = (np.arange(len(p)) - middle) // width
    bins -= bins[0]
    expected = np.bincount(bins, weights=p) * len(values)
    found = np.bincount(bins[values.astype(np.int64) + middle], minlength=len(expected))
    full = np.flatnonzero(expected >= 10)
    first, last = full[0], full[-1] + 1
    expected, found = (np.concatenate([[c[:first].sum()], c[first:last], [c[last:].sum()]]) for c in (expected, found))
    freedom = len(expected) - 1
    return float(((found - expected) ** 2 / expected).sum() / freedom), freedom
