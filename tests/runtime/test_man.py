"""The man page: what the parser says, in a file that the wheel installs; `pytest --bless` writes it anew."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from support.command import ROOT

from docs.made.commands import entries, man, page
from runtime.cli.commands import every

if TYPE_CHECKING:
    from conftest import Golden

PAGE = ROOT / "docs" / "ccr.1"


def test_the_page_is_what_the_parser_says(golden: Golden) -> None:
    golden.check(PAGE, man(entries()))


def test_every_command_and_option_is_in_it_and_on_the_site() -> None:
    found = entries()
    assert sum(not entry.group for entry in found) == len(list(every()))
    shown, text = page(found), PAGE.read_text()
    for entry in found:
        assert f"## {entry.name}\n" in shown
        for name, _ in entry.rows if not entry.group else ():
            assert name.replace("|", "\\|") in shown and name.split()[0].rstrip(",").replace("-", "\\-") in text


@pytest.mark.skipif(shutil.which("man") is None, reason="there is no man to lay it out")
def test_man_lays_it_out_without_complaint() -> None:
    done = subprocess.run(["man", "--warnings", "-l", str(PAGE)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "") and "ccr budget grant" in done.stdout
