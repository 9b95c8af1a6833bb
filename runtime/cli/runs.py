"""`ccr run`: a program on real inputs, between its parties."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from compiler.program import receiver
from runtime.cli.beforehand import Beforehand
from runtime.cli.contract_files import read_contract
from runtime.cli.data_options import ColumnsOf, Input, Inputs, Map, Output, Outputs, columns_given
from runtime.cli.faults import faults
from runtime.cli.links import LinkOf, link
from runtime.cli.meet import Ends, Patience, check_party, run_party
from runtime.cli.models import Asked
from runtime.cli.options import (
    Define,
    Delta,
    Evaluator,
    Json,
    LedgerFile,
    PolicyFile,
    Products,
    Quiet,
    Runnable,
    Seed,
    UsageError,
)
from runtime.cli.places import Places, taken
from runtime.cli.programs import compiled
from runtime.cli.progress import Advance
from runtime.cli.ruling import policy_given
from runtime.cli.run_log import LogJson, RunLog, logged
from runtime.cli.screen import learned, say
from runtime.cli.several import Runs, Sides
from runtime.cli.status import FAILED
from runtime.cli.tables import say_odd
from runtime.cli.watched import sides, watched
from runtime.data.columns import Chosen
from runtime.data.references import Reference
from runtime.ledger.store import default_path
from runtime.party.agreed import Agreed
from runtime.party.both import Accept
from runtime.party.here import run_here
from runtime.party.run import Report
from runtime.program import Program
from runtime.report.program import trust
from runtime.report.run import SEEDED, Ended, phases
from runtime.report.traffic import Link
from runtime.report.wording import duration, listing

WAIT = 600.0  # seconds for the peer to come
TIMEOUT = 120.0  # seconds without any progress
LONGEST = 1e7  # seconds, some four months

Party = Annotated[
    str | None,
    typer.Option("--as", metavar="PARTY", show_default=False, help="Run this party alone; without it both run here."),
]
Listen = Annotated[
    str | None, typer.Option("--listen", metavar="HOST:PORT", show_default=False, help="Wait for the peer here.")
]
Connect = Annotated[
    list[str] | None,
    typer.Option(
        "--connect",
        metavar="HOST:PORT",
        show_default=False,
        help="Where the peer listens; with several owners OWNER=HOST:PORT, once for each.",
    ),
]
Key = Annotated[
    Path | None, typer.Option("--key", metavar="ME.key", show_default=False, help="Own key, from `ccr keys new`.")
]
Cert = Annotated[Path | None, typer.Option("--cert", metavar="ME.crt", show_default=False, help="Own certificate.")]
Peer = Annotated[
    list[str] | None,
    typer.Option(
        "--peer",
        metavar="PEER.crt",
        show_default=False,
        help="The peer's certificate; with several owners OWNER=PEER.crt, once for each.",
    ),
]
ContractFile = Annotated[
    list[Path] | None,
    typer.Option(
        "--contract",
        metavar="C",
        show_default=False,
        help="What both parties signed; it names the peer's certificate too. With several owners one with each.",
    ),
]
GoOnWith = Annotated[
    int | None,
    typer.Option(
        "--go-on-with",
        metavar="N",
        min=1,
        show_default=False,
        help="With several owners: as long as so many of them are there, the run goes on; else all it takes.",
    ),
]
Continue = Annotated[
    bool,
    typer.Option(
        "--continue",
        help="With --contract, on both sides: go on with the run that was cut, of a program with `release = step`.",
    ),
]
Anew = Annotated[
    list[str] | None,
    typer.Option(
        "--anew",
        metavar="OWNER",
        show_default=False,
        help="With --continue and several owners: with this one the run begins, whose earlier one had told nothing.",
    ),
]
Wait = Annotated[float, typer.Option("--wait", metavar="S", help="Seconds to wait for the peer to come.")]
Timeout = Annotated[
    float, typer.Option("--timeout", metavar="S", help="Seconds to wait for the peer to go on, once it has come.")
]


EpsilonAtMost = Annotated[
    float | None,
    typer.Option(
        "--epsilon-at-most", metavar="E", show_default=False, help="Without a contract: refuse a run that costs more."
    ),
]
NotPrivate = Annotated[
    bool,
    typer.Option("--not-private", help="Without a contract: run although records leave with an infinite epsilon."),
]


def run(
    file: Runnable,
    input: Input = None,
    inputs: Inputs = None,
    columns: ColumnsOf = None,
    output: Output = None,
    outputs: Outputs = None,
    map: Map = None,
    party: Party = None,
    listen: Listen = None,
    connect: Connect = None,
    key: Key = None,
    cert: Cert = None,
    peer: Peer = None,
    contract: ContractFile = None,
    ledger: LedgerFile = None,
    policy: PolicyFile = None,
    goes_on: Continue = False,
    anew: Anew = None,
    least: GoOnWith = None,
    seed: Seed = None,
    delta: Delta = None,
    epsilon_at_most: EpsilonAtMost = None,
    not_private: NotPrivate = False,
    wait: Wait = WAIT,
    timeout: Timeout = TIMEOUT,
    define: Define = None,
    products: Products = None,
    evaluator: Evaluator = None,
    over: LinkOf = None,
    log_json: LogJson = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Run a program between its parties.  All are processes of this machine; with --as it is one of them."""
    with faults(json), logged(log_json) as log:
        start = time.perf_counter()
        _compatible(wait, timeout, ledger, policy, contract, goes_on, seed, epsilon_at_most is not None or not_private)
        before = Beforehand(delta, epsilon_at_most, not_private, quiet)
        connection = None if over is None else link("--link", over)
        agreed = _agreed(contract, ledger, policy, goes_on)
        program = compiled(file, define, products, evaluator, party or "")
        ends = _ends(program, party, listen, connect, key, cert, peer, agreed, anew)
        runs = Runs.of(program, party, least)
        compiling = time.perf_counter() - start
        _announce(runs, party or "", seed, connection, quiet, goes_on, log)
        asked, chosen = Asked.of(input, output, inputs, outputs, map), columns_given(columns)
        given = asked.read(program, party)
        say_odd(program.compiled, party, given, chosen, quiet)
        patience = Patience(wait, timeout, runs.longest(connection))
        with taken(program, asked.written(program, party), party, cut=not json) as places:
            before = _bound(agreed) or before
            with watched(runs, party or "", before, bool(agreed), connection, quiet, log) as seen:
                reports = _reports(runs, ends, agreed, given, seed, chosen, patience, quiet, places, *seen)
            running = time.perf_counter() - start - compiling
            places.save({name: value for r in reports.values() for name, value in r.outputs.items()})
        ended = _ended(runs, reports, compiling, running, places.files, before, seed is not None, connection, log)
        learned(ended.as_json(), ended.text(), json)
        if places.moved:
            raise typer.Exit(FAILED)


