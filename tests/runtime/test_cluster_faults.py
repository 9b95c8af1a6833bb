"""Clusters that do not fit, workers that go, and peers that say of theirs what is not so."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from math import prod
from pathlib import Path
from threading import get_ident
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from support import memory_channel
from support.command import BASE, RECORDS, TUMOUR, call
from support.crews import run_spread
from support.launchers import Threads
from support.loopback import CLIENT, tls_pair

from compiler.joint.shares import Products
from compiler.schedule.plan import Launch, Transfer
from runtime import api
from runtime.cluster import member, staff, worker
from runtime.cluster.hand import RemoteHand
from runtime.cluster.orders import Multiply, Order, Run
from runtime.cluster.parts import Cut, shared_steps
from runtime.cluster.staff import Staff
from runtime.cluster.words import Begin
from runtime.crypto.labels import fresh
from runtime.crypto.secret import LabelSecret, PublicSeeds
from runtime.data.memory import InMemory
from runtime.execute.backend import Roles
from runtime.net.channel import Channel
from runtime.net.errors import NetworkError, ProtocolError
from runtime.net.frames import Frame
from runtime.net.keys import Identity
from runtime.net.stream import LinkChannel
from runtime.party.run import prepare, run
from runtime.party.sources import PartySources, load
from runtime.privacy.randomness import RunSecret
from runtime.program import Program
from runtime.session import hello as hello_module
from runtime.session.errors import (
    DifferentWorkers,
    WorkerLost,
)
from runtime.session.hello import Hello
from runtime.session.state import Role

SUM = """party hospital; party vendor;
input x: uint<8>[1024] from hospital; input y: uint<8>[1024] from vendor;
output z = reveal(sum(x * y)) to vendor;
"""


THREES = InMemory("threes", {"": np.full(1024, 3)})


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    file = tmp_path_factory.mktemp("sum") / "sum.ccr"
    file.write_text(SUM)
    return api.compile(file)


def play(program: Program, workers: dict[str, int]) -> dict[str, BaseException | None]:
    """What each party's run ended with."""
    ends: dict[str, Channel] = dict(zip(("hospital", "vendor"), tls_pair(20.0), strict=True))
    names = {"hospital": "x", "vendor": "y"}

    def side(party: str) -> BaseException | None:
        launcher = Threads(workers[party])
        own = Staff.hire(launcher, party == "hospital", program.artifact, 20.0, 20.0, 60.0)
        sources = prepare(program, party, {names[party]: THREES}, RunSecret.of(None, None))
        try:
            run(program, party, sources, ends[party], helpers=own)
        except Exception as error:
            return error
        finally:
            for thread in launcher.threads:
                thread.join(20.0)
                assert not thread.is_alive()
        return None

    with ThreadPoolExecutor() as pool:
        told = {party: pool.submit(side, party) for party in ends}
        return {party: each.result() for party, each in told.items()}


def test_as_many_workers_on_both_sides(program: Program) -> None:
    ended = play(program, {"hospital": 2, "vendor": 1})
    assert [type(error) for error in ended.values()] == [DifferentWorkers] * 2
    assert "2 workers here, 1 worker there" in str(ended["hospital"])


