"""No silent default: what a `match` has no case for is a type error, or an exception."""

from __future__ import annotations

import ast
from pathlib import Path

LANG = Path(__file__).parents[2] / "lang"


def test_a_match_ends_in_assert_never_or_raises() -> None:
    silent: list[str] = []
    for path in sorted(LANG.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Match):
                last = node.cases[-1].body[-1]
                if not isinstance(last, ast.Raise) and not ast.unparse(last).startswith("assert_never("):
                    silent.append(f"{path.relative_to(LANG)}:{node.lineno}")
    assert not silent