def _compatible(
    wait: float,
    timeout: float,
    ledger: Path | None,
    policy: Path | None,
    contract: Sequence[Path] | None,
    goes_on: bool,
    seed: int | None,
    bounded: bool,
) -> None:
    """Raises UsageError for options that mean nothing, or not together."""
    for option, given in (("--wait", wait), ("--timeout", timeout)):
        if not 0 < given <= LONGEST:
            raise UsageError(f"{option} {given:g} is not a number of seconds above 0, and at most {LONGEST:g}")
    if ledger is not None and contract is None:
        raise UsageError("--ledger goes with --contract", "without a contract nothing is charged")
    if policy is not None and contract is None:
        raise UsageError("--policy goes with --contract", "without a contract nothing is agreed on")
    if goes_on and contract is None:
        raise UsageError("--continue goes with --contract", "without a contract nobody counts the steps of a run")
    if contract is not None and seed is not None:
        raise UsageError("--seed and --contract exclude each other", "a seeded run is not private")
    if contract is not None and bounded:
        raise UsageError("--epsilon-at-most and --not-private are for runs without a contract, which has its own")


def _agreed(
    contracts: Sequence[Path] | None, ledger: Path | None, policy: Path | None, continues: bool
) -> list[Agreed]:
    """Of each contract; raises UsageError, InputError and Refused for files that are not what they should be."""
    where, rules = ledger or default_path(), policy_given(policy) if contracts else None
    return [Agreed(read_contract(contract), where, rules, continues) for contract in contracts or ()]


