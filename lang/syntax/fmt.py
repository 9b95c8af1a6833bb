"""`ccr fmt`: canonical text that keeps every comment and the blank lines between statements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby

from lang.source import Source
from lang.syntax.parse import parse
from lang.syntax.show import Line, lines

_COMMENT = re.compile(r'"[^"\n]*"|//[^\n]*')
_INDENT = "    "


@dataclass(slots=True)
class _Comment:
    line: int
    text: str
    alone: bool  # nothing else stands on its line


@dataclass(slots=True)
class _Placed:
    """A line of the result with what the user wrote around it."""

    line: Line
    above: list[_Comment] = field(default_factory=list[_Comment])
    beside: list[_Comment] = field(default_factory=list[_Comment])


def format_text(source: Source) -> str:
    """The program, formatted; formatting again changes nothing.  Raises Rejected on a syntax problem."""
    placed = [_Placed(line) for line in lines(parse(source))]
    below: list[_Comment] = []
    for comment in _comments(source.text):
        _place(comment, placed, below)
    blank = {number for number, line in enumerate(source.text.split("\n"), 1) if not line.strip()}
    return _text(placed, below, blank)


def _comments(text: str) -> list[_Comment]:
    found: list[_Comment] = []
    for match in _COMMENT.finditer(text):
        if match.group().startswith("//"):
            start = text.rfind("\n", 0, match.start()) + 1
            line = text.count("\n", 0, match.start()) + 1
            found.append(_Comment(line, match.group().rstrip(), not text[start : match.start()].strip()))
    return found


def _place(comment: _Comment, placed: list[_Placed], below: list[_Comment]) -> None:
    """Beside the last line that ends where the comment stands; else above the next one, or the one around it."""
    if not comment.alone:
        ends = [p for p in placed if p.line.last == comment.line]
        if ends:
            ends[-1].beside.append(comment)
            return
    for p in placed:
        if p.line.last >= comment.line:
            p.above.append(comment)
            return
    below.append(comment)


def _text(placed: list[_Placed], below: list[_Comment], blank: set[int]) -> str:
    result: list[tuple[str, str]] = []  # code, and the comment beside it
    previous = 0  # the source line that the result has reached

    def gap(line: int) -> None:
        if result and any(number in blank for number in range(previous + 1, line)):
            result.append(("", ""))

    for p in placed:
        indent = p.line.text[: len(p.line.text) - len(p.line.text.lstrip())]
        inside = indent + _INDENT if p.line.text.lstrip().startswith("}") else indent
        for comment in p.above:
            gap(comment.line)
            result.append((inside + comment.text, ""))
            previous = max(previous, comment.line)
        gap(p.line.first)
        result += [(indent + comment.text, "") for comment in p.beside[:-1]]
        result.append((p.line.text, p.beside[-1].text if p.beside else ""))
        previous = max(previous, p.line.last)
    for comment in below:
        gap(comment.line)
        result.append((comment.text, ""))
        previous = comment.line
    return "".join(f"{line}\n" for line in _aligned(result))


def _aligned(lines_: list[tuple[str, str]]) -> Iterator[str]:
    """Comments beside consecutive lines begin in one column."""
    for beside, group in groupby(lines_, key=lambda line: bool(line[1])):
        run = list(group)
        width = max(len(code) for code, _ in run)
        for code, comment in run:
            yield f"{code:<{width}}  {comment}" if beside else code
