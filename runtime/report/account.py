"""The account that an owner gives of its budgets: in words, and as JSON.  `account_page.py` makes a page of it."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from runtime.ledger.events import Adopted, Allotted, Blocked, Corrected, Denied, Granted, Lifted, Reserved, Revoked
from runtime.report import budget
from runtime.report.rules import words
from runtime.report.trail import Contract, Run, Trail
from runtime.report.wording import count, listing


def lines(trail: Trail, at: datetime) -> list[str]:
    """The whole account, as of `at`."""
    return [
        f"as of {moment(at)} UTC",
        *(budget.budgets(trail.names, trail.books, None) or ["no budget has been granted"]),
        *_part("how charges add up", [budget.COMPOSED]),
        *_part("grants", [f"{moment(e.at)}  {_grant(trail, e)}" for e in trail.grants]),
        *_part("runs", [f"{moment(run.began.at)}  {_run(trail, run)}" for run in trail.runs.values()]),
        *_part("contracts", [_contract(contract, at) for contract in trail.contracts.values()]),
        *_part("refusals", [f"{moment(e.at)}  {_denied(trail, e)}" for e in trail.denied]),
        *_part("policies, revocations, blocks and the clock", [f"{moment(e.at)}  {note(e)}" for e in trail.notes]),
    ]


def _part(title: str, said: list[str]) -> list[str]:
    return [title, *(f"  {line}" for line in said or ["none"])]


def moment(at: datetime | None) -> str:
    """2026-11-30 04:09:12; nothing for what has not come."""
    return "" if at is None else f"{at:%Y-%m-%d %H:%M:%S}"


def _grant(trail: Trail, event: Granted | Allotted) -> str:
    if isinstance(event, Granted):
        rows = "" if event.records is None else f", {count(event.records)} records"
        return f"{trail.names[event.data]}{rows}: {event.budget.spend}"
    return f"{event.label} of {trail.names[event.data]}: {event.budget.spend}"


def _run(trail: Trail, run: Run) -> str:
    ended = f" at {moment(run.ended)}" if run.ended else ""
    return (
        f"{trail.consumer(run.began.consumer)} on {data(trail, run.began.data)}: {cost(run)}; {run.outcome}{ended}; "
        f"contract {run.began.contract[:16]}"
    )


def data(trail: Trail, named: tuple[str, ...]) -> str:
    """Data sets as people call them."""
    return " and ".join(trail.names[one] for one in named)


def cost(run: Run) -> str:
    """What a run was charged, and what no charge counts."""
    event = run.began
    told = [f"{listing([r.output for r in event.reveals])} at an infinite epsilon"] if event.reveals else []
    return "; ".join([*([str(event.charge.spend)] if isinstance(event, Reserved) else []), *told])


def _contract(contract: Contract, at: datetime) -> str:
    agreed, name = contract.agreed, contract.name[:16]
    if agreed is None:
        return f"{name}  {contract.standing(at)}; runs {contract.runs}; its terms are not in this ledger"
    return (
        f"{name}  {contract.standing(at)}; with {agreed.peer.name} (fingerprint {agreed.peer.key}); "
        f"{moment(agreed.not_before)} to {moment(agreed.expires)} UTC; {bounds(contract)}"
    )


def bounds(contract: Contract) -> str:
    """What a contract allows, and how much of it has been used."""
    agreed = contract.agreed
    if agreed is None or agreed.privacy is None:
        return f"runs {contract.runs}, no budget"
    p = agreed.privacy
    stops = f", with stops at {', '.join(str(stop.steps) for stop in p.stops)}" if p.stops else ""
    return f"runs {contract.runs} of {p.runs}, each at most {p.per_run.spend}, together {p.total.spend}{stops}"


def _denied(trail: Trail, event: Denied) -> str:
    whom = [f"for {trail.consumer(event.consumer)}"] if event.consumer else []
    on = [f"on {data(trail, event.data)}"] if event.data else []
    under = [f"contract {event.contract[:16]}"] if event.contract else []
    asked = [f"asked {event.asked.spend}"] if event.asked else []
    times = [f"{count(event.times)} times by then"] if event.times > 1 else []
    return f"{event.attempt.value} ({event.rule}): " + ", ".join(
        [words(event.rule), *whom, *on, *under, *asked, *times]
    )


def note(event: Adopted | Blocked | Lifted | Revoked | Corrected) -> str:
    match event:
        case Adopted():
            return f"policy `{event.name}` version {event.version} of {event.issued_by} was adopted"
        case Blocked():
            return f"contract {event.contract[:16]} is blocked: a run under it ended in {event.why}"
        case Lifted():
            return f"contract {event.contract[:16]} is not blocked any more"
        case Revoked():
            return f"contract {event.contract[:16]} was revoked by {event.party}"
        case Corrected():
            return f"the clock was set right; it had been at {moment(event.ahead)}"
        case _:
            assert_never(event)


def as_json(trail: Trail, at: datetime) -> dict[str, object]:
    """All of it; times are UTC, amounts exact decimals, data sets numbers."""
    return {
        "at": _stamp(at),
        "data_sets": budget.overview(trail.names, trail.books, None),
        "grants": [budget.plain(trail.names, event) for event in trail.grants],
        "runs": [_run_json(trail, run) for run in trail.runs.values()],
        "contracts": [_contract_json(contract, at) for contract in trail.contracts.values()],
        "refusals": [budget.plain(trail.names, event) for event in trail.denied],
        "notes": [budget.plain(trail.names, event) for event in trail.notes],
    }


def _run_json(trail: Trail, run: Run) -> dict[str, object]:
    ended = None if run.ended is None else _stamp(run.ended)
    return budget.plain(trail.names, run.began) | {"state": run.state.value, "ended": ended, "why": run.why or None}


def _contract_json(contract: Contract, at: datetime) -> dict[str, object]:
    agreed = contract.agreed
    return {
        "contract": contract.name,
        "standing": contract.standing(at),
        "runs": contract.runs,
        "steps": {step: _stamp(when) for step, when in contract.steps.items()},
        "terms": None if agreed is None else agreed.model_dump(mode="json", exclude={"kind", "at", "step"}),
    }


def _stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
