"""docs/data.md on records, step by step: its files are written, its commands typed, and what they print is compared."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.command import ROOT
from support.typed_page import typed

SECTION = (ROOT / "docs" / "data.md").read_text().split("\n## Records\n", 1)[1].split("\n## ", 1)[0]


def test_every_step_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert typed(SECTION) >= 8
