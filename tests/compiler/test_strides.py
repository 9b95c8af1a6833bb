"""Views composed are the same elements as views taken one after the other."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.words import strides
from compiler.words.evaluate import strided
from compiler.words.operations import Strided

Case = tuple[tuple[int, ...], Strided, tuple[int, ...]]


@st.composite
def views(draw: st.DrawFn, shape: tuple[int, ...]) -> tuple[Strided, tuple[int, ...]]:
    """A slice, transpose, broadcast or reshape of a dense tensor of that shape."""
    match draw(st.sampled_from(["slice", "transpose", "broadcast", "reshape"])):
        case "slice":
            starts = [draw(st.integers(0, n - 1)) for n in shape]
            extents = tuple(draw(st.integers(1, n - s)) for n, s in zip(shape, starts, strict=True))
            unit = strides.row_major(shape)
            return Strided(sum(s * u for s, u in zip(starts, unit, strict=True)), unit), extents
        case "transpose":
            axes = draw(st.permutations(range(len(shape))))
            return strides.transposed(shape, axes), tuple(shape[a] for a in axes)
        case "broadcast":
            target = (draw(st.integers(1, 3)), *(draw(st.integers(1, 3)) if n == 1 else n for n in shape))
            return strides.broadcast(shape, target), target
        case _:
            size = int(np.prod(shape))
            divisors = [d for d in range(1, size + 1) if size % d == 0]
            first = draw(st.sampled_from(divisors))
            return strides.identity((first, size // first)), (first, size // first)


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_composition_shows_the_same_elements(data: st.DataObject) -> None:
    shape = tuple(data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)))
    inner, middle = data.draw(views(shape))
    outer, last = data.draw(views(middle))
    elements = np.arange(int(np.prod(shape)))
    step = strided(elements, inner, middle, ()).copy().reshape(-1)
    expected = strided(step, outer, last, ())
    both = strides.compose(inner, middle, outer, last)
    if both is None:  # only a reshape of something not dense may fail
        assert inner != strides.identity(middle)
    else:
        assert np.array_equal(strided(elements, both, last, ()), expected)


def test_a_slice_of_a_transpose_is_a_view() -> None:
    inner = strides.transposed((3, 4), (1, 0))
    both = strides.compose(inner, (4, 3), Strided(3, (3, 1)), (3, 3))
    assert both == Strided(1, (1, 4))


def test_a_flattened_transpose_is_not() -> None:
    assert strides.compose(strides.transposed((3, 4), (1, 0)), (4, 3), Strided(0, (1,)), (12,)) is None


@given(st.sets(st.integers(0, 60)))
def test_elements_as_views(elements: set[int]) -> None:
    shown = [e for at, shape in strides.views_of(elements) for e in strides.elements_of(at, shape)]
    assert len(shown) == len(elements) and set(shown) == elements


def test_a_block_of_a_matrix_is_one_view() -> None:
    block = {10 * row + column for row in range(2, 5) for column in range(1, 4)}
    assert strides.views_of(block) == [(Strided(21, (10, 1)), (3, 3))]
