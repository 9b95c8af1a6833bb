"""Threads that share a party's gates: the bytes of one, on every path, and nobody left behind."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from threading import Event, Thread, Timer
from typing import Any, cast
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.backends import NATIVE
from support.command import MILLIONAIRES, call
from support.garbled import garbled
from support.in_memory import ROLES
from support.joint_plans import joint_plan
from support.known import as_known, knowing
from support.memory_channel import MemoryChannel, pair
from support.small_plans import random_circuit, small_tile, whole

import ccr
from compiler import pipeline
from compiler.program import Compiled
from compiler.schedule.plan import Kernel, Launch, Repeat, Transfer
from lang.source import Source
from runtime.crypto.labels import Labels, fresh
from runtime.crypto.secret import LabelSecret
from runtime.execute.backend import Engine
from runtime.execute.engines import PORTABLE, corrected, correcting, evaluating, garbling
from runtime.execute.threads import Threads
from runtime.net.errors import ConnectionLost
from runtime.net.frames import Frame
from runtime.party.sources import PartySources
from runtime.privacy.randomness import RunSecret
from runtime.session.phases import Phases
from runtime.session.session import Session

SEED = bytes(range(16))
COUNTS = (1, 2, 3)
pytestmark = pytest.mark.skipif(not NATIVE, reason="the C part is not built here")


@pytest.fixture(autouse=True, scope="module")
def small_parts() -> Iterator[None]:
    """What is small is shared, too."""
    native = "runtime.execute.native"
    with (
        patch(f"{native}.engine.PART_BYTES", 1 << 12),
        patch(f"{native}.engine.WORTH", 1 << 12),
        patch(f"{native}.shares.WORTH", 1),
    ):
        yield


def sharing() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("ccr-share")]


# -- the same bytes -------------------------------------------------------------------------------


def launched(backend: str, count: int, kernel: Kernel, lanes: int, labels: Labels, secret: LabelSecret) -> list[bytes]:
    """Tables of a loop round a launch from a buffer to itself, and what both parties have then, of the same labels."""
    inputs, rows = kernel.circuit.inputs, -(-lanes // kernel.tile) * kernel.circuit.and_gates
    launch, tables = Launch(0, (lanes,), (whole(0, lanes, inputs, 1),), (whole(0, lanes, inputs, 1),), 0), bytearray()
    with Threads(count) as threads:
        garbler = garbling(backend, [kernel], secret, SEED, labels[:1], tables.extend, threads)
        zero = looped(garbler, launch, rows, labels)
        evaluator = evaluating(backend, [kernel], SEED, labels[:1], BytesIO(tables).read, threads)
        return [bytes(tables), zero, looped(evaluator, launch, rows, labels)]


def looped(engine: Engine, launch: Launch, rows: int, labels: Labels) -> bytes:
    buffers, told = {0: labels.copy()}, list[int]()
    together = engine.together([Repeat(2, (launch,), 1, rows)], [len(labels)], [0], 0)
    assert together is not None
    together(buffers, (), 5, told.append)
    return buffers[0].tobytes() + bytes(str(sum(told)), "ascii")


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 1 << 32), st.integers(1, 700), st.sampled_from([1, 8, 64, 256]), st.integers(0, 70))
def test_a_wide_launch_makes_the_bytes_of_one_thread(seed: int, lanes: int, tile: int, gates: int) -> None:
    rng = random.Random(seed)
    joint = small_tile(random_circuit(rng, 5, gates, 5), tile)
    secret, labels = LabelSecret.fresh(), fresh(5 * lanes)
    for kernel in (joint, knowing(joint, rng)):
        for backend in NATIVE:
            one, *others = (launched(backend, count, kernel, lanes, labels, secret) for count in COUNTS)
            assert all(other == one for other in others)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 1 << 48))
def test_a_plan_of_wide_and_narrow_steps(seed: int) -> None:
    """Every launch is wide where a part is a byte; loops, copies and buffers that are freed stand between."""
    joint, values = joint_plan(random.Random(seed))
    secret = LabelSecret.fresh()
    with patch("runtime.execute.native.engine.WORTH", 1):
        for plan in (joint, as_known(joint, ROLES.garbler)):
            found: list[tuple[bytes, bytes, int]] = []
            for count in COUNTS:
                with Threads(count) as threads:
                    tables, decoding, told = garbled(plan, values, NATIVE[0], secret, threads)
                found.append((tables, decoding, sum(told)))
            assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("backend", NATIVE)
@pytest.mark.parametrize("shape", [Transfer(40, 7, True, 30, 29), Transfer(3, 2, False, 8200, 60)])
def test_corrections_and_shares_are_those_of_one_thread(backend: str, shape: Transfer) -> None:
    rng, secret = np.random.default_rng(1), LabelSecret.fresh()
    labels = fresh(shape.words * shape.width).reshape(shape.words, shape.width, 2)
    numbers = rng.integers(0, 1 << 20, (shape.words, shape.shared), dtype=np.uint64)
    found: list[tuple[bytes, bytes, bytes]] = []
    for count in COUNTS:
        sent = bytearray()
        with Threads(count) as threads:
            mine = correcting(backend, secret, SEED, sent.extend, threads).multiply(labels, numbers, shape, 3)
            theirs = corrected(backend, SEED, BytesIO(sent).read, threads).multiply(labels, shape, 3)
        found.append((bytes(sent), mine.tobytes(), theirs.tobytes()))
    assert found[0] == found[1] == found[2]
    assert found[0][0]


# -- threads that end -----------------------------------------------------------------------------


def test_what_a_part_fails_with_is_raised_when_all_have_ended() -> None:
    held, done = Event(), list[int]()

    def work(part: int) -> None:
        if part == 1:
            raise OverflowError("one of them")
        assert held.wait(10) or part
        done.append(part)

    with Threads(3) as threads:
        Timer(0.1, held.set).start()
        with pytest.raises(OverflowError, match="one of them"):
            threads.each(3, work)
        assert sorted(done) == [0, 2]
        threads.each(3, done.append)
    assert not sharing()


def test_ctrl_c_waits_for_the_others() -> None:
    """Whoever waits for them hears it while one is at work on memory that is wiped next."""
    begun, held, done = Event(), Event(), list[int]()

    def work(part: int) -> None:
        if not part:
            begun.wait(10)
            Timer(0.1, held.set).start()
            raise KeyboardInterrupt
        begun.set()
        held.wait(10)
        done.append(part)

    with Threads(2) as threads:
        with pytest.raises(KeyboardInterrupt):
            threads.each(2, work)
        assert done == [1]
    assert not sharing()


@pytest.mark.parametrize("backend", NATIVE)
def test_the_registers_of_all_are_wiped(backend: str) -> None:
    kernel, secret = small_tile(random_circuit(random.Random(4), 5, 40, 5), 64), LabelSecret.fresh()
    labels = fresh(5 * 64)
    with Threads(2) as threads:
        engine: Any = garbling(backend, [kernel], secret, SEED, labels[:1], lambda data: None, threads)
        looped(engine, Launch(0, (64,), (whole(0, 64, 5, 1),), (whole(0, 64, 5, 1),), 0), 40, labels)
    assert all(registers.any() for registers in engine._registers)
    secret.destroy()
    assert not any(registers.any() for registers in engine._registers)


# -- what is asked for ----------------------------------------------------------------------------

RUN = ("run", MILLIONAIRES, "--input", "a=2", "--input", "b=1")


def test_the_command_runs_with_some() -> None:
    done = call(*RUN, "--threads", "2", "--json", "--quiet")
    assert json.loads(done.stdout)["outputs"] == {"out": 1}


@pytest.mark.parametrize(
    ("given", "why"),
    [("0", "0 is below 1"), ("65", "65 is above 64"), ("two", "is not a whole number")],
)
def test_a_number_that_cannot_be_is_refused(given: str, why: str) -> None:
    done = call(*RUN, "--threads", given)
    assert done.exit_code == 2
    assert "'--threads'" in done.stderr and why in done.stderr


def test_workers_have_no_threads() -> None:
    done = call(*RUN, "--as", "alice", "--cluster", "local", "--workers", "2", "--threads", "2")
    assert done.exit_code == 2
    assert "--threads is for a party without --cluster" in done.stderr


def test_the_portable_backend_refuses_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CCR_BACKEND", PORTABLE)
    done = call(*RUN, "--threads", "2")
    assert done.exit_code == 2
    assert "2 threads were asked for, and the portable backend has use for one (CCR_BACKEND names it)" in done.stderr
    program = ccr.compile(MILLIONAIRES)
    with pytest.raises(ValueError, match="the portable backend has use for one"):
        program.run(a=2, b=1, threads=2)


def test_python_takes_the_same() -> None:
    program = ccr.compile(MILLIONAIRES)
    for wrong in (0, 1.5, "2", True):
        with pytest.raises(ValueError, match="threads is a whole number above 0, not"):
            program.run(a=2, b=1, threads=cast("int", wrong))
    with pytest.raises(ValueError, match="threads is 65, and must be from 1 to 64"):
        program.run(a=2, b=1, threads=65)
    assert program.run(a=2, b=1, threads=2).outputs["out"] == 1


# -- a session ------------------------------------------------------------------------------------

TEXT = """party left; party right;
input x: uint<16>[2000] from left;
input y: uint<16>[2000] from right;
output product = reveal((x * y) as uint<16> wrap) to right;
"""
LEFT, RIGHT = np.arange(2000) * 7, np.arange(2000) * 11


class Failing(MemoryChannel):
    """An end that fails in the middle of the tables."""

    def __init__(self, end: MemoryChannel, error: BaseException) -> None:
        super().__init__(end._inbox, end._outbox, end.timeout)
        self._error, self._frames = error, 0

    def send(self, kind: int, payload: bytes | bytearray | memoryview) -> None:
        self._frames += kind == Frame.TABLES
        if kind == Frame.TABLES and self._frames == 2:
            if isinstance(self._error, ConnectionLost):
                self.abort()
            raise self._error
        super().send(kind, payload)


def session(party: str, threads: int) -> Session:
    program, values = compiled(), {"left": {"x": LEFT}, "right": {"y": RIGHT}}[party]
    sources = PartySources(values, RunSecret.from_seed(1))
    return Session(program, "wide", "digest", party, {}, sources, Phases(), threads=threads)


@cache
def compiled() -> Compiled:
    return pipeline.compile(Source("wide.ccr", TEXT))


def played(garbler: MemoryChannel, evaluator: MemoryChannel) -> tuple[list[BaseException], dict[str, Any]]:
    """What both sides failed with, and the outputs."""
    failed, outputs = list[BaseException](), dict[str, Any]()

    def one(party: str, channel: MemoryChannel) -> None:
        try:
            outputs.update(session(party, 2).run(channel).outputs)
        except BaseException as error:
            failed.append(error)

    other = Thread(target=one, args=(compiled().evaluator, evaluator))
    other.start()
    one(compiled().garbler, garbler)
    other.join()
    return failed, outputs


def test_both_sides_of_a_session() -> None:
    failed, outputs = played(*pair(timeout=10))
    assert not failed
    assert outputs["product"].tolist() == ((LEFT * RIGHT) % (1 << 16)).tolist()
    assert not sharing()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ConnectionLost("the peer is gone"), MemoryError()])
def test_nobody_is_left_behind(error: BaseException) -> None:
    """On Ctrl-C, a peer that goes and a defect, on both sides."""
    here, there = pair(timeout=10)
    failed, _ = played(Failing(here, error), there)
    assert error in failed and len(failed) == 2
    assert not sharing()