def test_a_worker_that_fails_ends_the_run_on_both_sides(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    done = worker.Worker._run

    def breaks(self: worker.Worker, order: Run) -> None:
        if self._number == 1:
            raise MemoryError
        done(self, order)

    monkeypatch.setattr(worker.Worker, "_run", breaks)
    ended = play(program, {"hospital": 2, "vendor": 2})
    assert all(isinstance(error, NetworkError) for error in ended.values())
    lost = [str(error) for error in ended.values() if isinstance(error, WorkerLost)]
    assert lost and all("worker 2 of this party's cluster is gone: it failed (MemoryError)" in said for said in lost)


def test_what_a_worker_held_is_wiped(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets: list[LabelSecret] = []
    own: dict[int, LabelSecret] = {}  # by thread
    parted: list[bool] = []
    made, close = LabelSecret.__init__, LinkChannel.close

    def kept(self: LabelSecret, delta: object) -> None:
        made(self, delta)  # type: ignore[arg-type]  # handed on as it came
        secrets.append(self)
        own[get_ident()] = self

    def closed(self: LinkChannel) -> None:
        if get_ident() in own:
            parted.append("destroyed" in repr(own[get_ident()]))
        close(self)

    monkeypatch.setattr(LabelSecret, "__init__", kept)
    monkeypatch.setattr(LinkChannel, "close", closed)
    assert play(program, {"hospital": 2, "vendor": 2}) == {"hospital": None, "vendor": None}
    assert len(secrets) == 3 and all("destroyed" in repr(secret) for secret in secrets)
    assert len(parted) >= 4 and all(parted)  # before a peer is waited for that does not hang up


@pytest.mark.parametrize(("kind", "size"), [(Order.LABELS, 31), (Order.SHARES, 32), (Order.LABELS, 48)])
def test_labels_that_were_not_asked_for(kind: Order, size: int) -> None:
    here, there = memory_channel.pair()
    hand = RemoteHand(0, "worker 1", here, memory_channel.pair()[0])
    there.send(kind, bytes(size))
    with pytest.raises(WorkerLost, match=f"it answered with {size} bytes of kind {kind.value}"):
        hand.labels(2)


def test_a_worker_keeps_one_copy_of_delta(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Begin] = []
    decode = Begin.decode

    def kept(data: bytes) -> Begin:
        told.append(decode(data))
        return told[-1]

    monkeypatch.setattr(Begin, "decode", kept)
    assert play(program, {"hospital": 2, "vendor": 2}) == {"hospital": None, "vendor": None}
    given = [begin.delta for begin in told if begin.delta is not None]
    assert len(told) == 4 and len(given) == 2 and not any(delta.any() for delta in given)


def test_what_is_said_to_workers_does_not_show() -> None:
    seeds, secret = PublicSeeds.fresh(), np.array([[987654321987654321, 123456789123456789]], np.uint64)
    multiply = Multiply(Transfer(1, 1, False, 1, 8), 0, secret.reshape(1, 1, 2), np.array([[987654321]], np.uint64))
    shown = repr(Begin(seeds, secret)) + repr(multiply) + repr(Multiply.decode(multiply.encode()))
    assert "98765" not in shown and "12345" not in shown


DEEP = b"[" * 99_999
PEM = CLIENT.certificate.decode()


@pytest.mark.parametrize("payload", [b"", b"[]", b"3", b"[1,2]", b'["x","y"]', json.dumps([PEM] * 3).encode(), DEEP])
def test_certificates_that_are_none(payload: bytes) -> None:
    assert staff._certificates(json.dumps([PEM] * 2).encode(), 2) == [CLIENT.certificate] * 2
    with pytest.raises(ProtocolError, match="did not name"):
        staff._certificates(payload, 2)


@pytest.mark.parametrize(
    "payload",
    [
        *(b"", b"{}", b"[1,2]", b'[["h",1]]', b'[["h",1],["h",70000]]', b'[["h",1],["",2]]', b'[["h",1],["h",true]]'),
        *(b'[["h",1],["\\ud800",2]]', b'[["h",1],["i\\u0000",2]]', b'[["h",1],["i\\n",2]]', DEEP),
    ],
)
def test_doors_that_are_none(payload: bytes) -> None:
    assert staff._doors(b'[["h",1],["i",2]]', 2) == [("h", 1), ("i", 2)]
    with pytest.raises(ProtocolError, match="did not say where"):
        staff._doors(payload, 2)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--workers=2"], "--workers goes with --cluster"),
        (["--cluster=tcp://192.0.2.7:8786", "--workers=2"], "--cluster tcp://192.0.2.7:8786 goes with --as PARTY"),
        (["--cluster=local", "--workers=2", "--insecure"], "and not for --cluster"),
        (["--as=vendor", "--cluster=here", "--workers=2"], "is no scheduler"),
        (["--as=vendor", "--cluster=local"], "--cluster needs --workers"),
        (["--as=vendor", "--cluster=local", "--workers=2", "--worker-listen=h:1-2"], "goes with --listen"),
        (["--as=vendor", "--listen=h:1", "--cluster=local", "--workers=2", "--worker-listen=h:9-2"], "HOST:FIRST-LAST"),
    ],
)
def test_options_that_mean_nothing(options: list[str], said: str) -> None:
    told = call("run", TUMOUR, *options)
    assert told.exit_code == 2 and said in told.stderr


def test_a_plan_without_large_steps_stays_at_home() -> None:
    small = api.compile(TUMOUR.replace("tumour/tumour", "millionaires/millionaires")).compiled
    both = run_spread(small.plan, {"a": 3, "b": 2}, 2, Roles(small.garbler, small.evaluator))
    assert both.pairs == [0, 0] and both.home


