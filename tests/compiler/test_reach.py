"""What is said of a view by its strides holds of its wires, counted."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from compiler.schedule import reach
from compiler.schedule.plan import View, addresses

LANES, PORTS, COUNTS = st.lists(st.integers(1, 4), max_size=2), st.lists(st.integers(1, 4), max_size=2), (3,)
STRIDES = st.sampled_from([-12, -6, -4, -2, -1, 0, 1, 2, 3, 4, 6, 12, 16])


@st.composite
def views(draw: st.DrawFn, lanes: list[int]) -> View:
    port = tuple((n, draw(STRIDES)) for n in draw(PORTS))
    return View(0, draw(st.integers(-9, 40)), tuple(draw(STRIDES) for _ in lanes), port, (draw(STRIDES),))


def wires(view: View, lanes: list[int], iteration: tuple[int, ...]) -> list[int]:
    return addresses(view, tuple(lanes), iteration).reshape(-1).tolist()


def every(view: View, lanes: list[int]) -> list[int]:
    return [w for iteration in product(*map(range, COUNTS)) for w in wires(view, lanes, iteration)]


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_the_ends_of_a_view(data: st.DataObject) -> None:
    lanes = data.draw(LANES)
    view = data.draw(views(lanes))
    found = every(view, lanes)
    assert reach.span(view.offset, reach.of_run(view, lanes, COUNTS)) == (min(found), max(found))


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_wires_that_are_said_to_be_distinct_are(data: st.DataObject) -> None:
    lanes = data.draw(LANES)
    view = data.draw(views(lanes))
    found, axes = wires(view, lanes, (0,)), reach.of_iteration(view, lanes)
    if reach.distinct(axes):
        assert len(set(found)) == len(found)
    if reach.gapless(axes):
        assert set(found) == set(range(min(found), max(found) + 1))


@settings(max_examples=150)
@given(st.data())
def test_views_that_are_said_to_be_apart_are(data: st.DataObject) -> None:
    apart(data)


@pytest.mark.slow
@settings(max_examples=1000)
@given(st.data())
def test_more_views_that_are_said_to_be_apart_are(data: st.DataObject) -> None:
    apart(data)


def apart(data: st.DataObject) -> None:
    lanes = data.draw(LANES)
    one, other = data.draw(views(lanes)), data.draw(views(lanes))
    assume(reach.apart(one, other, lanes, COUNTS))
    for iteration in product(*map(range, COUNTS)):
        assert not set(wires(one, lanes, iteration)) & set(wires(other, lanes, iteration))


def test_what_can_be_said() -> None:
    lanes = (4,)
    rows = View(0, 0, (8,), ((2, 4), (4, 1)), (32,))
    assert reach.distinct(reach.of_iteration(rows, lanes)) and reach.gapless(reach.of_iteration(rows, lanes))
    even, odd = View(0, 0, (2,), (), (8,)), View(0, 1, (2,), (), (8,))
    assert reach.apart(even, odd, lanes, COUNTS) and not reach.gapless(reach.of_iteration(even, lanes))
    assert reach.apart(even, View(0, 8, (2,), (), (8,)), lanes, COUNTS)  # beside it in every iteration
    assert not reach.apart(even, View(0, 8, (2,), (), (0,)), lanes, COUNTS)
    assert not reach.apart(even, even, lanes, COUNTS)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 6)), max_size=12), st.integers(0, 36), st.integers(0, 6))
def test_runs_of_wires(added: list[tuple[int, int]], low: int, more: int) -> None:
    filled = reach.Filled()
    for start, length in added:
        filled.add(start, start + length)
    known = {wire for start, length in added for wire in range(start, start + length + 1)}
    assert filled.holds(low, low + more) == (set(range(low, low + more + 1)) <= known)
