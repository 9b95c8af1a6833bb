"""A worker's whole life: it calls its coordinator, meets the peer's worker, works, and wipes what was secret."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass

from lang.collecting import settled
from runtime.cluster.lifeline import Lifeline
from runtime.cluster.orders import MOST_BYTES, Order
from runtime.cluster.words import Begin, decode_call, encode_port, encode_worked
from runtime.cluster.worker import EvaluatorSide, GarblerSide, Side, Worker, give_up, prepared, with_the_peers
from runtime.crypto.secret import LabelSecret
from runtime.execute import engines
from runtime.net.channel import Channel, expect
from runtime.net.errors import NetworkError
from runtime.net.keys import Identity
from runtime.net.tls import Listener, connect
from runtime.program import from_own_artifact
from runtime.session.helpers import Worked

CERTIFICATE_BYTES = 1 << 13


@dataclass(frozen=True, slots=True)
class Post:
    """Where a worker belongs: it is told no more when it is started."""

    number: int
    host: str  # of its coordinator
    port: int
    certificate: bytes  # likewise
    door: tuple[str, int]  # host and port where it waits for the peer's worker, if it is to; port 0: any
    wait: float  # seconds for its coordinator to answer
    stall: float  # seconds without any progress of the peer's worker, or for that to come
    whole: float  # seconds of a run


def serve(post: Post, identity: Identity) -> None:
    """Raises what `connect` raises; whatever comes after that is told to the coordinator."""
    where = post.host, post.port, identity, post.certificate, post.wait, post.whole
    coordinator = connect(*where)
    life = Lifeline(connect(*where), post.whole)
    try:
        worked = _worked(post, identity, coordinator, life)
        coordinator.send(Order.DONE, encode_worked(worked))
    except BaseException as error:
        give_up(coordinator, error)
        if not isinstance(error, Exception):
            raise
    else:
        with suppress(NetworkError):  # the last word is there, and nobody waits for more
            coordinator.close()
    finally:
        life.let_go()


def _worked(post: Post, identity: Identity, coordinator: Channel, life: Lifeline) -> Worked:
    """What it did, once that is over and wiped."""
    with ExitStack() as ends:
        plan = from_own_artifact("", expect(coordinator, Order.PROGRAM, MOST_BYTES)).compiled.plan
        engines.chosen()  # which tries them, while nobody waits
        programs = prepared(plan)
        ends.enter_context(settled())
        pair = _meet(post, identity, coordinator)
        pair.deadline = time.monotonic() + post.whole  # a peer that takes a byte now and then keeps nothing here
        ends.callback(pair.abort)
        life.wipes(pair.abort)
        wiped = ends.enter_context(ExitStack())
        coordinator.send(Order.PAIRED, b"")
        begin = Begin.decode(expect(coordinator, Order.BEGIN, MOST_BYTES))
        side: Side = EvaluatorSide(programs, begin.seeds, pair)
        if begin.delta is not None:
            secret = LabelSecret(begin.delta)
            begin.delta.fill(0)
            wiped.callback(secret.destroy)
            life.wipes(secret.destroy)
            side = GarblerSide(programs, secret, begin.seeds, pair)
        life.wipes(coordinator.abort)  # the last: whoever sees that is gone finds nothing
        worked = _work(Worker(post.number, plan, side, coordinator), side)
        wiped.close()  # the peer's worker, which may be long in hanging up, is not waited for with a secret at hand
        pair.close()
        return worked


def _meet(post: Post, identity: Identity, coordinator: Channel) -> Channel:
    """The channel to the peer's worker."""
    kind, payload = coordinator.receive(CERTIFICATE_BYTES)
    if kind == Order.CALL:
        certificate, host, port = decode_call(payload)
        with with_the_peers():
            return connect(host, port, identity, certificate, post.stall, post.stall)
    if kind != Order.DOOR:
        raise ValueError("the first order is of the peer's worker")
    host, port = post.door
    with closing(Listener(host, port, identity, payload)) as listener:
        coordinator.send(Order.OPEN, encode_port(listener.port))
        with with_the_peers():
            return listener.accept(post.stall, post.stall)


def _work(worker: Worker, side: Side) -> Worked:
    start = time.monotonic()
    worker.work()
    return Worked(worker.gates, side.tables, side.corrections, time.monotonic() - start, worker.waited)
