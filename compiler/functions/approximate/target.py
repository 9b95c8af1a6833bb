"""What the result of a function that is not exact must be."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lang.kinds import Scalar

UNBOUND_FRACTION = 8  # fraction bits of a function that is not bound to a kind
WIDEST = 32  # bits of the range of a function that is not bound to a kind


@dataclass(frozen=True, slots=True)
class Target:
    """Integers of 2^-fraction, off by at most `within` (in the function's own unit), kept in lo..hi where given."""

    fraction: int
    within: Fraction
    lo: int | None = None
    hi: int | None = None

    @property
    def unit(self) -> Fraction:
        return Fraction(1, 1 << self.fraction)


def target_of(bound: Scalar | None, within: Fraction | None, wrap: bool = False) -> Target:
    """For a function bound to a kind, or to none; what wraps has no ends."""
    fraction = bound.fraction if bound else UNBOUND_FRACTION
    ends = (bound.lo, bound.hi) if bound and not wrap else (None, None)
    return Target(fraction, within or Fraction(1, 1 << fraction), *ends)


def rounded_once(target: Target) -> Target | None:
    """A target of the fewest fraction bits at which a last bit of error, and the rounding to `target`, are allowed.

    None if `within` is less than the rounding alone.
    """
    allowed, fraction = target.within, 0
    if allowed < target.unit:
        allowed -= target.unit / 2
        if allowed <= 0:
            return None
    while Fraction(1, 1 << fraction) > allowed:
        fraction += 1
    ends = [end if end is None else (end << fraction) >> target.fraction for end in (target.lo, target.hi)]
    return Target(fraction, Fraction(1, 1 << fraction), *ends)
