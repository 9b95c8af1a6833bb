"""docs/data.md on models, step by step: what is typed there is run, with the figures that it promises.

PyTorch is not there; what its blocks would write is made by hand.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from support.command import ROOT, call

SECTION = (ROOT / "docs" / "data.md").read_text().split("\n## Models\n", 1)[1].split("\n## ", 1)[0]
STATE = {"0.weight": [32, 65], "2.weight": [10, 32], "2.bias": [10]}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def blocks(heading: str) -> Iterator[tuple[str, str]]:
    """What is typed under a heading: in Python, in a shell, or where PyTorch is."""
    part = SECTION.split(f"\n### {heading}\n", 1)[1].split("\n### ", 1)[0]
    yield from re.findall(r"```(python torch|python|console)\n(.*?)```", part, re.DOTALL)


def typed(block: str, *more: str) -> None:
    for line in block.replace("\\\n", " ").splitlines():
        dollar, name, *arguments = shlex.split(line)
        assert (dollar, name) == ("$", "ccr"), line
        done = call(*arguments, *more)
        assert done.exit_code == 0, (line, done.stderr, done.exception)


def test_scikit_learn(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    for form, block in blocks("From scikit-learn, and back"):
        typed(block, "--seed", "1") if form == "console" else exec(block, names)  # a figure of chance is held to none
    before, after = map(float, re.findall(r"accuracy (\S+) before, (\S+) after", capsys.readouterr().out)[0])
    assert before < 0.95 <= after
    assert names["model"].coef_.shape == (1, 31)


def test_torch(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(1)
    state = {name: rng.uniform(-0.12, 0.12, shape).astype(np.float32) for name, shape in STATE.items()}
    names: dict[str, Any] = {"np": np}
    learned = ""
    for form, block in blocks("From PyTorch, and back"):
        match form:
            case "python torch" if "save_file" in block:
                assert [f"{name} {shape}" in block for name, shape in STATE.items()] == [True, True, True]
                safetensors.numpy.save_file(state, "model.safetensors")
            case "python torch":
                tuned = safetensors.numpy.load_file("tuned.safetensors")
                assert {name: list(array.shape) for name, array in tuned.items()} == STATE
            case "console":
                typed(block)
            case _ if "import ccr" in block:
                np.savez("base.npz", coef=np.zeros(31))
                exec(block, names)
                assert np.load("tuned.npz")["coef"].shape == (31,)
            case _:
                exec(block, names)
                learned = capsys.readouterr().out
    assert float(learned.removeprefix("accuracy ")) > 0.85
