"""Outputs of a run that was paid for: their places are taken before, and none is lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.command import HERE, MILLIONAIRES, call

from runtime.data.errors import InputError
from runtime.report import saved

LONG = "party alice; party bob; input x: uint<8>[70] from alice; output y = reveal(x) to bob;\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Here, with a program of a long output."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "long.ccr").write_text(LONG)
    (tmp_path / "x.csv").write_text("x\n" + "".join(f"{i}\n" for i in range(70)))
    return tmp_path


def ran(*more: str, status: int = 0) -> Any:
    done = call("run", "long.ccr", "--input", "x=x.csv", "--quiet", *more)
    assert done.exit_code == status, (done.stderr, done.exception)
    return done


def test_what_the_screen_would_cut_is_saved(folder: Path) -> None:
    assert "saved in long-y.npz" in ran().stdout
    assert "saved in long-y-2.npz" in ran().stdout, "nothing is overwritten"
    for name in ("long-y.npz", "long-y-2.npz"):
        with np.load(folder / name) as file:
            assert file["y"].tolist() == list(range(70))
    done = ran("--json")
    assert json.loads(done.stdout)["outputs"]["y"] == list(range(70))
    assert sorted(path.name for path in folder.glob("*.npz")) == ["long-y-2.npz", "long-y.npz"]


def test_a_short_output_is_shown(folder: Path) -> None:
    done = call("run", MILLIONAIRES, "--input", "a=2", "--input", "b=1", "--quiet")
    assert "out = 1" in done.stdout and not list(folder.glob("*.npz"))


def test_another_place_is_taken_and_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise InputError("cannot be written: No space left on device", help="check the path", file="y.npy")

    monkeypatch.setattr(saved, "fill", fails)
    done = ran("--output", "y=y.npy", "--json", status=1)
    (output,) = json.loads(done.stdout)["learned"]["bob"]
    assert Path(output["file"]).name.startswith("ccr-y-") and f"`y` is saved in {output['file']}" in done.stderr
    assert "No space left" in done.stderr and np.load(output["file"]).tolist() == list(range(70))
    monkeypatch.setattr(saved, "write", fails)
    done = ran("--output", "y=y.npy", status=1)
    assert "67, 68, 69]" in done.stdout and "saved nowhere" in done.stderr
    assert not (folder / "y.npy").exists()


def test_a_place_that_cannot_be_had_is_told_before_the_peer_is_met(folder: Path) -> None:
    """Nobody listens at the address: that is never found out."""
    for name in ("alice", "bob"):
        assert call("keys", "new", name).exit_code == 0
    (folder / "y.npy").mkdir()
    party = ("--as", "bob", "--key", "bob.key", "--cert", "bob.crt", "--peer", "alice.crt", "--connect", f"{HERE}:9")
    done = call("run", "long.ccr", *party, "--output", "y=y.npy")
    assert done.exit_code == 1 and "cannot be written: Is a directory" in done.stderr
    (folder / "y.npy").rmdir()
    done = call("run", "long.ccr", *party, "--output", "y=y.npy", "--wait", "0.1")
    assert done.exit_code == 1 and "nobody answered" in done.stderr and not (folder / "y.npy").exists()


def test_a_run_that_fails_leaves_no_file(folder: Path) -> None:
    before = set(folder.iterdir())
    done = call("run", "long.ccr", "--input", "x=none.csv", "--quiet")
    assert done.exit_code == 2 and set(folder.iterdir()) == before
