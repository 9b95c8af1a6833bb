"""ccr beside a peer that computes the same, by turns, both parties of each as processes of this machine.

A peer is any program `DRIVER WORK COUNT PARTY PORT [CIRCUIT]` that runs party 1 or 2 of a work of `works` on loopback
and ends with 0; as party 0 it makes ready what both need, which is not clocked.  Those of EMP and MP-SPDZ are
`benchmarks/peers/emp.cpp` and `benchmarks/peers/mp_spdz.py`.  No peer comes with ccr, and none is fetched.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import texts
from benchmarks.figures import Figure, Scale
from benchmarks.pair import Parties, clocked, free_port
from benchmarks.programs import compiled, given
from benchmarks.texts import Measured

HOW = {
    "emp": "install emp-tool, emp-ot and emp-sh2pc 0.3 as they say, build benchmarks/peers/emp.cpp as a program that "
    "uses them, optimized for this CPU,",
    "mp-spdz": "build its yao-party.x, say by CCR_MP_SPDZ in which folder, take benchmarks/peers/mp_spdz.py",
}


class NoPeer(Exception):
    """The peer is not there; says how it gets there."""


@dataclass(frozen=True, slots=True)
class Work:
    """What both compute: a peer's name for it, how many, and ccr's program."""

    name: str
    count: int
    of: Measured
    circuit: Path | None = None


def works(scale: Scale, circuit: Path | None) -> Iterator[Work]:
    tiny = scale.quick
    yield Work("millionaires", 1, texts.millionaires())
    for count in (20, 40) if tiny else (20_000, 200_000):
        yield Work("products", count, texts.products(count))
    yield Work("sort", 8 if tiny else 4096, texts.sort(8 if tiny else 4096))
    if circuit is not None:
        count = 2 if tiny else 1000
        yield Work("aes", count, texts.aes(count, circuit), circuit.resolve())


def variable(peer: str) -> str:
    return f"CCR_BENCHMARK_{peer.upper().replace('-', '_')}"


def driver_of(peer: str, named: str | None) -> str:
    """Where the peer's driver is.  Raises NoPeer."""
    wanted = named or os.environ.get(variable(peer), "")
    found = shutil.which(wanted) if wanted else None
    if found is None:
        what = f"`{wanted}` is no program" if wanted else f"nothing says where {peer} is"
        raise NoPeer(f"{what}: {HOW[peer]} and give its path by --driver or {variable(peer)}")
    return found


def measure(scale: Scale, peer: str, driver: str, circuit: Path | None) -> Iterator[Figure]:
    """Seconds by the clock outside, of each, and for products how many a second more of them take."""
    part, before = f"against {peer}", dict[str, tuple[int, Sequence[float]]]()
    for work in works(scale, circuit):
        taken = _by_turns(scale.runs, driver, work)
        for who, seconds in zip(("ccr", peer), taken, strict=True):
            yield Figure(part, work.of.name, who, "s", seconds)
            if work.name != "products":
                continue
            if who in before:
                count, others = before[who]
                rates = [(work.count - count) / max(b - a, 1e-9) for a, b in zip(others, seconds, strict=True)]
                yield Figure(part, f"products, from {count} to {work.count}", who, "a second", rates)
            before[who] = (work.count, seconds)


def _by_turns(runs: int, driver: str, work: Work) -> tuple[list[float], list[float]]:
    with TemporaryDirectory() as made:
        parties = Parties(compiled(work.of, Path(made)), given(work.of, Path(made)), Path(made))
        ours, theirs = list[float](), list[float]()
        more = [] if work.circuit is None else [str(work.circuit)]
        subprocess.run([driver, work.name, str(work.count), "0", "0", *more], check=True)
        for _ in range(runs):
            ours.append(parties.run().ran.seconds)
            port = str(free_port())
            commands = [[driver, work.name, str(work.count), party, port, *more] for party in "12"]
            theirs.append(clocked(commands).seconds)
    return ours, theirs
