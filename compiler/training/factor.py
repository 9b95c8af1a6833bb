"""The factor that a gradient is scaled by: of a list of numbers the largest that fits its norm.

The list is 1 and m / 64 * 2^-e with m in 32..63, e in 0..7; what is longer than 2^7 clips has fewer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from compiler.words.builder import Builder
from compiler.words.ir import Type
from compiler.words.operations import Pieces

MANTISSAS = 32  # factors between one power of two and the next
EXPONENTS = 8  # powers of two, at most, each with a share of its own among the factors
PRECISION = 11  # bits of clip^2 that the comparison keeps


@dataclass(frozen=True, slots=True)
class Octaves:
    """The factors below 1: MANTISSAS from each power of two to the next, from 2^-count on.

    Where gradients may be longer than 2^count clips, the last MANTISSAS of them are so many groups instead, `step`
    octaves apart, each of the mantissas that are odd multiples of the number of groups: the least fits the longest
    gradient, and none counts as 0.  One group needs no larger exponents, which every element's move would pay for.
    """

    count: int  # a power of two
    groups: int = 0  # another one, of MANTISSAS at most
    step: int = 0

    @staticmethod
    def of(reach: Fraction) -> Octaves:
        """Enough for squared norms of up to `reach` squared clips."""
        found = Octaves(1)
        while found.factors()[0] ** 2 * reach > 1:
            if found.count < EXPONENTS:
                found = Octaves(2 * found.count)
            elif found.groups < MANTISSAS:
                groups = max(1, 2 * found.groups)
                found = Octaves(EXPONENTS, groups, (2 * MANTISSAS // groups).bit_length() - 1)
            else:
                found = replace(found, step=2 * found.step)
        return found

    @property
    def most(self) -> int:
        """The largest exponent."""
        return self.count + self.step * max(0, self.groups - 1)

    def factors(self) -> list[Fraction]:
        """Ascending."""
        near = range(self.count - 1 if self.groups else self.count, 0, -1)
        return [
            *(
                Fraction(m, MANTISSAS << self.most - self.step * group)
                for group in range(self.groups)
                for m in range(self.groups, 2 * MANTISSAS, 2 * self.groups)
            ),
            *(Fraction(MANTISSAS + m, MANTISSAS << e) for e in near for m in range(MANTISSAS)),
        ]


@dataclass(frozen=True, slots=True)
class Factor:
    """mantissa / MANTISSAS * 2^-exponent."""

    mantissa: int  # 1..2 MANTISSAS - 1
    exponent: int  # from 0 on


def factor(b: Builder, norm: int, clip: Fraction) -> Factor:
    """f for a squared norm: a binary search among the factors below 1, then one more comparison for 1."""
    type, octaves = b.type(norm), Octaves.of(b.bounds(norm)[1] / clip**2)
    below = octaves.factors()
    exact = [int(clip**2 / f**2 / type.scale) for f in (*below[1:], Fraction(1))]
    drop = max(0, exact[-1].bit_length() - PRECISION)
    limits = [0, *(t >> drop for t in exact)]  # limits[i] for the factor i, decreasing; the least fits all norms
    up = b.affine([(Fraction(1), norm)], ((1 << drop) - 1) * type.scale)
    n = b.round(up, type.scale * (1 << drop), 0, limits[1] + 1, nearest=False)
    unit = b.type(n).scale
    bits: list[int] = []
    step = len(below) // 2
    while step:
        passed = [limits[(2 * prefix + 1) * step] for prefix in range(1 << len(bits))]
        bits.append(_at_most(b, n, _chosen(b, "thresholds", bits, passed, unit)))
        step //= 2
    whole = _at_most(b, n, b.const([limits[-1] * unit]))
    return _decoded(b, octaves, bits, whole)


def _decoded(b: Builder, octaves: Octaves, bits: list[int], whole: int) -> Factor:
    """The factor of a position among those below 1, or 1."""
    split, nothing = len(bits) - MANTISSAS.bit_length() + 1, b.const([Fraction(0)])
    octave = _number(b, bits[:split])
    mantissa = b.affine([(Fraction(1), b.select(whole, nothing, _number(b, bits[split:])))], Fraction(MANTISSAS))
    exponent = b.affine([(Fraction(-1), octave)], Fraction(octaves.count))
    if octaves.groups:
        last, inner = b.equal(octave, nothing), split + octaves.groups.bit_length() - 1
        group, odd = _number(b, bits[split:inner]), _number(b, bits[inner:])
        odd = b.affine([(Fraction(2 * octaves.groups), odd)], Fraction(octaves.groups))
        further = b.affine([(Fraction(-octaves.step), group)], Fraction(octaves.most))
        mantissa, exponent = b.select(last, odd, mantissa), b.select(last, further, exponent)
    return Factor(mantissa, b.select(whole, nothing, exponent))


def _at_most(b: Builder, n: int, limit: int) -> int:
    return b.invert(b.less(limit, n))


def _number(b: Builder, bits: Sequence[int]) -> int:
    """Of its bits, highest first."""
    return b.affine([(Fraction(1 << (len(bits) - 1 - i)), bit) for i, bit in enumerate(bits)])


def _chosen(b: Builder, name: str, bits: list[int], values: list[int], unit: Fraction) -> int:
    """values[the bits so far, highest first] * unit."""
    if not bits:
        return b.const([values[0] * unit])
    table = Pieces(name, 0, len(values), 0, tuple(values), (0,) * len(values), 0, 0, Fraction(0))
    return b.add(table, (_number(b, bits),), Type((), unit, min(values), max(values)))
