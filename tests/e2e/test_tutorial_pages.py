"""docs/tutorial, page by page: its files are written, its commands typed, and what they print is compared."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from support.command import EXAMPLES, ROOT, call, finish, port, start
from support.typed_page import fits, script, typed

FOLDER = ROOT / "docs" / "tutorial"
FIRST, TWO, OWN = ((FOLDER / f"{name}.md").read_text() for name in ("first-model", "two-machines", "your-own"))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("here")
def test_the_first_page() -> None:
    assert typed(FIRST) >= 9


@pytest.mark.usefixtures("here")
def test_the_page_of_ones_own_data() -> None:
    assert typed(OWN) >= 8


@pytest.mark.slow
def test_the_page_of_two_machines(here: Path) -> None:
    """It goes on in the folder of the first page, which has two files and a script of which it needs."""
    for name, block in re.findall(r"^```(?:python|ccr) (\S+)\n(.*?)^```", FIRST, re.DOTALL | re.MULTILINE):
        (here / name).write_text(block)
    script("make_data.py")
    lines = [
        line
        for block in re.findall(r"```console\n(.*?)```", TWO, re.DOTALL)
        for line in block.replace("\\\n", " ").splitlines()
    ]
    runs: list[list[str]] = []
    for party, _, command in (line.partition("$ ") for line in lines):
        name, *arguments = shlex.split(command)
        assert name == "ccr" and party in ("clinic", "vendor"), command
        if arguments[0] == "run":
            runs.append([*arguments, "--quiet"])
            if len(runs) == 2:
                assert _meet(*runs) == (0, 0) and (here / "tuned.npz").exists()
            continue
        done = call(*arguments)
        assert done.exit_code == 0, (arguments, done.stderr)
    assert len(lines) >= 14 and _meet(*runs) == (3, 3)


def _meet(listens: list[str], connects: list[str]) -> tuple[int, int]:
    """Exit statuses, on whichever port is free."""
    listening = start(*[a.replace("127.0.0.1:7000", "127.0.0.1:0") for a in listens if a != "--quiet"])
    where = f"127.0.0.1:{port(listening)}"
    connecting = start(*[where if a == "127.0.0.1:7000" else a for a in connects])
    return finish(listening)[0], finish(connecting)[0]


def test_what_the_table_of_faults_says_is_said_by_the_code() -> None:
    source = "".join(path.read_text() for path in (ROOT / "runtime").rglob("*.py"))
    told = re.findall(r"^\| (.*?) \| ", TWO.split("## Where it goes wrong", 1)[1], re.MULTILINE)
    words = [re.sub(r"refused \((.*)\)", r"\1", row).removesuffix(" ...") for row in told if row != "what is said"]
    joined = re.sub(r'"\s+f?"', "", source)
    assert len(words) >= 4 and [word for word in words if word not in joined] == []


def test_links_lead_to_pages_and_examples() -> None:
    for page in FOLDER.glob("*.md"):
        links = [link.split("#")[0] for link in re.findall(r"\]\(([^)]+)\)", page.read_text())]
        assert [link for link in links if not (FOLDER / link).exists()] == []
    assert EXAMPLES.exists()


def test_a_page_that_promises_other_lines_is_seen() -> None:
    assert fits(["a", "...", "d 8…%"], "a\nb\nc\nd 83%\n") and fits(["..."], "") and fits([], "")
    assert not fits(["a", "c"], "a\nb\nc\n") and not fits(["a"], "a\nb\n") and not fits(["d 8…%"], "d 7%\n")
