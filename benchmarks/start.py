"""How long the command takes before it does anything: medians of processor seconds and of seconds by the clock.

    python benchmarks/start.py

Processor seconds are of the command and of the processes that it starts.  `above` is beyond an interpreter that does
nothing, which each is compared with.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
CCR = [sys.executable, "-c", "from runtime.cli.main import main; main()"]
EXAMPLES = ROOT / "examples"
MILLIONAIRES = str(EXAMPLES / "millionaires" / "millionaires.ccr")
COMMANDS = {
    "ccr --help": [*CCR, "--help"],
    "ccr --version": [*CCR, "--version"],
    "ccr check millionaires.ccr": [*CCR, "check", MILLIONAIRES],
    "ccr check tumour.ccr": [*CCR, "check", str(EXAMPLES / "tumour" / "tumour.ccr")],
    "ccr compile millionaires.ccr": [*CCR, "compile", MILLIONAIRES, "-o", os.devnull],
    "ccr run millionaires.ccr": [*CCR, "run", MILLIONAIRES, "--input", "a=3", "--input", "b=2", "--quiet"],
    "a party's process": [sys.executable, "-c", "import runtime.party.both"],
}
RUNS = 9


def taken(command: list[str]) -> tuple[float, float]:
    """Processor seconds and seconds, each a median."""
    used, passed = list[float](), list[float]()
    for _ in range(RUNS):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        passed.append(time.perf_counter() - start)
    return statistics.median(used), statistics.median(passed)


def main() -> None:
    nothing = taken([sys.executable, "-c", "pass"])
    print(f"{'python -c pass':30} {nothing[0]:.3f} s of processor, {nothing[1]:.3f} s")
    for name, command in COMMANDS.items():
        used, passed = taken(command)
        print(
            f"{name:30} {used:.3f} s of processor ({used - nothing[0]:.3f} above), "
            f"{passed:.3f} s ({passed - nothing[1]:.3f} above)"
        )


if __name__ == "__main__":
    main()
