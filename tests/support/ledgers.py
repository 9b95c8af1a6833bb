"""Ledgers for tests: what is granted in them, and how they refuse."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from support.ledger_worker import CONSUMER, DATA

from runtime.contract.amounts import Spend
from runtime.contract.refused import Refused
from runtime.ledger.events import Allotted, Event, Granted, budget, now
from runtime.ledger.store import Ledger


def spend(epsilon: str | float, delta: str | float) -> Spend:
    return Spend(Fraction(epsilon), Fraction(delta))


def grant(amount: Spend, data: str = DATA) -> Event:
    return Granted(at=now(), data=data, label="records.csv", budget=budget(amount))


def allot(amount: Spend, consumer: str = CONSUMER, data: str = DATA) -> Event:
    return Allotted(at=now(), data=data, consumer=consumer, label="vendor", budget=budget(amount))


def opened(path: Path, *events: Event) -> Ledger:
    ledger = Ledger(path / "ledger.db", create=True)
    ledger.record(lambda _: events)
    return ledger


def times(amount: Spend, count: int) -> Spend:
    return Spend(amount.epsilon * count, amount.delta * count)


def refused(action: Callable[[], Any], reason: str) -> Refused:
    with pytest.raises(Refused) as found:
        action()
    assert found.value.reason == reason, found.value
    return found.value
