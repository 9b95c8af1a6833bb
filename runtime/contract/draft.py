"""Terms from a compiled program: everything that the program decides is read off it, nothing is typed by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Literal

from compiler.joint.choices import Evaluator
from compiler.program import Compiled
from runtime.contract.amounts import Spend
from runtime.contract.fields import public_key
from runtime.contract.refused import Refused
from runtime.contract.stops import Named
from runtime.contract.terms import (
    FORMAT,
    Budget,
    Data,
    Learns,
    Mechanism,
    Party,
    Privacy,
    Stop,
    Terms,
    agrees_with_itself,
)
from runtime.privacy.accountant import ADJACENCY, UNIT
from runtime.program import Program


@dataclass(frozen=True, slots=True)
class Holding:
    """What the data provider says of one of its data sets."""

    records: int  # n
    salt: str
    commitment: str  # commitment.commitment
    report: str | None = None  # commitment.report_commitment


@dataclass(frozen=True, slots=True)
class Budgets:
    """What runs may cost (`terms.Privacy`)."""

    per_run: Spend
    total: Spend
    runs: int = 1
    composition: Literal["basic", "pld"] = "basic"
    stops: tuple[Named, ...] = ()


def terms_for(
    program: Program,
    certificates: Mapping[str, bytes],
    holdings: Mapping[str, Holding],
    budgets: Budgets | None,
    not_before: datetime,
    expires: datetime,
    purpose: str | None = None,
    policy: str | None = None,
) -> Terms:
    """The terms of running this program; `certificates` by party (PEM), `holdings` by data set.

    `budgets` is None if the program has no mechanism, or none that a finite epsilon bounds.  Raises Refused if a
    certificate or a holding is missing or the whole contradicts itself, and ValueError for a certificate of another
    kind.
    """
    compiled = program.compiled
    for name in compiled.parties:
        if name not in certificates:
            raise Refused("foreign-party", f"the certificate of `{name}` is missing")
    for dataset in compiled.datasets:
        if dataset.name not in holdings:
            raise Refused("unknown-data", f"nothing is known of the data set `{dataset.name}`")
    first, second = (_party(name, certificates[name]) for name in compiled.parties)
    records = {name: holding.records for name, holding in holdings.items()}
    terms = Terms(
        format=FORMAT,
        parties=(first, second),
        not_before=not_before,
        expires=expires,
        purpose=purpose,
        policy=policy,
        program=program.digest,
        honest=honest_of(compiled),
        data=tuple(
            Data(
                name=d.name,
                owner=d.party,
                salt=holdings[d.name].salt,
                commitment=holdings[d.name].commitment,
                unit=UNIT,
                adjacency=ADJACENCY,
                records=holdings[d.name].records,
                report=holdings[d.name].report,
            )
            for d in compiled.datasets
        ),
        disjoint=compiled.disjoint,
        mechanisms=mechanisms_of(compiled, records, budgets is not None),
        privacy=None if budgets is None else _privacy(budgets),
        learns=learns_of(compiled),
        reveals=reveals_of(compiled),
    )
    agrees_with_itself(terms)
    return terms


def mechanisms_of(program: Compiled, records: Mapping[str, int], bounded: bool) -> tuple[Mechanism, ...]:
    """In the program's order."""
    return tuple(
        Mechanism(
            dataset=m.dataset,
            batch=m.batch,
            rate=Fraction(m.batch, records[m.dataset]),
            slots=m.slots,
            steps=m.steps,
            clip=m.clip,
            noise_multiplier=m.noise_multiplier,
            drawn_by=m.drawn_by or None,
            samplers=tuple(s.digest for s in m.samplers),
            whole=m.whole,
            told=m.to or None,
            bounded=bounded,
        )
        for m in program.mechanisms
    )


def learns_of(program: Compiled) -> tuple[Learns, ...]:
    return tuple(Learns(output=o.name, kind=o.kind, receivers=o.receivers, carries=o.carries) for o in program.outputs)


def reveals_of(program: Compiled) -> tuple[str, ...]:
    return tuple(o.name for o in program.outputs if o.revealed)


def honest_of(program: Compiled) -> str | None:
    return program.evaluator if program.taken_for is Evaluator.HONEST else None


def _party(name: str, certificate: bytes) -> Party:
    return Party(name=name, key=public_key(certificate), certificate=certificate.decode("ascii"))


def _privacy(budgets: Budgets) -> Privacy:
    per_run, total = (Budget(epsilon=s.epsilon, delta=s.delta) for s in (budgets.per_run, budgets.total))
    return Privacy(
        per_run=per_run,
        total=total,
        runs=budgets.runs,
        composition=budgets.composition,
        stops=tuple(Stop(steps=steps, delta=delta) for steps, delta in budgets.stops),
    )
