"""`ccr budget export`, `audit` and `report`: what has become of the budgets, for those who must be able to ask."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from runtime.cli.contract_files import named
from runtime.cli.faults import faults, has_folder, has_place, save_page, saving
from runtime.cli.options import Json, LedgerFile, UsageError
from runtime.cli.screen import result, say
from runtime.cli.status import REFUSED
from runtime.contract.fields import public_key
from runtime.contract.refused import Refused
from runtime.files import PAGE, replace_bytes
from runtime.ledger import log
from runtime.ledger.audit import MOST, Audit, Damage, audit
from runtime.ledger.checkpoint import LARGEST, Head, decode_head
from runtime.ledger.events import now
from runtime.ledger.store import Ledger, default_path
from runtime.net import keys
from runtime.net.errors import KeyFileError
from runtime.report import account, budget
from runtime.report.html.account import page
from runtime.report.trail import trail

Log = Annotated[Path, typer.Argument(metavar="LOG.jsonl", show_default=False)]
Key = Annotated[Path, typer.Option("--key", metavar="ME.key", show_default=False, help="Own key.")]
Cert = Annotated[Path, typer.Option("--cert", metavar="ME.crt", show_default=False, help="Own certificate.")]


def export(file: Log, key: Key, cert: Cert, ledger: LedgerFile = None, json: Json = False) -> None:
    """Write every event as one signed log of JSON lines.  It takes the place of an older one of this ledger alone."""
    with faults(json):
        has_folder(file)
        identity = keys.load(key, cert)
        with Ledger(ledger or default_path()) as opened:
            lines = log.lines(opened, identity, now())
        end = decode_head(lines[-1])
        if file.is_file():  # a device keeps nothing that could be replaced
            _goes_on(file, lines, end)
        with saving(file):
            replace_bytes(file, b"".join(lines))
        statement = end.statement.model_dump(mode="json")
        said = f"{file}: {len(lines) - 2} events, signed by {end.statement.key}; its last line is a checkpoint to keep"
        result({"log": str(file), **statement}, said, json)


def audit_(
    file: Log,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            "--checkpoint",
            metavar="HELD",
            show_default=False,
            help="One that was kept: of `ccr budget checkpoint`, or the last line of an older log.",
        ),
    ] = None,
    signer: Annotated[
        str | None,
        typer.Option(
            "--signer",
            metavar="FINGERPRINT|OWNER.crt",
            show_default=False,
            help="Who must have signed it: a fingerprint or a certificate.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Verify an exported log, without the ledger.

    It is whole and signed, and no budget was ever exceeded.
    That its end was not left out when it was exported only a checkpoint can tell that somebody kept.
    """
    with faults(json):
        held = None if checkpoint is None else _held(checkpoint)
        done = _audited(file, held, None if signer is None else _fingerprint(signer))
        if not done.is_log:
            raise UsageError(
                f"{file} is not a log: no line of it is one of a log", "give what `ccr budget export` wrote"
            )
        result(_as_json(done), "\n".join(_told(file, done, checkpoint, signer)), json)
        for damage in done.told:
            say(f"{file}:{damage.line}: {damage.code}: {damage.what}")
        if len(done.told) >= MOST:
            say(f"{file}: what follows was not looked at")
        if done.told:
            raise typer.Exit(REFUSED)


def report(
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="PATH", show_default=False, help="Also write the report as one HTML file."),
    ] = None,
    ledger: LedgerFile = None,
    json: Json = False,
) -> None:
    """Give account of every budget, for an officer.

    What is granted, spent and left, to whom, for which runs; what was refused or revoked.
    """
    with faults(json):
        has_place(html, PAGE)
        at = now()
        with Ledger(ledger or default_path()) as opened:
            found = trail(opened.history())
        if html:
            save_page(html, page(found, at), json)
        result(account.as_json(found, at), "\n".join(account.lines(found, at)), json)


def _goes_on(file: Path, lines: list[bytes], end: Head) -> None:
    """What is there is an older log of this ledger and owner, and the new one goes on from it.  Raises Refused."""
    older = _audited(file, None, end.statement.key)
    if older.damages:
        raise Refused(
            "not-replaced", f"{file} is no whole log of this owner, and is not overwritten", help="choose another name"
        )
    newer = audit(lines, held=older.end)
    if newer.damages:
        raise Refused(newer.damages[0].code, newer.damages[0].what, help="the log that is there is kept; ask why")


def _audited(file: Path, held: Head | None, signer: str | None) -> Audit:
    try:
        with file.open("rb") as opened:
            return audit(log.read(opened), signer=signer, held=held)
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}", "give the log's file") from None


def _held(path: Path) -> Head:
    try:
        with path.open("rb") as file, named(path):
            return decode_head(file.read(LARGEST + 2))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", "give the checkpoint's file") from None


def _fingerprint(signer: str) -> str:
    """Of a party that is given by its certificate or by the fingerprint itself.  Raises KeyFileError."""
    if len(signer) == 64 and set(signer) <= set("0123456789abcdef"):
        return signer
    try:
        return public_key(keys.read_certificate(Path(signer)))
    except KeyFileError as error:
        if not isinstance(error.__cause__, OSError):
            raise
        raise KeyFileError(
            f"--signer {signer} is neither a fingerprint, 64 digits of 0-9 and a-f, nor a file that can be read: "
            f"{error.__cause__.strerror}; `ccr keys show` prints the fingerprint of a certificate"
        ) from None


def _told(file: Path, done: Audit, checkpoint: Path | None, signer: str | None) -> list[str]:
    who = "" if done.header is None else f", of the key {done.header.key}"
    asked = "" if signer is not None else " (compare it by telephone, or give --signer)"
    said = [f"{file}: {done.events} events{who}{asked}"]
    if done.damages:
        return [*said, "it is NOT what its owner signed, or not all of it; what it adds up to is not told"]
    if done.end is not None:
        said.append(f"signed at {done.end.statement.at:%Y-%m-%d %H:%M:%S} UTC; every line stands as it was signed")
    said.append(
        "no checkpoint was given: that its end was left out would not be seen"
        if done.held is None
        else f"it goes on from {checkpoint}: the first {done.held.statement.events} events are those"
    )
    said.append("the RULES were broken" if done.breaches else "no budget was exceeded at any moment")
    return [*said, *budget.lines(budget.Names(done.grants), done.books, None)]


def _as_json(done: Audit) -> dict[str, object]:
    return {
        "key": None if done.header is None else done.header.key,
        "ledger": None if done.header is None else done.header.ledger,
        "events": done.events,
        "held": None if done.held is None else done.held.statement.events,
        "damages": _listed(done.damages),
        "breaches": _listed(done.breaches),
        "data_sets": [] if done.damages else budget.overview(budget.Names(done.grants), done.books, None),
    }


def _listed(damages: list[Damage]) -> list[dict[str, object]]:
    return [{"line": d.line, "code": d.code, "message": d.what} for d in damages]
