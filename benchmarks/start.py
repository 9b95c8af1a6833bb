"""How long the command takes before it does anything.

Processor seconds are of the command and of the processes that it starts; an interpreter that does nothing is what each
is compared with.  The set-up of a run is the time of the whole command without that from the greeting to the outputs:
for a program that was not run here before (nothing is in the cache), and again.  Python finds its own modules compiled,
as it does where the command is installed: they are in a folder for the purpose, which a run fills that is not timed.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping

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
TUMOUR = EXAMPLES / "tumour"
RUN = [*CCR, "run", str(TUMOUR / "tumour.ccr"), "--json", "--input", f"w0={TUMOUR / 'base.npz'}"]
RUN += ["--input", f"records={TUMOUR / 'records.csv'}"]


def measure(scale: Scale) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as modules:
        env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": modules}
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        for name, command in list(COMMANDS.items())[: FEW if scale.quick else None]:
            _taken(command, 1, env)
            used, passed = _taken(command, scale.runs, env)
            yield Figure("start", name, "processor", "s", used)
            yield Figure("start", name, "clock", "s", passed)
        if not scale.quick:
            yield from _runs_set_up(scale.runs, env)


def _taken(command: list[str], runs: int, env: Mapping[str, str]) -> tuple[list[float], list[float]]:
    """Processor seconds and seconds by the clock."""
    used, passed = list[float](), list[float]()
    for _ in range(runs):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        passed.append(time.perf_counter() - start)
    return used, passed


def _set_up(cache: str, env: Mapping[str, str]) -> tuple[float, float]:
    """Processor seconds of the whole command, and seconds by the clock but for the protocol's own work."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        RUN,
        cwd=ROOT,
        env={**env, "XDG_CACHE_HOME": cache},
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    passed, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    told = json.loads(done.stdout)
    party = max(told["parties"].values(), key=lambda party: sum(party["seconds"].values()))
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return used, passed - sum(party["seconds"].values())


def _runs_set_up(runs: int, env: Mapping[str, str]) -> Iterator[Figure]:
    times: dict[str, list[tuple[float, float]]] = {"first run": [], "run again": []}
    with tempfile.TemporaryDirectory() as cache:
        _set_up(cache, env)
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as cache:
            for each in times.values():
                each.append(_set_up(cache, env))
    for name, both in times.items():
        for what, took in zip(("processor", "clock"), zip(*both, strict=True), strict=True):
            yield Figure("start", f"set-up of tumour.ccr, {name}", what, "s", list(took))
