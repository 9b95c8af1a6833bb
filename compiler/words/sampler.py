"""The noise that the two parties draw together: one integer out of fair coins and one table, standard deviation sigma.

    value = 2^m A + sum over j < m of 2^j (H_j - n_j / 2)

H_j is the number of heads of n_j fair coins, A = k + 1/2 or -(k + 1/2) with a fair sign, and k comes from Walker's
alias table: six index bits i, kept if a uniform word of 34 bits lies below thresholds[i], else replaced by i XOR
aliases[i].  So every probability is an integer over a power of two, and `weights` states it.

The table.  In units of 2^m the coins have variance v and fourth cumulant -c (a fair coin times h: h^2/4 and -h^4/8).
A is the Gaussian of variance t^2 = sigma^2 / 4^m - v on the half-integers with that fourth cumulant put back,

    P(A = x) ~ exp(-z^2 / 2) (1 + c / t^4 He4(z) / 24),    z = x / t,    He4(z) = z^4 - 6 z^2 + 3,

so that the tails of the sum are as heavy as a Gaussian's (the first term of the Gram-Charlier series; without it
privacy would be lost five deviations out, where the sum of coins is too light).  4 <= sigma / 2^m < 8, so 64 entries
reach eight deviations.  The probabilities are rounded to multiples of 2^-40; then weight moves between k = 0 and
k = 1 until the variance of the whole is sigma^2, or above it by less than 4^m 2^-39.

The coins.  n coins on every scale from 2^j up are the sum of n uniform words, which makes a spline of degree n - 1
between the points they are added to, 2^j apart.  At sigma / 4, where A's points can lie, it takes the smoothness of
degree five to look like a Gaussian far out; at sigma / 16 degree three, at sigma / 512 linear interpolation.

The smallest sigma is 16: on integers a Gaussian of variance sigma^2 hides a shift by 1 as well as one of variance
sigma^2 - 1/12 on the reals.  A sum whose noise would be smaller is put on a finer grid first (`refinement`).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from fractions import Fraction
from math import ceil

INDEX_BITS = 6
ENTRIES = 1 << INDEX_BITS
THRESHOLD_BITS = 34
ONE = 1 << (INDEX_BITS + THRESHOLD_BITS)  # what the weights of |A| sum to
UPPER = (6, 6, 4, 4, 4, 4, 4)  # coins of the scales below A, from the top
FEW = 2  # of each scale below those
SMALLEST = 16
_DECIMAL = Context(prec=50, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True, slots=True)
class Sampler:
    """The compiled distribution of one sum's noise.  Raises ValueError unless its parts make one."""

    sigma: Fraction  # standard deviation asked for, in units of the noise's own grid
    coins: tuple[int, ...]  # n_j, even; m = len(coins) >= 1
    thresholds: tuple[int, ...]  # ENTRIES numbers below 2^34
    aliases: tuple[int, ...]  # ENTRIES numbers: alias XOR index

    def __post_init__(self) -> None:
        if not self.coins or any(n < 0 or n % 2 for n in self.coins):
            raise ValueError("a sampler needs an even number of coins on each of its scales")
        if len(self.thresholds) != ENTRIES or any(not 0 <= t < 1 << THRESHOLD_BITS for t in self.thresholds):
            raise ValueError(f"a sampler has {ENTRIES} thresholds below 2^{THRESHOLD_BITS}")
        if len(self.aliases) != ENTRIES or any(not 0 <= a < ENTRIES for a in self.aliases):
            raise ValueError(f"a sampler has {ENTRIES} aliases in 0..{ENTRIES - 1}")
        if self.variance < self.sigma**2:
            raise ValueError("a sampler's variance is below the one it stands for")

    @property
    def weights(self) -> tuple[int, ...]:
        """P(|A| = k + 1/2) = weights[k] / ONE exactly; P(A = k + 1/2) = P(A = -k - 1/2) is half of it."""
        return alias_weights(self.thresholds, self.aliases)

    @property
    def variance(self) -> Fraction:
        """Of the value, exactly."""
        table = sum(w * (2 * k + 1) ** 2 for k, w in enumerate(self.weights))
        return Fraction(table * 4 ** len(self.coins), 4 * ONE) + _coin_variance(self.coins)

    @property
    def reach(self) -> int:
        """The largest |value| that can be drawn."""
        last = max(k for k, w in enumerate(self.weights) if w)
        return ((2 * last + 1 << len(self.coins)) + sum(n << j for j, n in enumerate(self.coins))) // 2

    @property
    def furthest(self) -> int:
        """No number on the way from bits to a value is larger."""
        return (2 * ENTRIES << len(self.coins)) + sum(n << j for j, n in enumerate(self.coins))

    @property
    def bits(self) -> int:
        """Uniform bits of one draw: index, threshold, sign, then the coins of scale 0, 1, ..."""
        return INDEX_BITS + THRESHOLD_BITS + 1 + sum(self.coins)

    @property
    def digest(self) -> str:
        """SHA-256 of the distribution in canonical form, hexadecimal."""
        parts = [str(self.sigma), self.coins, self.thresholds, self.aliases]
        return hashlib.sha256(b"ccr sampler 1\0" + json.dumps(parts, separators=(",", ":")).encode()).hexdigest()


