"""What has become of each budget, contract and run, as whoever answers for the data asks: who, when, why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

from lang.numerals import counted, spelled
from runtime.ledger.books import Books
from runtime.ledger.events import (
    Adopted,
    Allotted,
    Blocked,
    Continued,
    Contracted,
    Corrected,
    CutOff,
    Denied,
    Event,
    Granted,
    Lifted,
    Moved,
    Reserved,
    Revoked,
    State,
    Stepped,
    Unbounded,
)
from runtime.report.budget import Names


@dataclass(slots=True)
class Run:
    """One run; `ended` and `why` are of its last move."""

    began: Reserved | Unbounded
    state: State = State.RESERVED
    ended: datetime | None = None
    why: str = ""
    told: int = 0  # steps

    @property
    def outcome(self) -> str:
        steps = f"; {self.told} of {counted(self.began.steps, 'step')} told" if self.told else ""
        return self._ended() + steps

    def _ended(self) -> str:
        match self.state:
            case State.RESERVED | State.LABELS_SENT:
                return "under way, or its process has ended: its cost is set aside"
            case State.RELEASING | State.FINISHING if self.why:
                return f"charged; cut off ({self.why})"
            case State.RELEASING | State.FINISHING:
                return "charged; the peer has not said that it has its outputs"
            case State.STOPPED:
                return f"charged; ended for good{self._given_back()}"
            case State.RELEASED:
                return "charged; the peer has its outputs"
            case State.ABORTED:
                return f"given back ({self.why or 'nothing was released'})"
            case _:
                assert_never(self.state)

    def _given_back(self) -> str:
        if not isinstance(self.began, Reserved):
            return ""
        back = self.began.cost.spend.epsilon - self.began.charge.spend.epsilon
        return f", epsilon {spelled(back)} of {spelled(self.began.cost.spend.epsilon)} given back"


@dataclass(slots=True)
class Contract:
    """One contract, as far as this ledger knows of it."""

    name: str
    agreed: Contracted | None = None
    steps: dict[str, datetime] = field(default_factory=dict[str, datetime])  # made, signed, in_force, revoked, ...
    runs: int = 0  # that were not given back

    def standing(self, at: datetime) -> str:
        if "revoked" in self.steps:
            return "revoked"
        if "blocked" in self.steps:
            return "blocked"
        if self.agreed is not None and at >= self.agreed.expires:
            return "expired"
        return next(
            (step.replace("_", " ") for step in ("in_force", "signed", "made") if step in self.steps), "unknown"
        )


@dataclass(frozen=True, slots=True)
class Trail:
    names: Names
    books: Books
    grants: list[Granted | Allotted]
    runs: dict[str, Run]
    contracts: dict[str, Contract]
    denied: list[Denied]
    notes: list[Adopted | Blocked | Lifted | Revoked | Corrected]

    def consumer(self, key: str | None) -> str:
        """What a party is called: as the owner called it, else by its fingerprint."""
        for (_, consumer), share in self.books.allotted.items():
            if consumer == key:
                return share.label
        return "" if key is None else key[:16]


def trail(events: Sequence[Event]) -> Trail:
    """What a ledger's history tells."""
    found = Trail(Names(events), Books(), [], {}, {}, [], [])
    for event in events:
        found.books.take(event)
        _take(found, event)
    for run in found.runs.values():
        if run.state is not State.ABORTED:
            _contract(found, run.began.contract).runs += 1
    return found


def _take(found: Trail, event: Event) -> None:
    match event:
        case Granted() | Allotted():
            found.grants.append(event)
        case Contracted():
            contract = _contract(found, event.contract)
            contract.agreed = event
            contract.steps.setdefault(event.step, event.at)
        case Reserved() | Unbounded():
            found.runs[event.run] = Run(event)
            _contract(found, event.contract)
        case Moved():
            run = found.runs[event.run]
            run.state, run.ended, run.why = State(event.state), event.at, event.why or ""
            run.began = found.books.runs[event.run]  # of which something was given back where it was ended at a stop
        case CutOff():
            found.runs[event.run].ended, found.runs[event.run].why = event.at, event.why
        case Stepped():
            found.runs[event.run].told = event.index + 1
        case Continued():
            found.runs[event.run].ended, found.runs[event.run].why = None, ""
        case Denied():
            found.denied.append(event)
        case Blocked():
            found.notes.append(event)
            _contract(found, event.contract).steps["blocked"] = event.at
        case Lifted():
            found.notes.append(event)
            _contract(found, event.contract).steps.pop("blocked", None)
        case Revoked():
            found.notes.append(event)
            _contract(found, event.contract).steps.setdefault("revoked", event.at)
        case Adopted() | Corrected():
            found.notes.append(event)
        case _:
            assert_never(event)


def _contract(found: Trail, name: str) -> Contract:
    return found.contracts.setdefault(name, Contract(name))
