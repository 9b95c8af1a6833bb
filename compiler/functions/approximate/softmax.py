"""softmax: e^(x - largest) / sum, over the last axis."""

from __future__ import annotations

from fractions import Fraction

from compiler.functions.approximate.exponential import exp
from compiler.functions.approximate.shift import Report
from compiler.functions.approximate.target import Target
from compiler.functions.layers import largest
from compiler.functions.order import tournament
from compiler.functions.quotient import quotient
from compiler.words.builder import Builder
from compiler.words.ir import Claim


def softmax(b: Builder, scores: int, target: Target) -> int | None:
    """In units of the target, each entry less than one of them off; None if no curve of exp is good enough.

    With every exponential off by at most a last bit e, exponential / sum is off by less than (K + 1) e / (1 - K e),
    since the sum is at least 1: by half a unit at most. Rounding the quotient to the nearest is off by as much again,
    to neither side more often than to the other.
    """
    type = b.type(scores)
    classes = type.shape[-1]
    if classes == 1:
        return b.const([Fraction(1)], type.shape)
    extra = 1
    while (1 << extra) * (1 - Fraction(classes, 1 << (target.fraction + extra))) < 2 * classes + 2:
        extra += 1
    fine = Fraction(1, 1 << (target.fraction + extra))
    best = b.broadcast(b.reshape(tournament(b, scores, 1, largest), (*type.shape[:-1], 1)), type.shape)
    below = b.sub(best, scores)
    powers = exp(
        b,
        b.narrowed(below, Fraction(0), b.type(below).hi * b.type(below).scale, Claim.FUNCTION),
        -1,
        Target(target.fraction + extra, fine),
        Report("softmax", target.unit),
    )
    if powers is None:
        return None
    total = b.sum(powers, 1)
    total = b.narrowed(total, Fraction(1), b.type(total).hi * fine, Claim.FUNCTION)
    total = b.broadcast(b.reshape(total, (*type.shape[:-1], 1)), type.shape)
    lifted = b.affine([(Fraction(1), powers), (target.unit / 2, total)])  # the floor of a half more is the nearest
    shares = quotient(b, lifted, total, target.unit)
    return b.narrowed(shares, Fraction(0), Fraction(1), Claim.FUNCTION)
