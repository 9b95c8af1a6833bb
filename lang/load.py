"""Files as sources."""
from __future__ import annotations

from pathlib import Path

from lang.problem import Problem, Rejected
from lang.problems.syntax import FileMissing, NotUtf8
from lang.source import Source, Span


def read(path: str | Path) -> Source:
    """The text of a file under the name given; raises Rejected if it is missing or not UTF-8."""
    name = str(path)
    problem: Problem
    try:
        return Source(name, Path(path).read_bytes().decode("utf-8-sig").replace("\r\n", "\n"))
    except OSError as error:
        problem = FileMissing(span=_nowhere(name), path=name, reason=(error.strerror or str(error)).lower())
    except ValueError as error:     # a UnicodeDecodeError, or a path with a zero byte
        offset = error.start if isinstance(error, UnicodeDecodeError) else 0
        problem = NotUtf8(span=_nowhere(name), path=name, offset=offset)
    raise Rejected([problem])


def _nowhere(name: str) -> Span:
    return Span(Source(name, ""), 1, 1, 1, 1)
