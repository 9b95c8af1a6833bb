"""docs/python.md, step by step: each snippet is run, what it prints is compared, and every name is on the page."""

from __future__ import annotations

import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from support.command import ROOT

import ccr

PAGE = (ROOT / "docs" / "python.md").read_text()
SNIPPETS = re.findall(r"```python\n(.*?)```\n(?:\n```\n(.*?)```\n)?", PAGE, re.DOTALL)


def test_every_snippet_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for snippet, promised in SNIPPETS:
        printed = StringIO()
        with redirect_stdout(printed):
            exec(snippet, names)
        if promised:
            assert printed.getvalue() == promised, snippet
    assert len(SNIPPETS) > 8
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")


def test_the_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    (snippet,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    printed = StringIO()
    with redirect_stdout(printed):
        exec(snippet, {})
    assert re.search(r"\] 2\.7\d* \d{8}\n$", printed.getvalue()), printed.getvalue()


def test_every_name_is_on_the_page() -> None:
    table = PAGE.split("## The names\n", 1)[1]
    told = set(re.findall(r"`(\w+)", table))
    assert set(ccr.__all__) <= told
    for kind in (ccr.Program, ccr.Result, ccr.Privacy, ccr.Inspection, ccr.Session):
        assert {name for name in vars(kind) if not name.startswith("_")} - told == set(), kind
