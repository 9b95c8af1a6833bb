"""A result takes the place of one of its own sort, and of no other file: a name that was typed wrong costs nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.command import MILLIONAIRES, call

import ccr

GIVEN = ("--input", "a=2", "--input", "b=1")
OTHER = {
    "a program": b"party vendor;\n",
    "records": b"x0,x1,y\n0.5,0.25,1\n",
    "a key": b"-----BEGIN PRIVATE KEY-----\n",
    "bytes": b"\x89\x00\xff",
}
COMMANDS = {
    "compile": ("compile", MILLIONAIRES, "-o"),
    "a page of inspect": ("inspect", MILLIONAIRES, "--html"),
    "a page of budgets": ("budget", "report", "--html"),
    "a circuit": ("circuit", "import", "c.txt", "-o"),
    "a program of a circuit": ("circuit", "import", "c.txt", "-o", "new.txt", "--program"),
    "a smaller circuit": ("circuit", "minimize", "c.txt", "-o"),
    "a log": ("run", MILLIONAIRES, *GIVEN, "--quiet", "--log-json"),
}
CIRCUIT = "1 3\n2 1 1\n1 1\n2 1 0 1 2 AND\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.txt").write_text(CIRCUIT)
    return tmp_path


@pytest.mark.parametrize("sort", OTHER)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_of_another_sort_is_left_as_it_is(folder: Path, command: str, sort: str) -> None:
    other = folder / "other"
    other.write_bytes(OTHER[sort])
    done = call(*COMMANDS[command], "other")
    assert done.exit_code == 2 and "other" in done.stderr and "is not overwritten" in done.stderr, done.stderr
    assert "give another name" in done.stderr and other.read_bytes() == OTHER[sort]
    assert not (folder / "new.txt").exists()


def test_one_of_the_same_sort_is_replaced_and_so_is_an_empty_file(folder: Path) -> None:
    for command in ("compile", "a page of inspect", "a circuit"):
        there = folder / "there"
        there.write_bytes(b"")
        for _ in range(2):
            done = call(*COMMANDS[command], "there")
            assert done.exit_code == 0 and there.stat().st_size > 10, (command, done.stderr)


@pytest.mark.parametrize("ending", ["csv", "npy"])
def test_an_output_takes_the_place_of_itself_alone(folder: Path, ending: str) -> None:
    """A file without names of arrays, which may be the very records that it is computed from."""
    other, saved = folder / f"records.{ending}", folder / f"saved.{ending}"
    if ending == "csv":
        other.write_bytes(OTHER["records"])
    else:
        np.save(other, np.zeros((4, 3)))
    before = other.read_bytes()
    done = call("simulate", MILLIONAIRES, *GIVEN, "--output", f"out=records.{ending}")
    assert done.exit_code == 2 and "would be lost" in done.stderr and other.read_bytes() == before
    saved.write_bytes(b"")
    for _ in range(2):
        done = call("simulate", MILLIONAIRES, *GIVEN, "--output", f"out=saved.{ending}")
        assert done.exit_code == 0 and saved.read_bytes(), done.stderr


def test_python_spares_them_too(folder: Path) -> None:
    other, program = folder / "other", ccr.compile(MILLIONAIRES)
    other.write_bytes(OTHER["a program"])
    for save in (program.save, program.inspect().save):
        with pytest.raises(FileExistsError, match="is not overwritten"):
            save("other")
        save("new")
        save("new")
        (folder / "new").unlink()
    assert other.read_bytes() == OTHER["a program"]
