"""`ccr budget`: how much may be learned from a data set, by whom, and how much has been."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from runtime.cli.contract_files import read_contract
from runtime.cli.faults import faults
from runtime.cli.options import Json, LedgerFile, UsageError, positive
from runtime.cli.screen import result, say
from runtime.contract.amounts import Spend
from runtime.contract.fields import public_key
from runtime.contract.refused import Refused
from runtime.contract.sign import digest
from runtime.data import formats
from runtime.data.content import content
from runtime.ledger.events import Allotted, Granted, Lifted, budget, now
from runtime.ledger.store import Ledger, default_path, replay
from runtime.net import keys
from runtime.privacy.limits import warning
from runtime.report import budget as report

app = typer.Typer(help="Grant privacy budgets to data sets, and see what is left.", no_args_is_help=True)
Records = Annotated[
    str,
    typer.Argument(metavar="RECORDS", show_default=False, help=f"The data set's file, {formats.endings()}."),
]
Epsilon = Annotated[str, typer.Option("--epsilon", metavar="E", show_default=False)]
Delta = Annotated[str, typer.Option("--delta", metavar="D", show_default=False)]


@app.command()
def grant(records: Records, epsilon: Epsilon, delta: Delta, ledger: LedgerFile = None, json: Json = False) -> None:
    """Set the whole budget of a data set.  A new grant replaces the one before."""
    with faults(json):
        amount, held = _amount(epsilon, delta), content(records)
        data, label = held.digest, _label(Path(records).name)
        if said := warning(amount.delta, {label: held.records}):
            say(f"warning: {said}")
        with Ledger(ledger or default_path(), create=True) as opened:
            opened.record(
                lambda _: [Granted(at=now(), data=data, label=label, records=held.records, budget=budget(amount))]
            )
            _tell(opened, data, json)


@app.command()
def allot(
    records: Records,
    to: Annotated[
        Path, typer.Option("--to", metavar="PEER.crt", show_default=False, help="The consumer's certificate.")
    ],
    epsilon: Epsilon,
    delta: Delta,
    ledger: LedgerFile = None,
    json: Json = False,
) -> None:
    """Set the share of a data set's budget that one consumer may use."""
    with faults(json):
        amount, data = _amount(epsilon, delta), content(records).digest
        try:
            consumer = public_key(keys.read_certificate(to))
        except ValueError as error:
            raise UsageError(f"{to}: {error}") from None
        label = _label(to.stem)
        with Ledger(ledger or default_path()) as opened:
            opened.record(
                lambda _: [Allotted(at=now(), data=data, consumer=consumer, label=label, budget=budget(amount))]
            )
            _tell(opened, data, json)


@app.command()
def show(
    records: Annotated[
        str | None, typer.Argument(metavar="[RECORDS]", show_default=False, help="Only this data set.")
    ] = None,
    ledger: LedgerFile = None,
    json: Json = False,
) -> None:
    """Say what is granted, allotted, charged and left."""
    with faults(json), Ledger(ledger or default_path()) as opened:
        _tell(opened, None if records is None else content(records).digest, json)


@app.command()
def lift(
    contract: Annotated[Path, typer.Argument(metavar="CONTRACT", show_default=False)],
    ledger: LedgerFile = None,
    json: Json = False,
) -> None:
    """Allow runs under a blocked contract again.  It was blocked because the peer had cheated."""
    with faults(json):
        name = digest(read_contract(contract).terms)
        with Ledger(ledger or default_path()) as opened:
            opened.record(lambda _: [Lifted(at=now(), contract=name)])
        result({"contract": name}, f"contract {name[:16]} is not blocked any more", json)


@app.command()
def history(ledger: LedgerFile = None, json: Json = False) -> None:
    """List everything that happened to the budgets.  An edited or truncated ledger is refused."""
    with faults(json), Ledger(ledger or default_path()) as opened:
        events = opened.history()
        names = report.Names(events)
        result({"events": report.history_json(names, events)}, "\n".join(report.history(names, events)), json)


def _tell(ledger: Ledger, data: str | None, json: bool) -> None:
    events = ledger.history()
    books = replay(events)
    if data is not None and data not in books.granted:
        raise Refused("nothing-granted", "no budget has been granted for these records", help="`ccr budget grant`")
    names = report.Names(events)
    result(
        {"ledger": str(ledger.path), "data_sets": report.overview(names, books, data), "blocked": list(books.blocked)},
        "\n".join(report.lines(names, books, data)),
        json,
    )


def _amount(epsilon: str, delta: str) -> Spend:
    amount = Spend(positive("--epsilon", epsilon), positive("--delta", delta))
    if amount.delta >= 1:
        raise UsageError("--delta does not lie below 1", "give a small one, such as 1e-5")
    return amount


def _label(name: str) -> str:
    """A name as the ledger keeps it: 1 to 200 printable ASCII characters."""
    return "".join(c if " " <= c <= "~" else "?" for c in name)[:200] or "?"
