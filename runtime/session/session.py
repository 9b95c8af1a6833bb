"""The two sides of a run over a channel: greet, seed, transfer, walk the schedule, open the outputs."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from compiler.program import Compiled
from compiler.words.evaluate import Array, Sources
from runtime.contract.refused import Refused
from runtime.crypto.hash import HASH_SEED_BYTES
from runtime.crypto.labels import LABEL_BYTES, Labels
from runtime.crypto.prg import SEED_BYTES
from runtime.crypto.secret import LabelSecret, PublicSeeds
from runtime.execute.backend import Bits, Roles
from runtime.execute.portable import PortableEvaluator, PortableGarbler
from runtime.execute.walk import Progress, walk
from runtime.execute.yao import EvaluatorBackend, ForgedOutput, GarblerBackend, PublicLabels
from runtime.net.channel import Channel, expect
from runtime.net.errors import ProtocolError
from runtime.net.frames import Frame
from runtime.ot.errors import CheatingDetected
from runtime.ot.extension import Receiver, Sender
from runtime.session.guard import REFUSED, Guard
from runtime.session.hello import Disagreement, Hello, agree, fresh_nonce
from runtime.session.permit import Gate
from runtime.session.phases import Phases
from runtime.session.state import Role

TABLE_FRAME = 1 << 20          # bytes; the longest TABLES frame that is accepted


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run left this party with."""

    outputs: dict[str, Array]
    peer: Hello
    sent_bytes: int
    received_bytes: int


@dataclass(frozen=True, slots=True)
class Session:
    """One party's end of one run."""

    program: Compiled
    name: str                  # of the program's file, for messages
    digest: str
    party: str
    records: dict[str, int]
    sources: Sources
    phases: Phases
    progress: Progress | None = None
    gate: Gate = field(default_factory=Gate)

    @property
    def role(self) -> Role:
        return Role.GARBLER if self.party == self.program.garbler else Role.EVALUATOR

    @property
    def roles(self) -> Roles:
        return Roles(self.program.garbler, self.program.evaluator)

    def run(self, channel: Channel) -> Outcome:
        """The whole run; on any failure the peer is told (in words that hold no secret) before the error is raised.

        Raises Disagreement, NetworkError, CheatingDetected, ForgedOutput, Refused.
        """
        guard = Guard(channel, self.role)
        try:
            self.phases.enter("setup")
            hello = Hello(party=self.party, role=self.role.value, program=self.digest, name=self.name,
                          records=self.records, nonce=fresh_nonce(), contract=self.gate.contract)
            peer, name = agree(guard, hello)
            outputs = (self._garble if self.role is Role.GARBLER else self._evaluate)(guard, name)
            channel.close()
        except BaseException as error:
            if isinstance(error, (CheatingDetected, ForgedOutput)):
                self.gate.attacked(type(error).__name__)
            guard.give_up(_reason(error))
            raise
        finally:
            self.gate.ended()
            self.phases.enter("")
        return Outcome(outputs, peer, channel.sent_bytes, channel.received_bytes)

    def _garble(self, guard: Guard, name: bytes) -> dict[str, Array]:
        self.gate.opening()
        secret, seeds = LabelSecret.fresh(), PublicSeeds.fresh()
        try:
            guard.send(Frame.SEEDS, seeds.hash + seeds.labels)
            with secret.in_use() as delta:
                sender = Sender.setup(guard, delta, name)
            ends = _GarblerEnds(guard, sender, self.phases, self.gate)
            public = PublicLabels(seeds.labels)
            engine = PortableGarbler(self.program.plan.kernels, secret, seeds.hash, public.constant, ends.send_tables)
            backend = GarblerBackend(self.roles, secret, public, engine, ends, ends)
            self.gate.labels()
            outputs = self._walk(backend, lambda: expect(guard, Frame.DONE, 0))
            self.gate.released()
            return outputs
        finally:
            secret.destroy()

    def _evaluate(self, guard: Guard, name: bytes) -> dict[str, Array]:
        seeds = expect(guard, Frame.SEEDS, HASH_SEED_BYTES + SEED_BYTES)
        if len(seeds) != HASH_SEED_BYTES + SEED_BYTES:
            raise ProtocolError("the peer's seeds have a wrong length")
        receiver = Receiver.setup(guard, name)
        ends = _EvaluatorEnds(guard, receiver, self.phases)
        public = PublicLabels(seeds[HASH_SEED_BYTES:])
        engine = PortableEvaluator(self.program.plan.kernels, seeds[:HASH_SEED_BYTES], public.constant,
                                   ends.receive_tables)
        backend = EvaluatorBackend(self.roles, public, engine, ends, ends)
        return self._walk(backend, lambda: guard.send(Frame.DONE, b""))

    def _walk(self, backend: GarblerBackend | EvaluatorBackend, farewell: Callable[[], object]) -> dict[str, Array]:
        self.phases.enter("stream")
        outputs = walk(self.program.plan, backend, self.sources, frozenset({self.party}), self.progress)
        with self.phases.during("outputs"):
            farewell()
        return outputs


