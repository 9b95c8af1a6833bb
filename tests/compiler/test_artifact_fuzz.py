"""Whatever is done to an artifact, it is refused by name or is what its text compiles to; soon, in little memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SECONDS, MEGABYTES = 1.0, 300  # for one artifact; of a process that reads thousands
LONG = 100_000  # mutants, in parts


def fuzzed(first: int, last: int, seconds: float) -> dict[str, Any]:
    found = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "tests")))}
    command = [sys.executable, "-m", "support.fuzz_artifacts", str(first), str(last), str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, env=found)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["slowest"][0] < SECONDS and told["peak"] < MEGABYTES, told
    return told


def test_mutated_artifacts() -> None:
    """The same ones every time, as many as ten seconds of work allow."""
    told = fuzzed(0, 1000, 10)
    assert told["tried"] > 200 and told["counts"]["refused"] > told["tried"] // 2


@pytest.mark.slow
@pytest.mark.parametrize("part", range(20))
def test_more_mutated_artifacts(part: int) -> None:
    size = LONG // 20
    told = fuzzed(part * size, (part + 1) * size, 1800)
    assert told["tried"] == size
