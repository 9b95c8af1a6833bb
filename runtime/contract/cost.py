"""What a run is charged: epsilon as this side computes it from the compiled program.  No stated figure is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from math import isinf
from typing import NamedTuple

from compiler.program import Compiled
from runtime.contract.amounts import Spend, epsilon_upward
from runtime.contract.refused import Refused
from runtime.contract.stops import Ending, Named, after
from runtime.contract.terms import Privacy
from runtime.privacy.accountant import Guarantee, account
from runtime.privacy.composition import Uncertified
from runtime.privacy.cost import ForeignNoise, float_below, up_to
from runtime.privacy.cost import told as mechanisms_of

_LEAST = 1e-9  # in place of 0, which is no amount: delta alone covers all that the run tells


class Charges(NamedTuple):
    """What a run costs under a contract."""

    one: Spend  # a run that is not ended before its end
    taken: Spend  # when it starts: that, or the cost of all `pld` runs
    endings: tuple[Ending, ...] = ()


def charges(program: Compiled, records: Mapping[str, int], privacy: Privacy) -> Charges:
    """Takes seconds.  Raises Refused as `cost`."""
    if privacy.stops:
        found = endings(program, records, privacy.named)
        one = after(found, privacy.stops[-1].steps, privacy.per_run.delta)
        return Charges(one, one, found)
    one = cost(program, records, privacy.per_run.delta)
    together = privacy.composition == "pld"
    return Charges(one, cost(program, records, privacy.total.delta, privacy.runs) if together else one)


def endings(program: Compiled, records: Mapping[str, int], named: Sequence[Named]) -> tuple[Ending, ...]:
    """What the steps up to each stop cost.  Takes seconds.  Raises Refused as `cost`."""
    return tuple((steps, cost(program, records, part, told=steps)) for steps, part in named)


def cost(
    program: Compiled, records: Mapping[str, int], delta: Fraction, runs: int = 1, told: int | None = None
) -> Spend:
    """(epsilon, delta) of `runs` runs of a program with mechanisms, fixed beforehand: one PLD of all their steps; of
    runs that tell so many steps as `told`, and open nothing behind them, unless these are all.

    All mechanisms are charged to every data set of the program: a person may have a record in each, but in one alone of
    those that are disjoint.  Epsilon is rounded up.  Takes seconds.  Raises Refused: unaccountable-noise,
    no-such-mechanism, no-privacy, delta-too-small.
    """
    try:
        mechanisms = up_to(program, mechanisms_of(program, records), told)
    except ForeignNoise as noise:
        what = f"the noise on `{noise.dataset}` is known to `{noise.drawn_by}`, from whom it is to hide the records"
        raise Refused("unaccountable-noise", what) from None
    except ValueError as error:
        raise Refused("no-such-mechanism", str(error)) from None
    try:
        guarantee = account([replace(m, steps=m.steps * runs) for m in mechanisms], float_below(delta))
    except Uncertified as error:
        raise Refused("delta-too-small", str(error), help="agree on a larger delta") from None
    if isinf(guarantee.epsilon):
        raise _no_privacy(guarantee)
    return Spend(epsilon_upward(max(guarantee.epsilon, _LEAST)), delta)


def _no_privacy(guarantee: Guarantee) -> Refused:
    if guarantee.noise_delta < guarantee.delta:
        return Refused(
            "no-privacy",
            "epsilon is infinite at this delta: the noise protects nothing",
            help="raise the program's noise, or agree on a larger delta",
        )
    return Refused(
        "no-privacy",
        f"epsilon is infinite at delta {guarantee.delta:g}: joint noise is Gaussian only but for a delta of its own, "
        f"here {guarantee.noise_delta:.2g} in all",
        help="let the data provider draw the noise (`drawn by`), lower the steps, or agree on a larger delta",
    )
