"""Choosing by comparison: the least or largest of an axis, where it stands, and private indices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import prod

from compiler.words.builder import Builder
from compiler.words.ir import Type
from compiler.words.operations import And, Bits, Power, Strided
from compiler.words.strides import row_major

DECODED = 4096  # bits of one circuit
Choose = Callable[[Builder, int, int], int]


def tournament(b: Builder, x: int, axes: int, choose: Choose) -> int:
    """The winner over the trailing axes; neighbours meet, so the order of equals is kept."""
    shape = b.type(x).shape
    kept = shape[: len(shape) - axes]
    x = b.reshape(x, (*kept, prod(shape[len(kept) :])))
    while (terms := b.type(x).shape[-1]) > 1:
        winners = choose(b, every_other(b, x, 0, terms // 2), every_other(b, x, 1, terms // 2))
        x = _with_last(b, winners, x) if terms % 2 else winners
    return b.reshape(x, kept)


def argmax(b: Builder, x: int, axes: int) -> int:
    """The index of the first largest element over the (flattened) trailing axes."""
    shape = b.type(x).shape
    kept = shape[: len(shape) - axes]
    terms = prod(shape[len(kept) :])
    x = b.reshape(x, (*kept, terms))
    index = b.broadcast(b.const([Fraction(i) for i in range(terms)], (terms,)), (*kept, terms))
    while (terms := b.type(x).shape[-1]) > 1:
        pairs = [(every_other(b, v, 0, terms // 2), every_other(b, v, 1, terms // 2)) for v in (x, index)]
        later = b.less(*pairs[0])
        best, where = (b.select(later, second, first) for first, second in pairs)
        x, index = (_with_last(b, best, x), _with_last(b, where, index)) if terms % 2 else (best, where)
    return b.reshape(index, kept)


def every_other(b: Builder, x: int, start: int, count: int) -> int:
    """Elements start, start + 2, .. of the last axis."""
    shape = b.type(x).shape
    unit = row_major(shape)
    return b.view(x, Strided(start, (*unit[:-1], 2)), (*shape[:-1], count))


def _with_last(b: Builder, winners: int, x: int) -> int:
    """`winners` and the last element of x, which had no opponent, along the last axis."""
    shape = b.type(x).shape
    last = b.view(x, Strided(shape[-1] - 1, row_major(shape)), (*shape[:-1], 1))
    rank = len(shape)
    first = [rank - 1, *range(rank - 1)]
    joined = b.concat([b.transpose(winners, first), b.transpose(last, first)])
    return b.transpose(joined, [*range(1, rank), 0])


def popcount(b: Builder, x: int, width: int) -> int:
    """How many of an integer's `width` bits are 1; a word narrower than that repeats its sign."""
    digits = bits(b, x)
    *shape, own = b.type(digits).shape
    ones = b.sum(digits, 1)
    if not b.type(x).signed or own == width:
        return ones
    sign = b.view(digits, Strided(own - 1, row_major((*shape, own))[:-1]), tuple(shape))
    return b.affine([(Fraction(1), ones), (Fraction(width - own), sign)])


def bits(b: Builder, x: int) -> int:
    """The bits of each element, least significant first, along a new last axis."""
    type = b.type(x)
    return b.add(Bits(), (x,), Type((*type.shape, type.width), Fraction(1), 0, 1))


def element(b: Builder, x: int, index: int) -> int:
    """x[index] along axis 0 for a private index in bounds: a tree of selects by the index's bits."""
    digits = bits(b, index)
    width = b.type(digits).shape[-1]
    for place in range(width):
        terms = b.type(x).shape[0]
        if terms == 1:
            break
        bit = b.view(digits, Strided(place, ()), ())
        paired = b.select(bit, _alternate(b, x, 1, terms // 2), _alternate(b, x, 0, terms // 2))
        if terms % 2:
            unit = row_major(b.type(x).shape)
            last = b.view(x, Strided((terms - 1) * unit[0], unit), (1, *b.type(x).shape[1:]))
            paired = b.concat([paired, last])
        x = paired
    return b.reshape(x, b.type(x).shape[1:])


def _alternate(b: Builder, x: int, start: int, count: int) -> int:
    """Elements start, start + 2, .. of the first axis."""
    shape = b.type(x).shape
    unit = row_major(shape)
    return b.view(x, Strided(start * unit[0], (2 * unit[0], *unit[1:])), (count, *shape[1:]))


def placed(b: Builder, x: int, index: int, value: int) -> int:
    """x with x[index] = value along axis 0, for a private index in bounds."""
    shape = b.type(x).shape
    here = b.reshape(decoded(b, index, shape[0]), (shape[0], *[1] * (len(shape) - 1)))
    return b.select(here, b.broadcast(value, shape), x)


def decoded(b: Builder, index: int, size: int) -> int:
    """Bits [size] of which the index's is 1; of long ones the high bits of the index choose a block."""
    hi = b.type(index).hi
    if not hi:
        return b.const([Fraction(int(place == 0)) for place in range(size)], (size,))
    if hi < DECODED:
        hot = bits(b, power(b, index))
    else:
        block = b.round(b.scaled(index, Fraction(1, DECODED)), Fraction(1), 0, hi // DECODED, nearest=False)
        rest = b.logic(And(), index, b.const([Fraction(DECODED - 1)]))
        blocks = b.reshape(bits(b, power(b, block)), (hi // DECODED + 1, 1))
        hot = b.reshape(b.logic(And(), blocks, bits(b, power(b, rest))), ((hi // DECODED + 1) * DECODED,))
        hot = b.view(hot, Strided(0, (1,)), (hi + 1,))
    return hot if hi + 1 == size else b.concat([hot, b.const([Fraction(0)], (size - hi - 1,))])


def power(b: Builder, number: int) -> int:
    """2^number, for a whole number that is not negative."""
    type = b.type(number)
    result = b.add(Power(), (number,), Type(type.shape, Fraction(1), 1 << type.lo, 1 << type.hi))
    b.derivatives[result] = lambda _: ()
    return result


def one_hot(b: Builder, number: int, classes: int) -> int:
    """Bits [.., classes] of which the number's is 1."""
    shape = b.type(number).shape
    positions = b.const([Fraction(i) for i in range(classes)], (classes,))
    return b.equal(b.reshape(number, (*shape, 1)), positions)


def permuted_last(b: Builder, x: int, axis: int) -> int:
    """The value with one axis moved to the end."""
    rank = len(b.type(x).shape)
    return b.transpose(x, [*(i for i in range(rank) if i != axis), axis])


def restored(b: Builder, x: int, axis: int) -> int:
    """The opposite of `permuted_last`."""
    rank = len(b.type(x).shape)
    order: Sequence[int] = [*range(axis), rank - 1, *range(axis, rank - 1)]
    return b.transpose(x, order)
