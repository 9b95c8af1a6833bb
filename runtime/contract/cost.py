"""What a run is charged: epsilon as this side computes it from the compiled program.  No stated figure is used."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from compiler.program import Compiled
from runtime.contract.amounts import Spend, epsilon_upward, float_below
from runtime.contract.refused import Refused
from runtime.privacy import accountant


def charged_mechanisms(program: Compiled, records: Mapping[str, int]) -> list[accountant.Mechanism]:
    """What the accountant is told.  Raises Refused (unaccountable-noise) for noise that it has no theorem for."""
    owners = {d.name: d.party for d in program.datasets}
    found: list[accountant.Mechanism] = []
    for m in program.mechanisms:
        if m.drawn_by and m.drawn_by != owners[m.dataset]:
            raise Refused("unaccountable-noise", f"the noise on `{m.dataset}` is drawn by `{m.drawn_by}`, not by "
                          "the owner of the records, and no certificate says what it is worth")
        try:
            found.append(accountant.Mechanism(name=m.dataset, n=records[m.dataset], batch=m.batch, slots=m.slots,
                                              steps=m.steps, noise_multiplier=float_below(m.noise_multiplier)))
        except ValueError as error:
            raise Refused("no-such-mechanism", str(error)) from None
    return found


def cost(mechanisms: Sequence[accountant.Mechanism], delta: Fraction, runs: int = 1) -> Spend:
    """(epsilon, delta) of `runs` identical runs, fixed beforehand, of these mechanisms: one PLD of all their steps.

    All mechanisms are charged to every data set of the program: a person may have a record in each.  Epsilon is rounded
    up.  Raises Refused (no-privacy) if it is infinite.
    """
    together = [replace(m, steps=m.steps * runs) for m in mechanisms]
    epsilon = accountant.account(together, float_below(delta)).epsilon
    try:
        return Spend(epsilon_upward(epsilon), delta)
    except ValueError:
        raise Refused("no-privacy", f"epsilon is {epsilon} at this delta: the noise protects nothing") from None
