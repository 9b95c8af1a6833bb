"""Order, equality and choice."""

from __future__ import annotations

from compiler.cells.add import compress
from compiler.cells.columns import Bits, Columns, Deferred, signed_digits, width_of
from compiler.gates.builder import Builder
from compiler.gates.circuit import GateOp, negate


def negative(builder: Builder, number: Columns, lo: int, hi: int) -> int:
    """Whether the number, which lies in lo..hi, is below zero: its sign, after n ANDs of carries."""
    if lo >= 0 or hi < 0:
        return int(hi < 0)
    return compress(builder, number, width_of(lo, hi))[-1]


def equal(builder: Builder, a: Bits, b: Bits) -> int:
    """n - 1 ANDs for n bits of the wider word (one more where a sign meets an unsigned word)."""
    width = max(len(a.literals) + (b.signed and not a.signed), len(b.literals) + (a.signed and not b.signed))
    return builder.all(negate(builder.xor(x, y)) for x, y in zip(a.resize(width), b.resize(width), strict=True))


def select(builder: Builder, condition: int, then: Bits, other: Bits, width: int) -> tuple[int, ...]:
    """One AND a bit; copies of a sign are chosen once."""
    chosen: dict[tuple[int, int], int] = {}
    for pair in zip(then.resize(width), other.resize(width), strict=True):
        if pair not in chosen:
            chosen[pair] = builder.mux(condition, *pair)
    return tuple(chosen[pair] for pair in zip(then.resize(width), other.resize(width), strict=True))


def select_free(condition: int, then: Columns, other: Columns) -> Columns | None:
    """A choice between a sum and its negation (as in abs): XORs, and the condition times a constant.

    None unless the bits of the two agree or are inverses, column by column.
    """
    digits = list(signed_digits(then.constant - other.constant))
    if then.shift != other.shift or len(digits) > 1 or then.bits.keys() != other.bits.keys():
        return None
    result = Columns(constant=other.constant, shift=other.shift)
    for i, entries in other.bits.items():
        for a, b in zip(then.bits[i], entries, strict=False):
            if not (isinstance(a, int) and isinstance(b, int) and a & ~1 == b & ~1):
                return None
            result.put(i, b if a == b else Deferred(GateOp.XOR, b, condition, False))
        if len(then.bits[i]) != len(entries):
            return None
    for position, minus in digits:
        result.put(position, condition, minus)
    return result
