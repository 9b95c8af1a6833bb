"""What a ledger's history is made of.  An event says what happened; what follows from all of them is in `books.py`."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from runtime.contract import canonical
from runtime.contract.amounts import Spend
from runtime.contract.fields import Count, Digest, Key, Name, Purpose, Text, Time
from runtime.contract.terms import Budget, Model, Privacy

_LONGEST_POLICY = 48_000  # characters


class State(StrEnum):
    """Of a run, from the first label to the last bit."""

    RESERVED = "reserved"  # its cost is set aside; nothing has left
    LABELS_SENT = "labels_sent"  # labels of records may have left, which without decoding bits tell nothing
    RELEASING = "releasing"  # decoding bits, or a step's noisy sum, may have left: charged for good
    FINISHING = "finishing"  # of a run that told steps: what opens at its end may have left, so no session follows
    STOPPED = "stopped"  # at a stop that its contract names, for good: no step follows
    RELEASED = "released"  # the peer said that it has them
    ABORTED = "aborted"  # before anything was released: its cost is given back


class Attempt(StrEnum):
    """What was tried and refused."""

    GRANT = "grant"
    ALLOT = "allot"
    CONTRACT = "contract"  # to write or to sign one
    RUN = "run"
    CALL = "call"  # of a listening party, by somebody who is not the peer


class Adopted(Model):
    """A policy, kept whole: what is granted under it is held against it for good, whoever has its file."""

    kind: Literal["adopted"] = "adopted"
    at: Time
    policy: Digest
    name: Text
    issued_by: Text
    version: Count
    text: Annotated[str, Field(min_length=1, max_length=_LONGEST_POLICY, pattern=r"\A[ -~\n]*\z")]  # `policy.spell`


class Granted(Model):
    """The whole budget of a data set is now this."""

    kind: Literal["granted"] = "granted"
    at: Time
    data: Digest  # identity.Held.data
    label: Text  # for people
    records: Count | None = None  # n; unknown of a grant of an older version
    budget: Budget
    reveals: tuple[Name, ...] = ()  # outputs that may tell its records as they are, which no budget covers
    marks: Digest | None = None  # of its records, `rows.digest`
    same_as: Digest | None = None  # a data set that speaks of the same people: the budget is one for both
    policy: Digest | None = None
    distinct: bool = False  # it shares records with known data sets, and its owner says that the people are others


class Allotted(Model):
    """The share of it that one consumer may use is now this."""

    kind: Literal["allotted"] = "allotted"
    at: Time
    data: Digest
    consumer: Key
    label: Text
    budget: Budget


class Reveal(Model):
    """An output that tells records as they are."""

    output: Name
    data: tuple[Digest, ...]


MOST_STEPS = 1 << 40

Index = Annotated[int, Field(ge=0, lt=MOST_STEPS)]


class Started(Model):
    """A run may start; what it tells of records at an infinite epsilon is listed.

    The noisy sums of `steps` of its steps leave one by one: so many in all, whatever number of sessions it takes.
    """

    at: Time
    run: Digest  # 32 random bytes
    data: tuple[Digest, ...]
    consumer: Key
    contract: Digest
    program: Digest
    reveals: tuple[Reveal, ...] = ()
    purpose: Purpose | None = None  # the contract's, and what follows
    policy: Digest | None = None
    reports: tuple[Digest, ...] = ()  # of de-identification
    steps: Annotated[int, Field(ge=0, le=MOST_STEPS)] = 0


class Ending(Model):
    """A run may be ended for good after so many steps; `cost` is theirs, at this stop's part of delta."""

    steps: Count
    cost: Budget


class Reserved(Started):
    """It costs `cost`, and until it is aborted `charge` is taken, once for all `pld` runs of one contract; `per_run`,
    `total` and `runs` are the contract's bounds.  Ended at a stop it costs what `endings.py` says."""

    kind: Literal["reserved"] = "reserved"
    cost: Budget
    charge: Budget
    composition: Literal["basic", "pld"]
    per_run: Budget
    total: Budget
    runs: Count
    endings: tuple[Ending, ...] = ()  # by the contract's stops

    @property
    def account(self) -> str:
        """Runs with one account are charged together."""
        return self.contract if self.composition == "pld" else self.run


