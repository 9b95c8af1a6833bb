"""Circuits that take more gates than they need."""

from __future__ import annotations

from compiler.gates.builder import Builder
from compiler.gates.circuit import FALSE, Circuit


def wasteful_adder(width: int) -> Circuit:
    """Each carry is the OR of two products, which exclude one another."""
    builder = Builder(2 * width)
    carry, total = FALSE, list[int]()
    for i in range(width):
        a, b = builder.input(i), builder.input(width + i)
        half = builder.xor(a, b)
        total.append(builder.xor(half, carry))
        carry = builder.or_(builder.and_(a, b), builder.and_(half, carry))
    return builder.circuit([*total, carry])
