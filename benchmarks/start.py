"""How long the command takes before it does anything.

Processor seconds are of the command and of the processes that it starts; an interpreter that does nothing is what each
is compared with.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks.figures import Figure, Scale
from benchmarks.pair import CCR, ROOT

EXAMPLES = ROOT / "examples"
MILLIONAIRES = str(EXAMPLES / "millionaires" / "millionaires.ccr")
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "ccr --version": [*CCR, "--version"],
    "ccr --help": [*CCR, "--help"],
    "ccr check millionaires.ccr": [*CCR, "check", MILLIONAIRES],
    "ccr check tumour.ccr": [*CCR, "check", str(EXAMPLES / "tumour" / "tumour.ccr")],
    "ccr compile millionaires.ccr": [*CCR, "compile", MILLIONAIRES, "-o", os.devnull],
    "ccr run millionaires.ccr": [*CCR, "run", MILLIONAIRES, "--input", "a=3", "--input", "b=2", "--quiet"],
    "a party's process": [sys.executable, "-c", "import runtime.party.both"],
}
FEW = 2  # commands, where it is to be quick


def measure(scale: Scale) -> Iterator[Figure]:
    for name, command in list(COMMANDS.items())[: FEW if scale.quick else None]:
        used, passed = _taken(command, scale.runs)
        yield Figure("start", name, "processor", "s", used)
        yield Figure("start", name, "clock", "s", passed)


def _taken(command: list[str], runs: int) -> tuple[list[float], list[float]]:
    """Processor seconds and seconds by the clock."""
    used, passed = list[float](), list[float]()
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    for _ in range(runs):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        passed.append(time.perf_counter() - start)
    return used, passed
