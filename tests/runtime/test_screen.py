"""Standard output that takes nothing: nobody is left without what a run has told, or without a word."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from support.command import MILLIONAIRES, afresh, finish, start

from runtime.cli.screen import NotShown, learned, result

RUN = ("run", MILLIONAIRES, "--input", "a=2", "--input", "b=1", "--quiet")
FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="this system has no device that is always full")


@needs_full
@pytest.mark.parametrize("more", [(), ("--json",)])
def test_what_was_learned_goes_to_standard_error(more: tuple[str, ...]) -> None:
    with FULL.open("w") as full:
        status, _, told = finish(start(*RUN, *more, out=full))
    assert status == 1 and told.splitlines() == [
        '{"outputs": {"out": 1}}' if more else "out = 1",
        "error: standard output takes nothing: No space left on device",
    ]


def test_what_is_in_a_file_is_not_repeated(tmp_path: Path) -> None:
    """Whoever reads only the beginning got all of it once more."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as gone:
        status, _, told = finish(start(*RUN, "--json", "--output", f"out={tmp_path / 'out.csv'}", out=gone))
    assert (status, told) == (1, "error: standard output takes nothing: Broken pipe\n")


def test_nobody_reads() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as gone:
        status, _, told = finish(start(*RUN, out=gone))
    assert status == 1 and "out = 1" in told and told.endswith("takes nothing: Broken pipe\n")


@needs_full
@pytest.mark.parametrize("arguments", [("explain", "leaks-input"), ("simulate", *RUN[1:-1]), ("check", MILLIONAIRES)])
def test_what_can_be_asked_for_again_is_not_repeated(arguments: tuple[str, ...]) -> None:
    with FULL.open("w") as full:
        status, _, told = finish((afresh if arguments[0] == "explain" else start)(*arguments, out=full))
    assert (status, told) == (1, "error: standard output takes nothing: No space left on device\n")


@needs_full
def test_a_fault_is_told_all_the_same() -> None:
    with FULL.open("w") as full:
        status, _, told = finish(start("check", "none.ccr", "--json", out=full))
    assert status == 2 and "no such file" in told and "Traceback" not in told


def test_standard_output_that_was_closed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(NotShown, match="it is closed"):
        learned({}, "all of it", False, ({}, "out = 1"))
    with pytest.raises(NotShown, match="it is closed"):
        result({}, "again", False)
    assert capsys.readouterr().err == "out = 1\n"
