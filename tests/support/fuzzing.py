"""A fuzzer in a process of its own, whose time and memory are its own too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SECONDS, MEGABYTES = 1.0, 300  # of work for one mutant; of a process that takes thousands


def fuzzed(module: str, *arguments: object) -> dict[str, Any]:
    """What `python -m support.MODULE` tells; fails where it ends in a traceback, or takes too long or too much."""
    found = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "tests")))}
    command = [sys.executable, "-m", f"support.{module}", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=found)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["slowest"][0] < SECONDS and told["peak"] < MEGABYTES, told
    return told
