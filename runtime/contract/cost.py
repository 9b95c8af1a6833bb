"""What a run is charged: epsilon as this side computes it from the compiled program.  No stated figure is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from compiler.program import Compiled
from runtime.contract.amounts import Spend, epsilon_upward
from runtime.contract.refused import Refused
from runtime.contract.terms import Privacy
from runtime.privacy.accountant import account
from runtime.privacy.cost import charged, float_below

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

    All mechanisms are charged to every data set of the program: a person may have a record in each.  Epsilon is rounded
    up.  Takes seconds.  Raises Refused: unaccountable-noise, no-such-mechanism, no-privacy.
    """
    owners = {d.name: d.party for d in program.datasets}
    for m in program.mechanisms:
        if m.drawn_by not in ("", owners[m.dataset]):
            raise Refused(
                "unaccountable-noise",
                f"the noise on `{m.dataset}` is known to `{m.drawn_by}`, from whom it is to hide the records",
            )
    try:
        mechanisms = [charged(m, records) for m in program.mechanisms]
    except ValueError as error:
        raise Refused("no-such-mechanism", str(error)) from None
    epsilon = account([replace(m, steps=m.steps * runs) for m in mechanisms], float_below(delta)).epsilon
    try:
        return Spend(epsilon_upward(epsilon or _LEAST), delta)
    except ValueError:
        raise Refused(
            "no-privacy",
            f"epsilon is {epsilon} at this delta: the noise protects nothing",
            help="raise the program's noise, or agree on a larger delta",
        ) from None
