"""Noise from uniform bits: a table lookup, one comparison, one choice, and a sum with the coins."""

from __future__ import annotations

from collections.abc import Sequence

from compiler.cells.add import compress
from compiler.cells.columns import Bits, Columns, width_of
from compiler.cells.compare import negative
from compiler.cells.lookup import lookup
from compiler.gates.builder import Builder
from compiler.gates.circuit import negate
from compiler.words.sampler import INDEX_BITS, THRESHOLD_BITS, Sampler


def gauss(builder: Builder, bits: Sequence[int], at: Sampler) -> Columns:
    """The integer that `at.bits` uniform literals stand for, not yet added up (see `words/sampler.py`).

    57 ANDs for the products of the index bits, which all bits of the two tables are XORs of, 34 to compare, 6 to
    choose; the sign is free, and the coins cost what the adders of the sum cost.
    """
    index, word = bits[:INDEX_BITS], bits[INDEX_BITS : INDEX_BITS + THRESHOLD_BITS]
    sign, coins = bits[INDEX_BITS + THRESHOLD_BITS], iter(bits[INDEX_BITS + THRESHOLD_BITS + 1 :])
    threshold, alias = lookup(builder, index, (at.thresholds, at.aliases))
    replaced = negate(_below(builder, word, threshold))
    chosen = [builder.xor(i, builder.and_(replaced, a)) for i, a in zip(index, alias.resize(INDEX_BITS), strict=True)]

    scales = len(at.coins)
    result = Columns(constant=(1 << scales) // 2 - sum(n << j for j, n in enumerate(at.coins)) // 2)
    for scale, count in enumerate(at.coins):
        for _ in range(count):
            result.put(scale, next(coins))
    for i, literal in enumerate(chosen):  # k + 1/2 or -k - 1 + 1/2
        result.put(scales + i, builder.xor(literal, sign))
    result.put(scales + INDEX_BITS, sign, negative=True)
    return result


def sample_ands(at: Sampler) -> int:
    """AND gates of one sample by itself, added up; joined to the sum it hides, it takes that sum's adders besides."""
    builder = Builder(at.bits)
    number = gauss(builder, [builder.input(i) for i in range(at.bits)], at)
    return builder.circuit(compress(builder, number, width_of(-at.reach, at.reach))).and_gates


def _below(builder: Builder, word: Sequence[int], threshold: Bits) -> int:
    difference = Columns.of(Bits(tuple(word), False))
    difference.add(Columns.of(threshold), -1)
    largest = (1 << THRESHOLD_BITS) - 1
    return negative(builder, difference, -largest, largest)
