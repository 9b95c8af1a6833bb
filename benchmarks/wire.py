"""Parallel 32-bit products between two processes of this machine, with and without encryption, by an outside clock.

    python -m benchmarks.wire [RUNS]        # medians of RUNS, 5 if not given

A rate is the slope between FEW and MANY products: of seconds from start to end of the two parties' processes, input
files included, and of processor seconds of both together, which say more where others use the machine.  `poured` is
the same bytes through the same channel, made of nothing: what there is to reach.
"""

from __future__ import annotations

import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.poured import pour
from compiler.program import and_gates
from runtime.api import Program, compile, run

FEW, MANY = 20_000, 200_000
PRODUCTS = {
    "a b": """
input a: uint<32>[{n}] from alice;
input b: uint<32>[{n}] from bob;
output reveal((a * b) as uint<32> wrap) to bob;
""",
    "(x ^ y) (u ^ v)": """
input x: uint<32>[{n}] from alice;
input u: uint<32>[{n}] from alice;
input y: uint<32>[{n}] from bob;
input v: uint<32>[{n}] from bob;
output reveal((((x ^ y) as uint<32>) * ((u ^ v) as uint<32>)) as uint<32> wrap) to bob;
""",
}


@dataclass(frozen=True, slots=True)
class Took:
    seconds: float
    processor: float


def taken(work: Callable[[], object]) -> Took:
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Took(time.perf_counter() - start, used)


def slope(few: list[Took], many: list[Took], what: float) -> tuple[float, float]:
    """So much a second, by the clock and by processor seconds."""

    def between(of: Callable[[Took], float]) -> float:
        return what / (statistics.median(map(of, many)) - statistics.median(map(of, few)))

    return between(lambda took: took.seconds), between(lambda took: took.processor)


def given(folder: Path, text: str, n: int) -> tuple[Program, dict[str, str]]:
    path = folder / f"{n}.ccr"
    path.write_text("party alice; party bob;" + text.format(n=n))
    program, inputs = compile(path), dict[str, str]()
    rng = np.random.default_rng(1)
    for entry, type, _ in program.compiled.inputs:
        inputs[entry.name] = str(folder / f"{entry.name}{n}.npy")
        np.save(inputs[entry.name], rng.integers(type.lo, type.hi + 1, type.shape, dtype=np.int64))
    return program, inputs


def main(runs: int) -> None:
    print(
        f"medians of {runs}; in millions of ANDs a second, and in products a second, by the clock | by processor time"
    )
    with tempfile.TemporaryDirectory() as made:
        for name, text in PRODUCTS.items():
            few, many = (given(Path(made), text, n) for n in (FEW, MANY))
            sizes = [32 * n * gates(few[0]) // FEW for n in (FEW, MANY)]
            took: dict[tuple[str, bool], list[list[Took]]] = {}
            for _ in range(runs):
                for insecure in (True, False):
                    for at, (program, inputs) in enumerate((few, many)):
                        done = taken(partial(run, program, inputs, not_private=True, insecure=insecure))
                        took.setdefault(("garbled", insecure), [[], []])[at].append(done)
                        done = taken(partial(pour, sizes[at], insecure))
                        took.setdefault(("channel", insecure), [[], []])[at].append(done)
            for (what, insecure), (less, more) in took.items():
                clock, used = slope(less, more, MANY - FEW)
                ands = gates(few[0]) / FEW / 1e6
                link = "TCP" if insecure else "TLS"
                print(
                    f"{name:<16} {link} {what}: {clock * ands:6.1f} | {used * ands:6.1f} M ANDs/s, "
                    f"{clock:9.0f} | {used:9.0f} products/s",
                    flush=True,
                )


def gates(program: Program) -> int:
    return and_gates(program.compiled.plan)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
