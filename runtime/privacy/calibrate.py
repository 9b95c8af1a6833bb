"""What a budget buys: the noise that an epsilon needs, the steps that it lasts.

Epsilon falls with the noise and grows with the steps, so both are found by bisection on whole numbers (thousandths of a
noise multiplier, steps), which ends after as many halvings as they have bits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from runtime.privacy.accountant import Mechanism, account

GRAIN = 1000  # noise multipliers are told in thousandths
MOST_NOISE = 10_000 * GRAIN
MOST_STEPS = 1 << 20
_ACCURACY = 5e-4  # coarser than a report's, and faster


class OutOfReach(ValueError):
    """No noise, or no number of steps, keeps to the budget."""


def noise_for(mechanisms: Sequence[Mechanism], epsilon: float, delta: float) -> list[float]:
    """Noise multipliers with which all mechanisms together cost `epsilon` at most: the present ones times one factor.

    Rounded up to thousandths.  Raises OutOfReach, and ValueError for a mechanism without noise or an epsilon that is
    not above 0.
    """
    _check(epsilon)
    if not mechanisms or any(not m.noise_multiplier for m in mechanisms):
        raise ValueError("there is no noise to make more or less of")
    first = mechanisms[0].noise_multiplier

    def multipliers(thousandths: int) -> list[float]:
        return [-(-m.noise_multiplier * thousandths // first) / GRAIN for m in mechanisms]

    def enough(thousandths: int) -> bool:
        changed = [
            replace(m, noise_multiplier=noise) for m, noise in zip(mechanisms, multipliers(thousandths), strict=True)
        ]
        return _cost(changed, delta) <= epsilon

    found = _least(enough, round(first * GRAIN), MOST_NOISE)
    if found is None:
        raise OutOfReach(f"no noise costs epsilon {epsilon:g} or less at delta {delta:g}")
    return multipliers(found)


def steps_for(mechanisms: Sequence[Mechanism], which: int, epsilon: float, delta: float) -> int:
    """The most steps of mechanism `which`, the others staying as they are, that cost `epsilon` at most.

    0 if not even one does; MOST_STEPS if more would.  Raises ValueError for an epsilon that is not above 0.
    """
    _check(epsilon)

    def too_many(steps: int) -> bool:
        changed = [replace(m, steps=steps) if i == which else m for i, m in enumerate(mechanisms)]
        return _cost(changed, delta) > epsilon

    found = _least(too_many, max(1, mechanisms[which].steps), MOST_STEPS)
    return MOST_STEPS if found is None else found - 1


def _least(holds: Callable[[int], bool], start: int, most: int) -> int | None:
    """The least number from 1 to `most` of which a predicate holds that holds from some number on; None if of none.

    Strides from `start` that double find where to halve: far from it an answer may be slow to compute.
    """
    at = min(max(start, 1), most)
    stride = max(1, at >> 6)
    if holds(at):
        low, high = max(0, at - stride), at  # 0 stands for "does not hold", unasked
        while low and holds(low):
            stride *= 2
            low, high = max(0, low - stride), low
    else:
        low, high = at, min(most, at + stride)
        while low < most and not holds(high):
            stride *= 2
            low, high = high, min(most, high + stride)
        if low == most:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _cost(mechanisms: Sequence[Mechanism], delta: float) -> float:
    return account(mechanisms, delta, _ACCURACY).epsilon


def _check(epsilon: float) -> None:
    if not 0 < epsilon < float("inf"):
        raise ValueError(f"epsilon must be above 0 and finite: {epsilon}")
