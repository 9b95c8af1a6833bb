"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

PRIVATE = 0o600  # its owner alone may read it


def replace(path: Path, write: Callable[[BinaryIO], object], mode: int | None = None) -> None:
    """What `write` puts into a file takes the place of `path` in one step and durably; raises OSError.

    It is written beside its place under a name that no other writer has, and is removed if anything fails.  Without a
    `mode` the new file has that of the file it replaces, else what the umask leaves.  A link stays one: the file that
    it leads to is replaced.  Where a pipe or a device stands there is nothing to replace: it is written to.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        with path.open("wb") as stream:
            write(stream)
        return
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode or 0o666), "wb") as file:
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


def replace_bytes(path: Path, content: bytes, mode: int | None = None) -> None:
    """As `replace`, for bytes that are there already."""
    replace(path, lambda file: file.write(content), mode)


def _sync(folder: Path) -> None:
    """A rename is durable once its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
