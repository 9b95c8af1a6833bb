"""Files of several owners that look as if they were given for one another.

A contract knows the records that it is about, and refuses others (`other-data`).  Without one nobody does; what can be
seen is that a file is called after another owner, or is given for two.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from compiler.program import Compiled
from runtime.cli.screen import say
from runtime.data.references import path_of


def say_exchanged(program: Compiled, party: str | None, inputs: Mapping[str, str]) -> None:
    """Warn of them; `inputs` are those of the party, or of all.  Raises InputError as `path_of`."""
    owned = _owned(program, party, inputs)
    for name, (owner, path) in owned.items():
        others = [other for other in program.owners if other != owner and _names(path.name, other)]
        if others and not _names(path.name, owner):
            say(f"warning: {path} is given for {name}, and called after {others[0]}: are these {owner}'s records?")
    seen = dict[Path, tuple[str, str]]()
    for name, (owner, path) in owned.items():
        first, whose = seen.setdefault(path.resolve(), (name, owner))
        if whose != owner:
            say(f"warning: {path} is given for {first} and for {name}: have both owners the same records?")


def _owned(program: Compiled, party: str | None, inputs: Mapping[str, str]) -> dict[str, tuple[str, Path]]:
    """By the names on the command line, of whom and where the files of records are."""
    sets: Sequence[str] = [d.name for d in program.datasets]
    owners = program.owners if party is None else [party] if party in program.owners else []
    known = {(f"{o}.{name}" if party is None else name): o for o in owners for name in sets}
    return {name: (known[name], Path(path_of(text))) for name, text in inputs.items() if name in known}


def _names(file: str, owner: str) -> bool:
    """Whether a file is called after an owner: `bank_a.csv`, `2026-bank_a-payments.parquet`."""
    return re.search(rf"(?<![A-Za-z0-9]){re.escape(owner)}(?![A-Za-z0-9])", file, re.IGNORECASE) is not None
