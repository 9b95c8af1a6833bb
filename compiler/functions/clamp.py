"""Clamping: by a kind's own clamp where the bounds are public."""

from __future__ import annotations

from fractions import Fraction

from compiler.functions.layers import largest, least
from compiler.words.arithmetic import broadcast_shapes, common_scale
from compiler.words.builder import Builder


def clamp(b: Builder, x: int, low: int, high: int) -> int:
    """min(max(x, low), high)."""
    ends = b.constant(low), b.constant(high)
    if ends[0] is None or ends[1] is None or ends[0] > ends[1]:
        return least(b, largest(b, x, low), high)
    shape = broadcast_shapes([b.type(n).shape for n in (x, low, high)])
    scale = common_scale([b.type(x).scale, *map(abs, ends)])
    x = b.broadcast(x, shape)
    result = b.round(x, scale, *(int(end / scale) for end in ends), nearest=False)
    nothing = b.const([Fraction(0)])

    def derivative(adjoint: int) -> list[tuple[int, int]]:
        """As of the two choices: none below `low`, and none from `high` on."""
        return [(x, b.select(b.less(x, low), nothing, b.select(b.less(x, high), adjoint, nothing)))]

    if result != x:
        b.derivatives[result] = derivative
    return result
