"""A request of a run whose contract names stops, and runs that were cut."""

from __future__ import annotations

import dataclasses

from support.ledger_worker import PRIVACY, REQUEST
from support.ledgers import spend

from runtime.contract.amounts import Spend
from runtime.contract.terms import Stop
from runtime.ledger.events import budget
from runtime.ledger.run import Request, Run
from runtime.ledger.store import Ledger

T = 6
WHOLE = spend(3, "0.00001")
ENDINGS = ((2, spend(1, "0.000002")), (4, spend(2, "0.000003")), (T, spend(3, "0.000005")))
AFTER = {1: 1, 2: 1, 3: 2, 4: 2, 5: 3, T: 3}  # steps that are spent, and what epsilon they cost


def request(endings: tuple[tuple[int, Spend], ...] = ENDINGS, cost: Spend = WHOLE, **changed: object) -> Request:
    stops = tuple(Stop(steps=steps, delta=cost.delta) for steps, cost in endings)
    privacy = PRIVACY.model_copy(update={"per_run": budget(WHOLE), "stops": stops, **changed})
    return dataclasses.replace(REQUEST, steps=T, cost=cost, charge=cost, privacy=privacy, endings=endings)


def told(ledger: Ledger, steps: int) -> Run:
    """A run that has told so many steps, whose process has ended."""
    run = Run.reserve(ledger, request())
    run.labels_sent()
    for index in range(steps):
        run.step(index)
    run._lock.release()
    return run