def sampler(sigma: Fraction) -> Sampler:
    """The sampler of standard deviation `sigma` in grid units; equal on every machine.

    Raises ValueError below SMALLEST.
    """
    if sigma < SMALLEST:
        raise ValueError(f"noise of standard deviation {sigma} grid units: it takes at least {SMALLEST}")
    scales = (sigma.numerator // sigma.denominator).bit_length() - 3
    coins = (*[FEW] * (scales - len(UPPER)), *reversed(UPPER[:scales]))
    unit = 4**scales
    variance = (sigma**2 - _coin_variance(coins)) / unit
    cumulant = Fraction(sum(n * 16**j for j, n in enumerate(coins)), 8 * unit**2)
    return Sampler(sigma, coins, *alias_table(_weights(variance, cumulant)))


def refinement(sigma: Fraction) -> int:
    """By how many bits the grid must become finer for a noise of `sigma` > 0 grid units to have a sampler."""
    return (ceil(SMALLEST / sigma) - 1).bit_length()


def _coin_variance(coins: tuple[int, ...]) -> Fraction:
    return Fraction(sum(n * 4**j for j, n in enumerate(coins)), 4)


def _weights(variance: Fraction, cumulant: Fraction) -> list[int]:
    """Integers that sum to ONE: the corrected Gaussian on k + 1/2, its variance at least `variance`."""
    with localcontext(_DECIMAL):
        shape = [_density(Fraction((2 * k + 1) ** 2, 4) / variance, cumulant / variance**2) for k in range(ENTRIES)]
        total = sum(shape)
        weights = [int((p * ONE / total).to_integral_value()) for p in shape]
    weights[0] += ONE - sum(weights)
    squares = sum(w * k * (k + 1) for k, w in enumerate(weights))  # (k + 1/2)^2 = k (k + 1) + 1/4
    moved = ceil(((variance - Fraction(1, 4)) * ONE - squares) / 2)  # from 0 to 1: each adds 2
    weights[0] -= moved
    weights[1] += moved
    return weights


def _density(square: Fraction, cumulant: Fraction) -> Decimal:
    """exp(-z^2 / 2) (1 + cumulant He4(z) / 24) for z^2 = `square`."""
    factor = 1 + cumulant * (square**2 - 6 * square + 3) / 24
    return _decimal(factor) * (-_decimal(square) / 2).exp()


def _decimal(number: Fraction) -> Decimal:
    return Decimal(number.numerator) / Decimal(number.denominator)


# -- Walker's alias method --------------------------------------------------------------------------


def alias_table(weights: list[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(thresholds, aliases) that draw k with probability weights[k] / ONE, exactly (Walker 1977; Vose 1991).

    Every entry has the same share; one that needs less gives the rest to one that needs more.  An entry that keeps all
    of its share is its own alias.
    """
    share = ONE // ENTRIES
    left = list(weights)
    thresholds, aliases = [0] * ENTRIES, [0] * ENTRIES
    small = [k for k in range(ENTRIES) if left[k] < share]
    large = [k for k in range(ENTRIES) if left[k] >= share]
    while small:
        poor, rich = small.pop(), large[-1]
        thresholds[poor], aliases[poor] = left[poor], poor ^ rich
        left[rich] -= share - left[poor]
        if left[rich] < share:
            small.append(large.pop())
    return tuple(thresholds), tuple(aliases)


def alias_weights(thresholds: tuple[int, ...], aliases: tuple[int, ...]) -> tuple[int, ...]:
    """What a table draws: integers over ONE."""
    weights = [0] * ENTRIES
    for i, (threshold, alias) in enumerate(zip(thresholds, aliases, strict=True)):
        weights[i] += threshold
        weights[i ^ alias] += (1 << THRESHOLD_BITS) - threshold
    return tuple(weights)
