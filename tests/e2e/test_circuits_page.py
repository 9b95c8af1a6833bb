"""docs/circuits.md, step by step: its files are written, its commands typed, and what they print is compared."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from support.command import ROOT, call

PAGE = (ROOT / "docs" / "circuits.md").read_text()
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
            ccr, *arguments = shlex.split(command)
            done = call(*arguments)
            assert ccr == "ccr" and done.exit_code == 0, done.stderr
            said = done.stdout.splitlines()
            if printed[-1] == "...":
                printed, said = printed[:-1], said[: len(printed) - 1]
            assert said == printed, command
            typed += 1
    assert typed >= 7
