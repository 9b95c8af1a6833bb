"""How long a party waits, for whom, and what it tells of others."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest
from support.command import HERE, MILLIONAIRES, call
from support.loopback import CLIENT, SERVER

from runtime import api
from runtime.cli import callers
from runtime.cli.callers import Callers
from runtime.net import keys
from runtime.net.channel import HEADER
from runtime.net.errors import NetworkError, Timeout
from runtime.net.frames import Frame
from runtime.net.tls import Listener
from runtime.report.forecast.seconds import longest, over, seconds
from runtime.report.traffic import Link


def test_a_peer_that_sends_a_byte_now_and_then_does_not_hold_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each byte would be in time for --timeout."""
    monkeypatch.setattr("runtime.cli.several.longest", lambda *_: 1.0)
    for identity in (SERVER, CLIENT):
        keys.save(identity, tmp_path)
    party = [
        f"--key={tmp_path / 'client.key'}",
        f"--cert={tmp_path / 'client.crt'}",
        f"--peer={tmp_path / 'server.crt'}",
    ]
    over_ = Event()

    def drip(listener: Listener) -> None:
        channel = listener.accept(10.0, 10.0)
        try:
            channel._outbox.put([HEADER.pack(Frame.HELLO, 4000)], 1.0)
            while not over_.wait(0.1):
                channel._outbox.put([b" "], 1.0)
        except NetworkError:
            pass  # the run has ended, between two bytes
        finally:
            channel.abort()

    with closing(Listener(HERE, 0, SERVER, CLIENT.certificate)) as listener, ThreadPoolExecutor() as pool:
        dripping = pool.submit(drip, listener)
        where = f"{HERE}:{listener.port}"
        done = call("run", MILLIONAIRES, "--as", "bob", *party, "--connect", where, "--input", "b=1", "--timeout", "9")
        over_.set()
        dripping.result()
    assert done.exit_code == 1 and "longer than its work can take" in done.stderr, done.stderr


def test_the_longest_time_grows_with_the_work_and_the_link() -> None:
    small, large = (api.compile(path).compiled for path in (MILLIONAIRES, "examples/tumour/tumour.ccr"))
    assert 600 < longest(small) < longest(large) < 86_400
    slow = Link(1e3, 2.0)
    assert longest(large, slow) > 10 * over(large, slow) > longest(large) > 50 * seconds(large)


def test_the_first_callers_are_told_and_then_their_number(capsys: pytest.CaptureFixture[str]) -> None:
    now = 0.0
    told = Callers("turned away", False, lambda: now)
    for number in range(callers.FIRST + 100):
        told(Timeout(f"caller {number}"))
    assert capsys.readouterr().err.splitlines() == [f"turned away: caller {n}" for n in range(callers.FIRST)]
    now = callers.EVERY
    told(Timeout("one more"))
    assert capsys.readouterr().err == "turned away: 101 more, 111 in all; the last: one more\n"
    Callers("turned away", True, time.monotonic)(Timeout("quiet"))
    assert capsys.readouterr().err == ""
