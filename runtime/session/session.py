"""The two sides of a run over a channel: greet, seed, transfer, walk the schedule, open the outputs."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial

from compiler.program import Compiled, products
from compiler.schedule.told import told_steps
from compiler.words.evaluate import Sources
from compiler.words.integers import Array
from lang.collecting import settled
from runtime.contract.refused import Refused
from runtime.crypto.hash import HASH_SEED_BYTES
from runtime.crypto.prg import SEED_BYTES
from runtime.crypto.secret import LabelSecret, PublicSeeds
from runtime.execute import engines
from runtime.execute.backend import Roles
from runtime.execute.errors import ForgedOutput
from runtime.execute.follow import Follow
from runtime.execute.pool import TooFewOwners
from runtime.execute.threads import Threads
from runtime.execute.walk import walk
from runtime.execute.yao import EvaluatorBackend, GarblerBackend
from runtime.net.channel import Channel, expect
from runtime.net.errors import Interrupted, NetworkError, ProtocolError, Timeout, was
from runtime.net.frames import Frame
from runtime.net.traffic import Traffic
from runtime.ot.errors import CheatingDetected
from runtime.ot.extension import Receiver, Sender
from runtime.session.ends import EvaluatorEnds, GarblerEnds
from runtime.session.errors import Disagreement, PeerWorkerLost, WorkerLost
from runtime.session.guard import REFUSED, Guard, without_worker
from runtime.session.hello import Hello, agree, fresh_nonce, same_records
from runtime.session.helpers import Helpers, Worked
from runtime.session.permit import Permit
from runtime.session.phases import Phases
from runtime.session.state import Role
from runtime.session.watch import Watch, Watching

PARTING = 10.0  # seconds
LAST_WORD = 1.0  # likewise

Keep = Callable[[Mapping[str, Array]], object]


def kept_by_nobody(_: Mapping[str, Array]) -> None:
    """For a caller that has no use for outputs before the end."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run left this party with."""

    outputs: dict[str, Array]
    peer: Hello
    sent_bytes: int
    received_bytes: int
    traffic: Traffic
    farewell: str  # why the peer's last word, or this party's, is missing; empty if it is not
    workers: tuple[Worked | None, ...] = ()  # what each did; None of one that did not say so