class _GarblerEnds:
    """What the garbling backend asks of the channel."""

    def __init__(self, guard: Guard, sender: Sender, phases: Phases, gate: Gate) -> None:
        self._guard, self._sender, self._phases, self._gate = guard, sender, phases, gate

    def send_tables(self, tables: memoryview) -> None:
        for start in range(0, len(tables), TABLE_FRAME):
            self._guard.send(Frame.TABLES, tables[start:start + TABLE_FRAME])

    def send(self, count: int) -> Labels:
        with self._phases.during("inputs"):
            return self._sender.send(self._guard, count)

    def receive_output_labels(self, count: int) -> Labels:
        with self._phases.during("outputs"):
            payload = _exactly(self._guard, Frame.OUTPUT_LABELS, count * LABEL_BYTES)
            return np.frombuffer(payload, dtype="<u8").astype(np.uint64).reshape(count, 2)

    def send_decoding_bits(self, bits: Bits) -> None:
        with self._phases.during("outputs"):
            self._gate.releasing()
            self._guard.send(Frame.DECODING, np.packbits(bits, bitorder="little").tobytes())


class _EvaluatorEnds:
    """What the evaluating backend asks of the channel."""

    def __init__(self, guard: Guard, receiver: Receiver, phases: Phases) -> None:
        self._guard, self._receiver, self._phases = guard, receiver, phases
        self._tables = b""
        self._at = 0

    def receive_tables(self, count: int) -> memoryview:
        """The next bytes of the stream, however the garbler cut it into frames."""
        if self._at + count <= len(self._tables):
            self._at += count
            return memoryview(self._tables)[self._at - count:self._at]
        parts, have = [self._tables[self._at:]], len(self._tables) - self._at
        while have < count:
            part = expect(self._guard, Frame.TABLES, TABLE_FRAME)
            if not part:
                raise ProtocolError("the peer sent an empty piece of the tables")
            parts.append(part)
            have += len(part)
        self._tables, self._at = b"".join(parts), count
        return memoryview(self._tables)[:count]

    def receive(self, choices: Bits) -> Labels:
        with self._phases.during("inputs"):
            return self._receiver.receive(self._guard, choices)

    def send_output_labels(self, labels: Labels) -> None:
        with self._phases.during("outputs"):
            self._guard.send(Frame.OUTPUT_LABELS, labels.astype("<u8").tobytes())

    def receive_decoding_bits(self, count: int) -> Bits:
        with self._phases.during("outputs"):
            payload = _exactly(self._guard, Frame.DECODING, -(-count // 8))
            return np.unpackbits(np.frombuffer(payload, np.uint8), bitorder="little", count=count)


def _exactly(guard: Guard, frame: Frame, size: int) -> bytes:
    payload = expect(guard, frame, size)
    if len(payload) != size:
        raise ProtocolError(f"the peer sent {len(payload)} bytes of {frame.name}, not {size}; check that both parties "
                            "run the same program and version")
    return payload


def _reason(error: BaseException) -> str:
    """What the peer is told: the kind of failure, never its details, but for what it needs to mend a disagreement."""
    match error:
        case Disagreement():
            return str(error)
        case Refused():
            return REFUSED
        case KeyboardInterrupt():
            return "it was interrupted there"
        case _:
            return f"it failed there ({type(error).__name__})"
