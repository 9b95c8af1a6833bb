"""The ghost norm: clipped gradients are never longer than the clip, and short ones are left alone."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from compiler.training.clip import clipped
from compiler.training.factor import MANTISSAS, Octaves, factor
from compiler.training.own import Own
from compiler.training.short import BITS
from compiler.words.builder import Builder
from compiler.words.evaluate import NoSources, evaluate
from compiler.words.ir import Block, Type, Value
from compiler.words.operations import Mul

BACK = Type((3,), Fraction(1, 256), -256, 255)
FORTH = Type((4,), Fraction(1, 256), -256, 255)
WIDE = Type((2, 3), Fraction(1, 64), -5000, 5000)


def layer(b: Builder) -> list[int]:
    """A dense layer with its bias: an outer product, transposed, and what flows back itself."""
    back, forth = 0, 1
    product = b.mul(b.broadcast(b.reshape(back, (3, 1)), (3, 4)), b.broadcast(forth, (3, 4)))
    return [b.transpose(product, (1, 0)), back]


def formed(b: Builder) -> list[int]:
    return [2]


def both(b: Builder) -> list[int]:
    return [*layer(b), *formed(b)]


def program(make: Any, clip: Fraction) -> tuple[Block, list[Type], list[Type]]:
    b = Builder([BACK, FORTH, WIDE])
    gradients = make(b)
    after = clipped(b, gradients, clip, {}, Own("", frozenset({1})))
    return b.block([*gradients, *after]), [b.type(g) for g in gradients], [b.type(g) for g in after]


def squared_norm(values: list[Any], types: list[Type]) -> Fraction:
    total = Fraction(0)
    for value, type in zip(values, types, strict=True):
        total += sum(int(v) ** 2 for v in np.asarray(value).reshape(-1)) * type.scale**2
    return total


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from([layer, formed, both]),
    st.sampled_from(["1", "0.3", "1.5", "7/3"]),
    st.integers(0, 2**32),
    st.sampled_from([1, 4, 30, 300]),
)
@example(layer, "7/3", 791262, 1)  # -2^BITS flows back
def test_never_longer_than_the_clip(make: Any, clip_text: str, seed: int, shrink: int) -> None:
    clip = Fraction(clip_text)
    block, before, after = program(make, clip)
    rng = np.random.default_rng(seed)
    arguments = [rng.integers(t.lo // shrink, t.hi // shrink + 1, t.shape) for t in (BACK, FORTH, WIDE)]
    new = evaluate(block, arguments, NoSources())[len(before) :]
    back, *others = arguments
    words = [np.maximum(back, 1 - (1 << BITS)), *others]  # what flows back, as short words have it
    old = evaluate(block, words, NoSources())[: len(before)]
    norm, scaled = squared_norm(old, before), squared_norm(new, after)
    assert scaled <= clip**2
    if norm <= clip**2 * Fraction(999, 1000):
        assert all(
            np.array_equal(np.asarray(x) * t.scale, np.asarray(y) * u.scale)
            for x, t, y, u in zip(old, before, new, after, strict=True)
        )


@pytest.mark.parametrize("clip", [Fraction(1), Fraction(1, 3), Fraction(5)])
@pytest.mark.parametrize("largest", [1 << 18, 1 << 34, 1 << 40, 1 << 50])
def test_the_factor_is_the_largest_that_fits(clip: Fraction, largest: int) -> None:
    """Long gradients have factors of the same relative precision, down to 2^-8; beyond it gets less, but none is 0."""
    scale = Fraction(1, 1 << 16)
    b = Builder([Type((), scale, 0, largest)])
    f = factor(b, 0, clip)
    block = b.block([f.mantissa, f.exponent])
    below = Octaves.of(largest * scale / clip**2).factors()
    edges = [int(clip**2 / scale / f**2) for f in [*below[1:], Fraction(1)]]
    rng = np.random.default_rng(3)
    for n in [*edges, *(e + 1 for e in edges), 0, 1, largest, *rng.integers(0, edges[0], 100).tolist()]:
        if n > largest:
            continue
        mantissa, exponent = map(int, evaluate(block, [np.asarray(n)], NoSources()))
        found = Fraction(mantissa, MANTISSAS << exponent)
        assert found > 0
        assert found**2 * n * scale <= clip**2
        nearly = Fraction(n) * scale * (1 + Fraction(1, 512))  # the comparison drops bits upwards
        larger = min((f for f in [*below, Fraction(1)] if f > found), default=None)
        assert larger is None or larger**2 * nearly > clip**2


@pytest.mark.parametrize("octaves", [0, 1, 2, 4, 7, 8, 8.5, 12.6, 13, 13.5, 16, 20, 21, 40])
def test_the_least_factor_reaches_the_longest_gradient(octaves: float) -> None:
    reach = Fraction(2 ** (2 * octaves))
    factors = Octaves.of(reach).factors()
    assert 0 < factors[0] ** 2 * reach <= 1 and factors == sorted(set(factors)) and factors[-1] < 1
    assert len(factors) == 32 * (1 if octaves <= 1 else 2 if octaves <= 2 else 4 if octaves <= 4 else 8)
    most = 3 if octaves <= 39 else 4
    assert all(b / a <= (Fraction(33, 32) if a >= Fraction(1, 2**7) else most) for a, b in pairwise(factors))


@pytest.mark.parametrize("clips", [200, 250, 300, 1000, 4000, 8000, 30000])
def test_a_gradient_of_many_clips_is_clipped_and_not_dropped(clips: int) -> None:
    """However long it is, a third of the clip is left of it."""
    wide = Type((2, 3), Fraction(1, 64), -(2**24), 2**24)
    for value in (wide.hi // 2, 64 * clips):
        clip = Fraction(value, 64 * clips)
        b = Builder([wide])
        [after] = clipped(b, [0], clip, {}, Own("", frozenset[int]()))
        one = np.zeros((2, 3), dtype=np.int64)
        one[1, 1] = -value
        [found] = evaluate(b.block([after]), [one], NoSources())
        left = squared_norm([found], [b.type(after)])
        assert clip**2 * Fraction(1, 10) <= left <= clip**2 and found[1, 1] < 0


def test_clipped_gradients_keep_their_direction() -> None:
    """Forty clips long, and still within a hundredth of where it pointed: what is dropped is small against the clip."""
    clip = Fraction(1, 2)
    block, before, after = program(both, clip)
    rng = np.random.default_rng(5)
    for _ in range(20):
        arguments = [rng.integers(t.lo // 8, t.hi // 8, t.shape) for t in (BACK, FORTH, WIDE)]
        values = evaluate(block, arguments, NoSources())
        old, new = (
            [np.asarray(v, dtype=float).reshape(-1) * float(t.scale) for v, t in zip(part, types, strict=True)]
            for part, types in ((values[: len(before)], before), (values[len(before) :], after))
        )
        a, c = np.concatenate(old), np.concatenate(new)
        assert 0.95 * float(clip) < np.linalg.norm(c) <= float(clip)
        assert a @ c > 0.99 * np.linalg.norm(a) * np.linalg.norm(c)


def test_the_norm_of_an_outer_product_is_never_formed() -> None:
    b = Builder([BACK, FORTH])
    clipped(b, layer(b)[:1], Fraction(1), {}, Own("", frozenset({1})))
    products = [i.type.size for i in b.items if isinstance(i, Value) and isinstance(i.op, Mul)]
    assert products.count(12) == 2  # the gradient before and after, but not its squares