def test_a_peer_that_takes_little_ends_with_the_run(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that sends looks at nothing else, so the end of the run is its own."""
    pairs: list[Channel] = []
    meet = member._meet

    def noted(post: member.Post, identity: Identity, coordinator: Channel) -> Channel:
        pairs.append(meet(post, identity, coordinator))
        return pairs[-1]

    monkeypatch.setattr(member, "_meet", noted)
    before = time.monotonic()
    assert play(program, {"hospital": 1, "vendor": 1}) == {"hospital": None, "vendor": None}
    assert len(pairs) == 2 and all(before < pair.deadline <= time.monotonic() + 60.0 for pair in pairs)


def test_a_worker_in_the_middle_of_a_send_wipes_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The peer's worker has no orders, and takes nothing; no wait ends within the 60 seconds of a stall."""
    secrets: list[LabelSecret] = []
    made = LabelSecret.__init__

    def kept(self: LabelSecret, delta: Any) -> None:
        made(self, delta)
        secrets.append(self)

    (tmp_path / "wide.ccr").write_text(SUM.replace("1024", "16384"))
    plan = api.compile(tmp_path / "wide.ccr").compiled.plan
    artifact = api.compile(tmp_path / "wide.ccr").artifact
    launchers = [Threads(1), Threads(1)]
    mine, theirs = (Staff.hire(each, each is launchers[0], artifact, 60.0, 60.0, 60.0) for each in launchers)
    with ThreadPoolExecutor() as pool:
        here, there = memory_channel.pair()
        meeting = pool.submit(theirs.meet, there, Role.EVALUATOR, 1)
        mine.meet(here, Role.GARBLER, 1)
        meeting.result()
    secret, seeds, nobody = (
        LabelSecret.fresh(),
        PublicSeeds.fresh(),
        cast(Any, SimpleNamespace(run=None, together=None)),
    )
    monkeypatch.setattr(LabelSecret, "__init__", kept)
    mine.garbling(plan, secret, seeds, lambda: None, nobody, nobody)
    number, launch = max(
        ((n, step) for n, step in enumerate(shared_steps(plan)) if isinstance(step, Launch)),
        key=lambda found: plan.kernels[found[1].kernel].circuit.and_gates * prod(found[1].lanes),
    )
    for view in launch.reads:
        mine.hands[0].put(view.buffer, np.arange(plan.buffers[view.buffer]), fresh(plan.buffers[view.buffer]))
    mine.hands[0].run(number, Cut(0, 0, launch.lanes[0]), (0,) * len(launch.reads[0].loop), 0)
    time.sleep(1.0)
    assert [repr(each) for each in secrets] == ["LabelSecret(...)"] and launchers[0].threads[0].is_alive()
    for own, each in zip((mine, theirs), launchers, strict=True):  # the peer's may be there for long
        own.stop()
        each.threads[0].join(5.0)
        assert not each.threads[0].is_alive()
        assert [repr(each) for each in secrets] == ["LabelSecret(destroyed)"]


def test_workers_keep_no_labels_behind_a_stretch(monkeypatch: pytest.MonkeyPatch) -> None:
    workers: list[worker.Worker] = []
    work = worker.Worker.work

    def noted(self: worker.Worker) -> None:
        workers.append(self)
        work(self)

    monkeypatch.setattr(worker.Worker, "work", noted)
    demo = api.compile(TUMOUR, {"STEPS": "2"}, Products.GATES).compiled
    files = {name: path.split("=", 1)[1] for name, path in (("records", RECORDS), ("w0", BASE))}
    sources = PartySources(load(demo, frozenset(demo.parties), files), RunSecret.from_seed(4))
    run_spread(demo.plan, sources, 2, Roles(demo.garbler, demo.evaluator))
    assert len(workers) == 4 and all(each.gates and not each._joint.buffers for each in workers)


def test_no_two_sessions_have_a_table_in_common(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same program on the same inputs, twice, as a run that goes on: whatever was garbled before is of no use."""
    sent: list[list[bytes]] = []
    send = LinkChannel.send

    def heard(self: LinkChannel, kind: int, payload: bytes | bytearray | memoryview) -> None:
        if kind == Frame.TABLES and b"BEGIN CERTIFICATE" not in bytes(payload):  # of a coordinator, to a worker
            sent[-1].append(bytes(payload))
        send(self, kind, payload)

    monkeypatch.setattr(LinkChannel, "send", heard)
    for _ in range(2):
        sent.append([])
        assert play(program, {"hospital": 2, "vendor": 2}) == {"hospital": None, "vendor": None}
    first, second = ([tables[at : at + 16] for tables in each for at in range(0, len(tables), 16)] for each in sent)
    assert len(first) == len(second) > 10_000
    assert len(set(first) | set(second)) == len(first) + len(second)


def test_clusters_that_go_on_may_differ_in_number() -> None:
    said = [
        (8, 6, True, None),
        (8, 6, False, DifferentWorkers),
        (8, 0, True, DifferentWorkers),
    ]
    for mine, theirs, continues, problem in said:
        hello = Hello(
            party="a",
            role="garbler",
            program="",
            products="",
            evaluator="",
            contract="",
            name="",
            records={},
            continues=continues,
            run="",
            first=0,
            nonce="",
            workers=mine,
        )
        found = hello_module._compare(hello, replace(hello, party="b", role="evaluator", workers=theirs))
        assert (None if found is None else type(found)) is problem
