"""`ccr run --as` of the party that runs with several owners: a session with each, side by side."""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from compiler.program import Compiled
from compiler.words.integers import Array
from runtime.api import of_each
from runtime.cli.clusters import Cluster
from runtime.cli.meet import Ends, Patience, Side
from runtime.cli.options import UsageError, by_owner
from runtime.cli.screen import say
from runtime.contract.refused import Refused
from runtime.data.columns import Chosen
from runtime.execute.beside import Met, side_by_side
from runtime.execute.pool import Pool
from runtime.net import keys
from runtime.party.both import Accept
from runtime.party.run import Report
from runtime.party.several import together
from runtime.program import Program
from runtime.report.forecast.foretold import Foretold
from runtime.report.forecast.seconds import longest
from runtime.report.traffic import Link
from runtime.report.wording import listing
from runtime.session.helpers import Helpers, Helping, unhelped
from runtime.session.session import Keep
from runtime.session.watch import Sessions, Watching

if TYPE_CHECKING:
    from runtime.party.agreed import Agreed


@dataclass(frozen=True, slots=True)
class Runs:
    """What this side runs: a program, or those of all owners, where it is they that it runs with."""

    program: Program
    programs: Mapping[str, Program]  # by owner
    least: int  # owners that it takes to go on
    insecure: bool = False  # without encryption
    workers: int = 0  # on both sides; none where a party runs on one machine
    threads: int = 1  # of each party, in each run

    @staticmethod
    def of(
        program: Program,
        party: str | None,
        least: int | None,
        insecure: bool = False,
        workers: int = 0,
        threads: int = 1,
    ) -> Runs:
        """Compiles them.  Raises UsageError for --go-on-with and --insecure where they mean nothing."""
        owners = program.owners
        if insecure and owners:
            raise UsageError("--insecure is for two parties, and the program has several owners", "leave it out")
        if least is not None and (not owners or party in owners):
            raise UsageError("--go-on-with is for whoever runs with several owners")
        if least is not None and least > len(owners):
            raise UsageError(f"--go-on-with {least}: the program has {len(owners)} owners")
        least = len(owners) if least is None else least
        return Runs(program, {} if party in owners else of_each(program), least, insecure, workers, threads)

    @property
    def each(self) -> list[Compiled]:
        return [program.compiled for program in (self.programs.values() or [self.program])]

    def foretold(self) -> Foretold:
        """Of whole runs."""
        return Foretold.of([(run, 0) for run in self.each], workers=self.workers)

    @property
    def helping(self) -> Helping:
        """Of parties that all run here: each has a cluster of its own."""
        if not self.workers:
            return unhelped
        from runtime.cluster.staffs import started_here  # here, because most runs have no cluster

        return partial(started_here, self.workers)

    def longest(self, connection: Link | None) -> float:
        """As `seconds.longest`: one of several owners waits for the others, which it does not see."""
        return longest(self.program.compiled, connection) * (len(self.program.owners) or 1)


