"""`ccr simulate` and `ccr run`: a program on real inputs, in the clear or between two parties."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from compiler.program import and_gates
from compiler.schedule.told import trainings
from compiler.words.integers import Array
from runtime import api
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
    checked_delta,
)
from runtime.cli.places import checked, taken
from runtime.cli.programs import compiled
from runtime.cli.progress import meter
from runtime.cli.ruling import policy_given
from runtime.cli.screen import learned, result, say
from runtime.cli.status import FAILED
from runtime.cli.tables import say_unread
from runtime.data.columns import Chosen
from runtime.data.references import Reference
from runtime.ledger.store import default_path
from runtime.net.errors import KeyFileError, NetworkError
from runtime.party.agreed import Agreed
from runtime.party.both import run_both
from runtime.party.errors import PartyFailed
from runtime.party.run import Report
from runtime.program import Program
from runtime.report import saved, values
from runtime.report.program import trust
from runtime.report.run import SEEDED, Ended, phases
from runtime.report.saved import File
from runtime.report.traffic import Link, longest, seconds, traffic
from runtime.report.wording import count, duration, size
from runtime.session.errors import PeerRefused
from runtime.session.session import Keep

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
    str | None, typer.Option("--connect", metavar="HOST:PORT", show_default=False, help="Where the peer listens.")
]
Key = Annotated[
    Path | None, typer.Option("--key", metavar="ME.key", show_default=False, help="Own key, from `ccr keys new`.")
]
Cert = Annotated[Path | None, typer.Option("--cert", metavar="ME.crt", show_default=False, help="Own certificate.")]
Peer = Annotated[
    Path | None, typer.Option("--peer", metavar="PEER.crt", show_default=False, help="The peer's certificate.")
]
ContractFile = Annotated[
    Path | None,
    typer.Option(
        "--contract",
        metavar="C",
        show_default=False,
        help="What both parties signed; it names the peer's certificate too.",
    ),
]
Continue = Annotated[
    bool,
    typer.Option(
        "--continue",
        help="With --contract, on both sides: go on with the run that was cut, of a program with `release = step`.",
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


def simulate(
    file: Runnable,
    input: Input = None,
    inputs: Inputs = None,
    columns: ColumnsOf = None,
    output: Output = None,
    outputs: Outputs = None,
    map: Map = None,
    seed: Seed = None,
    define: Define = None,
    products: Products = None,
    evaluator: Evaluator = None,
    json: Json = False,
) -> None:
    """Compute all outputs in the clear.  A run with the same seed gives the same bits."""
    with faults(json):
        asked, chosen = Asked.of(input, output, inputs, outputs, map), columns_given(columns)
        program = compiled(file, define, products, evaluator)
        files = checked(program, asked.written(program, None), None)
        given = asked.read(program, None)
        say_unread(program.compiled, None, given, chosen)
        found = api.simulate(program, given, seed, chosen)
        where = _save(files, found)
        types = {o.name: o.type for o in program.compiled.outputs}
        lines = [
            f"{name} saved in {where[name]}" if name in where else f"{name} = {values.text(value, types[name])}"
            for name, value in found.items()
        ]
        result(
            {
                "outputs": {name: values.numbers(value, types[name]) for name, value in found.items()},
                "digest": program.digest,
            },
            "\n".join(lines),
            json,
        )


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
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Run a program between its two parties.  Both are processes of this machine; with --as it is one of them."""
    with faults(json):
        start = time.perf_counter()
        checked_delta(delta)
        _compatible(wait, timeout, ledger, policy, contract, goes_on, seed, epsilon_at_most is not None or not_private)
        before = Beforehand(delta, epsilon_at_most, not_private, quiet)
        connection = None if over is None else link("--link", over)
        agreed = _agreed(contract, ledger, policy, goes_on)
        with _name_first(party, lambda: compiled(file, define, products, evaluator)):
            ends = Ends.of(party, listen, connect, key, cert, peer, agreed.contract if agreed else None)
        asked, chosen = Asked.of(input, output, inputs, outputs, map), columns_given(columns)
        program = compiled(file, define, products, evaluator)
        compiling = time.perf_counter() - start
        _announce(program, seed, connection, quiet)
        given = asked.read(program, party)
        say_unread(program.compiled, party, given, chosen, quiet)
        patience = Patience(wait, timeout, longest(program.compiled, connection))
        with taken(program, asked.written(program, party), party, cut=not json) as places:
            with _cut(agreed is not None and bool(trainings(program.compiled.plan))):
                reports = _reports(program, ends, agreed, given, seed, chosen, patience, quiet, before, places.save)
            running = time.perf_counter() - start - compiling
            places.save({name: value for r in reports.values() for name, value in r.outputs.items()})
        if agreed is not None and agreed.contract.terms.privacy is not None:
            before = Beforehand(float(agreed.contract.terms.privacy.per_run.delta))
        ended = _ended(program, reports, compiling, running, places.files, before, seed is not None, connection)
        learned(ended.as_json(), ended.text(), json)
        if places.moved:
            raise typer.Exit(FAILED)


