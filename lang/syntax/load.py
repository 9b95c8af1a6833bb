"""Files as sources."""

from __future__ import annotations

from pathlib import Path

from lang.problems.problem import Problem, Rejected
from lang.problems.syntax import FileMissing, NotUtf8
from lang.source import Source, Span


def read(path: str | Path) -> Source:
    """The text of a file under the name given; raises Rejected if it is missing or not UTF-8."""
    name = str(path)
    try:
        return decode(name, Path(path).read_bytes())
    except OSError as error:
        problem: Problem = FileMissing(span=_nowhere(name), path=name, reason=(error.strerror or str(error)).lower())
    except ValueError:  # a path with a zero byte
        problem = NotUtf8(span=_nowhere(name), path=name, offset=0)
    raise Rejected([problem])


def decode(name: str, data: bytes) -> Source:
    """Text with Unix line ends; raises Rejected if it is not UTF-8."""
    try:
        return Source(name, data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n"))
    except UnicodeDecodeError as error:
        raise Rejected([NotUtf8(span=_nowhere(name), path=name, offset=error.start)]) from None


def _nowhere(name: str) -> Span:
    return Span(Source(name, ""), 1, 1, 1, 1)