@dataclass(frozen=True, slots=True)
class Sides:
    """Whom the party meets, by owner, and what was agreed with them."""

    party: str
    ends: Mapping[str, Ends]
    agreed: Mapping[str, Agreed]
    cluster: Cluster | None = None

    @staticmethod
    def of(
        program: Program,
        party: str,
        listen: str | None,
        connect: Sequence[str] | None,
        key: Path | None,
        cert: Path | None,
        peer: Sequence[str] | None,
        agreed: Sequence[Agreed],
        anew: Sequence[str],
        cluster: Cluster | None = None,
    ) -> Sides:
        """From the options.  Raises UsageError, KeyFileError and Refused (foreign-party)."""
        owners = program.owners
        if listen is not None:
            raise UsageError(
                f"--as {party} does not listen", f"each of {listing(owners)} does: --connect OWNER=HOST:PORT"
            )
        under = _begun(_by_owner(owners, agreed), anew)
        where, certificates = _named("--connect", connect, owners), {} if under else _named("--peer", peer, owners)
        if key is None or cert is None:
            raise UsageError(
                f"--as {party} needs --key and --cert", f"make keys with `ccr keys new {party}` and give each the .crt"
            )
        peers = {
            o: under[o].contract.terms.other(party).certificate.encode()
            if under
            else keys.read_certificate(Path(certificates[o]))
            for o in owners
        }
        identity = keys.load(key, cert)
        _apart(identity.certificate, peers)
        return Sides(party, Ends.of_each(party, where, identity, peers), under, cluster)

    def run(
        self,
        runs: Runs,
        inputs: Mapping[str, str],
        seed: int | None,
        patience: Patience,
        advance: Watching,
        quiet: bool,
        columns: Chosen,
        keep: Keep,
        accept: Accept,
    ) -> Report:
        """The sessions, all of them made ready before anybody is met.  Raises what `Side.of` and `Side.run` raise."""
        programs = runs.programs
        pool = Pool(tuple(programs), runs.least, partial(_waiting, quiet), patience.stall)
        watched, one = Sessions(advance), _OneByOne(keep)
        sides: dict[str, Side] = {}
        for owner, program in programs.items():
            agreed = self.agreed.get(owner)
            with _naming(owner):
                side = Side.of(program, self.ends[owner], inputs, seed, patience, quiet, agreed, columns)
            side.own.sources.pool = partial(pool.pooled, owner)
            side.own.follow.gather = partial(pool.gather, owner)
            sides[owner] = side

        if not self.agreed:
            accept([(program.compiled, {}) for program in programs.values()])

        def session(owner: str, helpers: Helpers | None, met: Met) -> Report:
            side = sides[owner]
            return side.run(met(side.meet), watched.session(owner), one.keep, helpers, runs.threads)

        with self._helped([program.artifact for program in programs.values()], quiet, patience) as staffs:
            works = {o: partial(session, o, each) for o, each in zip(programs, staffs, strict=True)}
            reports = side_by_side(pool, works, runs.least)
        for owner, why in pool.gone.items():
            say(f"warning: the run went on without {owner}: {why}")
        return together(self.party, reports, pool.gone)

    def _helped(
        self, artifacts: Sequence[bytes], quiet: bool, limits: Patience
    ) -> AbstractContextManager[Sequence[Helpers | None]]:
        """Those of each session.  Raises UsageError and WorkerLost."""
        if self.cluster is None:
            return unhelped(artifacts, False, limits.stall)
        return self.cluster.staffed(artifacts, quiet, limits.wait, limits.stall, limits.whole)


class _OneByOne:
    """What sessions keep, in threads of their own, kept one after the other."""

    def __init__(self, keep: Keep) -> None:
        self._keep, self._one = keep, Lock()

    def keep(self, outputs: Mapping[str, Array]) -> None:
        with self._one:
            self._keep(outputs)


@contextmanager
def _naming(owner: str) -> Generator[None]:
    """Whose contract it is that refuses."""
    try:
        yield
    except Refused as refused:
        refused.add_note(owner)
        raise


def _waiting(quiet: bool, owners: Collection[str]) -> None:
    if not quiet:
        say(f"waiting for {listing(list(owners))}")


def _named(option: str, given: Sequence[str] | None, owners: Sequence[str]) -> dict[str, str]:
    """One for each owner; raises UsageError."""
    found = by_owner(option, given, owners)
    if missing := [owner for owner in owners if owner not in found]:
        raise UsageError(f"{option} is missing for {listing(missing)}", f"write {option} {missing[0]}=...")
    return found


def _apart(own: bytes, peers: Mapping[str, bytes]) -> None:
    """Raises UsageError where two parties have one certificate, and so are one."""
    names = dict[bytes, str]()
    for name, certificate in (("this party", own), *peers.items()):
        der = keys.der(certificate)
        if der in names:
            raise UsageError(f"{names[der]} and {name} have one certificate", "give each party's own")
        names[der] = name


def _begun(under: Mapping[str, Agreed], anew: Sequence[str]) -> dict[str, Agreed]:
    """With some owners a run that others go on with begins.  Raises UsageError."""
    for owner in anew:
        if owner not in under or not under[owner].continues:
            what = "goes with --continue" if owner in under or not under else "names no owner"
            raise UsageError(f"--anew {owner}: it {what}", "it is for an owner whose ledger says that nothing was told")
    return {owner: replace(each, continues=each.continues and owner not in anew) for owner, each in under.items()}


def _by_owner(owners: Sequence[str], agreed: Sequence[Agreed]) -> dict[str, Agreed]:
    """The contract with each; raises UsageError."""
    found: dict[str, Agreed] = {}
    for each in agreed:
        names = [party.name for party in each.contract.terms.parties if party.name in owners]
        if len(names) != 1:
            raise UsageError("a contract is with none of the owners", f"the owners are {listing(owners)}")
        if names[0] in found:
            raise UsageError(f"two contracts are with {names[0]}", "give one with each owner")
        found[names[0]] = each
    if agreed and (missing := [owner for owner in owners if owner not in found]):
        raise UsageError(f"the contract with {listing(missing)} is missing", "give --contract once for each owner")
    return found
