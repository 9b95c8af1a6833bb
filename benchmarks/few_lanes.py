"""Programs of few lanes, or of many launches, between two processes of this machine: seconds, MB, ANDs a second.

python benchmarks/few_lanes.py [RUNS]        # medians of RUNS, 5 if not given
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np

from runtime.api import compile, run

PARTIES = "party alice; party bob;\n"
PROGRAMS = {
    "two of 32 bits": """
input a: uint<32> from alice;
input b: uint<32> from bob;
output reveal(a > b) to bob;
""",
    "64 x 64 intersection, in loops": """
input a: uint<32>[64] from alice;
input b: uint<32>[64] from bob;
var found: bit[64] = 0;
for i in 0..64 { for j in 0..64 { found[i] = found[i] | (a[i] == b[j]); } }
output reveal(found) to bob;
""",
    "64 x 64 intersection, in lanes": """
input a: uint<32>[64] from alice;
input b: uint<32>[64] from bob;
var found: bit[64] = 0;
for i in 0..64 { found[i] = sum(a[i] == b); }
output reveal(found) to bob;
""",
    "sort of 4096": """
input a: uint<32>[4096] from alice;
input b: uint<32>[4096] from bob;
output reveal(sort((a ^ b) as uint<32>)) to bob;
""",
}


def main(runs: int) -> None:
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        for name, text in PROGRAMS.items():
            path = folder / "program.ccr"
            path.write_text(PARTIES + text)
            program, given = compile(path), dict[str, str]()
            for entry, type, _ in program.compiled.inputs:
                values = rng.integers(type.lo, type.hi + 1, type.shape)
                np.save(folder / f"{entry.name}.npy", values)
                given[entry.name] = str(folder / f"{entry.name}.npy")
            reports = [run(program, given).reports[program.compiled.evaluator] for _ in range(runs)]
            took = statistics.median(sum(report.seconds.values()) for report in reports)
            stream = statistics.median(report.seconds["stream"] for report in reports)
            ands = reports[0].and_gates
            print(
                f"{name:<32} {ands:9} ANDs, {reports[0].received_bytes / 1e6:7.2f} MB: {took:.3f} s from the greeting, "
                f"{ands / stream / 1e6:6.2f} million ANDs a second",
                flush=True,
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
