"""Which policy a command goes by: the file that is given, else what the ledger remembers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from runtime.contract.refused import Refused
from runtime.contract.terms import Terms
from runtime.ledger.books import Books
from runtime.ledger.events import Adopted, now
from runtime.ledger.identity import identify
from runtime.ledger.store import Ledger, default_path
from runtime.party.ruled import policy_of
from runtime.policy.read import read
from runtime.policy.rules import Policy
from runtime.policy.spell import digest, remembered, spell
from runtime.program import Program


def policy_given(file: Path | None) -> Policy | None:
    """Raises InputError."""
    return None if file is None else read(file)


def ruling(books: Books, data: str, asked: Policy | None) -> Policy | None:
    """The policy for a data set: as asked, else its own, else the only one that the ledger has.

    Raises Refused (policy-left-out) where the ledger has several.
    """
    if asked is not None:
        return asked
    if (under := books.under(data)) is not None:
        return remembered(books.policies[under].text, under)
    match books.policies.newest():
        case []:
            return None
        case [only]:
            return remembered(only.text, only.policy)
        case several:
            names = " and ".join(f"`{event.name}`" for event in several)
            raise Refused("policy-left-out", f"the ledger has the policies {names}", help="say which: --policy FILE")


def adopted(books: Books, policy: Policy | None) -> Iterable[Adopted]:
    """The event that makes a ledger remember a policy, unless it does."""
    if policy is not None and (name := digest(policy)) not in books.policies:
        yield Adopted(
            at=now(),
            policy=name,
            name=policy.name,
            issued_by=policy.issued_by,
            version=policy.version,
            text=spell(policy),
        )


def for_contract(
    asked: Policy | None, ledger: Path | None, program: Program, given: Mapping[str, str]
) -> Policy | None:
    """The policy of a contract about a program's data sets, whose files are given by name.  Raises Refused and
    InputError."""
    path, files = _there(ledger), [given[d.name] for d in program.compiled.datasets if d.name in given]
    if path is None or not files:
        return asked
    with Ledger(path) as opened:
        books, found = opened.books(), list[Policy | None]()
        books.in_time(now())
        for data in [identify(opened, file).data for file in files]:
            found.append(ruling(books, data, asked))
            if asked is not None and (under := books.under(data)) is not None:
                books.policies.same(under, digest(asked))
    if any(policy != found[0] for policy in found):
        raise Refused(
            "other-policy",
            "the data sets are granted under different policies, and a contract is made under one",
            help="grant them under one policy",
        )
    return found[0]


def of_contract(terms: Terms, asked: Policy | None, ledger: Path | None, party: str) -> Policy | None:
    """The policy under which a contract is made, for a party that signs it.  Raises Refused as `policy_of`."""
    owner, books = any(d.owner == party for d in terms.data), None
    path = _there(ledger) if owner or ledger is not None else None
    if path is not None:
        with Ledger(path) as opened:
            books = opened.books()
            books.in_time(now())
    return policy_of(terms, asked, books, owner)


def _there(ledger: Path | None) -> Path | None:
    """The ledger's file; None if there is none yet, which remembers no policy."""
    path = ledger or default_path()
    return path if path.exists() else None
