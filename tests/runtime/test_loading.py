"""What a command loads: no more than it needs, since loading is most of the time of a small one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.command import MILLIONAIRES, ROOT, TUMOUR

from runtime.cli.commands import Command, every

# Where each is used it takes longer to load than a small program to check.
HEAVY = {
    "numpy",
    "networkx",
    "scipy",
    "cryptography",
    "nacl",
    "dp_accounting",
    "rich",
    "matplotlib",
    "pyarrow",
    "pydantic",
}
LOADED = """
import json, sys
sys.argv = ["ccr", *sys.argv[1:]]
try:
    from runtime.cli.main import main
    main()
except SystemExit as ended:
    assert not ended.code, ended.code
finally:
    print(json.dumps(sorted(sys.modules)))
"""


def loaded(*arguments: str) -> set[str]:
    """The modules that a command has loaded when it ends."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def ours(modules: set[str]) -> set[str]:
    return {module for module in modules if module.split(".")[0] in ("lang", "compiler", "runtime", "ccr")}


def packages(modules: set[str]) -> set[str]:
    return {module.split(".")[0] for module in modules}


@pytest.mark.parametrize("arguments", [("--help",), ("budget", "--help")])
def test_help_loads_the_table_alone(arguments: tuple[str, ...]) -> None:
    modules = loaded(*arguments)
    assert ours(modules) == {
        "runtime",
        "runtime.cli",
        "runtime.cli.app",
        "runtime.cli.commands",
        "runtime.cli.ink",
        "runtime.cli.main",
        "runtime.cli.screen",
        "runtime.cli.signals",
        "runtime.cli.status",
        "runtime.net",
        "runtime.net.errors",  # SIGTERM is told to a peer, too
    }
    assert not packages(modules) & (HEAVY | {"lark"})


@pytest.mark.parametrize("program", [MILLIONAIRES, TUMOUR])
def test_check_loads_what_finds_problems(program: str) -> None:
    modules = loaded("check", program)
    assert not packages(modules) & HEAVY
    assert "compiler.gates.graph" not in modules
    rooms = {".".join(module.split(".")[:2]) for module in ours(modules) if module.startswith("compiler.")}
    assert not rooms & {
        "compiler.artifact",
        "compiler.cells",
        "compiler.passes",
        "compiler.pipeline",
        "compiler.program",
        "compiler.schedule",
    }


def test_a_run_loads_no_bar_that_nobody_sees_no_cluster_and_no_accountant_of_nothing() -> None:
    modules = loaded("run", MILLIONAIRES, "--input", "a=3", "--input", "b=2")
    assert not packages(modules) & {"rich", "pydantic", "scipy", "dp_accounting"}
    cluster = {module for module in modules if module.startswith("runtime.cluster.")}
    assert cluster == {"runtime.cluster.errors", "runtime.cluster.where"}
    assert not packages(modules) & {"distributed", "dask"}


def test_each_partys_process_loads_no_compiler() -> None:
    """It is given bytes that its parent has compiled, and starts for every run."""
    done = subprocess.run(
        [sys.executable, "-c", "import json, sys, runtime.party.both; print(json.dumps(sorted(sys.modules)))"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    modules = set(json.loads(done.stdout))
    assert not packages(modules) & {"networkx", "lark", "scipy", "typer", "rich"}
    assert not {m for m in ours(modules) if m.startswith(("lang.checker", "lang.syntax.parse", "compiler.lowering"))}
    assert "compiler.pipeline" not in modules


@pytest.mark.parametrize("row", list(every()), ids=lambda row: row.where)
def test_the_table_says_what_its_commands_say(row: Command) -> None:
    first = " ".join((row.load().__doc__ or "").split("\n\n")[0].split())
    assert first == row.help or first.startswith(f"{row.help} ")
    assert row.help.endswith(".")


def test_every_module_of_commands_is_in_the_table() -> None:
    """A function that takes typer's arguments and is not in the table would be a command that nobody can call."""
    folder = Path(ROOT) / "runtime" / "cli"
    known = {row.where.split(":")[0] for row in every()}
    for path in folder.glob("*.py"):
        if " with faults(" in path.read_text():
            assert path.stem in known, path.name
