"""Whole files: in one step, or what was there before."""

import os
import stat
from pathlib import Path

import pytest

from runtime.files import PRIVATE, Place, fill, replace, replace_bytes, take


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


def test_a_missing_folder_is_told_of_the_file_that_was_asked_for(tmp_path: Path) -> None:
    """And not of the one beside it, whose name nobody has heard."""
    path = tmp_path / "none" / "model"
    with pytest.raises(FileNotFoundError) as caught:
        replace_bytes(path, b"")
    assert caught.value.filename == str(path)


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


@pytest.fixture(params=["without a name", "named"])
def unnamed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the system has files without a name."""
    if request.param == "named":
        monkeypatch.delattr(os, "O_TMPFILE")
    return request.param != "named"


def test_a_place_is_taken_before_there_is_anything_to_write(tmp_path: Path, unnamed: bool) -> None:
    path = tmp_path / "model"
    path.write_bytes(b"before")
    with Place(path, 3 << 20) as place:
        assert path.read_bytes() == b"before" and len(list(tmp_path.iterdir())) == (1 if unnamed else 2)
        assert os.fstat(place._handle).st_blocks * 512 >= 3 << 20, "the room is there"
        place.fill(lambda file: file.write(b"after"))
        assert path.read_bytes() == b"after" and mode(path) == 0o600
    assert list(tmp_path.iterdir()) == [path] and path.read_bytes() == b"after"


def test_a_place_that_is_not_filled_leaves_nothing(tmp_path: Path, unnamed: bool) -> None:
    handles = len(list(Path("/proc/self/fd").iterdir()))
    with Place(tmp_path / "model", 10):
        pass
    assert list(tmp_path.iterdir()) == [] and len(list(Path("/proc/self/fd").iterdir())) == handles
    path = tmp_path / "model"
    path.write_bytes(b"before")

    def fails(_: object) -> None:
        raise OSError(28, "No space left on device")

    with Place(path, 10) as place, pytest.raises(OSError, match="No space left"):
        place.fill(fails)
    assert path.read_bytes() == b"before" and list(tmp_path.iterdir()) == [path]


@pytest.mark.usefixtures("unnamed")
def test_what_cannot_be_written_is_told_when_the_place_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(OSError, match="directory"):
        Place(tmp_path, 10)
    with pytest.raises(OSError, match=f"No such file.*{tmp_path}/none/model'$"):
        Place(tmp_path / "none" / "model", 10)

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        Place(tmp_path / "model", 10)
    assert list(tmp_path.iterdir()) == []


def test_a_place_in_a_pipe_and_behind_a_link(tmp_path: Path) -> None:
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(tmp_path / "target")
    with Place(pipe, 10) as place:  # does not wait for a reader
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        place.fill(lambda file: file.write(b"through"))
        assert os.read(reader, 100) == b"through"
        os.close(reader)
    with Place(link, 10) as place:
        place.fill(lambda file: file.write(b"after"))
    assert link.is_symlink() and (tmp_path / "target").read_bytes() == b"after"


def test_a_name_as_long_as_the_system_allows(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 255)
    replace_bytes(path, b"x")
    assert path.read_bytes() == b"x"


def test_room_that_is_taken_before_there_is_anything_to_write(tmp_path: Path) -> None:
    room, path = tmp_path / "1.room", tmp_path / "1"
    take(room, 9000)
    found = room.stat()
    assert found.st_size == 9000 and found.st_blocks * 512 >= 9000 and found.st_mode & 0o777 == PRIVATE
    take(room, 9000)
    assert room.stat().st_ino == found.st_ino
    fill(room, path, b"told")
    assert path.read_bytes() == b"told" and path.stat().st_ino == found.st_ino and not room.exists()
    take(room, 10)
    take(room, 20)
    assert room.stat().st_size == 20
    with pytest.raises(FileNotFoundError):
        fill(tmp_path / "2.room", tmp_path / "2", b"")
    assert not (tmp_path / "2").exists()
