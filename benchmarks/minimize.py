"""`ccr circuit minimize -O 2` on circuits of others: what is left of each, by the command itself.

    python -m benchmarks.minimize CIRCUIT...

Bristol and AIGER files, packed or not.  Seconds are of the processor, MB the most that were in use.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.pair import CCR

COUNTS = ("and_gates_before", "xor_gates_before", "and_gates_after", "xor_gates_after")


def measured(file: Path, out: Path) -> tuple[list[int], float, float]:
    """What the command counts, its seconds and its MB."""
    command = [*CCR, "circuit", "minimize", str(file), "-o", str(out), "-O", "2", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    told = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{file}: the command ended with {process.returncode}")
    counted = json.loads(told)
    return [counted[name] for name in COUNTS], used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main() -> None:
    print(f"{'circuit':26} {'AND':>7} {'XOR':>7} {'less':>7} {'XOR':>7} {'s':>7} {'MB':>5}")
    with tempfile.TemporaryDirectory() as folder:
        for file in map(Path, sys.argv[1:]):
            counts, seconds, memory = measured(file, Path(folder) / "small.txt")
            columns = " ".join(f"{count:7}" for count in counts)
            print(f"{file.name:26} {columns} {seconds:7.1f} {memory:5.0f}", flush=True)


if __name__ == "__main__":
    main()
