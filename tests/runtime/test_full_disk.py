"""What the system does not let be written: one status, and a help that fits, whatever the file is."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from support.command import MILLIONAIRES, call
from support.room import Room

from runtime import files
from runtime.net import keys


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    """No file can be made: the disk is full."""

    def refuse(*_: object, **__: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, "open", refuse)


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def test_every_command_ends_alike(room: Room, full: None) -> None:
    there = room.folder / "there"
    given = ("--input", "a=2", "--input", "b=1", "--output", f"out={there}.npz")
    for command in (
        ("compile", MILLIONAIRES, "-o", f"{there}.ccrc"),
        ("simulate", MILLIONAIRES, *given),
        ("run", MILLIONAIRES, *given, "--quiet"),
        ("inspect", MILLIONAIRES, "--html", f"{there}.html"),
        ("keys", "new", "alice", "--folder", str(room.folder)),
        room.new("--epsilon", "1"),
    ):
        done = call(*command)
        assert done.exit_code == 1, (command, done.stderr)
        assert "No space left on device" in done.stderr and "make room there" in done.stderr
        assert "permission" not in done.stderr


def test_half_a_pair_of_keys_is_not_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = os.open

    def refuse(path: Path, *rest: int) -> int:
        if str(path).endswith(".crt"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return opened(path, *rest)

    monkeypatch.setattr(keys.os, "open", refuse)
    with pytest.raises(keys.KeyNotWritten, match="No space left"):
        keys.save(keys.new("alice"), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_not_written_to_its_end_is_not_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    made = keys.new("alice")
    monkeypatch.setattr(keys.os, "fdopen", full)
    with pytest.raises(keys.KeyNotWritten):
        keys.save(made, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_missing_folder_is_told_before_the_work(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its name; a model was imported, or a program compiled, before it was seen."""

    def work(*_: object, **__: object) -> None:
        raise AssertionError("it has begun to work")

    for module in ("programs.compiled", "import_model._network", "privacy.compiled", "circuits._netlist"):
        monkeypatch.setattr(f"runtime.cli.{module}", work)
    monkeypatch.setattr("runtime.cli.deidentification._owner", work)
    folder = room.folder / "none"
    for command in (
        ("compile", MILLIONAIRES, "-o", f"{folder}/m.ccrc"),
        ("inspect", MILLIONAIRES, "--html", f"{folder}/m.html"),
        ("privacy", MILLIONAIRES, "--plot", f"{folder}/m.png"),
        ("import", "model.onnx", "-o", f"{folder}/m.ccr"),
        ("circuit", "import", "c.txt", "-o", f"{folder}/c.txt"),
        ("circuit", "import", "c.txt", "-o", f"{room.folder}/c.txt", "--program", f"{folder}/c.ccr"),
        ("circuit", "minimize", "c.txt", "-o", f"{folder}/c.txt"),
        ("data", "check", "a.csv", "--policy", "policy.toml", "--report", f"{folder}/report.json"),
        ("budget", "report", "--html", f"{folder}/r.html"),
    ):
        done = call(*command)
        assert done.exit_code == 1, (command, done.stderr, done.exception)
        assert f"there is no folder {folder}: make it first" in done.stderr, command


def test_a_folder_that_takes_no_file_is_told_before_the_work(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was trained for minutes met a missing right only when it was to be written, and was gone."""

    def work(*_: object, **__: object) -> None:
        raise AssertionError("it has begun to work")

    for module in ("programs.compiled", "import_model._network", "new_program.own_table.read", "tuning._lists"):
        monkeypatch.setattr(f"runtime.cli.{module}", work)
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != room.folder)
    there = f"{room.folder}/there"
    for command in (
        ("compile", MILLIONAIRES, "-o", f"{there}.ccrc"),
        ("inspect", MILLIONAIRES, "--html", f"{there}.html"),
        ("import", "model.onnx", "-o", f"{there}.ccr"),
        ("new", there, "--data", "own.csv", "--label", "y", "--model", "linear"),
        ("new", f"{there}/below", "--data", "own.csv", "--label", "y", "--model", "linear"),
        ("tune", MILLIONAIRES, "--plot", f"{there}.png"),
        ("tune", f"{there}.ccr", "--write"),
    ):
        done = call(*command)
        assert done.exit_code == 1, (command, done.stderr, done.exception)
        assert f"cannot write {there}" in done.stderr and "Permission denied" in done.stderr, command
        assert "check the path and its permissions" in done.stderr