class Unbounded(Started):
    """Nothing that it tells has a finite cost, so none is charged."""

    kind: Literal["unbounded"] = "unbounded"


class Moved(Model):
    """A run is now in another state."""

    kind: Literal["moved"] = "moved"
    at: Time
    run: Digest
    state: Literal["labels_sent", "releasing", "finishing", "stopped", "released", "aborted"]
    why: Text | None = None  # of one that is aborted


class CutOff(Model):
    """A run ended while it was releasing: it is charged, and nobody knows whether the peer has its outputs."""

    kind: Literal["cut_off"] = "cut_off"
    at: Time
    run: Digest
    why: Text


class Stepped(Model):
    """What opens this step of a run may leave: it is spent, whoever receives it, and no other step has its index."""

    kind: Literal["stepped"] = "stepped"
    at: Time
    run: Digest
    index: Index


class Continued(Model):
    """Another session goes on with a run that was cut, from this step."""

    kind: Literal["continued"] = "continued"
    at: Time
    run: Digest
    index: Index


class Blocked(Model):
    """A run under the contract was attacked, as far as anybody can tell: there shall be no other."""

    kind: Literal["blocked"] = "blocked"
    at: Time
    contract: Digest
    why: Text


class Lifted(Model):
    """A person has found out why, and allows runs again."""

    kind: Literal["lifted"] = "lifted"
    at: Time
    contract: Digest


class Revoked(Model):
    """A party of the contract has revoked it: no run starts under it any more."""

    kind: Literal["revoked"] = "revoked"
    at: Time
    contract: Digest
    party: Name


class Corrected(Model):
    """The clock was ahead when the last event was written, and is right now, as the ledger's owner says."""

    kind: Literal["corrected"] = "corrected"
    at: Time
    ahead: Time  # of the last event


class Side(Model):
    name: Name
    key: Key


class Rows(Model):
    """n of a data set of the contract."""

    name: Name
    records: Count


class Contracted(Model):
    """A contract that this party wrote (`made`), signed, or was about to run under, both having signed (`in_force`)."""

    kind: Literal["contract"] = "contract"
    at: Time
    contract: Digest
    step: Literal["made", "signed", "in_force"]
    party: Name  # this one
    parties: tuple[Side, Side]
    program: Digest
    rows: tuple[Rows, ...]
    reveals: tuple[Name, ...]  # outputs that leave as they are
    not_before: Time
    expires: Time
    privacy: Privacy | None

    @property
    def peer(self) -> Side:
        """The other party."""
        return next((side for side in self.parties if side.name != self.party), self.parties[1])


class Denied(Model):
    """Something was refused by a rule; `times` so often by now, of which not each is written down (`repeated.py`)."""

    kind: Literal["refused"] = "refused"
    at: Time
    attempt: Attempt
    rule: Text  # Refused.reason
    consumer: Key | None = None  # the peer, as far as it is known
    contract: Digest | None = None
    program: Digest | None = None
    data: tuple[Digest, ...] = ()
    asked: Budget | None = None
    times: Count = 1

    @property
    def about(self) -> str:
        """What two that repeat each other have in common."""
        return canonical.encode(
            [self.attempt, self.rule, self.consumer, self.contract, self.program, list(self.data)]
        ).decode()


Event = (
    Adopted
    | Granted
    | Allotted
    | Contracted
    | Reserved
    | Unbounded
    | Moved
    | Stepped
    | Continued
    | CutOff
    | Denied
    | Blocked
    | Lifted
    | Revoked
    | Corrected
)
_EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])


def encode(event: Event) -> str:
    return canonical.encode(event.model_dump(mode="json")).decode()


@lru_cache(1 << 16)  # a process that asks often reads the same events often
def decode(body: str) -> Event:
    """Raises ValueError."""
    return _EVENT.validate_json(body, strict=True)


def now() -> datetime:
    """UTC, whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


def budget(amount: Spend) -> Budget:
    return Budget(epsilon=amount.epsilon, delta=amount.delta)
