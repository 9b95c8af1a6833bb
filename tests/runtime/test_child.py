"""A party's process as it is begun from nothing: what it is told, and what is heard of one that dies."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support import short_lives

from runtime.party import child
from runtime.party.child import Child, Failed, begun


@pytest.fixture(autouse=True)
def afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "begun", begun)  # not as `support.warm` has it


def test_it_is_given_its_work_and_the_same_paths() -> None:
    large = np.arange(300_000)  # more than a pipe holds
    heard = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    one = Child("vendor", short_lives.told, large)
    task, paths, deaf = one.pipe.recv()
    assert np.array_equal(task, large) and paths == sys.path and deaf
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == heard
    one.stop()
    assert one.process.poll() == 0


@pytest.mark.parametrize(
    ("work", "task", "said"), [(short_lives.killed, None, "SIGKILL"), (short_lives.left, 3, "exit status 3")]
)
def test_one_that_dies(work: Callable[..., None], task: Any, said: str) -> None:
    one = Child("vendor", work, task)
    assert one.told() == Failed(f"its process ended in the middle ({said})")
    one.stop()


def test_one_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "PATIENCE", 0.1)
    one, start = Child("vendor", short_lives.slept, 600.0), time.monotonic()
    one.stop()
    assert one.process.poll() == -signal.SIGTERM and time.monotonic() - start < 60
