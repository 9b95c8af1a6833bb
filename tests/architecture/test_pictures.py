"""The pictures of the docs: small, and each of them shown, with words for who does not see it."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
LARGEST = 150_000  # bytes


def test_pictures_are_small_and_shown() -> None:
    shown = {
        path: words
        for page in DOCS.glob("*.md")
        for words, path in re.findall(r"!\[([^\]]*)\]\(([^)]+\.png)\)", page.read_text(encoding="utf-8"))
    }
    made = sorted((DOCS / "pictures").iterdir())
    assert made and {f"pictures/{path.name}" for path in made} == shown.keys()
    assert all(len(words) > 20 for words in shown.values())
    for path in made:
        content = path.read_bytes()
        assert content.startswith(b"\x89PNG") and len(content) < LARGEST, path.name
