"""How many of many bits are 1: sums cut so that n bits cost n less the ones in n, as if they were added up at once.

A full adder takes one bit away, wherever it stands; a half adder takes none, and is needed in a column of an even
number of bits.  Of 2^k - 1 bits every column has an odd number.  So bits go in blocks of 31, blocks in groups of 33, of
1023 bits, and only what joins the groups and the rest has half adders.
"""

from __future__ import annotations

from math import prod

from compiler.gates.limits import KERNEL_GATES
from compiler.words.builder import Builder
from compiler.words.ir import Type
from compiler.words.operations import Linear, Strided, Sum

BLOCK = 31
GROUP = 33  # blocks
FULL_ADDER = 5  # gates
MOST = KERNEL_GATES // (FULL_ADDER * (BLOCK * GROUP).bit_length())  # groups


def is_bit(type: Type) -> bool:
    return (type.lo, type.hi) == (0, 1)


def ones(b: Builder, bits: int) -> int | None:
    """The sum over the last axis of bits; None where they are few enough to add them up at once, or too many."""
    count = b.type(bits).shape[-1]
    groups, rest = divmod(count, BLOCK * GROUP)
    if count <= BLOCK or groups > MOST:
        return None
    blocks, rest = divmod(rest, BLOCK)
    words = _added(b, bits, 0, groups * GROUP + blocks, BLOCK)
    parts = _each(b, words, groups * GROUP, blocks)
    if groups:
        parts += _each(b, _added(b, words, 0, groups, GROUP), 0, groups)
    while rest:
        some = (1 << (rest + 1).bit_length() - 1) - 1
        parts += _each(b, _added(b, bits, count - rest, 1, some), 0, 1)
        rest -= some
    type = b.type(bits)
    return b.add(Linear((1,) * len(parts)), parts, Type(type.shape[:-1], type.scale, 0, count))


def _added(b: Builder, number: int, start: int, sums: int, terms: int) -> int:
    """So many sums of so many elements of the last axis each, from one on."""
    shape = b.type(number).shape
    seen = b.view(number, Strided(start, (*_lanes(shape), terms, 1)), (*shape[:-1], sums, terms))
    type = b.type(seen)
    return b.add(Sum(1), (seen,), Type(type.shape[:-1], type.scale, 0, terms * type.hi))


def _each(b: Builder, number: int, start: int, count: int) -> list[int]:
    """So many elements of the last axis, from one on."""
    shape = b.type(number).shape
    return [b.view(number, Strided(start + i, _lanes(shape)), shape[:-1]) for i in range(count)]


def _lanes(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The strides of all axes but the last."""
    return tuple(prod(shape[axis + 1 :]) for axis in range(len(shape) - 1))
