"""Clamping: by a kind's own clamp where the bounds are public."""

from __future__ import annotations

from fractions import Fraction

from compiler.functions.layers import largest, least
from compiler.words.arithmetic import broadcast_shapes, common_scale
from compiler.words.builder import Builder


def clamp(b: Builder, x: int, low: int, high: int) -> int:
    """min(max(x, low), high)."""
    lowest, highest = b.constant(low), b.constant(high)
    if lowest is None or highest is None or lowest > highest:
        return least(b, largest(b, x, low), high)
    shape = broadcast_shapes([b.type(n).shape for n in (x, low, high)])
    scale = common_scale([b.type(x).scale, abs(lowest), abs(highest)])
    x = b.broadcast(x, shape)
    result = b.round(x, scale, int(lowest / scale), int(highest / scale), nearest=False)
    nothing = b.const([Fraction(0)])

    def derivative(adjoint: int) -> list[tuple[int, int]]:
        """As of the two choices: none below `low`, and none from `high` on."""
        return [(x, b.select(b.less(x, low), nothing, b.select(b.less(x, high), adjoint, nothing)))]

    if result != x:
        b.derivatives[result] = derivative
    return result
