"""A contract's policy: where its text comes from, and what it asks of the ledger when a run starts."""

from __future__ import annotations

from runtime.contract.amounts import Spend
from runtime.contract.refused import Refused
from runtime.contract.terms import Terms
from runtime.ledger.books import Books
from runtime.ledger.events import Reserved, Unbounded, now
from runtime.ledger.run import Rules, nobodys
from runtime.policy.hold import hold
from runtime.policy.proposals import Run, agreement
from runtime.policy.rules import Policy
from runtime.policy.spell import digest, remembered


def policy_of(terms: Terms, given: Policy | None, books: Books | None, owner: bool) -> Policy | None:
    """The policy under which a contract is made: the one that is `given`, else as the ledger remembers it.

    None where the contract names none, and to a party that owns no records where nobody gives it.  Raises Refused:
    other-policy, policy-left-out, policy-missing.
    """
    if given is not None and digest(given) != terms.policy:
        made = "no policy" if terms.policy is None else f"the policy {terms.policy[:16]}"
        raise Refused(
            "other-policy",
            f"the contract is made under {made}, and {given.file} is {digest(given)[:16]}, {given}",
            help="give the file that it was made with, or agree on a new contract",
        )
    if books is not None and owner and terms.policy is None:
        books.policies.same(None, None)
    if given is not None or terms.policy is None:
        return given
    if books is not None and terms.policy in books.policies:
        return remembered(books.policies[terms.policy].text, terms.policy)
    if owner:
        raise Refused(
            "policy-missing",
            f"the contract is made under the policy {terms.policy[:16]}, which the ledger does not know",
            help="give its file: --policy FILE",
        )
    return None


def rules(policy: Policy | None, terms: Terms) -> Rules:
    """What the policy asks when a run is reserved."""
    if policy is None:
        return nobodys

    def check(books: Books, run: Reserved | Unbounded) -> None:
        agreed = agreement(terms)
        if isinstance(run, Unbounded):
            hold(policy, agreed, now())
            return
        consumer, data = books.with_run(run)
        cost = Spend(run.cost.epsilon, run.cost.delta)
        hold(policy, Run(agreed, cost, consumer, data), now())

    return check
