"""What a compiled program costs its data provider: recomputed from the program, believed from nobody.

Noise that the owner of the records draws is a rounded Gaussian and counts for what it says.  Noise that both parties
draw counts for what the certificate of its compiled tables proves.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from compiler.program import Compiled
from compiler.schedule.told import told_steps, trainings
from compiler.words.operations import Mechanism
from runtime.privacy import accountant
from runtime.privacy.accountant import Guarantee
from runtime.privacy.certificate import Certificate, Part, certify, of_sampler

# delta of one draw.  The first with which the table is as good as it says: where there is little noise the table's
# 2^-40 end before a smaller delta would let them.
DELTAS = (1e-8, 1e-7, 1e-6)


class ForeignNoise(ValueError):
    """Noise that hides records is known to somebody who does not own them."""

    def __init__(self, dataset: str, drawn_by: str) -> None:
        super().__init__(f"the noise on `{dataset}` is drawn by `{drawn_by}`, who does not own the records")
        self.dataset, self.drawn_by = dataset, drawn_by


def cost_of(program: Compiled, records: Mapping[str, int], delta: float) -> Guarantee:
    """The (epsilon, delta) of a whole run: all mechanisms together, as if on one data set, but for data sets that are
    disjoint: no person is in two of them.

    `records` has the number of rows of each data set that is used.  Without a mechanism epsilon is 0, which says
    nothing about outputs that are revealed.  Takes seconds.  Raises as `told`, and ValueError unless 0 < delta < 1.
    """
    return accountant.account(told(program, records), delta)


def told(program: Compiled, records: Mapping[str, int]) -> list[accountant.Mechanism]:
    """What the accountant is told of a program.  Takes seconds.

    Raises ForeignNoise, and ValueError if a number of rows is missing, smaller than a batch or not that of a
    `measure`, or if nothing is known of a noise.
    """
    owners = {d.name: d.party for d in program.datasets}
    for m in program.mechanisms:
        if m.drawn_by not in ("", owners[m.dataset]):
            raise ForeignNoise(m.dataset, m.drawn_by)
    apart = {name: frozenset(names) - {name} for names in program.disjoint for name in names}
    return [replace(charged(m, records), apart=apart.get(m.dataset, frozenset())) for m in program.mechanisms]


def up_to(
    program: Compiled, mechanisms: Sequence[accountant.Mechanism], steps: int | None
) -> list[accountant.Mechanism]:
    """What a run has told of them (`told`, in the program's order) when it is ended after so many of its steps.

    What opens at the end has told nothing by then; with the last step, or None, all of it counts.
    """
    if steps is None or steps >= told_steps(program.plan):
        return list(mechanisms)
    left = {t.draw: min(max(steps - t.first, 0), t.loop.count) for t in trainings(program.plan)}
    return [replace(m, steps=left.get(of.draw, 0)) for of, m in zip(program.mechanisms, mechanisms, strict=True)]


def stated(program: Compiled) -> dict[str, int]:
    """The rows of the data sets of which a program says how many they have: those that it measures."""
    return {m.dataset: m.slots for m in program.mechanisms if m.whole}


def charged(m: Mechanism, records: Mapping[str, int]) -> accountant.Mechanism:
    """What the accountant is told of one `dpsgd` or `measure`, whoever draws its noise.  Raises ValueError as `told`.

    A `measure` is of all rows: batches of n at rate 1 in n slots, which never overflow.
    """
    if m.dataset not in records:
        raise ValueError(f"the number of records in `{m.dataset}` is not known here")
    if m.whole and records[m.dataset] != m.slots:
        raise ValueError(f"`{m.dataset}` has {records[m.dataset]} records, where `measure` counts {m.slots}")
    proved = certificate(m)
    return accountant.Mechanism(
        name=m.dataset,
        n=records[m.dataset],
        batch=m.batch,
        slots=m.slots,
        steps=m.steps,
        noise_multiplier=proved.sigma_eff if proved else float_below(m.noise_multiplier),
        noise_delta=proved.delta if proved else 0.0,
        far_delta=proved.far_delta if proved else 0.0,
    )


def certificate(m: Mechanism) -> Certificate | None:
    """Of the joint noise of one mechanism; None for noise that one party draws.  Takes about a second, once."""
    if m.drawn_by:
        return None
    if not m.samplers or len(m.samplers) != len(m.sizes):
        raise ValueError(f"the noise on `{m.dataset}` comes without its tables: nothing is known of it")
    parts = tuple(
        Part(of_sampler(s), s.sigma, s.sigma / m.noise_multiplier, size)
        for s, size in zip(m.samplers, m.sizes, strict=True)
    )
    *first, last = DELTAS
    return next((c for c in (certify(parts, delta) for delta in first) if c.holds), None) or certify(parts, last)


def float_below(x: Fraction) -> float:
    """The largest float64 that is not above x: what an accountant may be told of a deviation or a delta."""
    near = float(x)
    return near if Fraction(near) <= x else math.nextafter(near, 0)
