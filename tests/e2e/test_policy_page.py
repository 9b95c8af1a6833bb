"""docs/policy.md, command by command; what it prints of refusals is what is said."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest
from support.command import ROOT, call
from support.policies import write

from runtime.policy.read import read
from runtime.policy.rules import Rule

PAGE = (ROOT / "docs" / "policy.md").read_text()


def test_every_command_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    write(tmp_path / "other.toml")
    typed = 0
    for refused, block in re.findall(r"```console( refused)?\n(.*?)```", PAGE, re.DOTALL):
        for command in re.split(r"^\w+\$ ", block.replace("\\\n", ""), flags=re.MULTILINE)[1:]:
            line, *printed = command.splitlines()
            name, *arguments = shlex.split(line)
            assert name == "ccr"
            done = call(*arguments)
            assert done.exit_code == (3 if refused else 0), (line, done.stderr)
            said = done.stdout + done.stderr
            for expected in printed:
                assert expected.removesuffix("...") in said, (line, said)
            assert bool(printed) == bool(refused)
            typed += 1
    assert typed >= 13


def test_the_policy_on_the_page_is_the_one_of_the_example() -> None:
    shown = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    file = ROOT / "examples" / "tumour" / "policy.toml"
    assert shown is not None and shown[1] == file.read_text()
    assert tomllib.loads(shown[1]) and read(file).purposes


def test_every_rule_is_in_the_table() -> None:
    """And nothing but the keys that there are."""
    keys = {
        key
        for row in re.findall(r"^\| (?:`\[\w+\]` )?(`[^|]*`) \|", PAGE, re.M)
        for key in re.findall("`([^`]*)`", row)
    }
    assert keys == {rule.key for rule in Rule} | {"name", "version", "issued-by"}