@dataclass(frozen=True, slots=True)
class Session:
    """One party's end of one run."""

    program: Compiled
    name: str  # of the program's file, for messages
    digest: str
    party: str
    records: dict[str, int]
    sources: Sources
    phases: Phases
    watching: Watching | None = None
    permit: Permit = field(default_factory=Permit)
    keep: Keep = kept_by_nobody  # told the outputs at once: the last words may take long, or never come
    follow: Follow = field(default_factory=Follow)
    helpers: Helpers | None = None
    threads: int = 1  # that share this party's gates

    @property
    def role(self) -> Role:
        return Role.GARBLER if self.party == self.program.garbler else Role.EVALUATOR

    @property
    def roles(self) -> Roles:
        return Roles(self.program.garbler, self.program.evaluator)

    def run(self, channel: Channel) -> Outcome:
        """The whole run; on any failure the peer is told (in words that hold no secret) before the error is raised.

        Once this party has outputs nothing fails any more: they are kept whatever becomes of the last words.
        Raises Disagreement, NetworkError, CheatingDetected, ForgedOutput, Refused.
        """
        guard, traffic = Guard(channel, self.role), Traffic()
        watch = Watch(self.watching, channel, self.phases)
        try:
            self.phases.enter("setup")
            watch.tell()
            hello = Hello(
                party=self.party,
                role=self.role.value,
                program=self.digest,
                products=products(self.program.plan).value,
                evaluator=self.program.taken_for.value,
                name=self.name,
                records=self.records,
                nonce=fresh_nonce(),
                contract=self.permit.contract,
                continues=self.permit.continues,
                run=self.permit.run,
                first=self.permit.first,
                workers=0 if self.helpers is None else self.helpers.count,
            )
            peer, name = agree(guard, hello)
            theirs = {d.name for d in self.program.datasets if d.party != self.party}
            same_records(peer, theirs, self.permit.records)
            self._begin(hello if self.role is Role.GARBLER else peer)
            if self.helpers is not None:
                with _as_the_peer_says(guard):
                    self.helpers.meet(guard, self.role, min(hello.workers, peer.workers))
            watch.first, watch.records = self.follow.first, {**peer.records, **self.records, **self.permit.records}
            self.follow.stepped = watch.stepped
            with _as_the_peer_says(guard):
                outputs = (self._garble if self.role is Role.GARBLER else self._evaluate)(guard, name, traffic, watch)
            self.keep(outputs)
            farewell = self._part(guard, channel, outputs)
        except BaseException as error:
            if isinstance(error, (CheatingDetected, ForgedOutput)):
                self.permit.attacked(type(error).__name__)
            if self.helpers is not None:
                self.helpers.stop()
            guard.give_up(_reason(error))
            self.permit.failed(error)
            raise
        finally:
            if self.helpers is not None:
                self.helpers.end()
            self.permit.ended()
            self.phases.enter("")
        watch.tell(ended=True)  # when nothing can fail any more
        sent, received, worked = channel.sent_bytes, channel.received_bytes, self._worked(traffic)
        beside = sum(each.tables + each.corrections for each in worked if each is not None)
        if self.role is Role.GARBLER:
            sent += beside
        else:
            received += beside
        return Outcome(outputs, peer, sent, received, traffic, farewell, worked)

    def _worked(self, traffic: Traffic) -> tuple[Worked | None, ...]:
        """What each worker did, whose bytes are of the run's traffic."""
        worked = () if self.helpers is None else tuple(self.helpers.worked())
        for each in worked:
            if each is not None:
                traffic.tables += each.tables
                traffic.corrections += each.corrections
        return worked

    def _begin(self, garbler: Hello) -> None:
        """From the step that the garbler's ledger says; raises ProtocolError where the run has none such, and Refused
        where this party's log is at odds with it."""
        steps = told_steps(self.program.plan)
        if garbler.first > steps or (garbler.first and not garbler.continues):
            raise ProtocolError(f"the peer goes on with step {garbler.first} of a run of {steps}")
        self.follow.begin(garbler.run, garbler.first)

    def _part(self, guard: Guard, channel: Channel, outputs: Mapping[str, Array]) -> str:
        """The last words; why they are missing, if they are and there are outputs, which do not wait for them long."""
        if outputs:
            channel.timeout = min(channel.timeout, PARTING)
        try:
            with self.phases.during("outputs"):
                if self.role is Role.EVALUATOR:
                    guard.send(Frame.DONE, b"")
                else:
                    expect(guard, Frame.DONE, 0)
                    self.permit.released()
                guard.close()
        except (NetworkError, Refused, KeyboardInterrupt) as error:
            if not outputs:
                raise
            guard.abort()
            return str(Interrupted(was(error)) if isinstance(error, KeyboardInterrupt) else error)
        return ""

    def _garble(self, guard: Guard, name: bytes, traffic: Traffic, watch: Watch) -> dict[str, Array]:
        self.permit.opening()
        secret, seeds, plan, helpers = LabelSecret.fresh(), PublicSeeds.fresh(), self.program.plan, self.helpers
        with ExitStack() as wiped:
            wiped.callback(secret.destroy)
            threads = wiped.enter_context(Threads(self.threads))  # none is at work when the secret is wiped
            guard.send(Frame.SEEDS, seeds.hash + seeds.labels)
            with secret.in_use() as delta:
                sender = Sender.setup(guard, delta, name, engines.columns())
            wiped.callback(sender.destroy)
            ends = GarblerEnds(guard, sender, self.phases, self.permit, traffic)
            backend = engines.garbler(
                plan.kernels,
                self.roles,
                secret,
                seeds,
                ends,
                ends,
                ends.send_tables,
                ends.send_corrections,
                engines.alone if helpers is None else partial(helpers.garbling, plan, secret, seeds, ends.flush),
                threads,
            )
            self.permit.labels()
            return self._walk(backend, watch)

    def _evaluate(self, guard: Guard, name: bytes, traffic: Traffic, watch: Watch) -> dict[str, Array]:
        self.permit.opening()
        drawn = expect(guard, Frame.SEEDS, HASH_SEED_BYTES + SEED_BYTES)
        if len(drawn) != HASH_SEED_BYTES + SEED_BYTES:
            raise ProtocolError("the peer's seeds have a wrong length")
        seeds = PublicSeeds(drawn[:HASH_SEED_BYTES], drawn[HASH_SEED_BYTES:])
        receiver = Receiver.setup(guard, name, engines.columns())
        ends = EvaluatorEnds(guard, receiver, self.phases, self.permit, traffic)
        plan, helpers = self.program.plan, self.helpers
        with Threads(self.threads) as threads:
            backend = engines.evaluator(
                plan.kernels,
                self.roles,
                seeds,
                ends,
                ends,
                ends.receive_tables,
                ends.receive_corrections,
                engines.alone if helpers is None else partial(helpers.evaluating, plan, seeds),
                threads,
            )
            self.follow.gather()  # the garbler's permit has been asked, and nothing been charged
            return self._walk(backend, watch)

    def _walk(self, backend: GarblerBackend | EvaluatorBackend, watch: Watch) -> dict[str, Array]:
        self.phases.enter("stream")
        watch.streams()
        asks = self.party if self.role is Role.EVALUATOR else None
        with settled():
            return walk(
                self.program.plan, backend, self.sources, frozenset({self.party}), watch.gates, self.follow, asks
            )


@contextmanager
def _as_the_peer_says(guard: Guard) -> Generator[None]:
    """Where the peer's workers go because it ends the session, it says why: raises that."""
    try:
        yield
    except PeerWorkerLost:
        guard.last_word(LAST_WORD)
        raise


def _reason(error: BaseException) -> str:
    """What the peer is told: the kind of failure, never its details, but for what it needs to mend a disagreement."""
    match error:
        case Disagreement():
            return str(error)
        case Refused():
            return REFUSED
        case WorkerLost() | PeerWorkerLost():
            return without_worker(error.number, own=isinstance(error, WorkerLost))
        case KeyboardInterrupt():
            return f"it was {was(error)} there"
        case Interrupted():
            return f"it was {error.what} there"
        case Timeout():
            return "it waited too long there for a word from here (--timeout)"
        case TooFewOwners():
            return "too few of the other owners are there"
        case _:
            return f"it failed there ({type(error).__name__})"
