"""docs/costs.md, step by step: its files are written, its commands typed, and what they print is compared."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.command import ROOT
from support.typed_page import typed


def test_every_step_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CCR_BACKEND", "portable")  # by whose rates the page's seconds are foretold
    assert typed((ROOT / "docs" / "costs.md").read_text()) == 2
