"""Files that appear whole or not at all, and places that are taken for them before there is anything to write."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from errno import EDQUOT, EEXIST, EISDIR, ENOENT, ENOSPC
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

PRIVATE = 0o600  # its owner alone may read it
_ZEROS = 1 << 20  # bytes written at a time
_START = 64  # bytes by which a sort is known


@dataclass(frozen=True, slots=True)
class Sort:
    """Files that begin alike, one of which may take the place of another."""

    name: str
    begins: re.Pattern[bytes]


ARTIFACT = Sort("artifact", re.compile(rb"CCRC"))
CIRCUIT = Sort("circuit in a Bristol format", re.compile(rb"\s*\d+ \d+\s"))
PAGE = Sort("HTML page", re.compile(rb"<!doctype html>"))
LOG = Sort("log of runs", re.compile(rb'\{"time": '))


def spare(path: Path, sort: Sort) -> None:
    """Raises FileExistsError where a file of another sort would be lost: a name that was typed wrong must not cost a
    program, records or a key.  An empty file is of any sort, and so is a pipe or a device."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        start = file.read(_START)
    if start and not sort.begins.match(start):
        raise FileExistsError(EEXIST, f"what is there is no {sort.name}, and is not overwritten", str(path))


def replace(path: Path, write: Callable[[BinaryIO], object], mode: int | None = None) -> None:
    """What `write` puts into a file takes the place of `path` in one step and durably; raises OSError.

    It is written beside its place under a name that no other writer has, and is removed if anything fails.  Without a
    `mode` the new file has that of the file it replaces, else what the umask leaves.  A link stays one: the file that
    it leads to is replaced.  Where a pipe or a device stands there is nothing to replace: it is written to.
    """
    asked, path = path, path.resolve()
    if path.exists() and not path.is_file():
        with path.open("wb") as stream:
            write(stream)
        return
    part = _beside(path)
    try:
        with (
            _called(asked),
            os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode or 0o666), "wb") as file,
        ):
            if mode is None and path.exists():
                os.fchmod(file.fileno(), path.stat().st_mode & 0o7777)
            write(file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _sync(path.parent)


@contextmanager
def _called(path: Path) -> Generator[None]:
    """What the system says of a file beside its place it says of the place: nobody has asked for the other one."""
    try:
        yield
    except OSError as error:
        if error.filename is not None:
            error.filename = str(path)
        raise


def replace_bytes(path: Path, content: bytes, mode: int | None = None) -> None:
    """As `replace`, for bytes that are there already."""
    replace(path, lambda file: file.write(content), mode)


def take(room: Path, size: int) -> None:
    """A file of so many bytes, which `fill` turns into another one though the disk be full; its owner alone reads it.

    It is left as it is where it is there.  Raises OSError.
    """
    handle = os.open(room, os.O_WRONLY | os.O_CREAT, PRIVATE)
    try:
        if os.fstat(handle).st_size == size:
            return
        os.ftruncate(handle, 0)
        try:
            os.posix_fallocate(handle, 0, size)
        except AttributeError:  # a system without it
            os.write(handle, bytes(size))
            os.fsync(handle)
    finally:
        os.close(handle)


def fill(room: Path, path: Path, content: bytes) -> None:
    """What was taken with `take` becomes the file at `path`, in one step and durably, without room of its own.

    Raises OSError, and then nothing is at `path`.
    """
    with room.open("r+b", buffering=0) as file:
        file.write(content)
        file.truncate()
        os.fsync(file.fileno())
    room.replace(path)
    _sync(path.parent)


def advice(error: OSError) -> str:
    """What to do about it."""
    if error.errno in (ENOSPC, EDQUOT):
        return "make room there, or give a path on another disk"
    if error.errno == ENOENT and isinstance(error.filename, str) and not Path(error.filename).parent.is_dir():
        return f"there is no folder {Path(error.filename).parent}: make it first"
    if error.errno == EEXIST:
        return "give another name"
    return "give a file, not a directory" if error.errno == EISDIR else "check the path and its permissions"


class Place:
    """Room for a file that is to appear at `path`: taken, written to and synced now, so that what has been dear to make
    does not meet a full disk or a missing right later.  Its owner alone may read the file.

    Nothing is seen at `path` before `fill`, and nothing is left if that is never called, not even by a process that is
    killed, where the system has files without a name.  A context that gives the room back.
    """

    def __init__(self, path: Path, size: int) -> None:
        """Room for `size` bytes.  Raises OSError."""
        self.path = path.resolve()
        self._part: Path | None = None
        self._handle = -1
        if self.path.is_dir():
            raise IsADirectoryError(21, os.strerror(21))
        if self.path.exists() and not self.path.is_file():
            return  # a pipe or a device: there is no room to be taken
        try:
            with _called(path):
                self._handle = self._opened()
            with os.fdopen(self._handle, "wb", closefd=False) as file:
                for start in range(0, size, _ZEROS):
                    file.write(bytes(min(_ZEROS, size - start)))
            os.fsync(self._handle)
        except BaseException:
            self.close()
            raise

    def fill(self, write: Callable[[BinaryIO], object]) -> None:
        """What `write` writes is at `path`, durably, when this returns; `path` is as it was if this raises OSError."""
        if self._handle < 0:
            with self.path.open("wb") as stream:
                write(stream)
            return
        with os.fdopen(self._handle, "wb", closefd=False) as file:
            file.seek(0)
            write(file)
            file.truncate()
            file.flush()
            os.fsync(self._handle)
        self._appear()

    def _opened(self) -> int:
        with suppress(AttributeError, OSError):
            self._tried()
            return os.open(self.path.parent, os.O_TMPFILE | os.O_WRONLY, PRIVATE)
        self._part = _beside(self.path)
        return os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)

    def _tried(self) -> None:
        """A file without a name can be given one here; AttributeError or OSError if not."""
        handle = os.open(self.path.parent, os.O_TMPFILE | os.O_WRONLY, PRIVATE)
        try:
            _named(handle, self.path).unlink()
        finally:
            os.close(handle)

    def _appear(self) -> None:
        self._part = self._part or _named(self._handle, self.path)
        self._part.replace(self.path)
        self._part = None
        _sync(self.path.parent)

    def close(self) -> None:
        """Give back what was not filled.  A second call does nothing."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
        if self._part is not None:
            self._part.unlink(missing_ok=True)
            self._part = None

    def __enter__(self) -> Place:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _named(handle: int, path: Path) -> Path:
    """The file of this handle, which had no name, under one beside `path`."""
    part = _beside(path)
    # Only a call that names a folder follows the link to the file; which folder does not matter.
    os.link(f"/proc/self/fd/{handle}", part, src_dir_fd=handle, follow_symlinks=True)
    return part


def _beside(path: Path) -> Path:
    """A name that no other writer has."""
    return path.with_name(f".{secrets.token_hex(8)}.part")


def _sync(folder: Path) -> None:
    """A rename is durable once its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
