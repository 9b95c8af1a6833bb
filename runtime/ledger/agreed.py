"""Contracts in the history: with whom, about what, and how far they have come."""

from __future__ import annotations

from typing import Literal

from runtime.contract.sign import digest
from runtime.contract.terms import Terms
from runtime.ledger.events import Contracted, Rows, Side, now
from runtime.ledger.store import Ledger

Step = Literal["made", "signed", "in_force"]


def write_down(ledger: Ledger, terms: Terms, step: Step, party: str) -> None:
    """`party`, whose ledger this is, has come so far with the contract; once for each step.  Raises Refused."""
    event = contracted(terms, step, party)
    if step not in ledger.books().contracts.get(event.contract, {}):
        ledger.record(lambda books: [] if step in books.contracts.get(event.contract, {}) else [event])


def contracted(terms: Terms, step: Step, party: str) -> Contracted:
    one, other = (Side(name=p.name, key=p.key) for p in terms.parties)
    return Contracted(
        at=now(),
        contract=digest(terms),
        step=step,
        party=party,
        parties=(one, other),
        program=terms.program,
        rows=tuple(Rows(name=d.name, records=d.records) for d in terms.data),
        reveals=terms.reveals,
        not_before=terms.not_before,
        expires=terms.expires,
        privacy=terms.privacy,
    )
