"""Ranges to the last integer: a word's `lo` and `hi` are the least and largest value that it can have."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from support.lanes import assert_agrees, every_vector

from compiler.cells.expand import expand
from compiler.pipeline import understand
from compiler.words.builder import Builder
from compiler.words.evaluate import NoSources, evaluate
from compiler.words.ir import Block, Loop, Type
from compiler.words.operations import And, Logic, Or, Xor
from lang.source import Source

ONE = Fraction(1)
RANGES = [(0, 1), (0, 5), (-3, 2), (-4, -1), (2, 6), (-8, 7)]
PAIRS = list(product(RANGES, repeat=2))


def values(b: Builder, word: int, given: list[list[int]]) -> list[int]:
    """All elements of a word, for each list of parameters; a parameter's elements are equal."""
    block, shapes = b.block([word]), [t.shape for t in b.params]
    found = [evaluate(block, list(map(np.full, shapes, row)), NoSources())[0] for row in given]
    return [int(n) for value in found for n in np.asarray(value).reshape(-1)]


def ends(
    a: tuple[int, int], c: tuple[int, int], make: Callable[[Builder, int, int], int]
) -> tuple[tuple[int, int], tuple[int, int]]:
    """(the range that the word states, the one that it has) over all values of two operands."""
    b = Builder([Type((), ONE, *a), Type((), ONE, *c)])
    word = make(b, 0, 1)
    found = values(b, word, [[x, y] for x in range(a[0], a[1] + 1) for y in range(c[0], c[1] + 1)])
    return (b.type(word).lo, b.type(word).hi), (min(found), max(found))


EXACT: dict[str, Callable[[Builder, int, int], int]] = {
    "sum": lambda b, x, y: b.add2(x, y),
    "difference": lambda b, x, y: b.sub(x, y),
    "affine": lambda b, x, y: b.affine([(Fraction(3), x), (Fraction(-2), y)], Fraction(5)),
    "multiple": lambda b, x, y: b.scaled(x, Fraction(-3)),
    "product": lambda b, x, y: b.mul(x, y),
    "square": lambda b, x, y: b.mul(x, x),
    "stacked": lambda b, x, y: b.concat([b.reshape(x, (1,)), b.reshape(y, (1,))]),
    "summed": lambda b, x, y: b.sum(b.concat([b.reshape(x, (1,)), b.reshape(b.scaled(x, ONE), (1,))]), 1),
    "halved": lambda b, x, y: b.round(x, Fraction(2), -100, 100),
    "halved down": lambda b, x, y: b.round(x, Fraction(2), -100, 100, nearest=False),
}


@pytest.mark.parametrize("name", EXACT)
def test_the_range_is_met_at_both_ends(name: str) -> None:
    for a, c in PAIRS:
        stated, found = ends(a, c, EXACT[name])
        assert stated == found, (a, c)


def test_a_choice_is_one_of_two() -> None:
    for a, c in PAIRS:
        stated, _ = ends(a, c, lambda b, x, y: b.select(b.less(x, y), x, b.scaled(y, Fraction(2))))
        assert stated == (min(a[0], 2 * c[0]), max(a[1], 2 * c[1]))


@pytest.mark.parametrize(
    "make",
    [lambda b, x, y: b.dot(x, y, 1), lambda b, x, y: b.dot(x, x, 1), lambda b, x, y: b.sum(x, 1)],
    ids=["dot", "dot with itself", "sum"],
)
def test_the_range_of_a_contraction_is_met_where_all_terms_are_equal(make: Callable[[Builder, int, int], int]) -> None:
    for a, c in PAIRS:
        b = Builder([Type((3,), ONE, *a), Type((3,), ONE, *c)])
        word = make(b, 0, 1)
        found = values(b, word, [[x, y] for x in range(a[0], a[1] + 1) for y in range(c[0], c[1] + 1)])
        assert (b.type(word).lo, b.type(word).hi) == (min(found), max(found)), (a, c)


@pytest.mark.parametrize("op", [And(), Or(), Xor()])
def test_bits_stay_in_their_range_and_meet_it_from_whole_words(op: Logic) -> None:
    for a, c in PAIRS:
        stated, found = ends(a, c, lambda b, x, y: b.logic(op, x, y))
        assert stated[0] <= found[0] <= found[1] <= stated[1], (a, c)
        assert stated == found or not {a, c} <= {(0, 1), (-8, 7)}, (a, c)


AT_THE_EDGE = [(lo, hi) for lo, hi in product(range(-6, -1), range(1, 6))] + [(2, 3), (-9, -7), (3, 9), (-9, -4)]


@pytest.mark.parametrize("kind", [(-4, 3), (0, 3), (-3, 4), (-4, 2), (0, 4), (1, 3)])
@pytest.mark.parametrize("ratio", [ONE, Fraction(1, 2), Fraction(2), Fraction(3, 2), Fraction(1, 3)])
@pytest.mark.parametrize("nearest", [True, False])
def test_a_clamp_acts_from_the_first_value_beyond_an_end(kind: tuple[int, int], ratio: Fraction, nearest: bool) -> None:
    """Stated range, evaluator and circuit, for operands that stop before, at and just past the ends of the kind."""
    for lo, hi in AT_THE_EDGE:
        b = Builder([Type((), ratio, lo, hi)])
        word = b.round(0, ONE, *kind, nearest=nearest)
        meant = [
            min(max((n * ratio + (Fraction(1, 2) if nearest else 0)).__floor__(), kind[0]), kind[1])
            for n in range(lo, hi + 1)
        ]
        assert values(b, word, [[n] for n in range(lo, hi + 1)]) == meant
        assert b.type(word) == Type((), ONE, min(meant), max(meant)), (lo, hi)
        lane = b.block([word])
        assert_agrees(expand(lane), lane, every_vector(lane.params))


def loops(block: Block) -> list[Loop]:
    inner = [i for i in block.items if isinstance(i, Loop)]
    return inner + [deeper for loop in inner for deeper in loops(loop.body)]


def test_a_loop_s_index_ends_with_its_last_turn() -> None:
    text = (
        "party a; party b; input x: uint<4>[6] from a; input w0: fix<8, 4>[2] from a;\n"
        "dataset d from b { x: fix<6, 5>[2] where norm2(x) <= 1.0; y: bit; }\nvar w = w0; var t: uint<4> = x[0];\n"
        "for i in 1..2 { t = t ^ x[i]; } for i in 2..5 { for j in 0..2 { t = t ^ x[i + j - 1]; } }\n"
        "dpsgd w on d(batch = 4, steps = 7, clip = 1.0, noise = 1.0, rate = 1.0) as row { grad w = row.x; }\n"
        "output w to a; output reveal(t) to b;\n"
    )
    found = loops(understand(Source("l.ccr", text)).words.block)
    assert sorted(loop.count for loop in found) == [1, 2, 3, 7]
    assert all(loop.body.params[0] == Type((), ONE, 0, loop.count - 1) for loop in found)
