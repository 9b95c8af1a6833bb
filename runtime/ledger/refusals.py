"""Refusals on their way into the ledger (`repeated.py` says which of them are written down)."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from runtime.contract.amounts import Spend
from runtime.contract.refused import Refused
from runtime.contract.terms import Budget
from runtime.ledger.events import Attempt, Denied, budget, now
from runtime.ledger.store import Ledger


@dataclass(slots=True)
class About:
    """What is known so far of an attempt."""

    attempt: Attempt
    consumer: str | None = None
    contract: str | None = None
    program: str | None = None
    data: tuple[str, ...] = ()

    def denied(self, rule: str, times: int = 1, sums: Mapping[str, Spend] | None = None) -> Denied:
        return Denied(
            at=now(),
            attempt=self.attempt,
            rule=rule,
            consumer=self.consumer,
            contract=self.contract,
            program=self.program,
            data=self.data,
            asked=_amount((sums or {}).get("asked")),
            times=times,
        )


def _amount(asked: Spend | None) -> Budget | None:
    """None for what an event cannot spell, such as nothing at all."""
    with suppress(ValidationError):
        return None if asked is None else budget(asked)
    return None


@contextmanager
def noting(ledger: Path, about: About) -> Generator[None]:
    """A refusal in it is written into the ledger, if there is one that takes it, and goes on."""
    try:
        yield
    except Refused as refused:
        note(ledger, about.denied(refused.reason, sums=refused.sums))
        raise


def note(ledger: Path, event: Denied) -> None:
    """Never raises: what was refused stays refused, written down or not."""
    with suppress(Refused, OSError):
        if ledger.exists():
            with Ledger(ledger) as opened:
                opened.deny(event)


def name(error: BaseException) -> str:
    """What became of a run, in one word: the rule that refused it, or the kind of error."""
    if isinstance(error, Refused):
        return error.reason
    return re.sub("(?<=[a-z])(?=[A-Z])", "-", type(error).__name__).lower()
