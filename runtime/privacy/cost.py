"""What a compiled program costs its data provider: recomputed from the program, believed from nobody."""
from __future__ import annotations

from collections.abc import Mapping

from compiler.program import Compiled
from compiler.words.ir import Mechanism
from runtime.privacy import accountant
from runtime.privacy.accountant import Guarantee


def cost_of(program: Compiled, records: Mapping[str, int], delta: float) -> Guarantee:
    """The (epsilon, delta) of a whole run: all mechanisms together, as if on one data set.

    `records` has the number of rows of each data set that is used.  Without a mechanism epsilon is 0, which says
    nothing about outputs that are revealed.  Takes seconds.  Raises ValueError if a number of rows is missing or
    smaller than a batch, or unless 0 < delta < 1.
    """
    return accountant.account([charged(m, records) for m in program.mechanisms], delta)


def charged(m: Mechanism, records: Mapping[str, int]) -> accountant.Mechanism:
    """What the accountant is told of one `dpsgd`.  Raises ValueError as `cost_of`."""
    if m.dataset not in records:
        raise ValueError(f"the number of records in `{m.dataset}` is not known here")
    return accountant.Mechanism(name=m.dataset, n=records[m.dataset], batch=m.batch, slots=m.slots, steps=m.steps,
                                noise_multiplier=float(m.noise_multiplier))
