"""What a program gives away: the (epsilon, delta) of its mechanisms, and what it reveals besides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, isfinite

from compiler.program import Compiled, Released
from compiler.words.operations import Mechanism
from lang.numerals import counted
from runtime.privacy.accountant import Guarantee
from runtime.privacy.cost import stated
from runtime.privacy.limits import default_delta, warning
from runtime.report.kept import cost_told
from runtime.report.wording import in_one_alone, listing


@dataclass(frozen=True, slots=True)
class Privacy:
    """`guarantee` is None where there is no mechanism, or where `unknown` says why it cannot be told."""

    delta: float
    mechanisms: tuple[Mechanism, ...]
    records: Mapping[str, int]
    revealed: tuple[Released, ...]
    disjoint: tuple[tuple[str, ...], ...]
    guarantee: Guarantee | None
    unknown: str = ""

    @property
    def epsilon(self) -> float | None:
        """None if it is unknown, infinite, or no mechanism was used."""
        return self.cost if self.mechanisms and self.cost is not None and isfinite(self.cost) else None

    @property
    def bare(self) -> tuple[Released, ...]:
        """Outputs that tell records as they are."""
        return tuple(o for o in self.revealed if o.carries)

    @property
    def cost(self) -> float | None:
        """Epsilon of all that the outputs tell of the data sets: infinite where records leave as they are, or by noise
        of which nothing is known; 0 where nothing of them leaves; None while the number of records is not known."""
        if self.bare:
            return inf
        if self.guarantee is not None:
            return self.guarantee.epsilon
        if not self.mechanisms:
            return 0.0
        return None if {m.dataset for m in self.mechanisms} - self.records.keys() else inf

    @property
    def private(self) -> bool:
        """Whether everything that a receiver learns of another's is bounded by a finite epsilon."""
        return not self.revealed and self.cost is not None and isfinite(self.cost)

    def why_infinite(self) -> str:
        """What would leave without a bound, of a program whose `cost` is infinite."""
        if self.bare:
            return f"{listing([o.name for o in self.bare])} would tell records as they are: no epsilon bounds that"
        why = self.unknown or "its noise hides nothing"
        return f"no epsilon bounds what the run would tell of the records: {why}"

    def noise_ands(self) -> int | None:
        """AND gates of one sample of the dearest joint noise; None where no noise is joint: one party's is no gates."""
        from compiler.cells.noise import sample_ands  # here, because most reports do not tell it

        return max((sample_ands(s) for m in self.mechanisms for s in m.samplers), default=None)

    def lines(self) -> list[str]:
        """Sentences for a person."""
        said = [*self.price(), *map(in_one_alone, self.disjoint), *(self._mechanism(m) for m in self.mechanisms)]
        if self.revealed:
            what = "; ".join(f"`{o.name}` is revealed to {' and '.join(o.receivers)}" for o in self.revealed)
            why = "epsilon does not cover what is revealed" if self.mechanisms else "not differentially private"
            said.append(f"{why}: {what} as it is, without noise")
        return said or ["no output depends on what its receivers do not own"]

    def price(self) -> list[str]:
        """Epsilon, and what is infinite about it."""
        bare = [
            f"epsilon is infinite: `{o.name}` tells {' and '.join(o.receivers)} of {listing(o.carries)} without noise"
            for o in self.bare
        ]
        return [*bare, *self._epsilon()]

    def _epsilon(self) -> list[str]:
        if self.unknown:
            return [f"epsilon is unknown: {self.unknown}"]
        if self.guarantee is None:
            return []
        if not isfinite(self.guarantee.epsilon):
            return [f"epsilon is infinite: {self._why()}"]
        return [f"{'but for that ' if self.bare else ''}{self.guarantee}", *self.warnings()]

    def _why(self) -> str:
        own = self.guarantee.noise_delta if self.guarantee else 0.0
        if own < self.delta:
            return "the noise hides nothing at this delta"
        return f"joint noise is Gaussian only but for a delta, here {own:.2g} in all, which is not below {self.delta:g}"

    def warnings(self) -> list[str]:
        used = {m.dataset: self.records[m.dataset] for m in self.mechanisms if m.dataset in self.records}
        said = warning(self.delta, used)
        return [f"warning: {said}"] if said else []

    def _mechanism(self, m: Mechanism) -> str:
        n = self.records.get(m.dataset)
        of = counted(n, "record") if n is not None else "its records"
        how = (
            f"{counted(m.steps, 'noisy sum')} over all {counted(m.slots, 'record')}"
            if m.whole
            else f"{counted(m.steps, 'step')} on Poisson batches of {m.batch} from {of} in {counted(m.slots, 'slot')}"
        )
        told = f"{m.to} is told {'it at once' if m.whole else 'the noisy sum of every step'}; " if m.to else ""
        return (
            f"`{m.dataset}`: {how}, clip {float(m.clip):g}, noise multiplier {float(m.noise_multiplier):g} drawn by "
            f"{m.drawn_by or 'both parties'}; {told}no row's {'value' if m.whole else 'gradient'} is longer than the "
            f"clip, by {m.argument}"
        )

    def as_json(self) -> dict[str, object]:
        g = self.guarantee
        sigmas = {float(m.noise_multiplier * m.clip) for m in self.mechanisms}
        return {
            "epsilon": self.epsilon,
            "infinite": self.cost == inf,
            "delta": self.delta,
            "disjoint": [list(names) for names in self.disjoint],
            "warnings": self.warnings(),
            "unknown": self.unknown or None,
            "sigma": sigmas.pop() if len(sigmas) == 1 else None,
            "noise_ands_per_sample": self.noise_ands(),
            "adjacency": g.adjacency if g else None,
            "unit": g.unit if g else None,
            "accountant": g.accountant if g else None,
            "mechanisms": [
                {
                    "dataset": m.dataset,
                    "whole": m.whole,
                    "records": self.records.get(m.dataset),
                    "batch": m.batch,
                    "slots": m.slots,
                    "steps": m.steps,
                    "each_step_told_to": m.to or None,
                    "clip": float(m.clip),
                    "noise_multiplier": float(m.noise_multiplier),
                    "sigma": float(m.noise_multiplier * m.clip),
                    "drawn_by": m.drawn_by or None,
                    "bounded_by": m.argument,
                }
                for m in self.mechanisms
            ],
            "revealed": [{"name": o.name, "to": list(o.receivers), "records": list(o.carries)} for o in self.revealed],
        }


def usual_delta(program: Compiled, records: Mapping[str, int]) -> float:
    """Where none is asked for."""
    known = stated(program) | dict(records)
    return float(default_delta(known[m.dataset] for m in program.mechanisms if m.dataset in known))


def privacy(program: Compiled, records: Mapping[str, int], delta: float | None) -> Privacy:
    """`records` are the rows of each data set, as far as they are known; without a `delta` they decide it.

    Takes up to seconds where there is a mechanism.
    """
    records = stated(program) | dict(records)
    if delta is None:
        delta = usual_delta(program, records)
    revealed = tuple(o for o in program.outputs if o.revealed)
    guarantee, unknown = None, ""
    if missing := sorted({m.dataset for m in program.mechanisms} - records.keys()):
        unknown = f"the number of records in {listing(missing)} is not known here"
    elif program.mechanisms:
        try:
            guarantee = cost_told(program, records, delta)
        except ValueError as error:
            unknown = str(error)
    return Privacy(delta, program.mechanisms, records, revealed, program.disjoint, guarantee, unknown)
