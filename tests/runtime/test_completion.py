"""`ccr completion`: the parser as what a shell completes."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.command import call
from typer.main import get_command

from runtime.cli.app import app
from runtime.cli.commands import COMMANDS, Group
from runtime.cli.completion import Node, nodes

COMPLETE = """
source "$1"; shift
COMP_WORDS=(ccr "$@"); COMP_CWORD=$#; COMPREPLY=(); _ccr; printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def found() -> list[Node]:
    return list(nodes(get_command(app)))


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    done = call("completion", "bash")
    assert done.exit_code == 0, done.stderr
    path = tmp_path_factory.mktemp("completion") / "ccr.bash"
    path.write_text(done.stdout)
    return path


def completed(script: Path, folder: Path, *words: str) -> list[str]:
    """What bash offers for the last of the words."""
    bash = shutil.which("bash")
    assert bash is not None
    done = subprocess.run(
        [bash, "--norc", "-c", COMPLETE, "bash", str(script), *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_every_command_has_its_options(found: list[Node]) -> None:
    by_path = {node.path: node for node in found}
    assert [name for name, _ in by_path[""].commands] == [row.name for row in COMMANDS]
    assert {g.name for g in COMMANDS if isinstance(g, Group)} == {n.path for n in found if n.commands and n.words}
    products = next(o for o in by_path["run"].options if "--products" in o.names)
    assert products.takes and products.choices == ("gates", "shares")
    mask = {name: option for option in by_path["data mask"].options for name in option.names}
    assert mask["-o"] is mask["--output"] and mask["-o"].takes and not mask["--json"].takes and not mask["-o"].choices


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("ch",), ["check"]),
        (("--v",), ["--version"]),
        (("budget", "a"), ["allot", "audit"]),
        (("budget", "grant", "--e"), ["--epsilon"]),
        (("budget", "grant", "x.csv", "--epsilon", "1", "--d"), ["--delta", "--distinct"]),
        (("run", "--products", ""), ["gates", "shares"]),
        (("run", "--products", "g"), ["gates"]),
        (("completion", ""), ["bash", "zsh", "fish"]),
        (("check", "own"), ["own model.ccr"]),
        (("keys", "show", ""), ["own model.ccr"]),
    ],
)
def test_in_bash(script: Path, tmp_path: Path, words: tuple[str, ...], offered: list[str]) -> None:
    (tmp_path / "own model.ccr").touch()
    assert completed(script, tmp_path, *words) == offered


def test_zsh_takes_that_of_bash(script: Path) -> None:
    first, rest = call("completion", "zsh").stdout.split("\n", 1)
    assert first == "autoload -U +X bashcompinit && bashcompinit" and rest == script.read_text()


def lines_for_fish(node: Node) -> Iterator[str]:
    at = f"complete -c ccr -n '__ccr_at {json.dumps(node.path)}'"
    for name, _ in node.commands:
        yield f"{at} -f -a {name} -d '"
    for option in node.options:
        for name in option.names:
            yield f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}"


def test_fish_has_a_line_for_each(found: list[Node]) -> None:
    script = call("completion", "fish").stdout
    for node in found:
        own = "\n".join(line for line in script.splitlines() if f"'__ccr_at {json.dumps(node.path)}'" in line)
        assert [line for line in lines_for_fish(node) if line not in own] == []
    for line in script.splitlines():
        assert line.count("'") % 2 == 0, line
    assert "-l products -x -a 'gates shares'" in script


def test_another_shell_is_refused() -> None:
    done = call("completion", "tcsh")
    assert done.exit_code == 2 and ": 'tcsh' is not one of 'bash', 'zsh', 'fish'" in done.stderr
