"""docs/deidentification.md, step by step: its files are written, its commands typed, what they print is compared."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.command import ROOT
from support.typed_page import typed

from runtime.data.deidentify.identifiers import KINDS

PAGE = (ROOT / "docs" / "deidentification.md").read_text()


def test_every_step_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert typed(PAGE) == 5


def test_the_table_of_kinds() -> None:
    """Each kind stands there with its source, and whether it is weak in some form; no other does."""
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]*)\|$", PAGE.split("| kind | by |", 1)[1], re.MULTILINE)
    written = [(name, by, bool(weak.strip())) for name, by, weak in rows]
    for kind in KINDS:
        assert any(
            name == kind.name and by.startswith(kind.source) and (weak or not kind.weak) for name, by, weak in written
        ), kind
    weak_kinds = {kind.name for kind in KINDS if kind.weak}
    assert {name for name, _, weak in written if weak} == weak_kinds
    assert {name for name, _, _ in written} == {kind.name for kind in KINDS}
