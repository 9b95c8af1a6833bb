"""Parties that are forked from one interpreter: what each draws is its own, and what is heard of one that dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support import short_lives
from support.command import MILLIONAIRES

from runtime.party import child, nursery
from runtime.party.begin import THREADS
from runtime.party.child import Child, Failed
from runtime.party.nursery import Copy, Nursery, prepared, starting

BEFORE = os.environ.get(THREADS)
pytestmark = pytest.mark.skipif(not hasattr(nursery.os, "fork"), reason="this system does not fork")


@pytest.fixture(params=[False, True], ids=["interpreter", "copy"])
def one(request: pytest.FixtureRequest) -> Iterator[Nursery]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # whoever tests has threads, a command that is copied none
        found = Nursery(copied=request.param)
    yield found
    found.close()


def test_no_two_draw_the_same(one: Nursery) -> None:
    """Neither of the system nor of a library that had loaded before the fork."""
    parties = [Child(name, short_lives.drew, None, one.begun) for name in ("hospital", "vendor", "bank")]
    drawn = [party.pipe.recv() for party in parties]
    for party in parties:
        party.stop()
    assert drawn[0].keys() == {"system", "labels", "openssl", "sodium", "random", "numpy", "run secret"}
    for source in drawn[0]:
        assert len({each[source] for each in drawn}) == 3, source


def test_a_party_is_a_process_with_one_thread_that_has_loaded_what_it_needs(one: Nursery) -> None:
    party = Child("vendor", short_lives.looked, None, one.begun)
    threads, loaded, deaf, paths = party.pipe.recv()
    party.stop()
    assert threads == 1 and deaf and paths == sys.path
    assert {"runtime.party.both", "runtime.session.session", "numpy"} <= loaded


def test_a_party_holds_no_end_of_anothers_pipe(one: Nursery) -> None:
    first, second = (Child(name, short_lives.slept, 600.0, one.begun) for name in ("hospital", "vendor"))
    first.process.terminate()
    assert first.told() == Failed("its process ended in the middle (SIGTERM)") and second.process.poll() is None
    second.process.terminate()
    for party in (first, second):
        party.stop()


@pytest.mark.parametrize(
    ("work", "task", "said"), [(short_lives.killed, None, "SIGKILL"), (short_lives.left, 3, "exit status 3")]
)
def test_one_that_dies(one: Nursery, work: Callable[..., None], task: Any, said: str) -> None:
    party = Child("vendor", work, task, one.begun)
    assert party.told() == Failed(f"its process ended in the middle ({said})")
    party.stop()


def test_one_that_does_not_end_is_ended(one: Nursery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "PATIENCE", 0.1)
    party = Child("vendor", short_lives.slept, 600.0, one.begun)
    party.stop()
    assert party.process.poll() == -signal.SIGTERM


def test_when_the_nursery_is_killed(one: Nursery) -> None:
    one._process.kill()
    party = Child("vendor", short_lives.left, 0, one.begun)
    assert party.told() == Failed("its process ended in the middle (exit status 1)")
    party.stop()


def test_when_the_nursery_is_killed_each_of_its_parties_is_given_up(one: Nursery) -> None:
    """None of them keeps another's life from being over."""
    parties: list[Any] = [Child(name, short_lives.slept, 600.0, one.begun).process for name in ("hospital", "vendor")]
    for party in parties:
        party._hear()
    try:
        one._process.kill()
        assert [party.wait(10.0) for party in parties] == [1, 1]
    finally:
        for party in parties:
            os.kill(party._pid, signal.SIGKILL)


def test_one_that_nobody_used_is_gone_at_once() -> None:
    start = time.monotonic()
    found = Nursery()
    found.close()
    assert found._process.poll() == -signal.SIGKILL and time.monotonic() - start < 60


@pytest.mark.parametrize("threads", [1, 2])
def test_what_was_prepared_is_taken_once(monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    """And it is a copy where no thread would be left behind."""
    monkeypatch.setattr(nursery, "FORKS", True)
    monkeypatch.setattr(nursery, "active_count", lambda: threads)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        for _ in range(2):
            with prepared():
                assert os.environ[THREADS] == "1"
    assert os.environ.get(THREADS) == BEFORE
    [early] = nursery._early
    assert isinstance(early._process, Copy) == (threads == 1)
    with starting() as start:
        assert start == early.begun and not nursery._early
    assert early._process.poll() is not None


def test_where_a_process_cannot_fork_each_is_an_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nursery, "FORKS", False)
    with prepared():
        pass
    with starting() as start:
        assert start is nursery.begun and not nursery._early


COMMAND = """
import atexit, os, sys
sys.argv = ["ccr", "run", *sys.argv[1:]]
from runtime.party import nursery
made = nursery.Nursery.__init__
def seen(self, copied=False):
    made(self, copied)
    nursery.seen = self._process
    print(type(self._process).__name__, len(os.listdir("/proc/self/task")))
nursery.Nursery.__init__ = seen
atexit.register(lambda: print(nursery.seen.poll()))
from runtime.cli.main import main; main()
"""


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", COMMAND, *arguments], capture_output=True, text=True, timeout=60)


@pytest.mark.skipif(not nursery.FORKS, reason="no process is copied here")
def test_a_command_that_ends_early_leaves_none() -> None:
    """Its end does not wait for one that still loads."""
    done = command("none.ccr")
    assert done.returncode == 2 and done.stdout.split() == ["Copy", "1", str(-signal.SIGKILL)], done.stderr


@pytest.mark.skipif(not nursery.FORKS, reason="no process is copied here")
def test_a_command_is_copied_and_its_copy_ends_with_the_parties() -> None:
    done = command(MILLIONAIRES, "--input", "a=3", "--input", "b=2")
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and (lines[0], lines[-1]) == ("Copy 1", "0") and "      out = 1" in lines, done.stderr
