"""`ccr run`: a program on real inputs, between its parties."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from compiler.program import receiver
from runtime.cli.beforehand import Beforehand
from runtime.cli.clusters import Cluster, ClusterOf, WorkerListen, Workers
from runtime.cli.data_options import ColumnsOf, Input, Inputs, Map, Output, Outputs, columns_given
from runtime.cli.execution import Execution
from runtime.cli.faults import RUN_CUT, faults
from runtime.cli.given import compiled_once
from runtime.cli.links import LinkOf, link
from runtime.cli.meet import Ends, Patience, check_party
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
from runtime.cli.run_log import LogJson, logged
from runtime.cli.run_options import (
    LONGEST,
    TIMEOUT,
    WAIT,
    Anew,
    Cert,
    Connect,
    Continue,
    ContractFile,
    EpsilonAtMost,
    GoOnWith,
    Insecure,
    Key,
    Listen,
    NotPrivate,
    Party,
    Peer,
    ThreadsOf,
    Timeout,
    Wait,
)
from runtime.cli.several import Runs, Sides
from runtime.program import Program

if TYPE_CHECKING:
    from runtime.party.agreed import Agreed


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
    insecure: Insecure = False,
    delta: Delta = None,
    epsilon_at_most: EpsilonAtMost = None,
    not_private: NotPrivate = False,
    wait: Wait = WAIT,
    timeout: Timeout = TIMEOUT,
    define: Define = None,
    products: Products = None,
    evaluator: Evaluator = None,
    cluster: ClusterOf = None,
    workers: Workers = None,
    worker_listen: WorkerListen = None,
    threads: ThreadsOf = 1,
    over: LinkOf = None,
    log_json: LogJson = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Run a program between its parties.  All are processes of this machine; with --as it is one of them."""
    with faults(json, RUN_CUT), logged(log_json) as log:
        start = time.perf_counter()
        checked_delta(delta)
        _compatible(wait, timeout, ledger, policy, contract, goes_on, seed, epsilon_at_most is not None or not_private)
        _encrypted(insecure, party, contract, cluster)
        _shared(threads, cluster)
        connection = None if over is None else link("--link", over)
        agreed = _agreed(contract, ledger, policy, goes_on)
        before = _bound(agreed) or Beforehand(delta, epsilon_at_most, not_private, quiet)
        program = compiled_once(file, define, products, evaluator, party)
        own = Cluster.of(cluster, workers, worker_listen, party, listen is not None)
        ends = _ends(program, party, listen, connect, key, cert, peer, agreed, anew, own)
        runs = Runs.of(program, party, least, insecure, own.workers if own else 0, threads)
        asked, chosen = Asked.of(input, output, inputs, outputs, map), columns_given(columns)
        patience = Patience(wait, timeout, runs.longest(connection))
        how = Execution(runs, ends, agreed, before, connection, seed, patience, quiet, json, log)
        how.announce(party, goes_on)
        how.run(party, asked, chosen, start)


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


def _encrypted(insecure: bool, party: str | None, contract: Sequence[Path] | None, cluster: str | None) -> None:
    """Raises UsageError where --insecure would leave this machine, spend what was granted, or not be so: the
    connections of a cluster are encrypted."""
    given = {"--as": party, "--contract": contract, "--cluster": cluster}
    option = next((option for option, value in given.items() if value is not None), None)
    if insecure and option is not None:
        raise UsageError(f"--insecure is for runs of both parties here, and not for {option}", "leave it out")


def _shared(threads: int, cluster: str | None) -> None:
    """Raises UsageError where --threads means nothing."""
    if threads == 1:
        return
    if cluster is not None:
        raise UsageError("--threads is for a party without --cluster", "a worker has one core: hire more of them")
    from runtime.execute.engines import NoSuchBackend, NoThreads, shared_by  # here, because most runs do without

    try:
        shared_by(threads)
    except (NoThreads, NoSuchBackend) as error:
        raise UsageError(str(error), "leave out --threads; `ccr doctor` says what this machine has") from None


def _agreed(
    contracts: Sequence[Path] | None, ledger: Path | None, policy: Path | None, continues: bool
) -> list[Agreed]:
    """Of each contract; raises UsageError, InputError and Refused for files that are not what they should be."""
    if not contracts:
        return []
    from runtime.cli.contract_files import read_contract  # here, because it is for a party with a contract alone
    from runtime.cli.ruling import policy_given
    from runtime.ledger.store import default_path
    from runtime.party.agreed import Agreed

    where, rules = ledger or default_path(), policy_given(policy)
    return [Agreed(read_contract(contract), where, rules, continues) for contract in contracts]


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
    cluster: Cluster | None,
) -> Ends | Sides | None:
    """Whom this party meets, and under which contracts.  Raises UsageError, KeyFileError and Refused."""
    check_party(program, party)
    if party is not None and party == receiver(program.compiled):
        return Sides.of(program, party, listen, connect, key, cert, peer, agreed, anew or (), cluster)
    if anew:
        raise UsageError("--anew is for whoever runs with several owners", "leave out --continue to begin anew")
    for option, given in (("--connect", connect), ("--peer", peer), ("--contract", agreed)):
        if given and len(given) > 1:
            raise UsageError(f"{option} is given twice", "more than one is for whoever runs with several owners")
    certificate = Path(peer[0]) if peer else None
    contract = agreed[0].contract if agreed else None
    return Ends.of(party, listen, connect[0] if connect else None, key, cert, certificate, contract, cluster)
