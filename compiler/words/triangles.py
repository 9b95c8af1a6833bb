"""Products by squares: with Q(n) = n (n + k) / 2, which is whole for an odd k, Q(a + b) = Q(a) + Q(b) + a b."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Triangles:
    """The sum of Q(a + b) over the `count` trailing axes, or of Q(a) alone; for k = 1 they are triangular numbers.

    Only made by the digits pass.
    """

    count: int
    offset: int  # k, which is odd
    pair: bool  # of two operands

    def ends(self, lo: int, hi: int) -> tuple[int, int]:
        """Of Q for lo..hi: at its ends, and where it is least."""
        values = [n * (n + self.offset) // 2 for n in {lo, hi, max(lo, min(hi, -(self.offset // 2)))}]
        return min(values), max(values)
