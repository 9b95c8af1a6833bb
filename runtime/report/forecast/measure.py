"""A machine's own rates: each kind of work is done a few times, and the shortest counts, which what else the machine
does lengthens least.  Processor time, where nothing is waited for.  A few seconds.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from runtime.party.begin import THREADS
from runtime.report.forecast.kept import builtin, cores
from runtime.report.forecast.measured_gates import READY, gates
from runtime.report.forecast.measured_transfers import base_transfers, products, transfers
from runtime.report.forecast.measured_wire import wire
from runtime.report.forecast.rates import Rates

REPEATS = 5
IMPORTS = 3
COLD = 1.3  # times as long takes what a run does once, as its first
_PARTY = "import runtime.party.begin, runtime.party.both"
_DISTRIBUTIONS = "import scipy.special"


def measure(backends: Sequence[str]) -> dict[str, Rates]:
    """Of each backend.  Raises NetworkError and OSError where nothing may listen on this machine."""
    start = _imported(_PARTY)
    # As `noise.magnitudes` begins, in such a process.
    noise = max(_imported(f"{_PARTY}; {_DISTRIBUTIONS}") - start, 0.0)
    for_all = {**wire(), "setup": COLD * base_transfers(shortest), "start": start, "noise": noise}
    return {backend: replace(_of(backend), **for_all, cores=cores()) for backend in backends}


def _of(backend: str) -> Rates:
    """What cannot be measured alone is as much slower than built in as Python is."""
    like = builtin(backend)
    of_gates = gates(backend, shortest)
    slower = of_gates["instruction"] / like.instruction
    of_gates |= {name: COLD * of_gates[name] for name in READY}
    scaled = {name: slower * getattr(like, name) for name in ("walked", "word", "element", "slot")}
    if "tile" not in of_gates:
        scaled |= {name: slower * getattr(like, name) for name in ("tile", "wire")}
    return replace(like, **scaled, **of_gates, **products(backend, shortest), **transfers(backend, shortest))


def shortest(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """Processor seconds, of the whole process."""
    times: list[float] = []
    for _ in range(repeats):
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return min(times)


def _imported(what: str) -> float:
    """Processor seconds of a new interpreter, which like a party's begins no threads for linear algebra: that takes as
    long as to load the rest."""
    times: list[float] = []
    alone = {**os.environ, THREADS: "1"}
    for _ in range(IMPORTS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", what], check=False, stdin=subprocess.DEVNULL, env=alone)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times)
