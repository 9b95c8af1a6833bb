"""News fragments are such that the changelog can be made of them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOWNCRIER = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["towncrier"]
TYPES = {kind["directory"] for kind in TOWNCRIER["type"]}
NEWS = ROOT / TOWNCRIER["directory"]


def wrong(name: str, text: str) -> str:
    """What is wrong with a fragment; empty if nothing is."""
    form = re.fullmatch(r"\+[a-z0-9-]+\.([a-z]+)\.md", name)
    if not form:
        return "the name is not +NAME.TYPE.md"
    if form[1] not in TYPES:
        return f"the type is none of {', '.join(sorted(TYPES))}"
    if not text.strip().endswith((".", "`")) or text.lstrip().startswith(("-", "#")):
        return "it holds no sentences, or makes its own list"
    return "" if max(map(len, text.splitlines())) <= 118 else "a line is longer than 118, which is 120 in a list"


def test_fragments_are_well_formed() -> None:
    found = {path.name: wrong(path.name, path.read_text()) for path in NEWS.iterdir() if path.name != "README.md"}
    assert {name: what for name, what in found.items() if what} == {}


def test_what_is_wrong_is_seen() -> None:
    assert not wrong("+x.fixed.md", "A sentence.\n")
    for name, text in [
        ("x.fixed.md", "A sentence."),
        ("+x.mended.md", "A sentence."),
        ("+x.fixed.md", ""),
        ("+x.fixed.md", "- An item."),
        ("+x.fixed.md", "A " + "very " * 30 + "long line."),
    ]:
        assert wrong(name, text)


def test_the_changelog_has_the_place_where_they_go() -> None:
    assert (ROOT / TOWNCRIER["filename"]).read_text().count(TOWNCRIER["start_string"]) == 1
    assert sorted(re.findall(r"`(\w+)`", (NEWS / "README.md").read_text().split("TYPE one of", 1)[1])) == sorted(TYPES)
