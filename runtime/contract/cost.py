"""What a run is charged: epsilon as this side computes it from the compiled program.  No stated figure is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from math import isinf

from compiler.program import Compiled
from runtime.contract.amounts import Spend, epsilon_upward
from runtime.contract.refused import Refused
from runtime.contract.terms import Privacy
from runtime.privacy.accountant import Guarantee, account
from runtime.privacy.composition import Uncertified
from runtime.privacy.cost import ForeignNoise, float_below, told

_LEAST = 1e-9  # in place of 0, which is no amount: delta alone covers all that the run tells


def charges(program: Compiled, records: Mapping[str, int], privacy: Privacy) -> tuple[Spend, Spend]:
    """The cost of one run, at the contract's delta for one, and what a run takes: that, or the cost of all `pld` runs.

    Takes seconds.  Raises Refused as `cost`.
    """
    one = cost(program, records, privacy.per_run.delta)
    together = privacy.composition == "pld"
    return one, cost(program, records, privacy.total.delta, privacy.runs) if together else one


def cost(program: Compiled, records: Mapping[str, int], delta: Fraction, runs: int = 1) -> Spend:
    """(epsilon, delta) of `runs` runs of a program with mechanisms, fixed beforehand: one PLD of all their steps.

    All mechanisms are charged to every data set of the program: a person may have a record in each, but in one alone of
    those that are disjoint.  Epsilon is rounded up.  Takes seconds.  Raises Refused: unaccountable-noise,
    no-such-mechanism, no-privacy, delta-too-small.
    """
    try:
        mechanisms = told(program, records)
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
