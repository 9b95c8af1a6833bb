"""docs/authoring.md, step by step: its commands are typed, and what they print is compared, but for the figures."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from support.command import ROOT, call

PAGE = (ROOT / "docs" / "authoring.md").read_text()


def without_figures(line: str) -> str:
    """Nor the star of what was picked, which is a matter of figures too."""
    return " ".join(re.sub(r"-?\d[\d.]*(e-\d+)?", "#", line.replace("*", " ")).split())


def test_every_step_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    count = 0
    for form, block in re.findall(r"```(python|console)\n(.*?)```", PAGE, re.DOTALL):
        if form == "python":
            exec(block, {})
            continue
        for step in re.split(r"^\$ ", block.replace("\\\n", ""), flags=re.MULTILINE)[1:]:
            command, *printed = step.splitlines()
            done = call(*shlex.split(command)[1:])
            said = (done.stderr + done.stdout).splitlines()
            assert done.exit_code == (2 if printed[0].startswith("error:") else 0), (command, done.output)
            for line, wanted in zip(said, printed, strict=False):
                if wanted.endswith("..."):
                    assert line.startswith(wanted.removesuffix("..."))
                else:
                    assert without_figures(line) == without_figures(wanted), command
            count += 1
    assert count == 5
