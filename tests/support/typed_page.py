"""A page of docs, step by step: its files are written, its commands typed, and what they print is compared."""

from __future__ import annotations

import re
import runpy
import shlex
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from unittest.mock import patch

from support.command import call


def typed(page: str) -> int:
    """How many commands were; files go where this process is."""
    count = 0
    for form, name, block in re.findall(r"^```(\w+) ?(\S*)\n(.*?)^```", page, re.DOTALL | re.MULTILINE):
        if name:
            Path(name).write_text(block)
        elif form == "python":
            exec(block, {})
        else:
            assert form == "console"
            for step in re.split(r"^\$ ", block.replace("\\\n", ""), flags=re.MULTILINE)[1:]:
                command, *printed = step.splitlines()
                compare(command, printed)
                count += 1
    return count


def compare(command: str, printed: list[str]) -> None:
    """`...` stands for any more lines, and `…` for the rest of a word."""
    program, *arguments = shlex.split(command)
    if program == "python":
        assert fits(printed, script(*arguments)), command
        return
    assert program == "ccr", command
    done = call(*arguments)
    ways = [first + second for first, second in ((done.stderr, done.stdout), (done.stdout, done.stderr))]
    assert any(fits(printed, said) for said in ways), (command, ways[0])
    wrong, refused = (any(line.startswith(word) for line in printed) for word in ("error:", "refused:"))
    assert done.exit_code == (2 if wrong else 3 if refused else 0)


def fits(printed: list[str], said: str) -> bool:
    lines = [re.escape(line).replace("…", r"\S*") + "\n" for line in printed]
    expected = "".join(r"(?:.*\n)*?" if line == re.escape("...") + "\n" else line for line in lines)
    return re.fullmatch(expected, said if not said or said.endswith("\n") else f"{said}\n") is not None


def script(file: str, *arguments: str) -> str:
    """What a script prints."""
    out = StringIO()
    with redirect_stdout(out), patch.object(sys, "argv", [file, *arguments]):
        runpy.run_path(file, run_name="__main__")
    return out.getvalue()
