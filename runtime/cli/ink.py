"""Colours for what is told on a terminal; a text without them is the same text.

Drawn problems and messages are coloured by how their lines begin, which is what a reader sees them by.
"""

from __future__ import annotations

import os
import re
from typing import TextIO

_BOLD_RED, _RED, _YELLOW, _BLUE, _CYAN, _OFF = (f"\x1b[{code}m" for code in ("1;31", "31", "1;33", "34", "1;36", "0"))
_SEVERITY = re.compile(r"(error|warning)(\[[a-z-]+\])?:(?= )")
_ARROW = re.compile(r" *(-->|:::)(?= )")
_MARGIN = re.compile(r" *\d* \|(?= |$)")
_UNDERLINE = re.compile(r"(?P<before>[ \t]*)(?P<under>\^+|-+)(?P<label>( .*)?)")
_HELP = re.compile(r" *= help:(?= )")


def coloured(stream: TextIO | None) -> bool:
    """Is it a terminal that shows colours, of somebody who wants them (no-color.org)?"""
    return (
        stream is not None and stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )


def painted(text: str) -> str:
    return "\n".join(map(_line, text.split("\n")))


def _line(line: str) -> str:
    if found := _SEVERITY.match(line):
        return _ink(_BOLD_RED if found[1] == "error" else _YELLOW, found[0]) + line[found.end() :]
    if found := _ARROW.match(line):
        return _ink(_BLUE, found[0]) + line[found.end() :]
    if found := _HELP.match(line):
        return _ink(_CYAN, found[0]) + line[found.end() :]
    if found := _MARGIN.match(line):
        rest = line[found.end() :]
        under = None if any(map(str.isdigit, found[0])) else _UNDERLINE.fullmatch(rest)
        return _ink(_BLUE, found[0]) + (rest if under is None else _underlined(under))
    return line


def _underlined(found: re.Match[str]) -> str:
    ink = _RED if found["under"][0] == "^" else _BLUE
    return found["before"] + _ink(ink, found["under"] + found["label"])


def _ink(ink: str, text: str) -> str:
    return f"{ink}{text}{_OFF}"
