"""`ccr budget checkpoint` and `ccr budget compare`: a ledger that others can see only grows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lang.numerals import counted
from runtime.cli.contract_files import named
from runtime.cli.faults import faults, has_folder, saving
from runtime.cli.options import Json, LedgerFile, UsageError
from runtime.cli.screen import result
from runtime.contract.fields import public_key
from runtime.files import replace_bytes
from runtime.ledger.checkpoint import LARGEST, Checkpoint, decode, encode, goes_on, made, verify
from runtime.ledger.events import now
from runtime.ledger.store import Ledger, default_path
from runtime.net import keys


def checkpoint(
    key: Annotated[Path, typer.Option("--key", metavar="ME.key", show_default=False, help="Own key.")],
    cert: Annotated[Path, typer.Option("--cert", metavar="ME.crt", show_default=False, help="Own certificate.")],
    out: Annotated[
        Path, typer.Option("-o", metavar="OUT", help="Where it is written, in place of an older one of this ledger.")
    ] = Path("checkpoint.json"),
    ledger: LedgerFile = None,
    json: Json = False,
) -> None:
    """Sign how far the ledger has come, to be published.  It tells how many events there are, and nothing of them."""
    with faults(json):
        has_folder(out)
        identity = keys.load(key, cert)
        with Ledger(ledger or default_path()) as opened:
            new = made(opened, identity, now())
        if out.is_file():  # a device keeps nothing that could be replaced
            older = _read(out)
            verify(older, new.statement.key)
            goes_on(older.statement, new)
        with saving(out):
            replace_bytes(out, encode(new))
        result(_as_json(new), f"{out}: {_told(new)}; publish it, or give it to your peers", json)


def compare(
    older: Annotated[Path, typer.Argument(metavar="OLDER", show_default=False)],
    newer: Annotated[Path, typer.Argument(metavar="NEWER", show_default=False)],
    of: Annotated[
        Path, typer.Option("--of", metavar="OWNER.crt", show_default=False, help="The ledger's owner's certificate.")
    ],
    json: Json = False,
) -> None:
    """Check that one checkpoint goes on where another ended.  If so, nothing was taken out of the ledger since."""
    with faults(json):
        try:
            owner = public_key(keys.read_certificate(of))
        except ValueError as error:
            raise UsageError(f"{of}: {error}") from None
        before, after = _read(older), _read(newer)
        for one in (before, after):
            verify(one, owner)
        added = goes_on(before.statement, after)
        result(
            _as_json(after) | {"added": added},
            f"{newer} goes on where {older} ended: {_told(after)}, {added} of them new",
            json,
        )


def _read(path: Path) -> Checkpoint:
    try:
        with path.open("rb") as file, named(path):
            return decode(file.read(LARGEST + 2))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", "give the checkpoint's file") from None


def _told(checkpoint: Checkpoint) -> str:
    statement = checkpoint.statement
    events = counted(statement.events, "event")
    return f"ledger {statement.ledger[:16]} at {statement.at:%Y-%m-%d %H:%M:%S} UTC has {events}"


def _as_json(checkpoint: Checkpoint) -> dict[str, object]:
    statement: dict[str, object] = checkpoint.statement.model_dump(mode="json")
    return statement
