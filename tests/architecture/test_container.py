"""The Containerfile, which no test builds: what it copies and calls is there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINES = (ROOT / "Containerfile").read_text().splitlines()
STEPS = [line.split(maxsplit=1) for line in LINES if line and not line.startswith("#")]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SETUP = (ROOT / "setup.py").read_text()


def steps(word: str) -> list[str]:
    return [rest for step, rest in STEPS if step == word]


def test_what_is_copied_is_all_that_a_wheel_is_made_of() -> None:
    copied = [part for rest in steps("COPY") if not rest.startswith("--from") for part in rest.split()[:-1]]
    assert [part for part in copied if not (ROOT / part).exists()] == []
    assert {"pyproject.toml", "setup.py", PROJECT["readme"], *PROJECT["license-files"]} <= set(copied)
    assert {"lang", "compiler", "runtime", "ccr"} <= set(copied)
    assert all((ROOT / part).exists() and part in copied for part in re.findall(r'\["(docs/\S+)"\]', SETUP))


def test_what_is_installed_and_called() -> None:
    runs = "\n".join(steps("RUN"))
    (extras,) = re.findall(r'pip install [^"]*"/source\[([\w,]+)\]"', runs)
    assert set(extras.split(",")) <= PROJECT["optional-dependencies"].keys()
    scripts = re.findall(r"/opt/ccr/bin/(\w+)", runs)
    assert set(scripts) - {"pip"} == set(PROJECT["scripts"]) == {"ccr"}
    assert steps("ENTRYPOINT") == ['["ccr"]'] and steps("USER") == ["ccr"]


def test_its_python_is_one_that_is_supported() -> None:
    least = tuple(map(int, PROJECT["requires-python"].removeprefix(">=").split(".")))
    for image in steps("FROM"):
        (version,) = re.findall(r"python:(\d+)\.(\d+)-", image)
        assert tuple(map(int, version)) >= least


def test_both_stages_are_of_one_image() -> None:
    """A virtual environment is of the interpreter that made it."""
    assert len({image.split(" AS ")[0] for image in steps("FROM")}) == 1
    (path,) = [rest for rest in steps("COPY") if rest.startswith("--from")]
    source, target = path.split()[1:]
    assert source == target
