"""A coordinator's workers from their being hired to their last word."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from typing import Protocol

from compiler.schedule.plan import Plan
from compiler.schedule.rows import number_rows
from runtime.cluster.crew import Crew
from runtime.cluster.hand import RemoteHand
from runtime.cluster.member import CERTIFICATE_BYTES, Post
from runtime.cluster.orders import Order
from runtime.cluster.parts import own_rows
from runtime.cluster.spread import Spread
from runtime.cluster.transfers import EvaluatorSpread, GarblerSpread
from runtime.cluster.words import Begin, decode_port, encode_call
from runtime.crypto.secret import LabelSecret, PublicSeeds
from runtime.execute.backend import Engine, Multiplier, Receiver
from runtime.execute.sharing import MOST
from runtime.net import keys
from runtime.net.channel import Channel, expect
from runtime.net.errors import NetworkError, ProtocolError
from runtime.net.frames import Frame
from runtime.net.tls import Listener
from runtime.session.errors import WorkerLost
from runtime.session.helpers import Worked
from runtime.session.state import Role

HAND, PAIR = 1 / 2, 1 / 4  # of the seconds of a stall: a coordinator's for its worker, a worker's for the peer's
WORKERS_BYTES = MOST * CERTIFICATE_BYTES
_HOST = re.compile(r"[!-~]{1,255}")


class Launcher(Protocol):
    """What starts processes somewhere."""

    here: str
    """The host at which they can reach this process."""

    @property
    def certificates(self) -> list[bytes]:
        """Of each worker, which has made it for this session."""
        ...

    def doors(self) -> list[tuple[str, int]]:
        """Where each waits for the peer's worker: a host and a port, 0 for any that is free."""
        ...

    def public(self, worker: int, port: int) -> tuple[str, int]:
        """How the peer's worker reaches that door, which is at this port."""
        ...

    def start(self, worker: int, post: Post) -> None:
        """Does not wait for it."""
        ...

    def name(self, worker: int) -> str:
        """For messages."""
        ...


