"""`--records`: how many rows data sets have, where their files are not at hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from compiler.program import Compiled
from runtime.api import of_each
from runtime.cli.options import UsageError, by_owner
from runtime.program import Program

_HELP = "Rows of each data set, for epsilon; of several owners OWNER=N for each, or N of all."
Records = Annotated[list[str] | None, typer.Option("--records", metavar="N", show_default=False, help=_HELP)]
KnownRecords = Annotated[list[str], typer.Option("--records", metavar="N", show_default=False, help=_HELP)]


def rows(text: str) -> int:
    """A number of records.  Raises UsageError."""
    if not (text.isascii() and text.isdigit() and int(text[:18]) > 0 and len(text) < 19):
        raise UsageError(f"--records {text[:40]} is not a number of records")
    return int(text)


def of_owners(given: Sequence[str] | None, owners: Sequence[str]) -> dict[str, int]:
    """`OWNER=N` for each, or one number for all.  Raises UsageError."""
    if given and len(given) == 1 and "=" not in given[0]:
        return dict.fromkeys(owners, rows(given[0]))
    return {name: rows(text) for name, text in by_owner("--records", given, owners).items()}


def single(given: Sequence[str] | None) -> int | None:
    """Raises UsageError."""
    if given and len(given) > 1:
        raise UsageError("--records is given twice")
    return rows(given[0]) if given else None


def counted(program: Program, given: Sequence[str] | None) -> Mapping[str, tuple[Compiled, int | None]]:
    """The program, by an empty name, and its rows, of which each batch must be part; or, where rows are given, those of
    each of its owners.  Raises UsageError."""
    if not program.owners or not given:
        found: dict[str, tuple[Compiled, int | None]] = {"": (program.compiled, single(given))}
    else:
        of = of_owners(given, program.owners)
        found = {owner: (own.compiled, of.get(owner)) for owner, own in of_each(program).items()}
    for owner, (own, n) in found.items():
        largest = max((m.batch for m in own.mechanisms if not m.whole), default=0)
        if n is not None and largest > n:
            of_whom = f"{owner}={n}" if owner and given != [str(n)] else n
            raise UsageError(f"--records {of_whom} is less than a batch of {largest}")
    return found
