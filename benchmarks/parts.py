"""Records in many files under a contract: peak memory of every process, and seconds, of each command.

    python -m benchmarks.parts [--records 2000000] [--files 16] [--workers N] [--folder FOLDER]

The records are made up, each of 31 features and a label, and written as Parquet, to FOLDER if they are to stay; then
come the grant, the contract, and one step of the tumour example between two processes, with --workers each party with a
cluster on this machine.
Linux only: how much memory a process had is read from /proc while it runs.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet

from benchmarks.pair import CCR, HERE, ROOT, free_port

FEATURES = 31
TUMOUR = ROOT / "examples" / "tumour"
EVERY = 0.02  # seconds between two looks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=2_000_000)
    parser.add_argument("--files", type=int, default=16)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        data = given.folder or Path(name)
        data.mkdir(exist_ok=True)
        if not list(data.glob("part-*.parquet")):
            write(data, given.records, given.files)
        measure(f"{data}/part-*.parquet", Path(name), given.workers)


def write(folder: Path, records: int, files: int) -> None:
    """One file's records at a time."""
    rng = np.random.default_rng(1)
    for number, rows in enumerate(np.array_split(np.arange(records), files)):
        x = rng.uniform(-1, 1, (len(rows), FEATURES)) / FEATURES**0.5 * 0.95
        columns = {f"x{i}": x[:, i] for i in range(FEATURES)} | {"y": rng.integers(0, 2, len(rows))}
        parquet.write_table(pa.table(columns), folder / f"part-{number:02}.parquet")


def measure(records: str, folder: Path, workers: int) -> None:
    """Keys, ledger and contract are new, and in the folder."""
    program, contract = folder / "tumour.ccrc", folder / "contract.json"
    ledger, key = ["--ledger", str(folder / "hospital.db")], dict[str, list[str]]()
    for party in ("hospital", "vendor"):
        told("keys", "new", party, "--folder", str(folder))
        key[party] = ["--key", str(folder / f"{party}.key"), "--cert", str(folder / f"{party}.crt")]
    told("compile", str(TUMOUR / "tumour.ccr"), "-D", "STEPS=1", "-o", str(program))
    budget, given = ["--epsilon", "4", "--delta", "1e-7"], ["--input", f"records={records}"]
    peer = str(folder / "vendor.crt")
    show("data show", ["data", "show", records, str(program)])
    show("budget grant", ["budget", "grant", records, *budget, *ledger])
    show("budget allot", ["budget", "allot", records, "--to", peer, *budget, *ledger])
    new = ["contract", "new", str(program), "--as", "hospital", *key["hospital"], "--peer", peer, *given]
    show("contract new", [*new, "--epsilon", "1", "-o", str(contract)])
    for own in key.values():
        told("contract", "sign", str(contract), *own)
    port = free_port()
    cluster = ["--cluster", "local", "--workers", str(workers)] if workers else []
    run = ["run", str(program), "--contract", str(contract), "--quiet", *cluster]
    own = [*run, "--as", "hospital", *key["hospital"], *given, *ledger, "--listen", f"{HERE}:{port}"]
    other = [*run, "--as", "vendor", *key["vendor"], "--input", f"w0={TUMOUR}/base.npz", "--connect", f"{HERE}:{port}"]
    show("run", own, other)


def told(*arguments: str) -> None:
    subprocess.run([*CCR, *arguments], check=True, stdout=subprocess.DEVNULL, cwd=ROOT)


def show(name: str, *commands: Sequence[str]) -> None:
    """Run them at once, and print what they took.  RuntimeError if one fails."""
    start = time.perf_counter()
    processes = [subprocess.Popen([*CCR, *command], stdout=subprocess.DEVNULL, cwd=ROOT) for command in commands]
    seen, ended = dict[int, float](), threading.Event()
    watch = threading.Thread(target=_watch, args=([process.pid for process in processes], seen, ended))
    watch.start()
    failed = [process.args for process in processes if process.wait()]
    ended.set()
    watch.join()
    if failed:
        raise RuntimeError(f"failed: {failed}")
    peaks = ", ".join(f"{peak:.0f}" for peak in sorted(seen.values(), reverse=True))
    print(f"{name}: {time.perf_counter() - start:.1f} s, peak memory in MB of each process: {peaks}", flush=True)


def _watch(roots: Sequence[int], seen: dict[int, float], ended: threading.Event) -> None:
    """The peaks of these processes and of all that they have started, in MB, by their number."""
    while not ended.wait(EVERY):
        waiting = list(roots)
        while waiting:
            process = waiting.pop()
            try:
                status = Path(f"/proc/{process}/status").read_text()
                for thread in Path(f"/proc/{process}/task").iterdir():
                    waiting += map(int, (thread / "children").read_text().split())
            except OSError:  # it has ended
                continue
            for line in status.splitlines():
                if line.startswith("VmHWM"):
                    seen[process] = int(line.split()[1]) / 1000


if __name__ == "__main__":
    main()
