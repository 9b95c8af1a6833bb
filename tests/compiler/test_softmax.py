"""softmax against exact values: every entry within a last bit, whatever the scores; and the circuit agrees."""

from __future__ import annotations

from decimal import Context, Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.lanes import assert_agrees

from compiler.cells.expand import expand
from compiler.functions.approximate.softmax import softmax
from compiler.functions.approximate.target import Target
from compiler.words.builder import Builder
from compiler.words.evaluate import Array, NoSources, evaluate
from compiler.words.ir import Block, Type


def program(classes: int, scale: Fraction, width: int, bits: int) -> tuple[Block, Type]:
    operand = Type((classes,), scale, -(2 ** (width - 1)), 2 ** (width - 1) - 1)
    b = Builder([operand])
    result = softmax(b, 0, Target(bits, Fraction(1, 2**bits)))
    assert result is not None
    assert b.type(result).scale == Fraction(1, 2**bits)
    return b.block([result]), operand


def worst(block: Block, scale: Fraction, bits: int, scores: Array) -> Decimal:
    """In last bits."""
    [got] = evaluate(block, [scores], NoSources())
    with localcontext(Context(prec=60)):
        best = int(scores.max())
        powers = [(Decimal(int(n) - best) * scale.numerator / scale.denominator).exp() for n in scores]
        exact = [p / sum(powers) * 2**bits for p in powers]
        return max(abs(Decimal(int(g)) - e) for g, e in zip(got, exact, strict=True))


@pytest.mark.parametrize(
    ("classes", "scale", "width", "bits"),
    [
        (2, Fraction(1, 256), 12, 8),
        (3, Fraction(1, 64), 10, 6),
        (10, Fraction(1, 2**17), 27, 8),
        (10, Fraction(1, 256), 16, 8),
        (10, Fraction(3, 100), 9, 5),
        (40, Fraction(1, 256), 16, 10),
        (4, Fraction(1), 8, 8),
        (5, Fraction(1, 2**12), 16, 16),
    ],
)
def test_every_entry_is_within_one_last_bit(classes: int, scale: Fraction, width: int, bits: int) -> None:
    block, operand = program(classes, scale, width, bits)
    rng = np.random.default_rng(classes)
    close = int(3 / scale) + 1  # scores that differ by little: the hard ones
    for spread in (1, 3, close, 4 * close, operand.hi):
        for _ in range(30):
            scores = rng.integers(-spread, spread + 1, classes) + rng.integers(operand.lo, operand.hi)
            assert worst(block, scale, bits, np.clip(scores, operand.lo, operand.hi)) < 1
    ends = np.full(classes, operand.lo)
    ends[0] = operand.hi
    assert worst(block, scale, bits, ends) < 1


@pytest.mark.parametrize("classes", [3, 10])
@pytest.mark.parametrize("spread", [1, 3, 10])
def test_rows_sum_to_1_on_the_average(classes: int, spread: int) -> None:
    """Entries are rounded to the nearest: not all of them down."""
    b = Builder([Type((1000, classes), Fraction(1, 256), -(2**15), 2**15 - 1)])
    result = softmax(b, 0, Target(8, Fraction(1, 256)))
    assert result is not None
    scores = np.rint(np.random.default_rng(classes).normal(0, spread, (1000, classes)) * 256).astype(np.int64)
    [found] = evaluate(b.block([result]), [scores], NoSources())
    assert abs(found.sum() / 1000 - 256) < 0.5


def test_of_one_class() -> None:
    b = Builder([Type((3, 1), Fraction(1, 4), -8, 7)])
    result = softmax(b, 0, Target(4, Fraction(1, 16)))
    assert result is not None and b.constant(result) == 1 and b.type(result).shape == (3, 1)


@settings(deadline=None, max_examples=8)
@given(st.integers(2, 5), st.sampled_from([1, 3, 64, 1000]), st.integers(3, 14), st.integers(3, 8), st.data())
def test_circuit_and_words_agree(classes: int, parts: int, width: int, bits: int, data: st.DataObject) -> None:
    block, operand = program(classes, Fraction(1, parts), width, bits)
    score = st.lists(st.integers(operand.lo, operand.hi), min_size=classes, max_size=classes)
    scores = np.array(data.draw(st.lists(score, min_size=5, max_size=5)))
    assert_agrees(expand(block), block, [scores])
    assert max(worst(block, operand.scale, bits, row) for row in scores) < 1
