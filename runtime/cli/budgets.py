"""`ccr budget`: how much may be learned from a data set, by whom, and how much has been."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from lang.numerals import spelled
from runtime.cli.contract_files import read_contract
from runtime.cli.data_options import ColumnsOf, columns_given
from runtime.cli.faults import faults
from runtime.cli.given import compiled
from runtime.cli.grants import Whose, fits, whose
from runtime.cli.options import Json, LedgerFile, PolicyFile, UsageError, positive
from runtime.cli.ruling import adopted, policy_given, ruling
from runtime.cli.screen import result, say
from runtime.contract.amounts import Spend
from runtime.contract.refused import Refused
from runtime.contract.sign import digest
from runtime.data import formats
from runtime.data.unchanged import unchanged
from runtime.ledger.books import Books
from runtime.ledger.events import Allotted, Attempt, Corrected, Event, Granted, Lifted, budget, now
from runtime.ledger.identity import Held, identify
from runtime.ledger.refusals import About, noting
from runtime.ledger.rows import digest as digest_of_marks
from runtime.ledger.run import end as ended
from runtime.ledger.store import Ledger, default_path, replay
from runtime.net import keys
from runtime.policy.hold import hold
from runtime.policy.proposals import Grant as Proposed
from runtime.policy.proposals import Share
from runtime.policy.spell import digest as policy_digest
from runtime.policy.spell import remembered
from runtime.privacy.limits import warning
from runtime.report import budget as report
from runtime.report import wording

Records = Annotated[
    str,
    typer.Argument(
        metavar="RECORDS",
        show_default=False,
        help=f"The data set's file, {formats.endings()}; many as a pattern in quotes, 'part-*.parquet'.",
    ),
]
Epsilon = Annotated[str, typer.Option("--epsilon", metavar="E", show_default=False)]
Delta = Annotated[str, typer.Option("--delta", metavar="D", show_default=False)]


Reveal = Annotated[
    list[str] | None,
    typer.Option(
        "--reveal",
        metavar="NAME",
        show_default=False,
        help="Let an output of this name tell records at an infinite epsilon, which no budget covers.",
    ),
]
SamePeople = Annotated[
    str | None,
    typer.Option(
        "--same-people-as",
        metavar="N|FILE",
        show_default=False,
        help="The records are of the same people as data set N, or that in FILE: one budget for both.",
    ),
]
ForProgram = Annotated[
    str | None,
    typer.Option(
        "--program",
        metavar="FILE",
        show_default=False,
        help="Hold every record against the kinds and the `where` of this program's data set.",
    ),
]
Distinct = Annotated[
    bool, typer.Option("--distinct", help="Records that a known data set has too are of other people all the same.")
]


def grant(
    records: Records,
    epsilon: Epsilon,
    delta: Delta,
    reveal: Reveal = None,
    same_people_as: SamePeople = None,
    distinct: Distinct = False,
    program: ForProgram = None,
    columns: ColumnsOf = None,
    policy: PolicyFile = None,
    ledger: LedgerFile = None,
    json: Json = False,
) -> None:
    """Set the whole budget of a data set.  A new grant replaces the one before, with all that it lets through."""
    about = About(Attempt.GRANT)
    with faults(json), noting(ledger or default_path(), about):
        if distinct and same_people_as is not None:
            raise UsageError("--same-people-as and --distinct exclude each other")
        amount, asked = _amount(epsilon, delta), policy_given(policy)
        with Ledger(ledger or default_path(), create=True) as opened:
            with unchanged([records]):
                if program is not None:
                    fits(records, compiled(program, None), columns_given(columns))
                elif columns:
                    raise UsageError(
                        "--columns goes with --program", "a budget is for the file, whatever is read of it"
                    )
                held = identify(opened, records)
            about.data = (held.data,)
            event = _granted(records, held, amount, reveal)
            if said := warning(amount.delta, {event.label: held.records}):
                say(f"warning: {said}")
            same = None if same_people_as is None else _known(opened, same_people_as)
            found: list[Whose] = []

            def decide(books: Books) -> list[Event]:
                found.append(whose(books, held, opened.shared(books, held.marks), same, distinct))
                whom = {"same_as": found[0].same_as, "distinct": found[0].distinct}
                under = ruling(books, found[0].same_as or held.data, asked)
                if under is not None:
                    hold(under, Proposed(event.label, held.records, amount, frozenset(event.reveals)), now())
                    whom["policy"] = policy_digest(under)
                return [*adopted(books, under), event.model_copy(update={"at": now(), **whom})]

            opened.record(decide, {held.data: held.marks})
            for line in found[0].told:
                say(line)
            _tell(opened, held.data, json)


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
    about = About(Attempt.ALLOT)
    with faults(json), noting(ledger or default_path(), about):
        amount = _amount(epsilon, delta)
        consumer, label = keys.fingerprint(keys.read_certificate(to)), _label(to.stem)
        with Ledger(ledger or default_path()) as opened:
            data = identify(opened, records).data
            about.consumer, about.data = consumer, (data,)

            def decide(books: Books) -> list[Event]:
                if (under := books.under(data)) is not None:
                    hold(remembered(books.policies[under].text, under), Share(label, amount), now())
                return [Allotted(at=now(), data=data, consumer=consumer, label=label, budget=budget(amount))]

            opened.record(decide)
            _tell(opened, data, json)


def show(
    records: Annotated[
        str | None, typer.Argument(metavar="[RECORDS]", show_default=False, help="Only this data set.")
    ] = None,
    ledger: LedgerFile = None,
    json: Json = False,
) -> None:
    """Say what is granted, allotted, charged and left."""
    with faults(json), Ledger(ledger or default_path()) as opened:
        _tell(opened, None if records is None else identify(opened, records).data, json)


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


def end(
    contract: Annotated[Path, typer.Argument(metavar="CONTRACT", show_default=False)],
    ledger: LedgerFile = None,
    json: Json = False,
) -> None:
    """End a run that was cut, for good, at a stop that its contract names.

    Of several the oldest that would give something back.  What it costs then is charged, and the rest is given back; no
    session goes on with it.  Whether a run is ended may hang on what was told, and on nothing else of the records.
    """
    with faults(json), Ledger(ledger or default_path()) as opened:
        run = ended(opened, digest(read_contract(contract).terms))
        spent, back = opened.books().sessions.spent[run.run], run.cost.spend.epsilon - run.charge.spend.epsilon
        said = (
            f"run {run.run[:16]} is ended after {spent} of {run.steps} steps: charged {run.charge.spend}, epsilon "
            f"{spelled(back)} given back"
        )
        told = {"run": run.run, "steps": spent, "of": run.steps, "charged": wording.amount(run.charge.spend)}
        result({**told, "given_back": spelled(back)}, said, json)


def clock(
    was_ahead: Annotated[
        bool,
        typer.Option(
            "--was-ahead",
            help="The clock was ahead when the last event was written, and is right now: write that down.",
        ),
    ] = False,
    ledger: LedgerFile = None,
    json: Json = False,
) -> None:
    """Compare the clock with the ledger's last event.  A clock before it is refused unless it was ahead then.

    Contracts that had expired by the clock that was ahead, and have not by this one, can run again.
    """
    with faults(json), Ledger(ledger or default_path()) as opened:
        if was_ahead:
            opened.record(lambda books: [Corrected(at=now(), ahead=books.latest or now())])
        books, at = opened.books(), now()
        books.in_time(at)
        last = None if books.latest is None else f"{books.latest:%Y-%m-%d %H:%M:%S}"
        said = f"it is {at:%Y-%m-%d %H:%M:%S} UTC, " + (f"the last event is of {last}" if last else "there is no event")
        result({"now": f"{at:%Y-%m-%dT%H:%M:%SZ}", "last": last}, said, json)


def history(ledger: LedgerFile = None, json: Json = False) -> None:
    """List everything that happened to the budgets.  An edited or truncated ledger is refused."""
    with faults(json), Ledger(ledger or default_path()) as opened:
        events = opened.history()
        names = report.Names(events)
        result({"events": report.history_json(names, events)}, "\n".join(report.history(names, events)), json)


def _tell(ledger: Ledger, data: str | None, json: bool) -> None:
    events = ledger.history()
    books = replay(events)
    data = None if data is None else books.first(data)
    if data is not None and data not in books.granted:
        raise Refused("nothing-granted", "no budget has been granted for these records", help="`ccr budget grant`")
    names = report.Names(events)
    result(
        {
            "ledger": str(ledger.path),
            "data_sets": report.overview(names, books, data),
            "blocked": list(books.blocked),
            "revoked": list(books.revoked),
        },
        "\n".join(report.lines(names, books, data)),
        json,
    )


def _granted(records: str, held: Held, amount: Spend, reveal: list[str] | None) -> Granted:
    try:
        return Granted(
            at=now(),
            data=held.data,
            label=_label(Path(records).name),
            records=held.records,
            budget=budget(amount),
            reveals=tuple(sorted(set(reveal or ()))),
            marks=digest_of_marks(held.marks),
        )
    except ValidationError:
        raise UsageError("--reveal takes the name of an output", "`ccr inspect` lists a program's outputs") from None


def _known(ledger: Ledger, asked: str) -> str:
    """The data set that is called by its number or its file.  Raises UsageError and InputError."""
    numbers = report.Names(ledger.history()).numbers
    if asked.isdecimal():
        found = next((data for data, number in numbers.items() if number == int(asked)), None)
        if found is None:
            raise UsageError(f"the ledger has no data set {asked}", "`ccr budget show` numbers them")
        return found
    return identify(ledger, asked).data


def _amount(epsilon: str, delta: str) -> Spend:
    amount = Spend(positive("--epsilon", epsilon), positive("--delta", delta))
    if amount.delta >= 1:
        raise UsageError("--delta does not lie below 1", "give a small one, such as 1e-5")
    return amount


def _label(name: str) -> str:
    """A name as the ledger keeps it: 1 to 200 printable ASCII characters."""
    return "".join(c if " " <= c <= "~" else "?" for c in name)[:200] or "?"
