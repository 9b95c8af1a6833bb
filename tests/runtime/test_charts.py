"""What a page draws: places in percent of its width and height."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.report.html.charts import TICKS, Curve, bar, curve, ticks


@given(st.floats(1e-9, 1e9))
def test_ticks_are_few_and_round(top: float) -> None:
    found = ticks(top)
    step = found[1]
    assert 2 <= len(found) - 1 <= TICKS and found[0] == 0 and found[-1] <= top < found[-1] + 1.001 * step
    assert f"{step:.0e}"[0] in "125" and float(f"{step:.0e}") == pytest.approx(step)


@given(st.integers(1, 10**6))
def test_ticks_of_steps_are_whole(top: int) -> None:
    found = ticks(top, 1)
    assert all(tick == round(tick) for tick in found) and len(set(found)) == len(found) > 1


def test_a_bar_is_its_parts() -> None:
    drawn = bar([("work", 0.25), ("waiting", 0.75)])
    assert re.findall(r'class="([^"]*)" x="([^"]*)" width="([^"]*)"', drawn) == [
        ("of-work", "0.00%", "25.00%"),
        ("of-waiting", "25.00%", "75.00%"),
    ]


@pytest.mark.parametrize("allowed", [None, 2.0, 1000.0])
@pytest.mark.parametrize("points", [((1, 0.0), (2, 0.0)), ((1, 1.0),), tuple((n, n / 100) for n in range(20, 41, 4))])
def test_a_curve_stays_within_its_frame(points: tuple[tuple[int, float], ...], allowed: float | None) -> None:
    """Also one that nothing costs, one of a single point, and under a bound that is far above it."""
    drawn = curve(Curve(points, points[0], 1e-5, "", allowed))
    places = [float(p) for p in re.findall(r'(?:[xy][12]?|c[xy])="([-\d.]+)%?"', drawn)]
    assert len(places) > 10 and all(0 <= place <= 100 for place in places)
    assert drawn.count('class="line"') == len(points) - 1
    assert ("allowed" in drawn) == (allowed is not None and allowed <= 3 * max(y for _, y in points))
    assert (f"the contract allows {allowed:g}" in drawn) if allowed else ("contract" not in drawn)
