"""The steps of docs/architecture.md taken in a copy of the tree: whole files and edits, as they stand on the page."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "architecture.md"


def copy(to: Path) -> None:
    """The packages alone: what a wheel is made of."""
    for package in ("lang", "compiler", "runtime"):
        shutil.copytree(ROOT / package, to / package, ignore=shutil.ignore_patterns("__pycache__"))


def take(heading: str, tree: Path) -> list[str]:
    """Take the steps under a heading of the page that say which text goes where; the files that were touched."""
    section = PAGE.read_text().split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    touched: list[str] = []
    for form, name, indented in re.findall(r"^ *```(python|diff) (\S+)\n(.*?)^ *```$", section, re.M | re.S):
        text, file = dedent(indented), tree / name
        if form == "python":
            assert not file.exists(), f"{name} is there already"
            file.write_text(text)
        else:
            file.write_text(edited(file.read_text(), text))
        touched.append(name)
    return touched


def edited(text: str, diff: str) -> str:
    """Each run of lines that stay or go is found, once, and becomes the lines that stay or come."""
    for hunk in re.findall(r"(?:^[ -].*\n)+(?:^\+.*\n)+", diff, re.M):
        lines = hunk.splitlines()
        before, after = ("".join(line[1:] + "\n" for line in lines if line[0] in marks) for marks in (" -", " +"))
        assert text.count(before) == 1, f"not found, or not once:\n{before}"
        text = text.replace(before, after)
    return text
