"""The compressor: columns of bits added up with one AND for each full adder."""

from __future__ import annotations

from itertools import chain

from compiler.cells.columns import Columns, Deferred, make
from compiler.gates.builder import Builder
from compiler.gates.circuit import FALSE, TRUE, GateOp, negate


def full_adder(builder: Builder, a: int, b: int, c: int) -> tuple[int, int]:
    """(sum, carry) of three bits with one AND (Boyar, Peralta, Pochuev 2000, section 4)."""
    left, right = builder.xor(a, c), builder.xor(b, c)
    return builder.xor(left, b), builder.xor(builder.and_(left, right), c)


def half_adder(builder: Builder, a: int, b: int, one: bool) -> tuple[int, int]:
    """(sum, carry) of two bits and a constant, with one AND."""
    total = builder.xor(a, b)
    return (negate(total), builder.or_(a, b)) if one else (total, builder.and_(a, b))


def compress(builder: Builder, columns: Columns, width: int) -> tuple[int, ...]:
    """The low `width` bits of the number, LSB first.

    The sum of a column runs through its adders, so few nets live at a time.  The top column has no
    carry and costs nothing; of the low `shift` bits of the sum it is used that they are zero.
    """
    reader = builder.owner
    if columns.owner is not None:
        builder.owner = columns.owner
    literals = _compress(builder, columns, width)
    builder.owner = reader
    return literals


def _compress(builder: Builder, columns: Columns, width: int) -> tuple[int, ...]:
    total = columns.shift + width
    constant = columns.constant
    result: list[int] = []
    carries: list[int] = []
    for i in range(total):
        entries = chain(carries, columns.bits.get(i, ()))
        carries = []
        top = i == total - 1
        running: list[int] = []
        for entry in entries:
            literal = make(builder, entry)
            if literal in (FALSE, TRUE):
                constant += literal << i
                continue
            running.append(literal)
            if top and len(running) == 2:
                running = [builder.xor(*running)]
            elif len(running) == 3:
                total_bit, carry = full_adder(builder, *running)
                running = [total_bit]
                carries.append(carry)
        one = bool(constant >> i & 1)
        if i < columns.shift:
            carries.append(_known_zero(running, one))
            result.append(FALSE)
        elif len(running) == 2:
            total_bit, carry = half_adder(builder, running[0], running[1], one)
            result.append(total_bit)
            carries.append(carry)
        else:
            literal = running[0] if running else FALSE
            result.append(literal ^ one)
            carries.append(literal if one else FALSE)
    return tuple(result[columns.shift :])


def _known_zero(running: list[int], one: bool) -> int:
    """The carry of at most two bits and a constant whose sum bit is zero: no AND."""
    return running[0] if len(running) == 2 and not one else int(one)


def ands(columns: Columns, width: int) -> int:
    """ANDs that `compress` spends, the deferred ones included, if no constants turn up among the bits."""
    total = carries = 0
    constant = columns.constant
    for i in range(columns.shift + width):
        entries = columns.bits.get(i, [])
        total += sum(isinstance(entry, Deferred) and entry.op is GateOp.AND for entry in entries)
        height, one = len(entries) + carries, constant >> i & 1
        if i == columns.shift + width - 1:
            break
        adders = max(0, height - 1) // 2
        rest = height - 2 * adders
        total += adders
        if i < columns.shift:
            constant += one << (i + 1)
            carries = adders + (rest == 2 and not one)
        else:
            total += rest == 2
            carries = adders + (rest == 2 or (rest == 1 and one))
    return total
