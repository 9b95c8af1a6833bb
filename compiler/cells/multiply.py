"""Products as columns: signed-digit rows, or a plain AND for each pair of bits where that is cheaper.

Bits read as digits +1 / -1 (the top digit of a signed word negated) make D(n) = 2n + k with k = 1
for a signed word and k = 1 - 2^w for an unsigned one.  D(a) D(b) is a sum of +-2^(i+j), each the XOR
of two bits, so the partial products are free; what is paid is their compression.  Then
4ab = D(a) D(b) - 2 k_b a - 2 k_a b - k_a k_b.
"""

from __future__ import annotations

from compiler.cells import heights
from compiler.cells.add import ands, compress
from compiler.cells.columns import Bits, Columns, Deferred, width_of
from compiler.cells.heights import Word
from compiler.gates.builder import Builder
from compiler.gates.circuit import FALSE, GateOp


def digit_offset(word: Bits) -> int:
    """k of D(n) = 2n + k."""
    return 1 if word.signed else 1 - (1 << len(word.literals))


def put_digits(columns: Columns, a: Bits, b: Bits) -> None:
    """Add D(a) D(b) to the (shifted) sum: s (1 - 2 p) 2^(i+j) for each pair of bits, p their XOR.

    s = -1 if exactly one of the two is the top bit of a signed word.  With q = p for s = -1 and not p
    for s = +1 each term is q 2^(i+j+1) - 2^(i+j).
    """
    top_a, top_b = len(a.literals) - 1, len(b.literals) - 1
    for i, left in enumerate(a.literals):
        for j, right in enumerate(b.literals):
            minus = (a.signed and i == top_a) != (b.signed and j == top_b)
            columns.put(i + j + 1, Deferred(GateOp.XOR, left, right, not minus))
            columns.constant -= 1 << (i + j)


def digit_product(a: Bits, b: Bits) -> Columns:
    """a * b with both factors read as digits."""
    columns = Columns(shift=2)
    put_digits(columns, a, b)
    k_a, k_b = digit_offset(a), digit_offset(b)
    columns.accumulate(Columns.of(a), -2 * k_b)
    columns.accumulate(Columns.of(b), -2 * k_a)
    columns.constant -= k_a * k_b
    return columns


def digit_square(a: Bits) -> Columns:
    """a * a: of D(a)^2 a quarter, less what is linear."""
    columns = digit_pairs(a)
    columns.shift = 2
    k = digit_offset(a)
    columns.accumulate(Columns.of(a), -4 * k)
    columns.constant -= k * k
    return columns


def digit_pairs(a: Bits) -> Columns:
    """D(a)^2, of which an eighth is meant: it holds each pair of digits twice, and each digit's own square is 1."""
    columns = Columns(shift=3)
    top = len(a.literals) - 1
    for i, left in enumerate(a.literals):
        columns.constant += 1 << (2 * i)
        for j in range(i):
            minus = a.signed and i == top
            columns.put(i + j + 2, Deferred(GateOp.XOR, left, a.literals[j], not minus))
            columns.constant -= 1 << (i + j + 1)
    return columns


def added(builder: Builder, a: Bits, b: Bits, lo: int, hi: int) -> Bits:
    """a + b, which lies in lo..hi."""
    both = Columns.of(a)
    both.add(Columns.of(b))
    return Bits(compress(builder, both, width_of(lo, hi)), lo < 0)


def triangle(a: Bits, offset: int) -> Columns:
    """a (a + k) / 2 for an odd k: of D(a)^2 - k^2 an eighth, where k is that of the digits."""
    columns = digit_pairs(a)
    k = digit_offset(a)
    columns.accumulate(Columns.of(a), 4 * (offset - k))
    columns.constant -= k * k
    return columns


def plain_product(a: Bits, b: Bits) -> Columns:
    """a * b with one AND for each pair of bits."""
    columns = Columns()
    top_a, top_b = len(a.literals) - 1, len(b.literals) - 1
    for i, left in enumerate(a.literals):
        for j, right in enumerate(b.literals):
            minus = (a.signed and i == top_a) != (b.signed and j == top_b)
            columns.put(i + j, Deferred(GateOp.AND, left, right, False), minus)
    return columns


def plain_square(a: Bits) -> Columns:
    """a * a: each pair once, one place higher, and each bit's own square is the bit."""
    columns = Columns()
    top = len(a.literals) - 1
    for i, left in enumerate(a.literals):
        columns.put(2 * i, left)
        for j in range(i):
            columns.put(i + j + 1, Deferred(GateOp.AND, left, a.literals[j], False), a.signed and i == top)
    return columns


def readings(a: Bits, b: Bits) -> tuple[Columns, ...]:
    """The ways to write a * b as columns."""
    return (digit_square(a), plain_square(a)) if a == b else (digit_product(a, b), plain_product(a, b))


def product(builder: Builder, a: Bits, b: Bits, width: int) -> Columns:
    """a * b by the way that costs least if its low `width` bits are all that is added up.

    Raises TooManyGates, before it has tried any, where each takes more than are left.
    """
    left, right = _shape(a), _shape(b)
    builder.expect(_least(a, b, width))
    best = min(readings(a, b), key=lambda columns: ands(columns, width))
    if a != b and heights.splits(left, right) and heights.split(left, right, width).ands < ands(best, width):
        return split_product(builder, a, b)
    return best


def _least(a: Bits, b: Bits, width: int) -> int:
    """Gates that a * b takes at least, as far as that can be told by arithmetic, and 0 where it cannot."""
    nets = {literal >> 1 for literal in (a.literals if a == b else a.literals + b.literals)} - {FALSE >> 1}
    if min(len(a.literals), len(b.literals)) < heights.SPLIT:
        return 0
    if a == b:  # a pair of bits takes six gates, three with the one that is as good
        return min(width, len(a.literals) * 2) ** 2 // 2 if len(nets) == len(a.literals) else 0
    if len(nets) < len(a.literals) + len(b.literals):
        return 0
    gates = heights.product(_shape(a), _shape(b), width).gates
    return gates - gates // 8


def _shape(word: Bits) -> Word:
    return Word(len(word.literals), word.signed)


def term(a: Bits, b: Bits) -> Columns:
    """a * b by the reading that costs least inside a long sum."""
    return min(readings(a, b), key=lambda columns: columns.weight)


def split_product(builder: Builder, a: Bits, b: Bits) -> Columns:
    """a * b by three products of halves (Karatsuba, Ofman 1962), the middle one left in the final sum.

    With a = a1 2^h + a0 and b alike, ab = a1 b1 (2^2h - 2^h) + (a1 + a0)(b1 + b0) 2^h + a0 b0 (1 - 2^h).
    """
    half = max(len(a.literals), len(b.literals)) // 2
    total = Columns()
    sums: list[Bits] = []
    for word in a, b:
        both = Columns.of(Bits(word.literals[:half], False))
        both.add(Columns.of(Bits(word.literals[half:], word.signed)))
        width = max(half + word.signed, len(word.literals) - half) + 1
        sums.append(Bits(compress(builder, both, width), word.signed))
    for part, places in (slice(None, half), 0), (slice(half, None), 2 * half):
        high = places > 0
        x, y = Bits(a.literals[part], a.signed and high), Bits(b.literals[part], b.signed and high)
        width = len(x.literals) + len(y.literals)
        outer = Bits(compress(builder, product(builder, x, y, width), width), x.signed or y.signed)
        total.add(Columns.of(outer), (1 << places) - (1 << half))
    total.add(digit_product(sums[0], sums[1]), 1 << half)
    return total
