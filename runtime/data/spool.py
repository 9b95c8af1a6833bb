"""Bytes that may be too many for the memory: beyond a limit they lie in a file that has no name, enciphered."""

from __future__ import annotations

import os
import tempfile
import weakref
from pathlib import Path
from typing import BinaryIO

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from runtime.data.errors import InputError
from runtime.files import advice

MEMORY = 1 << 25  # bytes that stay in memory
_PIECE = 1 << 20  # bytes that are enciphered at a time
_BLOCK = 16
_LARGE_FILES = "/var/tmp"  # by the Filesystem Hierarchy Standard for what is large: /tmp is memory on many machines


class Spool:
    """Bytes that are written once, from front to back, and read anywhere, by several threads too.

    The file is in no folder from the start, and is gone with this object or its process.  What is in it is AES-128-CTR
    under a key that only this object has, each byte's counter its place: a disk that keeps what was deleted says
    nothing.  Nobody but this process, and who may look into it anyway, can write to it: there is no tag.
    """

    def __init__(self, called: str, memory: int = MEMORY) -> None:
        """`called` is what errors say it is of."""
        self._called, self._memory = called, memory
        self._held = bytearray()
        self._file: BinaryIO | None = None
        self._key = os.urandom(_BLOCK)
        self._writing = self._cipher(0)
        self.size = 0

    def write(self, data: bytes | bytearray) -> None:
        """Raises InputError where there is no room."""
        self.size += len(data)
        if self._file is None and self.size <= self._memory:
            self._held += data
            return
        try:
            if self._file is None:
                self._file = _unnamed()
                weakref.finalize(self, self._file.close)
                self._put(self._held)
                self._held = bytearray()
            self._put(data)
        except OSError as error:
            raise InputError(
                f"its records have no room in {_folder()}: {error.strerror}",
                help=f"{advice(error)}: TMPDIR says where",
                file=self._called,
            ) from None

    def read(self, at: int, count: int) -> bytes:
        if self._file is None:
            return bytes(self._held[at : at + count])
        begin, skipped = at - at % _BLOCK, at % _BLOCK
        found = os.pread(self._file.fileno(), skipped + count, begin)
        if len(found) != skipped + count:
            raise InputError("its copy for the run was cut short", help="run again", file=self._called)
        return self._cipher(begin // _BLOCK).update(found)[skipped:]

    def _put(self, data: bytes | bytearray) -> None:
        assert self._file is not None
        for at in range(0, len(data), _PIECE):
            left = memoryview(self._writing.update(bytes(data[at : at + _PIECE])))
            while left:
                left = left[self._file.write(left) :]

    def _cipher(self, block: int) -> CipherContext:
        """The key stream from a block on: what it enciphers it deciphers."""
        return Cipher(AES(self._key), CTR(block.to_bytes(_BLOCK, "big"))).encryptor()


def _folder() -> str:
    asked = os.environ.get("TMPDIR")
    return asked if asked else _LARGE_FILES if Path(_LARGE_FILES).is_dir() else tempfile.gettempdir()


def _unnamed() -> BinaryIO:
    """A file that has no name, or none any more, for its owner alone."""
    made: BinaryIO = tempfile.TemporaryFile(buffering=0, dir=_folder())  # noqa: SIM115 (closed by the spool)
    return made