def _bound(agreed: Sequence[Agreed]) -> Beforehand | None:
    """The delta that was agreed on, of several the smallest."""
    bounds = [a.contract.terms.privacy.per_run.delta for a in agreed if a.contract.terms.privacy is not None]
    return Beforehand(float(min(bounds))) if bounds else None


def _ends(
    program: Program,
    party: str | None,
    listen: str | None,
    connect: Sequence[str] | None,
    key: Path | None,
    cert: Path | None,
    peer: Sequence[str] | None,
    agreed: Sequence[Agreed],
    anew: Sequence[str] | None,
) -> Ends | Sides | None:
    """Whom this party meets, and under which contracts.  Raises UsageError, KeyFileError and Refused."""
    check_party(program, party)
    if party is not None and party == receiver(program.compiled):
        return Sides.of(program, party, listen, connect, key, cert, peer, agreed, anew or ())
    if anew:
        raise UsageError("--anew is for whoever runs with several owners", "leave out --continue to begin anew")
    for option, given in (("--connect", connect), ("--peer", peer), ("--contract", agreed)):
        if given and len(given) > 1:
            raise UsageError(f"{option} is given twice", "more than one is for whoever runs with several owners")
    certificate = Path(peer[0]) if peer else None
    contract = agreed[0].contract if agreed else None
    return Ends.of(party, listen, connect[0] if connect else None, key, cert, certificate, contract)


def _announce(
    runs: Runs, party: str, seed: int | None, connection: Link | None, quiet: bool, goes_on: bool, log: RunLog
) -> None:
    """The work is that of all runs, where they are with several owners; how much is left of one that goes on is told
    when both know."""
    program, foretold = runs.program, runs.foretold()
    log.begun(program, *sides(program, party), foretold.as_json(connection))
    if seed is not None:
        say(f"warning: {SEEDED}")
    for said in trust(program.compiled):
        say(f"warning: {said}")
    if not quiet:
        owners = f" with {listing(list(runs.programs))} together" if runs.programs else ""
        costs = f"{foretold}{owners}, about {duration(foretold.seconds(connection))}"
        say(
            f"{program.name}: {'what is left of a run' if goes_on else costs}, digest {program.digest[:16]}, "
            f"{program.known.value}"
        )


def _reports(
    runs: Runs,
    ends: Ends | Sides | None,
    agreed: Sequence[Agreed],
    inputs: Mapping[str, str],
    seed: int | None,
    columns: Chosen,
    patience: Patience,
    quiet: bool,
    places: Places,
    accept: Accept,
    advance: Advance,
) -> dict[str, Report]:
    """The run itself: of all parties here without `ends`, else of one, whose outputs are kept at once."""
    program = runs.program
    if isinstance(ends, Sides):
        own = partial(advance, ends.party)
        report = ends.run(runs, inputs, seed, patience, own, quiet, columns, places.save, accept)
        return {report.party: report}
    if ends is not None:
        under, own = agreed[0] if agreed else None, partial(advance, ends.party)
        report = run_party(program, ends, inputs, seed, patience, own, quiet, under, accept, columns, places.save)
        return {report.party: report}
    return run_here(program, inputs, seed, patience.stall, advance, accept, columns, runs.least, runs.programs)


def _ended(
    runs: Runs,
    reports: Mapping[str, Report],
    compiling: float,
    running: float,
    files: Mapping[str, Reference],
    before: Beforehand,
    seeded: bool,
    connection: Link | None,
    log: RunLog,
) -> Ended:
    """The evaluator is the last to end, so its phases stand for both where both ran here."""
    program = runs.program
    last = reports.get(program.compiled.evaluator) or next(iter(reports.values()))
    ran = {o: own for o, own in runs.programs.items() if o in last.sessions} or {"": program}
    parts = [(own.compiled, (last.sessions[o] if o else last).records) for o, own in ran.items()]
    ended = Ended(
        program,
        list(ran.values()),
        reports,
        phases(last, compiling, running),
        files,
        before.afterwards(parts),
        seeded,
        connection,
    )
    log.ended(ended)
    return ended
