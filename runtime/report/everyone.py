"""What a program of several owners gives away: the (epsilon, delta) of each, and of a person whom all of them know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

from compiler.program import Compiled, owner
from runtime.party.both import Part
from runtime.privacy.accountant import Guarantee, Mechanism, account
from runtime.privacy.cost import told
from runtime.report.privacy import Privacy, privacy, usual_delta
from runtime.report.wording import indent

Parts = Sequence[Part]


@dataclass(frozen=True, slots=True)
class Everyone:
    """As `Privacy`, of each owner at one delta; `everywhere` is None where one of them is unknown or infinite.

    Each owner's noise is its own, so another's sums tell nothing of its records: its epsilon is that of its own run.
    A person with records at every owner is in all of the runs, which compose.
    """

    of: Mapping[str, Privacy]
    everywhere: Guarantee | None

    @property
    def delta(self) -> float:
        return next(iter(self.of.values())).delta

    @property
    def cost(self) -> float | None:
        """The largest; None while one is not known."""
        found = [p.cost for p in self.of.values()]
        known = [c for c in found if c is not None]
        return None if len(known) < len(found) and inf not in known else max(known)

    @property
    def epsilon(self) -> float | None:
        return self.cost if self.cost is not None and self.cost < inf else None

    @property
    def private(self) -> bool:
        return all(p.private for p in self.of.values())

    @property
    def unknown(self) -> str:
        return next((p.unknown for p in self.of.values() if p.unknown), "")

    def why_infinite(self) -> str:
        return next(f"{o}: {p.why_infinite()}" for o, p in self.of.items() if p.cost == inf)

    def price(self) -> list[str]:
        said = [f"{name}: {line}" for name, p in self.of.items() for line in p.price()]
        return [*said, *self.everywhere_lines()]

    def everywhere_lines(self) -> list[str]:
        if self.everywhere is None:
            return []
        return [f"a person with records at all {len(self.of)} owners: {self.everywhere}"]

    def lines(self) -> list[str]:
        said = [line for name, p in self.of.items() for line in (f"{name}:", *indent(p.lines()))]
        return [*said, *self.everywhere_lines()]

    def epsilons(self) -> dict[str, object]:
        return {
            "epsilon": self.epsilon,
            "epsilons": {name: p.epsilon for name, p in self.of.items()},
            "epsilon_everywhere": self.everywhere.epsilon if self.everywhere is not None else None,
        }

    def as_json(self) -> dict[str, object]:
        return {
            **self.epsilons(),
            "infinite": self.cost == inf,
            "delta": self.delta,
            "owners": {name: p.as_json() for name, p in self.of.items()},
        }


def privacy_of(parts: Parts, delta: float | None) -> Privacy | Everyone:
    """Of a program, or of the programs of all its owners.  Takes up to seconds."""
    [(first, records), *more] = parts
    if not more:
        return privacy(first, records, delta)
    if delta is None:
        delta = min(usual_delta(program, rows) for program, rows in parts)
    of = {owner(program): privacy(program, rows, delta) for program, rows in parts}
    known = all(p.guarantee is not None and p.guarantee.epsilon < inf for p in of.values())
    return Everyone(of, everywhere(parts, next(iter(of.values())).delta) if known else None)


def everywhere(parts: Parts, delta: float) -> Guarantee:
    """Of a person with records at all owners: their runs composed.  Raises ValueError as `told`."""
    return account([m for program, records in parts for m in _named(program, records)], delta)


def _named(program: Compiled, records: Mapping[str, int]) -> list[Mechanism]:
    """Data sets of two owners have one name, and persons of one owner's disjoint sets are apart only there."""
    name = owner(program)
    return [
        replace(m, name=f"{name}.{m.name}", apart=frozenset(f"{name}.{other}" for other in m.apart))
        for m in told(program, records)
    ]
