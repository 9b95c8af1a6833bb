"""Named stops: how far a run may go before it is ended for good, and which part of its delta each of them takes.

Whoever stops upon what was released gets more than the steps that were taken would give (docs/privacy.md, theorem S).
So the stops are fixed beforehand, and their parts of delta add up to the run's.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from lang.numerals import counted, spelled
from runtime.contract.amounts import Spend
from runtime.contract.refused import Refused

MOST = 64  # each is one more computation of epsilon
_ASCENDING = "name them in ascending order, the last one where a run ends: --stops 25,50,100"
_DIGITS = 8  # significant, of an even part: an amount of a contract is a decimal number

Named = tuple[int, Fraction]  # steps, and the part of delta
Ending = tuple[int, Spend]  # steps, and what they cost at that part of delta


def fit(named: Sequence[Named], steps: int, delta: Fraction) -> None:
    """They are stops of a run that tells so many steps and has this delta.  Raises Refused (stops-differ)."""
    if not steps:
        raise _differ("the program tells nothing after a step, so there is nothing to stop at", "leave --stops out")
    if not 2 <= len(named) <= MOST:
        raise _differ(f"{counted(len(named), 'stop')}: there may be 2 to {MOST}, the last of them at step {steps}")
    if any(one >= next for (one, _), (next, _) in pairwise(named)) or named[0][0] < 1:
        raise _differ("the stops do not ascend from step 1")
    if named[-1][0] != steps:
        raise _differ(f"the last stop is at step {named[-1][0]}, and a run has {counted(steps, 'step')}")
    if (found := sum((part for _, part in named), Fraction(0))) != delta:
        raise _differ(
            f"the deltas of the stops add up to {spelled(found)}, and a run has {spelled(delta)}",
            "let their parts add up to the whole: --delta",
        )


def evenly(steps: Sequence[int], delta: Fraction) -> tuple[Named, ...]:
    """The same part of delta for each, as decimals; what that leaves goes to the last one."""
    places = 0
    while delta * 10**places < len(steps) * 10 ** (_DIGITS - 1):
        places += 1
    part = Fraction(delta * 10**places // len(steps), 10**places)
    return (*((at, part) for at in steps[:-1]), (steps[-1], delta - part * (len(steps) - 1)))


def after(endings: Sequence[Ending], steps: int, delta: Fraction) -> Spend:
    """What a run has cost that is ended after so many steps: the least epsilon of the stops that are not before that,
    and the whole delta (theorem S)."""
    return Spend(min(cost.epsilon for at, cost in endings if at >= steps), delta)


def _differ(what: str, help: str = _ASCENDING) -> Refused:
    return Refused("stops-differ", what, help=help)
