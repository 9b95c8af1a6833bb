"""Sums of charges that are kept rather than added up again: a question about them takes as long after a million runs as
after one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import reduce

from runtime.contract.amounts import NOTHING, Spend
from runtime.ledger.events import Reserved

Scope = tuple[str, ...]  # what has a bound


def of_data(data: str) -> Scope:
    return "data", data


def of_share(data: str, consumer: str) -> Scope:
    return "share", data, consumer


def of_consumer(consumer: str) -> Scope:
    return "consumer", consumer


def of_contract(contract: str) -> Scope:
    return "contract", contract


@dataclass(slots=True)
class _Sum:
    total: Spend = NOTHING
    runs: int = 0
    accounts: dict[str, dict[Spend, int]] = field(default_factory=dict)
    """Of each account what its runs were charged, and how many so much: the largest counts, once."""


class Charges:
    """Of the runs whose cost is taken, by what it is taken from."""

    def __init__(self) -> None:
        self._sums: dict[Scope, _Sum] = {}

    def total(self, scope: Scope) -> Spend:
        return self._sums[scope].total if scope in self._sums else NOTHING

    def runs(self, scope: Scope) -> int:
        return self._sums[scope].runs if scope in self._sums else 0

    def more(self, scope: Scope, run: Reserved) -> Spend:
        """What this run would add to the total."""
        held = self._sums[scope].accounts.get(run.account, {}) if scope in self._sums else {}
        before = _largest(held)
        return before.larger(run.charge.spend) - before

    def take(self, run: Reserved, data: Iterable[str]) -> None:
        """`data` names the budgets that it is charged to."""
        for scope in _scopes(run, data):
            found = self._sums.setdefault(scope, _Sum())
            found.total += self.more(scope, run)
            found.runs += 1
            held, amount = found.accounts.setdefault(run.account, {}), run.charge.spend
            held[amount] = held.get(amount, 0) + 1

    def give_back(self, run: Reserved, data: Iterable[str]) -> None:
        for scope in _scopes(run, data):
            found, amount = self._sums[scope], run.charge.spend
            held = found.accounts[run.account]
            before = _largest(held)
            held[amount] -= 1
            if not held[amount]:
                del held[amount]
            found.total -= before - _largest(held)
            found.runs -= 1
            if not held:
                del found.accounts[run.account]


def _scopes(run: Reserved, data: Iterable[str]) -> Iterator[Scope]:
    yield of_contract(run.contract)
    yield of_consumer(run.consumer)
    for name in data:
        yield of_data(name)
        yield of_share(name, run.consumer)


def _largest(held: dict[Spend, int]) -> Spend:
    return reduce(Spend.larger, held, NOTHING)
