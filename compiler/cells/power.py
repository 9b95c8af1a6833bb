"""Powers of two: a number decoded into bits of which one is 1."""

from __future__ import annotations

from collections.abc import Sequence

from compiler.gates.builder import Builder
from compiler.gates.circuit import TRUE


def power(builder: Builder, number: Sequence[int], most: int) -> tuple[int, ...]:
    """Bits 0..most of 2^n for a number n <= most: of 2^k bits 2^k - k - 1 take an AND.

    Each digit, the highest first, splits every bit in two.  One of these pairs holds the 1, so the odd halves add up to
    the digit, and the last of them is what the others leave.
    """
    hot = [TRUE]
    for place in reversed(range(most.bit_length())):
        digit, pairs = number[place], ((most >> place) + 1) // 2
        odd = [builder.and_(bit, digit) for bit in hot[: pairs - 1]]
        odd.append(builder.xor(digit, builder.parity(odd)))
        halves = [half for bit, one in zip(hot, odd, strict=False) for half in (builder.xor(bit, one), one)]
        hot = halves + hot[pairs:]  # which stays whole where its other half is out of range
    return tuple(hot)