@dataclass
class Staff:
    """Workers that have called; `Helpers` of a session."""

    launcher: Launcher
    listens: bool  # this party's workers wait for the peer's
    certificates: list[bytes]
    hands: list[RemoteHand]
    done: list[Worked | None] | None = None  # of each worker, behind the end

    @staticmethod
    def hire(
        launcher: Launcher,
        listens: bool,
        artifact: bytes,
        wait: float,
        stall: float,
        whole: float,
    ) -> Staff:
        """All that the launcher has.  `stall` is how long the parties wait for each other; inside a party it is less,
        so that a worker that stalls is named before their own connection is.

        Raises WorkerLost where one does not come.
        """
        certificates = launcher.certificates
        own, hands = keys.new("coordinator"), list[RemoteHand]()
        with ExitStack() as open, ExitStack() as failed:
            listeners = [open.enter_context(closing(Listener(launcher.here, 0, own, each))) for each in certificates]
            for number, (listener, door) in enumerate(zip(listeners, launcher.doors(), strict=True)):
                at = launcher.here, listener.port
                launcher.start(number, Post(number, *at, own.certificate, door, wait, PAIR * stall, whole))
            for number, listener in enumerate(listeners):
                hands.append(_called(number, launcher.name(number), listener, HAND * stall))
                failed.callback(hands[-1].stop)
                hands[-1].tell(Order.PROGRAM, artifact)
            failed.pop_all()
        return Staff(launcher, listens, certificates, hands)

    @property
    def count(self) -> int:
        return len(self.hands)

    def meet(self, guard: Channel, role: Role, count: int) -> None:
        """As of Helpers."""
        for spare in self.hands[count:]:
            spare.stop()
        del self.hands[count:], self.certificates[count:]
        own = json.dumps([each.decode() for each in self.certificates]).encode()
        if role is Role.GARBLER:
            guard.send(Frame.WORKERS, own)
        theirs = _certificates(expect(guard, Frame.WORKERS, WORKERS_BYTES), self.count)
        if role is Role.EVALUATOR:
            guard.send(Frame.WORKERS, own)
        if self.listens:
            for hand, certificate in zip(self.hands, theirs, strict=True):
                hand.tell(Order.DOOR, certificate)
            ports = [decode_port(hand.answer(Order.OPEN, 2)) for hand in self.hands]
            doors = [self.launcher.public(number, port) for number, port in enumerate(ports)]
            guard.send(Frame.DOORS, json.dumps(doors).encode())
        else:
            doors = _doors(expect(guard, Frame.DOORS, WORKERS_BYTES), self.count)
            for hand, certificate, (host, port) in zip(self.hands, theirs, doors, strict=True):
                hand.tell(Order.CALL, encode_call(certificate, host, port))
        for hand in self.hands:
            hand.answer(Order.PAIRED, 0)

    def garbling(
        self,
        plan: Plan,
        secret: LabelSecret,
        seeds: PublicSeeds,
        flush: Callable[[], None],
        engine: Engine,
        multiplier: Multiplier,
    ) -> tuple[Engine, Multiplier]:
        """The garbler's engine and multiplier, with workers; they are given the correlation."""
        with secret.in_use() as delta:
            self._begin(plan, Begin(seeds, delta))
        crew = Crew(plan, self.hands, flush)
        return Spread(engine, crew), GarblerSpread(multiplier, crew)

    def evaluating(self, plan: Plan, seeds: PublicSeeds, engine: Engine, receiver: Receiver) -> tuple[Engine, Receiver]:
        """The evaluator's."""
        self._begin(plan, Begin(seeds, None))
        crew = Crew(plan, self.hands, _nothing)
        return Spread(engine, crew), EvaluatorSpread(receiver, crew)

    def stop(self) -> None:
        """As of Helpers."""
        if self.done is None:
            self.done = [None for _ in self.hands]
            for hand in self.hands:
                hand.stop()

    def end(self) -> None:
        """As of Helpers."""
        if self.done is None:
            for hand in self.hands:
                hand.end()
            self.done = [hand.worked() for hand in self.hands]

    def worked(self) -> Sequence[Worked | None]:
        return self.done or []

    def _begin(self, plan: Plan, begin: Begin) -> None:
        own_rows(MOST, number_rows(plan.steps, plan.kernels)[1])  # there is room for a worker's number above the last
        payload = begin.encode()
        for hand in self.hands:
            hand.tell(Order.BEGIN, payload)
        payload[:] = bytes(len(payload))


def _called(number: int, name: str, listener: Listener, limit: float) -> RemoteHand:
    """The worker that calls twice."""
    try:
        channel = listener.accept(limit, limit)
        try:
            return RemoteHand(number, name, channel, listener.accept(limit, limit))
        except NetworkError:
            channel.abort()
            raise
    except NetworkError as error:
        raise WorkerLost(number, name, str(error)) from error


def _nothing() -> None:
    """An evaluator holds nothing back."""


def _certificates(payload: bytes, count: int) -> list[bytes]:
    """Raises ProtocolError for anything but so many certificates."""
    with suppress(ValueError, AttributeError, TypeError, RecursionError):
        found = [str(each).encode("ascii") for each in json.loads(payload)]
        if len(found) == count and all(map(keys.fingerprint, found)):
            return found
    raise ProtocolError("the peer did not name as many workers as it has")


def _doors(payload: bytes, count: int) -> list[tuple[str, int]]:
    with suppress(ValueError, TypeError, RecursionError):
        found = [(host, port) for host, port in json.loads(payload)]
        good = all(isinstance(h, str) and _HOST.fullmatch(h) and type(p) is int and 0 < p < 1 << 16 for h, p in found)
        if len(found) == count and good:
            return found
    raise ProtocolError("the peer did not say where its workers are")
