"""Theorem S on mechanisms of few outcomes, exactly: whoever begins, interleaves and ends runs at named stops, each upon
what all have told, and spends what is left, has no more than was granted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from math import exp, inf, isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.contract.amounts import Spend
from runtime.contract.stops import Ending, after

Losses = dict[float, float]  # of what is told, under the records' presence: by loss, the chance
Charge = Callable[[int], tuple[float, float]]  # after so many steps: epsilon, delta


def step_of(a: float, d: float) -> Losses:
    """With chance d it tells everything, else it is a randomised response."""
    true = exp(a) / (1 + exp(a))
    return {a: (1 - d) * true, -a: (1 - d) * (1 - true), inf: d}


def told(step: Losses, steps: int) -> Losses:
    found: Losses = {0.0: 1.0}
    for _ in range(steps):
        next: Losses = {}
        for loss, chance in found.items():
            for more, other in step.items():
                at = round(loss + more, 9)
                next[at] = next.get(at, 0.0) + chance * other
        found = next
    return found


def beyond(epsilon: float, loss: float) -> float:
    return max(0.0, 1 - exp(min(0.0, epsilon - loss)))


def epsilon_at(losses: Losses, delta: float) -> float:
    """The least at this delta, a little rounded up; infinite if there is none."""
    if losses.get(inf, 0.0) >= delta:
        return inf
    low, high = 0.0, 40.0
    for _ in range(60):
        middle = (low + high) / 2
        worth = sum(chance * beyond(middle, loss) for loss, chance in losses.items())
        low, high = (middle, high) if worth > delta else (low, middle)
    return high * (1 + 1e-9)


def most(step: Losses, steps: int, granted: tuple[float, float], charge: Charge, runs: int) -> float:
    """The delta that the best vendor gets at the grant's epsilon; by the steps of each run, and the sum of losses."""

    @cache
    def worth(taken: tuple[int, ...], loss: float) -> float:
        found = [_spent(granted, [charge(steps) for steps in taken], loss)] if all(taken) else []
        for i, spent in enumerate(taken):
            if spent < steps:
                then = tuple(sorted((*taken[:i], spent + 1, *taken[i + 1 :])))
                found.append(sum(p * worth(then, round(loss + more, 9)) for more, p in step.items()))
        return max(found)

    return worth((0,) * runs, 0.0)


def _spent(granted: tuple[float, float], taken: list[tuple[float, float]], loss: float) -> float:
    """What is left of the grant buys the worst mechanism that it can."""
    if loss == inf:
        return 1.0
    epsilon = max(0.0, granted[0] - sum(e for e, _ in taken))
    delta = max(0.0, granted[1] - sum(d for _, d in taken))
    true = exp(epsilon) / (1 + exp(epsilon))
    high, low = beyond(granted[0], loss + epsilon), beyond(granted[0], loss - epsilon)
    return delta + (1 - delta) * (true * high + (1 - true) * low)


def endings_of(step: Losses, parts: dict[int, Fraction]) -> Iterator[Ending]:
    for steps, part in parts.items():
        epsilon = epsilon_at(told(step, steps), float(part))
        if isfinite(epsilon):  # elsewhere a contract is refused
            yield steps, Spend(Fraction(epsilon), part)


@st.composite
def named(draw: st.DrawFn) -> tuple[Losses, dict[int, Fraction]]:
    """A step, and stops with parts of delta, none of them even."""
    steps = sorted(draw(st.sets(st.integers(1, 5), min_size=2, max_size=3)))
    parts = [Fraction(draw(st.integers(1, 20)), 100) for _ in steps]
    return step_of(draw(st.sampled_from([0.2, 0.5, 1.0])), draw(st.sampled_from([0.0, 0.001]))), dict(
        zip(steps, parts, strict=True)
    )


@given(of=named(), runs=st.integers(1, 2), more=st.sampled_from([0.0, 0.01]))
def test_no_vendor_has_more_than_was_granted(of: tuple[Losses, dict[int, Fraction]], runs: int, more: float) -> None:
    step, parts = of
    endings = list(endings_of(step, parts))
    whole = sum(parts.values(), Fraction(0))
    last = max(parts)
    costs = {steps: after(endings, steps, whole) for steps in range(1, last + 1)}

    def charge(steps: int) -> tuple[float, float]:
        return float(costs[steps].epsilon), float(costs[steps].delta)

    granted = runs * charge(last)[0] + 10 * more, runs * float(whole) + more
    assert most(step, last, granted, charge, runs) <= granted[1] * (1 + 1e-6)


@pytest.mark.parametrize(("a", "d", "stops"), [(0.5, 0.001, (2, 4, 8)), (0.7, 0.005, (2, 4, 6))])
def test_a_ledger_that_took_the_whole_delta_at_each_stop_would_be_broken(
    a: float, d: float, stops: tuple[int, ...]
) -> None:
    step, delta = step_of(a, d), 0.2
    costs = {at: epsilon_at(told(step, at), delta) for at in stops}

    def charge(steps: int) -> tuple[float, float]:
        return min(cost for at, cost in costs.items() if at >= steps), delta

    assert most(step, stops[-1], (charge(stops[-1])[0], delta), charge, 1) > 1.03 * delta