@contextmanager
def _cut(counted: bool) -> Generator[None]:
    """Says how to go on with a run whose steps are `counted`: without that its budget would be spent twice."""
    try:
        yield
    except (KeyboardInterrupt, NetworkError, PartyFailed) as error:
        if counted and not isinstance(error, PeerRefused):
            say("if steps were told, `ccr run --continue` on both sides goes on; a new run is charged anew")
        raise


@contextmanager
def _name_first(party: str | None, compiling: Callable[[], Program]) -> Generator[None]:
    """What is wrong with a party's ends is told unless its name is, for which nobody has keys; raises UsageError."""
    try:
        yield
    except (UsageError, KeyFileError):
        check_party(compiling(), party)
        raise


def _compatible(
    wait: float,
    timeout: float,
    ledger: Path | None,
    policy: Path | None,
    contract: Path | None,
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


def _agreed(contract: Path | None, ledger: Path | None, policy: Path | None, continues: bool) -> Agreed | None:
    """Raises UsageError, InputError and Refused for files that are not what they should be."""
    if contract is None:
        return None
    return Agreed(read_contract(contract), ledger or default_path(), policy_given(policy), continues)


def _announce(program: Program, seed: int | None, connection: Link | None, quiet: bool) -> None:
    if seed is not None:
        say(f"warning: {SEEDED}")
    for said in trust(program.compiled):
        say(f"warning: {said}")
    if not quiet:
        compiled = program.compiled
        say(
            f"{program.name}: {count(and_gates(compiled.plan))} AND gates, {size(traffic(compiled).total)}, about "
            f"{duration(seconds(compiled, connection))}, digest {program.digest[:16]}, {program.known.value}"
        )


def _reports(
    program: Program,
    ends: Ends | None,
    agreed: Agreed | None,
    inputs: Mapping[str, str],
    seed: int | None,
    columns: Chosen,
    patience: Patience,
    quiet: bool,
    before: Beforehand,
    keep: Keep,
) -> dict[str, Report]:
    """The run itself: of both parties here without `ends`, else of one, whose outputs are kept at once."""
    compiled = program.compiled
    with meter(and_gates(compiled.plan), traffic(compiled).total, quiet) as advance:
        if ends is not None:
            report = run_party(
                program, ends, inputs, seed, patience, advance, quiet, agreed, before.accept, columns, keep
            )
            return {report.party: report}
        watched = compiled.evaluator

        def watch(who: str, gates: int) -> None:
            if who == watched:
                advance(gates)

        return run_both(program, inputs, seed, patience.stall, watch, before.accept, columns)


def _ended(
    program: Program,
    reports: Mapping[str, Report],
    compiling: float,
    running: float,
    files: Mapping[str, Reference],
    before: Beforehand,
    seeded: bool,
    connection: Link | None,
) -> Ended:
    """The evaluator is the last to end, so its phases stand for both where both ran here."""
    last = reports.get(program.compiled.evaluator) or next(iter(reports.values()))
    return Ended(
        program,
        reports,
        phases(last, compiling, running),
        files,
        before.afterwards(program.compiled, last.records),
        seeded,
        connection,
    )


def _save(files: Sequence[File], found: Mapping[str, Array]) -> dict[str, Reference]:
    where: dict[str, Reference] = {}
    for file in files:
        saved.write(file, found)
        where |= file.references()
    return where
