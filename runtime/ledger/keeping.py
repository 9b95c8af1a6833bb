"""Whether events fit each other and the contract that they are about."""

from __future__ import annotations

from collections.abc import Mapping

from runtime.contract.refused import Refused
from runtime.contract.terms import Privacy, Stop
from runtime.ledger.events import (
    Blocked,
    Contracted,
    CutOff,
    Denied,
    Event,
    Moved,
    Reserved,
    Revoked,
    State,
    Unbounded,
)


def same_terms(known: Mapping[str, Contracted], event: Contracted) -> None:
    """Raises Refused (contract-differs): one digest names one text."""
    for before in known.values():
        if before != event.model_copy(update={"at": before.at, "step": before.step, "party": before.party}):
            raise Refused("contract-differs", f"of the contract {event.contract[:16]} something else is written down")


def keeps_to(known: Mapping[str, Contracted], run: Reserved | Unbounded) -> None:
    """Raises Refused (contract-differs, expired): a run is under the contract as it was agreed, and in its time."""
    for agreed in known.values():
        if (run.program, _bounds(run)) != (agreed.program, agreed.privacy) or run.consumer != agreed.peer.key:
            raise Refused(
                "contract-differs",
                f"the run is of another program, for another party or within other bounds than the contract "
                f"{agreed.contract[:16]} says",
            )
        if not agreed.not_before <= run.at < agreed.expires:
            raise Refused(
                "expired",
                f"the contract was valid from {agreed.not_before:%Y-%m-%d %H:%M} to {agreed.expires:%Y-%m-%d %H:%M} "
                f"UTC, and the run began at {run.at:%Y-%m-%d %H:%M:%S}",
            )


def _bounds(run: Reserved | Unbounded) -> Privacy | None:
    if isinstance(run, Unbounded):
        return None
    stops = tuple(Stop(steps=ending.steps, delta=ending.cost.delta) for ending in run.endings)
    return Privacy(per_run=run.per_run, total=run.total, runs=run.runs, composition=run.composition, stops=stops)


def only_takes_away(event: Event) -> bool:
    """What gives nobody anything may be written by any clock."""
    told = isinstance(event, Blocked | Revoked | Denied | CutOff)
    return told or (isinstance(event, Moved) and State(event.state) in (State.RELEASED, State.ABORTED))
