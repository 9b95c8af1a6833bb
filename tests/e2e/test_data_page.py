"""docs/data.md on records, step by step: its files are written, its commands typed, and what they print is compared."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from support.command import ROOT, call

SECTION = (ROOT / "docs" / "data.md").read_text().split("\n## Records\n", 1)[1].split("\n## ", 1)[0]
BLOCKS: list[tuple[str, str, str]] = re.findall(r"```(\w+) ?(\S*)\n(.*?)```", SECTION, re.DOTALL)


def test_every_step_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    typed = 0
    for form, name, block in BLOCKS:
        if name:
            Path(name).write_text(block)
        elif form == "python":
            exec(block, {})
        else:
            assert form == "console"
            for command, *printed in map(
                str.splitlines, re.split(r"^\$ ", block.replace("\\\n", ""), flags=re.MULTILINE)[1:]
            ):
                compare(command, printed)
                typed += 1
    assert typed >= 8


def compare(command: str, printed: list[str]) -> None:
    """`...` at the end stands for more lines."""
    ccr, *arguments = shlex.split(command)
    assert ccr == "ccr", command
    done = call(*arguments)
    said = (done.stderr + done.stdout if done.exit_code == 0 else done.stdout + done.stderr).splitlines()
    if printed[-1] == "...":
        printed, said = printed[:-1], said[: len(printed) - 1]
    assert said == printed, command
    assert done.exit_code == (2 if any(line.startswith("error:") for line in printed) else 0)
