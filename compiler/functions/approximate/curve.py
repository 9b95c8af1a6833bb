"""A smooth function of an unsigned integer, piece by piece a polynomial in Horner's form.

On each piece the polynomial meets the function at Chebyshev's nodes, so that it is off by at most
max |f^(d+1)| (h/2)^(d+1) / (2^d (d+1)!) for degree d and length h; what rounding adds is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from math import factorial

from compiler.functions.approximate.real import MARGIN, PRECISION
from compiler.functions.approximate.shift import Report, floor_shift, low_bits, table
from compiler.words.builder import Builder

MOST_PIECES = 9  # bits of a piece's number that are tried
MOST_GUARD = 8
MOST_DEGREE = 3
MOST_GATES = 16_000  # of the tables, about half of a kernel (`compiler.gates.limits`)


@dataclass(frozen=True, slots=True)
class Smooth:
    """A real function of a real r, and bounds of its derivatives, which are largest at an end of any interval."""

    value: Callable[[Decimal], Decimal]
    derivative: Callable[[int, Decimal], Decimal]  # (order, r) -> at least |f^(order)(r)|
    halves: int = 0  # bits of the number of equal parts, at whose ends there may be kinks


@dataclass(frozen=True, slots=True)
class Curve:
    """`pieces` leading bits of r choose coefficients, the rest is t: acc <- coefficient + acc t / 2^places."""

    ands: int
    degree: int
    pieces: int
    places: int
    guard: int  # fraction bits of the coefficients
    kept: tuple[int, ...]  # bits of t that each step multiplies by
    widths: tuple[int, ...]  # of the coefficients, the constant first


def planned(f: Smooth, bits: int, reach: int, slack: Decimal, extra: int) -> Curve | None:
    """The cheapest polynomial within `slack` of f at r = 0..reach < 2^bits before the last bits are dropped.

    `extra`: fraction bits of the result, which is rounded down.
    """
    return min(_plans(f, bits, reach, slack, extra), key=lambda c: (c.ands, c.degree, c.pieces, c.guard), default=None)


def _plans(f: Smooth, bits: int, reach: int, slack: Decimal, extra: int) -> Iterator[Curve]:
    for degree in range(MOST_DEGREE + 1):
        steep = [
            max(f.derivative(order, Decimal(0)), f.derivative(order, Decimal(reach))) for order in range(degree + 2)
        ]
        for pieces in range(f.halves, min(bits, MOST_PIECES) + 1):
            places = bits - pieces
            half = Decimal(1 << places) / 2 if places else Decimal(0)
            off = steep[degree + 1] * half ** (degree + 1) / (1 << degree) / factorial(degree + 1)
            guard = next(
                (
                    g
                    for g in range(extra, MOST_GUARD + 1)
                    if off + _rounding(degree) * Decimal(2) ** -g + MARGIN <= slack
                ),
                None,
            )
            if guard is None:
                continue
            sizes = [steep[j] * (1 << places) ** j / factorial(j) * Decimal(2) ** guard for j in range(degree + 1)]
            widths = tuple(int(size).bit_length() + (j > 0) for j, size in enumerate(sizes))
            kept = tuple(places if j == 0 else min(places, widths[j + 1]) for j in range(degree))
            if (sum(widths) << pieces) // 2 <= MOST_GATES:
                yield Curve(_ands(pieces, kept, widths), degree, pieces, places, guard, kept, widths)
            break


def _rounding(degree: int) -> Decimal:
    """What rounding adds, in last bits of the coefficients: half for each, and for each step but the last one for the
    product and one for the bits of t left out."""
    return Decimal(degree + 1) / 2 + 2 * max(0, degree - 1)


def _ands(pieces: int, kept: tuple[int, ...], widths: tuple[int, ...]) -> int:
    products = sum(k * (w + 1) for k, w in zip(kept, widths[1:], strict=True))
    return (1 << pieces) - pieces - 1 + products + sum(widths[:-1])


def drawn(b: Builder, r: int, curve: Curve, f: Smooth, reach: int, extra: int, of: Report) -> int:
    """The curve at r, in units of 2^-extra, rounded down; beyond `reach` something of the same size."""
    last = reach >> curve.places
    rows = [_coefficients(f, curve, min(piece, last)) for piece in range(1 << curve.pieces)]
    columns = [
        table(b, r, [row[j] for row in rows], 0, curve.places, None if j else of) for j in range(curve.degree + 1)
    ]
    total, drop = columns[-1], curve.guard - extra
    for j in reversed(range(curve.degree)):
        kept = curve.kept[j]
        t = floor_shift(b, low_bits(b, r, curve.places), curve.places - kept)
        product = b.mul(total, t)
        if j:
            total = b.add2(floor_shift(b, product, kept), columns[j])
        else:
            total, drop = b.affine([(Fraction(1), product), (Fraction(1 << kept), columns[0])]), drop + kept
    return floor_shift(b, total, drop)


def _coefficients(f: Smooth, curve: Curve, piece: int) -> list[int]:
    """Of the polynomial in z = t / 2^places that meets f at the nodes, rounded to the guard bits."""
    start, length, count = piece << curve.places, 1 << curve.places, curve.degree + 1
    nodes = [Decimal(0)] if curve.places == 0 else [(1 + node) / 2 for node in NODES[curve.degree]]
    divided = [f.value(start + z * length) for z in nodes]
    for order in range(1, len(nodes)):
        for i in reversed(range(order, len(nodes))):
            divided[i] = (divided[i] - divided[i - 1]) / (nodes[i] - nodes[i - order])
    monomial = [Decimal(0)] * count
    for i in reversed(range(len(nodes))):  # Newton's form, multiplied out
        shifted = [Decimal(0), *monomial[:-1]]
        monomial = [s - nodes[i] * m for s, m in zip(shifted, monomial, strict=True)]
        monomial[0] += divided[i]
    return [int((c * Decimal(2) ** curve.guard).to_integral_value(ROUND_HALF_EVEN)) for c in monomial]


ROOT2, ROOT3 = Decimal(2).sqrt(PRECISION), Decimal(3).sqrt(PRECISION)
HIGH, LOW = ((2 + ROOT2).sqrt(PRECISION) / 2, (2 - ROOT2).sqrt(PRECISION) / 2)
NODES = (  # the zeros of Chebyshev's polynomials, by degree of the one that is drawn
    (Decimal(0),),
    (ROOT2 / 2, -ROOT2 / 2),
    (ROOT3 / 2, Decimal(0), -ROOT3 / 2),
    (HIGH, LOW, -LOW, -HIGH),
)
