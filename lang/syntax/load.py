"""Files as sources."""

from __future__ import annotations

import zlib
from gzip import GzipFile
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from lang.problems.circuits import CircuitTooLarge
from lang.problems.problem import Problem, Rejected
from lang.problems.syntax import FileMissing, NotUtf8
from lang.source import Source, Span

PACKED = b"\x1f\x8b"  # what gzip begins with, and no text
CIRCUIT = 1 << 25  # bytes of the text of a circuit
PROGRAM = 1 << 22  # bytes of the text of a program


def read(path: str | Path) -> Source:
    """The text of a file under the name given; raises Rejected if it is missing, without an end or not UTF-8."""
    name = str(path)
    try:
        with Path(path).open("rb") as file:
            return decode(name, whole(name, file))
    except OSError as error:
        problem: Problem = FileMissing(span=_nowhere(name), path=name, reason=(error.strerror or str(error)).lower())
    except ValueError:  # a path with a zero byte
        problem = NotUtf8(span=_nowhere(name), path=name, offset=0)
    raise Rejected([problem])


def whole(name: str, file: BinaryIO) -> bytes:
    """All of a program's text; raises Rejected for one that does not end."""
    data = file.read(PROGRAM + 1)
    if len(data) > PROGRAM:
        reason = f"it has more than {PROGRAM} bytes"
        raise Rejected([FileMissing(span=_nowhere(name), path=name, reason=reason)])
    return data


def named(path: str | Path) -> Source:
    """What a program names: another one, or a circuit, whose text may be packed by gzip.

    Raises Rejected as `read` does, and for one that does not end.
    """
    return decode(str(path), named_bytes(path))


def named_bytes(path: str | Path) -> bytes:
    """A file's bytes, out of gzip if it is packed; raises Rejected if it is missing or without an end."""
    name = str(path)
    try:
        with Path(path).open("rb") as file:
            return unpacked(name, file)
    except OSError as error:
        raise _unread(name, (error.strerror or str(error)).lower()) from None
    except ValueError:  # a path with a zero byte
        raise Rejected([NotUtf8(span=_nowhere(name), path=name, offset=0)]) from None


def unpacked(name: str, file: BinaryIO) -> bytes:
    """All bytes of such a file, out of gzip if it is packed; raises Rejected."""
    data = _bounded(name, file)
    if not data.startswith(PACKED):
        return data
    try:
        return _bounded(name, GzipFile(fileobj=BytesIO(data)))
    except (OSError, EOFError, zlib.error) as error:
        raise _unread(name, f"the archive is damaged ({error})".lower()) from None


def _bounded(name: str, file: BinaryIO | GzipFile) -> bytes:
    data = file.read(CIRCUIT + 1)
    if len(data) > CIRCUIT:
        count, what = f"more than {CIRCUIT}", "bytes"
        raise Rejected([CircuitTooLarge(span=_nowhere(name), count=count, what=what, limit=CIRCUIT)])
    return data


def _unread(name: str, reason: str) -> Rejected:
    return Rejected([FileMissing(span=_nowhere(name), path=name, reason=reason, wanted="file that can be read")])


def decode(name: str, data: bytes) -> Source:
    """Text with Unix line ends; raises Rejected if it is not UTF-8."""
    try:
        return Source(name, data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n"))
    except UnicodeDecodeError as error:
        raise Rejected([NotUtf8(span=_nowhere(name), path=name, offset=error.start)]) from None


def _nowhere(name: str) -> Span:
    return Span(Source(name, ""), 1, 1, 1, 1)
