"""How long the command takes before it does anything: medians of processor seconds and of seconds by the clock.

    python benchmarks/start.py

Processor seconds are of the command and of the processes that it starts.  `above` is beyond an interpreter that does
nothing, which each is compared with.  The set-up of a run is the time of the whole command without that from the
greeting to the outputs: for a program that was not run here before (nothing is in the cache), and again.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
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
TUMOUR = EXAMPLES / "tumour"
RUN = [*CCR, "run", str(TUMOUR / "tumour.ccr"), "--json", "--input", f"w0={TUMOUR / 'base.npz'}"]
RUN += ["--input", f"records={TUMOUR / 'records.csv'}"]
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


def set_up(cache: str) -> tuple[float, float]:
    """Processor seconds of the whole command, and seconds by the clock but for the protocol's own work."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        RUN,
        cwd=ROOT,
        env=os.environ | {"XDG_CACHE_HOME": cache},
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    passed, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    told = json.loads(done.stdout)
    party = max(told["parties"].values(), key=lambda party: sum(party["seconds"].values()))
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return used, passed - sum(party["seconds"].values())


def runs_set_up() -> None:
    first, again = list[tuple[float, float]](), list[tuple[float, float]]()
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as cache:
            first.append(set_up(cache))
            again.append(set_up(cache))
    for name, times in (("first run", first), ("run again", again)):
        used, passed = (statistics.median(each) for each in zip(*times, strict=True))
        print(f"{f'set-up of tumour.ccr, {name}':30} {used:.3f} s of processor in all, {passed:.3f} s", flush=True)


def main() -> None:
    nothing = taken([sys.executable, "-c", "pass"])
    print(f"{'python -c pass':30} {nothing[0]:.3f} s of processor, {nothing[1]:.3f} s")
    for name, command in COMMANDS.items():
        used, passed = taken(command)
        print(
            f"{name:30} {used:.3f} s of processor ({used - nothing[0]:.3f} above), "
            f"{passed:.3f} s ({passed - nothing[1]:.3f} above)"
        )
    runs_set_up()


if __name__ == "__main__":
    main()
