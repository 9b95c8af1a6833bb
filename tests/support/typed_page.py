"""A page of docs, step by step: its files are written, its commands typed, and what they print is compared."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from support.command import call


def typed(page: str) -> int:
    """How many commands were; files go where this process is."""
    count = 0
    for form, name, block in re.findall(r"```(\w+) ?(\S*)\n(.*?)```", page, re.DOTALL):
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
    """`...` at the end stands for more lines."""
    ccr, *arguments = shlex.split(command)
    assert ccr == "ccr", command
    done = call(*arguments)
    ways = [(first + second).splitlines() for first, second in ((done.stderr, done.stdout), (done.stdout, done.stderr))]
    if printed[-1] == "...":
        printed = printed[:-1]
        ways = [said[: len(printed)] for said in ways]
    assert printed in ways, (command, ways[0])
    wrong, refused = (any(line.startswith(word) for line in printed) for word in ("error:", "refused:"))
    assert done.exit_code == (2 if wrong else 3 if refused else 0)
