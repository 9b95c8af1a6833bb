"""How large numbers become on the way from an operation's operands to its result."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import assert_never

from compiler.words.extern import Extern
from compiler.words.operations import (
    And,
    Compute,
    Digits,
    Div,
    Dot,
    Equal,
    Exact,
    Less,
    Linear,
    Mul,
    Or,
    Pieces,
    Power,
    Remainder,
    Round,
    Select,
    Sqrt,
    Sum,
    Xor,
)
from compiler.words.sampler import Sampler
from compiler.words.triangles import Triangles


def furthest(op: Compute, reaches: Sequence[int], shape: tuple[int, ...]) -> int:
    """The largest magnitude on the way, for operands of these magnitudes, the first of that shape."""
    n = [max(1, r) for r in reaches]  # so that what stands beside them counts where they are 0
    match op:
        case Linear(coefficients, constant):
            return abs(constant) + sum(abs(c) * r for c, r in zip(coefficients, n, strict=True))
        case Mul():
            return n[0] * n[1]
        case Sum(count):
            return _terms(shape, count) * n[0]
        case Dot(count):
            return _terms(shape, count) * n[0] * n[1]
        case Digits(count, left, right):
            return _terms(shape, count) * (2 * n[0] + abs(left)) * (2 * n[1] + abs(right))
        case Triangles(count, offset):
            return _terms(shape, count) * (2 * max(n)) * (2 * max(n) + abs(offset))
        case Exact(by):
            return n[0] + by
        case Round(p, q, lo, hi):
            return 2 * (p * n[0] + q + max(abs(lo), abs(hi)) + 1)
        case Div(lo, hi):
            return max(n[0] + 1, n[1], abs(lo), abs(hi))
        case Remainder() | Sqrt() | Less() | Equal() | Select() | And() | Or() | Xor():
            return 0  # no further than the operands
        case Power():
            return 1 << min(n[0], 64)
        case Pieces():
            return table_reach(op)
        case Sampler():
            return op.furthest
        case Extern():
            return 1
        case _:
            assert_never(op)


def _terms(shape: tuple[int, ...], count: int) -> int:
    return prod(shape[len(shape) - count :])


@lru_cache(maxsize=256)
def table_reach(at: Pieces) -> int:
    """As `furthest`, whatever the operand is: behind the clamp its length no longer counts."""
    steep, high = (max(map(abs, entries), default=0) for entries in (at.slope, at.base))
    return 2 * at.limit + abs(at.center) + high + (steep << at.shift)
