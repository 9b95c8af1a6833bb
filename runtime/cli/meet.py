"""One party's run: whom it meets, where, and by which keys."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from compiler.program import everyone
from compiler.schedule.told import told_steps
from runtime.cli.callers import Callers
from runtime.cli.clusters import Cluster
from runtime.cli.options import Address, UsageError, address
from runtime.cli.screen import say
from runtime.data.columns import Chosen
from runtime.net import keys
from runtime.net.channel import Channel
from runtime.net.keys import Identity
from runtime.net.tls import Listener, connect
from runtime.party.run import Report, run
from runtime.program import Program
from runtime.report.wording import listing
from runtime.session.helpers import Helpers
from runtime.session.session import Keep
from runtime.session.watch import Watching

if TYPE_CHECKING:
    from runtime.contract.terms import Contract
    from runtime.party.agreed import Agreed, Ready


@dataclass(frozen=True, slots=True)
class Ends:
    """The two ends of the connection of a run with --as."""

    party: str
    listens: bool
    where: Address
    identity: Identity
    peer_certificate: bytes
    cluster: Cluster | None = None

    @staticmethod
    def of(
        party: str | None,
        listen: str | None,
        connect: str | None,
        key: Path | None,
        cert: Path | None,
        peer: Path | None,
        contract: Contract | None = None,
        cluster: Cluster | None = None,
    ) -> Ends | None:
        """From the options; None if they ask for both parties here.  A contract brings the peer's certificate.

        Raises UsageError, KeyFileError and Refused (foreign-party).
        """
        given = {
            "--listen": listen,
            "--connect": connect,
            "--key": key,
            "--cert": cert,
            "--peer": peer,
            "--contract": contract,
        }
        if party is None:
            extra = [option for option, value in given.items() if value is not None]
            if extra:
                raise UsageError(f"{extra[0]} goes with --as PARTY", "without --as both parties run on this machine")
            return None
        if key is None or cert is None or (peer is None and contract is None):
            missing = [option for option in ("--key", "--cert", "--peer") if given[option] is None]
            raise UsageError(
                f"--as {party} needs {listing(missing)}",
                f"make keys with `ccr keys new {party}` and exchange the .crt files with your peer",
            )
        if listen is not None and connect is None:
            where = address("--listen", listen)
        elif connect is not None and listen is None:
            where = address("--connect", connect)
        else:
            raise UsageError(
                f"--as {party} needs one of --listen and --connect", "one party listens, the other connects to it"
            )
        identity, other = keys.load(key, cert), _peer(party, peer, contract)
        if contract is None and identity.certificate == other:  # a contract tells it by its names
            raise UsageError(f"--peer {peer} is this party's own certificate", "give the .crt file of the other party")
        return Ends(party, listen is not None, where, identity, other, cluster)

    def door(self) -> Listener:
        """Raises CannotListen."""
        return Listener(self.where.host, self.where.port, self.identity, self.peer_certificate)

    @staticmethod
    def of_each(
        party: str, where: Mapping[str, str], identity: Identity, peers: Mapping[str, bytes]
    ) -> dict[str, Ends]:
        """To each of several owners, by their names, who all listen."""
        return {o: Ends(party, False, address("--connect", where[o]), identity, peers[o]) for o in peers}


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a party waits, in seconds."""

    wait: float  # for the peer to come
    stall: float  # for the peer to go on
    whole: float  # for the run to end, from the greeting on


def check_party(program: Program, party: str | None) -> None:
    """Raises UsageError for a party that the program does not have."""
    parties = everyone(program.compiled)
    if party is not None and party not in parties:
        near = get_close_matches(party, parties, 1)
        guess = f"; did you mean `{near[0]}`?" if near else ""
        help = f"its parties are {listing(parties)}{guess}"
        raise UsageError(f"the program has no party `{party}`", help)


@dataclass(frozen=True, slots=True)
class Side:
    """This party's side of a run with one other, all that is its own at hand."""

    program: Program
    ends: Ends
    own: Ready
    patience: Patience
    quiet: bool
    agreed: Agreed | None

    @staticmethod
    def of(
        program: Program,
        ends: Ends,
        inputs: Mapping[str, str],
        seed: int | None,
        patience: Patience,
        quiet: bool,
        agreed: Agreed | None,
        columns: Chosen,
    ) -> Side:
        """Raises InputError and Refused."""
        from runtime.party.agreed import ready  # here, because a run of both parties here is under no contract
        from runtime.party.ledger_permit import Bearer

        bearer = Bearer(ends.party, ends.identity, ends.peer_certificate)
        own = ready(program, bearer, inputs, seed, columns, agreed)
        if own.permit.first and not quiet:
            say(f"going on with step {own.permit.first + 1} of {told_steps(program.compiled.plan)}")
        if own.permit.unfinished:
            say(
                f"warning: a run under this contract was cut behind {own.permit.unfinished}; this is a new one, which "
                "is charged anew: `ccr run --continue` on both sides goes on with the other"
            )
        return Side(program, ends, own, patience, quiet, agreed)

    def meet(self, door: Listener | None = None) -> Channel:
        """At the door, which stays open, or one of its own.  Raises NetworkError."""
        callers = Callers("turned away" if self.ends.listens else "trying again", self.quiet)
        try:
            channel = _meet(self.program, self.ends, self.patience, self.quiet, callers, door)
        finally:
            if self.ends.listens and self.agreed is not None and callers.count:
                from runtime.contract.sign import digest
                from runtime.ledger.events import Attempt
                from runtime.ledger.refusals import About, note

                about = About(Attempt.CALL, contract=digest(self.agreed.contract.terms))
                note(self.agreed.ledger, about.denied("not-the-peer", callers.count))
        channel.deadline = time.monotonic() + self.patience.whole
        return channel

    def run(self, channel: Channel, advance: Watching, keep: Keep, helpers: Helpers | None = None) -> Report:
        """Raises what `runtime.party.run` raises."""
        own, party = self.own, self.ends.party
        return run(self.program, party, own.sources, channel, advance, own.permit, keep, own.follow, helpers)


def _peer(party: str, peer: Path | None, contract: Contract | None) -> bytes:
    if peer is not None:
        return keys.read_certificate(peer)
    assert contract is not None
    return contract.terms.other(party).certificate.encode()


def _meet(
    program: Program, ends: Ends, patience: Patience, quiet: bool, callers: Callers, door: Listener | None
) -> Channel:
    other = next(p for p in program.compiled.parties if p != ends.party)
    host, port, identity, peer = ends.where.host, ends.where.port, ends.identity, ends.peer_certificate
    if not ends.listens:
        if not quiet:
            say(f"connecting to {other} at {ends.where}")
        return connect(host, port, identity, peer, patience.wait, patience.stall, callers)
    with ExitStack() as open:
        listener = door or open.enter_context(closing(ends.door()))
        if not quiet:
            say(f"waiting for {other} at {Address(host, listener.port)}")
        return listener.accept(patience.wait, patience.stall, callers)
