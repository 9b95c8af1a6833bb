"""docs/deidentification.md, step by step: its files are written, its commands typed, what they print is compared."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from support.command import ROOT, call

from runtime.data.deidentify.identifiers import KINDS

PAGE = (ROOT / "docs" / "deidentification.md").read_text()
BLOCKS: list[tuple[str, str, str]] = re.findall(r"```(\w+) ?(\S*)\n(.*?)```", PAGE, re.DOTALL)


def test_every_step_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    typed = 0
    for form, name, block in BLOCKS:
        if name:
            Path(name).write_text(block)
            continue
        assert form == "console"
        for command, *printed in map(str.splitlines, re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]):
            compare(command, printed)
            typed += 1
    assert typed == 5


def compare(command: str, printed: list[str]) -> None:
    """`...` at the end stands for more lines."""
    ccr, *arguments = shlex.split(command)
    assert ccr == "ccr", command
    done = call(*arguments)
    said = (done.stderr + done.stdout).splitlines()
    if printed[-1] == "...":
        printed, said = printed[:-1], said[: len(printed) - 1]
    assert said == printed, command
    assert done.exit_code == (3 if any(line.startswith("refused:") for line in printed) else 0)


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
