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

USES = """
import json, sys
import ccr
from lang.problems import explain

program = ccr.compile(sys.argv[1])
inputs = {"a": "3", "b": "2"}
print(json.dumps({
    "from": ccr.__file__,
    "pages": len([explain.page(code) for code in explain.problems()]),
    "simulated": {name: int(value) for name, value in ccr.simulate(program, inputs).items()},
    "learned": {name: {o: int(v) for o, v in report.outputs.items()}
                for name, report in ccr.run(program, inputs).items()},
}))
"""


@pytest.mark.slow
def test_import_ccr_from_a_wheel(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "site"
    for package in "ccr", "lang", "compiler", "runtime":
        shutil.copytree(ROOT / package, source / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in "pyproject.toml", "README.md", "LICENSE":
        shutil.copy(ROOT / name, source)
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(target), str(source)]
    subprocess.run(install, check=True)
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
    assert told["pages"] == len(problems())
    assert told["simulated"] == {"out": 1}
    assert told["learned"] == {"alice": {"out": 1}, "bob": {"out": 1}}
