"""Floor division by a private integer, and the integer square root.

A quotient bit says whether the partial remainder, with the next bit of the dividend, reaches the
divisor.  While that remainder has r bits, far fewer than the divisor, restoring it costs 2 r + 1
ANDs; from there on it is not restored: the divisor is added where the remainder is negative, else
subtracted, one full adder a bit of the divisor (Koren, Computer Arithmetic Algorithms, section 3.3).
"""

from __future__ import annotations

from collections.abc import Sequence

from compiler.cells.add import full_adder
from compiler.cells.columns import Bits, width_of
from compiler.gates.builder import Builder
from compiler.gates.circuit import FALSE, TRUE, negate
from compiler.words.ir import Type
from compiler.words.operations import Div


def divide(builder: Builder, a: Bits, b: Bits, types: tuple[Type, Type], at: Div, target: Type) -> Bits:
    """floor(a / b), or what `at` says where b = 0.

    floor(a / b) = floor(-a / -b), and floor(a / b) = not floor(not a / b): with the divisor's sign
    moved to the dividend, and then the dividend's own sign taken out by XORs, magnitudes are divided.
    |b| is `divisor` + b.sign, which no adder has to add up.
    """
    dividend, flip = _dividend(builder, a, b.sign, types[0])
    divisor = _magnitude(builder, b)
    places = min(len(dividend), max(max(target.hi, 0).bit_length(), (~min(target.lo, -1)).bit_length()))
    by_zero = types[1].lo <= 0 <= types[1].hi
    restores = 2 * (len(dividend) - places + 1) < len(divisor)
    clear = _clear(builder, divisor) if by_zero or restores else []
    quotient, _ = _quotient(builder, dividend, divisor, b.sign, clear, places)
    if by_zero:
        zero = builder.and_(clear[0], negate(b.sign))
        exact = len(divisor) - (len(dividend) - places)  # so many leading places are ones already where b = 0
        low = at.lo if at.lo >= 0 else ~at.lo  # as a magnitude
        quotient = _by_zero(builder, quotient, exact, zero, flip, (low if types[0].signed else at.hi, at.hi))
        if types[0].signed and at.lo >= 0:  # what is divided by zero is not negative, whatever the dividend
            flip = builder.and_(flip, negate(zero))
    if flip == FALSE:
        return Bits(tuple(quotient) or (FALSE,), False)
    return Bits((*(builder.xor(literal, flip) for literal in quotient), flip), True)


def remainder(builder: Builder, a: Bits, b: Bits, types: tuple[Type, Type], target: Type) -> Bits:
    """a - b floor(a / b), and a where b = 0: what `divide` leaves, corrected by one sum.

    Of the magnitudes it leaves R, to which |b| belongs still where R < 0.  With the dividend's sign taken out the
    remainder is |b| - 1 - (R or R + |b|), so either way it is R, inverted or not, plus |b| or nothing; and with the
    divisor's sign taken out that is negated, where b itself takes the place of |b|.
    """
    dividend, flip = _dividend(builder, a, b.sign, types[0])
    divisor = _magnitude(builder, b)
    longer = types[1].lo <= 0 <= types[1].hi and target.width > len(b.literals)
    clear = _clear(builder, divisor) if longer or len(divisor) > 2 else []
    _, left_over = _quotient(builder, dividend, divisor, b.sign, clear, len(dividend))
    rest = left_over.resize(len(divisor) + 1)
    negated, lacks = builder.xor(flip, b.sign), builder.xor(rest[-1], flip)
    width = min(target.width, len(b.literals))
    left = [builder.xor(literal, negated) for literal in rest[:width]]
    right = [builder.and_(literal, lacks) for literal in b.literals[:width]]
    total, _ = _add(builder, left, right, b.sign, closed=True)
    if not longer:
        return Bits(total, target.signed)
    zero = builder.and_(clear[0], negate(b.sign))
    sign = total[-1] if b.signed else FALSE
    above = (builder.mux(zero, literal, sign) for literal in a.resize(target.width)[width:])
    return Bits((*total, *above), target.signed)


def _magnitude(builder: Builder, b: Bits) -> list[int]:
    """|b| less 1 where b < 0."""
    return [builder.xor(literal, b.sign) for literal in (b.literals[:-1] if b.signed else b.literals)]


def _dividend(builder: Builder, a: Bits, negated: int, type: Type) -> tuple[tuple[int, ...], int]:
    """(magnitude of m or not m, sign of m) for m = -a if `negated`, else a."""
    if negated != FALSE:
        width = width_of(min(type.lo, -type.hi), max(type.hi, -type.lo))
        carry, bits = negated, list[int]()
        for literal in a.resize(width):
            literal = builder.xor(literal, negated)
            bits.append(builder.xor(literal, carry))
            carry = builder.and_(literal, carry) if len(bits) < width else FALSE
        a = Bits(tuple(bits), True)
    if not a.signed:
        return a.literals, FALSE
    return tuple(builder.xor(literal, a.sign) for literal in a.literals[:-1]), a.sign


