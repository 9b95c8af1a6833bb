"""What a ledger remembers of policies: from the first on nothing is granted and no run starts without one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from support.contracts import terms
from support.ledger_worker import CONSUMER, COST, DATA, REQUEST
from support.ledgers import allot, grant, opened, refused, spend, times
from support.policies import policy

from runtime.contract.draft import Budgets
from runtime.contract.refused import Refused
from runtime.ledger.events import Adopted, Event, Granted, decode, encode, now
from runtime.ledger.run import Request, Run
from runtime.ledger.store import Ledger
from runtime.party.ruled import policy_of, rules
from runtime.policy.rules import Policy
from runtime.policy.spell import digest, spell

OTHER, AMPLE = "e" * 64, spend(8, "0.001")


def adopted(rules: Policy) -> Adopted:
    about = {"name": rules.name, "issued_by": rules.issued_by, "version": rules.version}
    return Adopted(at=now(), policy=digest(rules), text=spell(rules), **about)


def under(rules: Policy | None, data: str = DATA) -> Granted:
    event = grant(AMPLE, data)
    assert isinstance(event, Granted)
    return event.model_copy(update={"policy": None if rules is None else digest(rules)})


FIRST = policy()
NEWER = policy({"policy.version": "2", "privacy.epsilon-run": "1"})
ELSE = policy({"policy.name": '"another"'})
OTHERS = policy({"policy.issued-by": '"another"', "policy.version": "2"})


def test_an_event_holds_the_whole_policy() -> None:
    """The longest there is, of characters that are the longest to spell."""
    for event in (adopted(FIRST), under(FIRST)):
        assert decode(encode(event)) == event
    columns = ", ".join(f'"{chr(0x100 + i % 0x2000) * 40}{i}"' for i in range(74))
    longest = policy({"deidentification.direct": f"[{columns}]"})
    event = adopted(longest)
    assert len(encode(event)) < 1 << 16 and decode(encode(event)) == event


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ([under(FIRST)], "policy-unknown"),
        ([adopted(FIRST), under(None)], "policy-left-out"),
        ([adopted(FIRST), under(FIRST), under(None)], "policy-left-out"),
        ([adopted(FIRST), under(FIRST), under(None, OTHER)], "policy-left-out"),
        ([adopted(FIRST), under(FIRST), adopted(ELSE), under(ELSE)], "other-policy"),
        ([adopted(FIRST), under(FIRST), adopted(OTHERS), under(OTHERS)], "other-policy"),
        ([adopted(FIRST), adopted(NEWER), under(NEWER), under(FIRST)], "policy-older"),
        ([adopted(FIRST), adopted(policy({"privacy.epsilon-run": "9"}))], "policy-version"),
    ],
)
def test_what_is_granted_under_a_policy_stays_under_it(tmp_path: Path, events: list[Event], reason: str) -> None:
    refused(lambda: opened(tmp_path, *events), reason)


def test_a_newer_version_takes_its_place(tmp_path: Path) -> None:
    with opened(tmp_path, adopted(FIRST), under(FIRST), adopted(NEWER), under(NEWER)) as ledger:
        assert ledger.books().under(DATA) == digest(NEWER)
        assert [event.version for event in ledger.books().policies.newest()] == [2]
    with opened(tmp_path, adopted(ELSE), under(ELSE, OTHER)) as ledger:
        assert ledger.books().under(OTHER) == digest(ELSE)


def test_data_sets_with_one_budget_have_one_policy(tmp_path: Path) -> None:
    with opened(tmp_path, adopted(FIRST), under(FIRST), adopted(ELSE)) as ledger:
        same = under(None, OTHER).model_copy(update={"same_as": DATA})
        refused(lambda: ledger.record(lambda _: [same]), "policy-left-out")
        wrong = same.model_copy(update={"policy": digest(ELSE)})
        refused(lambda: ledger.record(lambda _: [wrong]), "other-policy")
        ledger.record(lambda _: [same.model_copy(update={"policy": digest(FIRST)})])
        assert ledger.books().under(OTHER) == digest(FIRST)


@pytest.mark.parametrize(
    ("before", "named", "reason"),
    [
        ([under(None), adopted(FIRST)], None, "policy-left-out"),
        ([under(None), adopted(FIRST)], ELSE, "other-policy"),
        ([under(None), adopted(FIRST), adopted(NEWER)], FIRST, "other-policy"),
        ([adopted(FIRST), under(FIRST)], None, "policy-left-out"),
        ([adopted(FIRST), under(FIRST)], ELSE, "other-policy"),
        ([adopted(FIRST), under(FIRST), adopted(ELSE)], ELSE, "other-policy"),
        ([adopted(FIRST), under(FIRST), adopted(NEWER), under(NEWER)], FIRST, "other-policy"),
        ([under(None)], None, None),
        ([under(None)], FIRST, None),
        ([under(None), adopted(FIRST)], FIRST, None),
        ([adopted(FIRST), under(FIRST)], FIRST, None),
        ([adopted(FIRST), under(FIRST), adopted(NEWER)], FIRST, None),
    ],
)
def test_under_which_policy_a_run_may_start(
    tmp_path: Path, before: list[Event], named: Policy | None, reason: str | None
) -> None:
    """Also one that nothing bounds."""
    request = replace(REQUEST, policy=None if named is None else digest(named), purpose="research", reports=("f" * 64,))
    bare = replace(request, cost=None, charge=None, privacy=None)
    with opened(tmp_path, *before, allot(AMPLE)) as ledger:
        for asked in (request, bare):
            if reason is not None:
                refused(lambda asked=asked: Run.reserve(ledger, asked), reason)
                continue
            run = ledger.books().runs[Run.reserve(ledger, asked).name]
            assert (run.purpose, run.policy, run.reports) == ("research", request.policy, ("f" * 64,))


# -- what a policy asks of the ledger, when a run starts


def asks(places: Mapping[str, str]) -> tuple[Policy, Callable[[Ledger, Request], Run]]:
    found = policy(places)
    check = rules(found, terms(Budgets(COST, COST), policy=digest(found)))
    return found, lambda ledger, request: Run.reserve(ledger, replace(request, policy=digest(found)), check)


def ruled(tmp_path: Path, found: Policy, *data: str) -> Ledger:
    shares = [allot(spend(4, "0.0005"), consumer, name) for name in data for consumer in (CONSUMER, "9" * 64)]
    return opened(tmp_path, adopted(found), *(under(found, name) for name in data), *shares)


def test_all_runs_of_a_consumer_add_up_whichever_data_they_read(tmp_path: Path) -> None:
    most = times(COST, 2)
    found, reserve = asks({"privacy.epsilon-consumer": str(float(most.epsilon))})
    with ruled(tmp_path, found, DATA, OTHER) as ledger:
        reserve(ledger, REQUEST)
        reserve(ledger, replace(REQUEST, data=(OTHER,)))
        for data in ((DATA,), (OTHER,), (DATA, OTHER)):
            error = refused(lambda data=data: reserve(ledger, replace(REQUEST, data=data)), "policy-epsilon-consumer")
            assert "0.75 is asked" in error.what and "allows at most 0.5" in error.what
        reserve(ledger, replace(REQUEST, consumer="9" * 64))
    with Ledger(tmp_path / "ledger.db") as ledger:  # as it is replayed
        refused(lambda: reserve(ledger, REQUEST), "policy-epsilon-consumer")


def test_all_runs_on_a_data_set_add_up_whoever_makes_them(tmp_path: Path) -> None:
    """Of two with one label each is looked at."""
    found, reserve = asks({"privacy.epsilon-data-set": "0.5"})
    with ruled(tmp_path, found, DATA, OTHER) as ledger:
        reserve(ledger, REQUEST)
        reserve(ledger, replace(REQUEST, consumer="9" * 64))
        for data in ((DATA,), (DATA, OTHER), (OTHER, DATA)):
            refused(lambda data=data: reserve(ledger, replace(REQUEST, data=data)), "policy-epsilon-data-set")
        reserve(ledger, replace(REQUEST, data=(OTHER,)))


def test_deltas_add_up_too(tmp_path: Path) -> None:
    found, reserve = asks({"privacy.delta": "2e-6"})
    with ruled(tmp_path, found, DATA) as ledger:
        for _ in range(2):
            reserve(ledger, REQUEST)
        assert "0.000003 is asked" in refused(lambda: reserve(ledger, REQUEST), "policy-delta").what


def test_what_dead_processes_held_is_given_back_first(tmp_path: Path) -> None:
    found, reserve = asks({"privacy.epsilon-consumer": "0.25"})
    with ruled(tmp_path, found, DATA) as ledger:
        first = reserve(ledger, REQUEST)
        refused(lambda: reserve(ledger, REQUEST), "policy-epsilon-consumer")
        first._lock.release()  # as when its process dies
        reserve(ledger, REQUEST)


def test_one_run_may_cost_so_much(tmp_path: Path) -> None:
    found, reserve = asks({"privacy.epsilon-run": "0.2"})
    with ruled(tmp_path, found, DATA) as ledger:
        refused(lambda: reserve(ledger, REQUEST), "policy-epsilon-run")
        assert not ledger.books().runs


# -- where a contract's policy comes from


def test_the_policy_of_a_contract(tmp_path: Path) -> None:
    made, free = terms(policy=digest(FIRST)), terms()
    with opened(tmp_path, adopted(FIRST)) as ledger:
        knows = ledger.books()
    nothing = Ledger(tmp_path / "other.db", create=True)
    with nothing:
        empty = nothing.books()
    for books in (None, empty, knows):
        assert policy_of(made, FIRST, books, True) == FIRST
        for given in (ELSE, NEWER):
            refused(lambda books=books, given=given: policy_of(made, given, books, True), "other-policy")
        assert policy_of(free, None, books, False) is None
    for books in (None, empty):
        refused(lambda books=books: policy_of(made, None, books, True), "policy-missing")
        refused(lambda books=books: policy_of(free, FIRST, books, True), "other-policy")
        assert policy_of(free, None, books, True) is None
        assert policy_of(made, None, books, False) is None
    assert policy_of(made, None, knows, True) == FIRST
    refused(lambda: policy_of(free, None, knows, True), "policy-left-out")
    forged = adopted(FIRST).model_copy(update={"policy": digest(ELSE)})
    (tmp_path / "forged").mkdir()
    with opened(tmp_path / "forged", forged) as ledger, pytest.raises(Refused, match="policy-damaged"):
        policy_of(terms(policy=digest(ELSE)), None, ledger.books(), True)
