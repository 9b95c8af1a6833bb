"""Whole files: in one step, or what was there before."""

import os
import stat
from pathlib import Path

import pytest

from runtime.files import PRIVATE, replace, replace_bytes


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_it_takes_the_place_of_what_was_there_with_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(b"before")
    path.chmod(0o640)
    replace_bytes(path, b"after")
    assert path.read_bytes() == b"after" and mode(path) == 0o640 and list(tmp_path.iterdir()) == [path]
    replace_bytes(path, b"secret", PRIVATE)
    assert mode(path) == 0o600


def test_a_new_file_follows_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        replace_bytes(tmp_path / "new", b"")
    finally:
        os.umask(before)
    assert mode(tmp_path / "new") == 0o640


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"before")
    link.symlink_to(target)
    replace_bytes(link, b"after")
    assert link.is_symlink() and target.read_bytes() == b"after"


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        replace_bytes(pipe, b"through")
        assert os.read(reader, 100) == b"through" and stat.S_ISFIFO(pipe.stat().st_mode)
    finally:
        os.close(reader)


@pytest.mark.parametrize("where", ["fsync", "write"])
def test_a_failure_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    path = tmp_path / "model"
    path.write_bytes(b"before")

    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    if where == "fsync":
        monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        replace(path, full if where == "write" else lambda file: file.write(b"after"))
    assert path.read_bytes() == b"before" and list(tmp_path.iterdir()) == [path]


def test_a_name_as_long_as_the_system_allows(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 255)
    replace_bytes(path, b"x")
    assert path.read_bytes() == b"x"