def _clear(builder: Builder, divisor: Sequence[int]) -> list[int]:
    """For each i, whether divisor[i:] is all zeros."""
    clear = [TRUE]
    for literal in reversed(divisor):
        clear.append(builder.and_(clear[-1], negate(literal)))
    return clear[::-1]


def _quotient(
    builder: Builder, dividend: Sequence[int], divisor: Sequence[int], extra: int, clear: Sequence[int], places: int
) -> tuple[list[int], Bits]:
    """The low `places` bits of dividend / (divisor + extra), those above them being known to be zero; and what is left,
    or that less the divisor."""
    width = len(divisor)
    remainder = tuple(dividend[places:])[:width]
    quotient: list[int] = []
    place = places
    while place and 2 * (len(remainder) + 1) < width:
        place -= 1
        remainder = (dividend[place], *remainder)
        rest, carry = _add(builder, remainder, [negate(d) for d in divisor[: len(remainder)]], negate(extra))
        reached = builder.and_(carry, clear[len(remainder)])
        remainder = tuple(builder.mux(reached, *pair) for pair in zip(rest, remainder, strict=True))
        quotient.append(reached)
    reached = TRUE  # whether the remainder is not negative
    signed = place > 0
    while place:
        place -= 1
        remainder = Bits((dividend[place], *remainder), False).resize(width + 1)
        term = [*(builder.xor(d, reached) for d in divisor), reached]
        remainder, _ = _add(builder, remainder, term, builder.xor(extra, reached), closed=True)
        reached = negate(remainder[-1])
        quotient.append(reached)
    return quotient[::-1], Bits(remainder, signed)


def _add(
    builder: Builder, a: Sequence[int], b: Sequence[int], carry: int, closed: bool = False
) -> tuple[tuple[int, ...], int]:
    """(sum, carry) of two words of one length; `closed`: no carry leaves, and the top bit is free."""
    total: list[int] = []
    for i, (x, y) in enumerate(zip(a, b, strict=True)):
        if closed and i == len(a) - 1:
            return (*total, builder.parity((x, y, carry))), FALSE
        bit, carry = full_adder(builder, x, y, carry)
        total.append(bit)
    return tuple(total), carry


def _by_zero(
    builder: Builder, quotient: Sequence[int], exact: int, zero: int, flip: int, magnitudes: tuple[int, int]
) -> list[int]:
    """The quotient where the divisor is not zero, else the first or second magnitude as `flip` says.

    Dividing by zero has left ones in the leading `exact` places (a remainder that nothing is taken
    from stays positive until it overflows), so ones there are free.
    """
    low, high = magnitudes
    result: list[int] = []
    for i in range(max(len(quotient), low.bit_length(), high.bit_length())):
        ends = high >> i & 1, low >> i & 1
        wanted = ends[0] if ends[0] == ends[1] else builder.xor(flip, ends[0])
        if i >= len(quotient):
            result.append(builder.and_(zero, wanted))
        elif len(quotient) - i <= exact:
            result.append(builder.and_(quotient[i], negate(builder.and_(zero, negate(wanted)))))
        else:
            result.append(builder.mux(zero, wanted, quotient[i]))
    return result


def square_root(builder: Builder, number: Bits, hi: int) -> Bits:
    """floor(sqrt(n)) for n <= hi, 0 for n < 0: k ANDs for the k-th bit of the result.

    With Q the bits so far, the remainder 4R + (two bits of n) less 4Q + 1 where R >= 0, else plus
    4Q + 3: either way 3 is added below and Q, inverted for the subtraction, above.
    """
    places = (max(hi, 0).bit_length() + 1) // 2
    bits = Bits(number.literals[:-1] if number.signed else number.literals, False).resize(2 * places)
    root: list[int] = []  # most significant first
    remainder: tuple[int, ...] = (FALSE,)
    reached = TRUE
    for step in range(places):
        one, two = bits[2 * (places - step) - 2], bits[2 * (places - step) - 1]
        low = negate(one), negate(builder.xor(one, two))
        term = [builder.xor(bit, reached) for bit in (*root[::-1], FALSE)]
        width = step + 1  # of the sum above the two low bits
        above = Bits(remainder, True).resize(width)
        high, _ = _add(builder, above, Bits(tuple(term), True).resize(width), builder.or_(one, two), closed=True)
        remainder = (*low, *high)
        reached = negate(remainder[-1])
        root.append(reached)
    positive = negate(number.sign)
    return Bits(tuple(builder.and_(bit, positive) for bit in reversed(root)) or (FALSE,), False)
