"""What is handed on: a wheel, installed outside the checkout, and a source distribution, of which it can be made."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from support.command import MILLIONAIRES
from support.packed import built, source

from lang.problems.explain import problems
from runtime.execute import engines
from runtime.execute.engines import PORTABLE

USES = """
import json, sys
import ccr
from importlib.metadata import entry_points
from runtime.execute import engines
from lang.problems import explain

program = ccr.compile(sys.argv[1])
program.inspect().save("report.html")
inputs = {"a": "3", "b": "2"}
(lexer,) = entry_points(group="pygments.lexers", name="ccr")
demo = ccr.compile(sys.argv[2] + "/tumour.ccr")
print(json.dumps({
    "from": ccr.__file__,
    "backend": engines.chosen().backend,
    "lexer": lexer.load().__name__,
    "pages": len([explain.page(code) for code in explain.problems()]),
    "simulated": {name: int(value) for name, value in program.simulate(inputs).items()},
    "learned": program.run(inputs).learned,
    "tuned": demo.run({"w0": sys.argv[2] + "/base.npz", "records": sys.argv[2] + "/records.csv"}).learned,
}))
"""
MOST = 3 << 20  # bytes of a source distribution, data of the examples included


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(source(tmp_path_factory.mktemp("tree")), tmp_path_factory.mktemp("sdist"), "--sdist")


@pytest.fixture(scope="module")
def tree(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution, unpacked."""
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as packed:
        packed.extractall(folder, filter="data")
    (tree,) = folder.iterdir()
    return tree


@pytest.mark.slow
def test_the_source_distribution_has_what_tests_and_builds(sdist: Path, tree: Path, tmp_path: Path) -> None:
    of_git = source(tmp_path)
    for folder in ("lang", "compiler", "runtime", "ccr", "tests", "docs", "examples", "benchmarks", "editors", ".ci"):
        known = {path.relative_to(of_git) for path in (of_git / folder).rglob("*") if path.is_file()}
        there = {path.relative_to(tree) for path in (tree / folder).rglob("*") if path.is_file()}
        assert there == known, folder
    assert {path.name for path in (tree / "news").iterdir()} == {"README.md"}
    assert not (tree / "build").exists() and sdist.stat().st_size < MOST
    for name in ("Makefile", "CHANGELOG.md", "CONTRIBUTING.md", "Containerfile", "mkdocs.yml", "LICENSE", "setup.py"):
        assert (tree / name).is_file(), name


@pytest.mark.slow
@pytest.mark.parametrize("compiler", [None, "false"])
def test_a_wheel_without_the_repository(tree: Path, tmp_path: Path, compiler: str | None) -> None:
    """Made of the source distribution.  Its C part is built if there is a compiler, and else nothing is missed."""
    work = shutil.copytree(tree, tmp_path / "tree")
    wheel = built(work, tmp_path / "wheel", "--wheel", compiler=compiler)
    assert "-cp311-abi3-" in wheel.name
    with zipfile.ZipFile(wheel) as packed:
        tops = {name.split("/")[0] for name in packed.namelist()}
    assert {top for top in tops if not top.startswith("ccr_lang-")} == {"ccr", "compiler", "lang", "runtime"}
    target = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(target), str(wheel)]
    subprocess.run(install, check=True)
    assert (target / "share" / "man" / "man1" / "ccr.1").read_text().startswith(".TH CCR 1")
    program = tmp_path / "millionaires.ccr"
    shutil.copy(MILLIONAIRES, program)
    there = os.environ | {"PYTHONPATH": str(target)}
    done = subprocess.run(
        [sys.executable, "-c", USES, str(program), str(tree / "examples" / "tumour")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=there,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert Path(told["from"]).is_relative_to(target)
    assert told["backend"] == (engines.chosen().backend if compiler is None else PORTABLE)
    assert (told["pages"], told["lexer"]) == (len(problems()), "CcrLexer")
    assert told["simulated"] == {"out": 1}
    report = (tmp_path / "report.html").read_text()
    assert "--paper:" in report and "addEventListener" in report  # its style and script are in the wheel
    assert told["learned"] == {"alice": ["out"], "bob": ["out"]}
    assert told["tuned"] == {"hospital": [], "vendor": ["w"]}
    checked = [sys.executable, str(target / "bin" / "ccr"), "check", str(program)]
    assert subprocess.run(checked, cwd=tmp_path, env=there, capture_output=True).returncode == 0
