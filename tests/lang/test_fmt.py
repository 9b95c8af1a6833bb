"""Formatting keeps the program and every comment, and is done once."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from lang.source import Source
from lang.syntax.fmt import format_text
from lang.syntax.parse import parse

HERE = Path(__file__).parent
PROGRAMS = [*sorted((HERE / "programs").glob("*.ccr")), *sorted(HERE.parents[1].glob("examples/*/*.ccr"))]
TOKEN = re.compile(r'//[^\n]*|"[^"\n]*"|[A-Za-z_]\w*|\d[\w.]*?(?=\.\.)|\d[\w.]*|\.\.|->|[-+*/=<>!&|]+|\s+|.')


def comments(text: str) -> list[str]:
    return sorted(re.findall(r"//[^\n]*", text))


def respaced(text: str, seed: int) -> str:
    """The same tokens with other white space and more comments between them."""
    pick = random.Random(seed)
    spaces = [" "] * 20 + ["\n", "\n\n\n", " // beside\n", "\n    // above\n", "\t"]
    parts: list[str] = []
    for token in TOKEN.findall(text):
        parts.append(token if token.startswith("//") else token.strip())
        parts.append("\n" if token.startswith("//") else pick.choice(spaces) if token.strip() else "")
    return "".join(parts)


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_lost(path: Path, seed: int) -> None:
    text = respaced(path.read_text(), seed)
    formatted = format_text(Source("f.ccr", text))
    assert parse(Source("f.ccr", formatted)) == parse(Source("f.ccr", text)) == parse(Source("f.ccr", path.read_text()))
    assert comments(formatted) == comments(text)
    assert format_text(Source("f.ccr", formatted)) == formatted
    assert "\n\n\n" not in formatted


def test_where_comments_go() -> None:
    text = """\
// first


party a;// one
party   hospital;  // two
var x = [1, // inside
  2];
if c { // why
  x = 1; }
// between
else { x = 2; // last
  // alone
}
// end"""
    assert (
        format_text(Source("f.ccr", text))
        == """\
// first

party a;         // one
party hospital;  // two
// inside
var x = [1, 2];
if c {  // why
    x = 1;
    // between
} else {
    x = 2;  // last
    // alone
}
// end
"""
    )
