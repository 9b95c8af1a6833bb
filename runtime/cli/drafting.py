"""What `ccr contract new` writes down, and what it finds that a run would cost."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from runtime.cli.meet import check_party
from runtime.cli.options import UsageError, positive
from runtime.cli.screen import say
from runtime.contract.amounts import Spend
from runtime.contract.commitment import commitment, fresh_salt, report_commitment, report_key
from runtime.contract.cost import Charges, charges, cost
from runtime.contract.draft import Budgets, Holding
from runtime.contract.fields import PURPOSE
from runtime.contract.refused import Refused
from runtime.contract.stops import Named, evenly
from runtime.contract.terms import Terms
from runtime.data.columns import Chosen
from runtime.data.content import content_of_rows
from runtime.data.deidentify import report as reports
from runtime.data.errors import InputError
from runtime.data.load import known_columns, read_rows
from runtime.data.specs import DatasetSpec
from runtime.data.unchanged import unchanged
from runtime.ledger.events import now
from runtime.net.keys import Identity
from runtime.party.sources import specs
from runtime.policy.hold import hold
from runtime.policy.proposals import agreement
from runtime.policy.rules import Policy
from runtime.policy.spell import digest
from runtime.privacy.limits import default_delta
from runtime.program import Program
from runtime.report.stops import Ended
from runtime.report.wording import amount


@dataclass(frozen=True, slots=True)
class Under:
    """What a contract is made for, and under which policy."""

    purpose: str | None
    policy: Policy | None

    @property
    def digest(self) -> str | None:
        return None if self.policy is None else digest(self.policy)

    def hold(self, terms: Terms) -> None:
        """Raises Refused for terms that the policy does not allow."""
        if self.policy is not None:
            hold(self.policy, agreement(terms), now())


def purpose(word: str | None) -> str | None:
    """Raises UsageError."""
    if word is not None and not re.fullmatch(PURPOSE, word, re.ASCII):
        raise UsageError(f"--purpose {word[:40]}: it is a word like fraud-detection", "small letters, digits, hyphens")
    return word


def deidentified(report: str, data: str, owner: Identity, salt: str, policy: Policy | None) -> str:
    """What a contract holds of a report: of these very records, passed, and by the policy's rules if there is one.

    Raises InputError, and Refused: report-of-other-records, report-not-passed.
    """
    try:
        with Path(report).open("rb") as file:
            written = file.read(reports.LARGEST + 1)
    except OSError as error:
        raise InputError(f"cannot read it: {error.strerror}", help=_REPORT, file=report) from None
    found = reports.read(written, report)
    if found.get("data") != reports.data(data, report_key(owner)):
        raise Refused("report-of-other-records", f"{report} is not a report of the records in {data}", help=_REPORT)
    if found.get("passed") is not True or (policy is not None and not reports.meets(found, policy.deidentified)):
        what = "tells of what did not pass" if found.get("passed") is not True else "was made by other rules"
        raise Refused("report-not-passed", f"{report} {what}", help=_REPORT)
    return report_commitment(written, owner, salt)


_REPORT = "`ccr data check FILE --policy POLICY --report REPORT --key ME.key --cert ME.crt` writes one"


def usual_delta(program: Program, holdings: Mapping[str, Holding]) -> Fraction:
    used = {m.dataset for m in program.compiled.mechanisms}
    return default_delta(holding.records for name, holding in holdings.items() if name in used)


def budgets(
    epsilon: str | None,
    delta: str,
    runs: int,
    total_epsilon: str | None,
    total_delta: str | None,
    composition: str,
    stops: str | None,
) -> Budgets | None:
    if composition not in ("basic", "pld"):
        raise UsageError(f"`--composition {composition}` is neither basic nor pld")
    if epsilon is None:
        if total_epsilon is not None:
            raise UsageError("--total-epsilon goes with --epsilon")
        if stops is not None:
            raise UsageError("--stops goes with --epsilon")
        return None
    one = Spend(positive("--epsilon", epsilon), positive("--delta", delta))
    total = Spend(
        one.epsilon * runs if total_epsilon is None else positive("--total-epsilon", total_epsilon),
        one.delta * runs if total_delta is None else positive("--total-delta", total_delta),
    )
    named = () if stops is None else stops_given(stops, one.delta)
    return Budgets(one, total, runs, "pld" if composition == "pld" else "basic", named)


def stops_given(text: str, delta: Fraction) -> tuple[Named, ...]:
    """`25,50,100`, each with the same part of delta, or `25=1e-6,50=4e-6,100=5e-6`.  Raises UsageError."""
    named: list[tuple[int, str]] = []
    for word in text.split(","):
        steps, _, part = word.strip().partition("=")
        if not (steps.isascii() and steps.isdigit() and len(steps) < 13 and int(steps) > 0):
            raise UsageError(f"--stops {text[:40]}: `{word[:20]}` is not a number of steps", _STOPS)
        named.append((int(steps), part))
    if any(part for _, part in named):
        if bare := [steps for steps, part in named if not part]:
            raise UsageError(f"--stops {text[:40]}: the stop at {bare[0]} has no part of delta", _STOPS)
        return tuple((steps, positive("--stops", part)) for steps, part in named)
    return evenly([steps for steps, _ in named], delta)


_STOPS = "write --stops 25,50,100, or each with its part of delta: --stops 25=1e-6,50=4e-6,100=5e-6"


def certificates(program: Program, party: str, identity: Identity, peer: bytes) -> dict[str, bytes]:
    parties = program.compiled.parties
    check_party(program, party)
    if owners := {d.party for d in program.compiled.datasets} - {party}:
        raise UsageError(
            f"the data sets are {owners.pop()}'s, who alone can say what is in them",
            "let the owner of the records write the contract",
        )
    return {name: identity.certificate if name == party else peer for name in parties}


def holdings(
    program: Program,
    party: str,
    identity: Identity,
    files: Mapping[str, str],
    columns: Chosen,
    told: Mapping[str, str],
    policy: Policy | None,
) -> dict[str, Holding]:
    """What is in the files, each record held against its kind and its `where`, and in reports of de-identification.

    Raises UsageError, InputError, and Refused as `deidentified`.
    """
    known_columns(specs(program.compiled, frozenset({party})), columns)
    names = [d.name for d in program.compiled.datasets if d.party == party]
    for name in (*files, *told):
        if name not in names:
            raise UsageError(
                f"`{name}` is no data set of this program", "a contract is about data sets; inputs may be anything"
            )
    asked = {s.name: s for s in specs(program.compiled, frozenset({party})) if isinstance(s, DatasetSpec)}
    found: dict[str, Holding] = {}
    for name in names:
        if name not in files:
            raise UsageError(f"the records of `{name}` are missing", f"add --input {name}=FILE")
        salt = fresh_salt()
        with unchanged([files[name]]):
            # A record that no run could take is told now.
            held = content_of_rows(asked[name], read_rows(asked[name], files[name], columns))
            report = deidentified(told[name], files[name], identity, salt, policy) if name in told else None
        found[name] = Holding(held.records, salt, commitment(held, identity, salt), report)
    return found


def costs(program: Program, terms: Terms) -> Charges | None:
    """Of one run, and what is charged at first.  Raises Refused if the contract allows no run at all."""
    if terms.privacy is None:
        return None
    privacy = terms.privacy
    say("computing epsilon")
    of = charges(program.compiled, {d.name: d.records for d in terms.data}, privacy)
    for found, bound, reason, what in (
        (of.one, privacy.per_run, "run-budget", "one run"),
        (of.taken, privacy.total, "contract-budget", "all runs"),
    ):
        if not found.within(bound.spend):
            raise Refused(
                reason,
                f"{what} would cost more than the contract gives",
                sums={"bound": bound.spend, "asked": found},
                help="give more, or lower the program's steps or raise its noise",
            )
    return of


def bounded(program: Program, holdings: Mapping[str, Holding], delta: str) -> bool:
    """Whether a finite epsilon bounds what the program's mechanisms tell.  Raises Refused as `cost`."""
    try:
        cost(program.compiled, {name: h.records for name, h in holdings.items()}, positive("--delta", delta))
    except Refused as refused:
        if refused.reason != "no-privacy":
            raise
        return False
    return True


def costing(costs: Charges | None, terms: Terms) -> list[str]:
    unbounded = [
        f"`{output}` costs infinity: no run starts unless `ccr budget grant ... --reveal {output}` lets it through"
        for output in terms.unbounded()
    ]
    if costs is None:
        return unbounded
    together = f"; all runs together {costs.taken}" if costs.taken != costs.one else ""
    ended = [f"  {line}" for line in Ended("", costs.endings[:-1], costs.one.delta).lines()]
    return [f"computed from the program: one run costs {costs.one}{together}", *ended, *unbounded]


def as_json(costs: Charges | None) -> dict[str, object]:
    if costs is None:
        return {}
    stops = {"stops": Ended("", costs.endings, costs.one.delta).as_json()} if costs.endings else {}
    return {"cost": amount(costs.one), "charge": amount(costs.taken), **stops}
