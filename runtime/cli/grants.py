"""Whose budget a grant is for: what records have in common with those that the ledger knows, and what follows."""

from __future__ import annotations

from dataclasses import dataclass

from lang.numerals import counted
from runtime.cli.options import UsageError
from runtime.contract.refused import Refused
from runtime.data.columns import Chosen
from runtime.data.load import checked
from runtime.data.specs import DatasetSpec
from runtime.ledger.books import Books
from runtime.ledger.identity import Held
from runtime.ledger.rows import Overlap
from runtime.party.sources import specs
from runtime.program import Program
from runtime.report.wording import count, percent


@dataclass(frozen=True, slots=True)
class Whose:
    """The known data set with which the records have one budget, if there is one, and what is to be told of it."""

    same_as: str | None
    distinct: bool
    told: tuple[str, ...] = ()


def whose(books: Books, held: Held, found: dict[str, Overlap], same: str | None, distinct: bool) -> Whose:
    """`found` by data set; `same` and `distinct` are what the owner has said.

    Raises Refused (shares-records) where the owner has to say which it is.
    """
    if same is None and books.first(held.data) in books.granted:
        return Whose(None, False)
    told = (*_sentences(books, held, found), *_unknown(books))
    if told and same is None and not distinct:
        raise Refused("shares-records", "; ".join(told), help=_HELP)
    return Whose(same, distinct and bool(told), told)


_HELP = (
    "--same-people-as N puts both under one budget, the only safe choice for a file that was extended or mended; "
    "--distinct if the people are others, who happen to have the same values"
)


def fits(records: str, program: Program, columns: Chosen) -> None:
    """Every record is one that the program can take.  Raises UsageError and InputError."""
    compiled = program.compiled
    match [s for s in specs(compiled, frozenset(compiled.parties)) if isinstance(s, DatasetSpec)]:
        case [dataset]:
            checked(dataset, records, columns)
        case found:
            raise UsageError(
                f"{program.name} has {counted(len(found), 'data set')}, so --program does not say which one this is",
                "`ccr contract new` holds the records of each against its own",
            )


def _sentences(books: Books, held: Held, found: dict[str, Overlap]) -> list[str]:
    """One for each known budget."""
    most: dict[str, int] = {}
    for data, overlap in found.items():
        first = books.first(data)
        most[first] = max(overlap.common, most.get(first, 0))
    return [
        f"{count(common)} of its {counted(held.records, 'record')} ({percent(common, held.records)}) are in "
        f"{_called(books, first)} too"
        for first, common in most.items()
    ]


def _unknown(books: Books) -> list[str]:
    """What cannot be compared at all."""
    firsts = dict.fromkeys(map(books.first, books.unmarked()))
    return [
        f"nobody can tell whether they are in {_called(books, first)} too: an older version granted that, and kept "
        "nothing of its records"
        for first in firsts
    ]


def _called(books: Books, first: str) -> str:
    return f"`{books.granted[first].label}` (data set {list(books.granted).index(first) + 1})"
