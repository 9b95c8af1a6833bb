"""What a policy is held against: a grant, a consumer's share, a contract, a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from runtime.contract.amounts import Spend
from runtime.contract.terms import Mechanism, Terms
from runtime.policy.rules import Release


@dataclass(frozen=True, slots=True)
class Grant:
    """The whole budget of a data set."""

    label: str
    records: int
    budget: Spend
    reveals: frozenset[str]  # outputs that may tell records as they are


@dataclass(frozen=True, slots=True)
class Share:
    """What of it one consumer may use."""

    consumer: str  # as people call it
    budget: Spend


@dataclass(frozen=True, slots=True)
class Training:
    """A `dpsgd`, or a `measure`, which has no release of its own: its value is an output."""

    dataset: str
    noise_multiplier: Fraction
    release: Release | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """A contract."""

    purpose: str | None
    records: Mapping[str, int]  # by data set
    reports: Mapping[str, str | None]  # keyed digests of passing reports of de-identification, by data set
    trainings: tuple[Training, ...]
    measures: int  # of a run
    reveals: frozenset[str]  # outputs that no mechanism protects
    per_run: Spend | None  # None where nothing that it tells has a finite cost
    total: Spend | None


@dataclass(frozen=True, slots=True)
class Run:
    """A run under a contract, and what would be spent with it."""

    agreement: Agreement
    cost: Spend  # of this run
    consumer: Spend  # all runs of its consumer, with this one
    data: tuple[tuple[str, Spend], ...]  # all runs on each data set, by its label, with this one


Proposal = Grant | Share | Agreement | Run


def agreement(terms: Terms) -> Agreement:
    """Terms that were held against the program (`agree.with_program`) and the data state nothing of their own here."""
    privacy = terms.privacy
    return Agreement(
        purpose=terms.purpose,
        records={d.name: d.records for d in terms.data},
        reports={d.name: d.report for d in terms.data},
        trainings=trainings(terms.mechanisms),
        measures=measures(terms.mechanisms),
        reveals=frozenset(terms.reveals) | frozenset(terms.unbounded()),
        per_run=None if privacy is None else privacy.per_run.spend,
        total=None if privacy is None else privacy.total.spend,
    )


def trainings(mechanisms: Iterable[Mechanism]) -> tuple[Training, ...]:
    return tuple(Training(m.dataset, m.noise_multiplier, _release(m)) for m in mechanisms)


def measures(mechanisms: Iterable[Mechanism]) -> int:
    """Noisy sums over all rows: one in a loop is as many as it goes round."""
    return sum(m.steps for m in mechanisms if m.whole)


def _release(m: Mechanism) -> Release | None:
    if m.whole:
        return None
    return Release.END if m.told is None else Release.STEP
