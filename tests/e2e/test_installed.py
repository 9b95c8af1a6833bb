"""A wheel, installed outside the checkout: the packages, their data and the names of `import ccr`."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.command import MILLIONAIRES, ROOT

from lang.problems.explain import problems
from runtime.execute import engines
from runtime.execute.engines import PORTABLE

USES = """
import json, sys
import ccr
from runtime.execute import engines
from lang.problems import explain

program = ccr.compile(sys.argv[1])
program.inspect().save("report.html")
inputs = {"a": "3", "b": "2"}
print(json.dumps({
    "from": ccr.__file__,
    "backend": engines.chosen().backend,
    "pages": len([explain.page(code) for code in explain.problems()]),
    "simulated": {name: int(value) for name, value in program.simulate(inputs).items()},
    "learned": program.run(inputs).learned,
}))
"""


@pytest.mark.slow
@pytest.mark.parametrize("compiler", [None, "false"])
def test_import_ccr_from_a_wheel(tmp_path: Path, compiler: str | None) -> None:
    """Its C part is built if there is a compiler, and else nothing is missed."""
    source, target = tmp_path / "source", tmp_path / "site"
    for package in "ccr", "lang", "compiler", "runtime":
        shutil.copytree(ROOT / package, source / package, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    for name in "pyproject.toml", "setup.py", "README.md", "LICENSE":
        shutil.copy(ROOT / name, source)
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(target), str(source)]
    subprocess.run(install, check=True, env=os.environ | ({} if compiler is None else {"CC": compiler}))
    program = tmp_path / "millionaires.ccr"
    shutil.copy(MILLIONAIRES, program)
    done = subprocess.run(
        [sys.executable, "-c", USES, str(program)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(target)},
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert Path(told["from"]).is_relative_to(target)
    assert told["backend"] == (engines.chosen().backend if compiler is None else PORTABLE)
    assert told["pages"] == len(problems())
    assert told["simulated"] == {"out": 1}
    report = (tmp_path / "report.html").read_text()
    assert "--paper:" in report and "addEventListener" in report  # its style and script are in the wheel
    assert told["learned"] == {"alice": ["out"], "bob": ["out"]}
