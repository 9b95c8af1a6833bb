"""docs/peers.md: ccr's own counts are what its compiler makes; `pytest --bless` writes them anew."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from support.command import ROOT

from compiler.pipeline import compile
from compiler.program import and_gates
from lang.source import Source

if TYPE_CHECKING:
    from conftest import Golden

PAGE = ROOT / "docs" / "peers.md"
WORDS = re.compile(r"^(\| `((?:u?int)<N>)` \| `([^`]+)` \| )([^|]+)(?= \|)", re.MULTILINE)
FIXED = re.compile(r"^(\| `(fix[^`]+)`(?:, `(fix[^`]+)`)? \| `([^`]+)` \| (\d+) \| )([^|]+)(?= \|)", re.MULTILINE)
WIDTHS = (8, 16, 32, 64)


def counted(left: str, right: str, expression: str) -> int:
    text = f"party alice; party bob; input x: {left} from alice; input y: {right} from bob;"
    return and_gates(compile(Source("row.ccr", f"{text} output reveal({expression}) to bob;")).plan)


def _words(row: re.Match[str]) -> str:
    kind, expression = row[2], row[3]
    found = [
        counted(kind.replace("N", str(n)), kind.replace("N", str(n)), expression.replace("N", str(n))) for n in WIDTHS
    ]
    return row[1] + " / ".join(map(str, found))


def _fixed(row: re.Match[str]) -> str:
    return row[1] + f"{counted(row[2], row[3] or row[2], row[4]) / int(row[5]):.0f}"


def test_counts(golden: Golden) -> None:
    page = PAGE.read_text()
    assert (len(WORDS.findall(page)), len(FIXED.findall(page))) == (8, 4)
    golden.check(PAGE, FIXED.sub(_fixed, WORDS.sub(_words, page)))


def test_demo_is_that_of_the_readme() -> None:
    """The rows of ccr's own training."""
    readme, page = (ROOT / "README.md").read_text(), PAGE.read_text()
    for size in re.findall(r"^\| ccr, .*? \| ([\d.]+ MB) ", page, re.MULTILINE):
        assert size in readme
