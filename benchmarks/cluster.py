"""A run of two clusters on this machine over slow links, one for each pair of workers: seconds by number of workers.

    python -m benchmarks.cluster LINK [--workers 1 4 8] [--mbit 50] [--delay-ms 10] [--products gates|shares]

LINK is as for over_link.py.  The workers listen at ports of their own, and are told as those of the links before them.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.over_link import await_port, call, keys
from benchmarks.pair import ROOT, free_port

EXAMPLES = ROOT / "examples"
FIRST, SHIFT = 19000, 500  # ports of workers, and by how much those of their links are higher
MAIN = f"""
import sys
from runtime.cluster import dasks
reached = dasks.DaskLauncher.public
dasks.DaskLauncher.public = lambda self, worker, port: (reached(self, worker, port)[0], port + {SHIFT})
from runtime.cli.main import main
if __name__ == "__main__":
    main()
"""
PARTIES = {
    "tumour/tumour.ccr": {
        "hospital": ["--input", f"records={EXAMPLES}/tumour/records.csv", "--not-private"],
        "vendor": ["--input", f"w0={EXAMPLES}/tumour/base.npz"],
    },
    "digits/mlp.ccr": {
        "clinic": ["--input", f"digits={EXAMPLES}/digits/records.csv", "--not-private"],
        "vendor": ["--inputs", f"{EXAMPLES}/digits/mlp.npz"],
    },
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("link")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 4, 8])
    parser.add_argument("--mbit", default="50")
    parser.add_argument("--delay-ms", default="10")
    parser.add_argument("--products", default="gates")
    parser.add_argument("--program", default="tumour/tumour.ccr", choices=PARTIES)
    parser.add_argument("-D", dest="define", action="append", default=[])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        program, script = folder / "program.ccrc", folder / "party.py"
        script.write_text(MAIN)
        defined = [f"-D{each}" for each in given.define]
        call("compile", str(EXAMPLES / given.program), "--products", given.products, *defined, "-o", str(program))
        for party in PARTIES[given.program]:
            call("keys", "new", party, "--folder", name)
        first = 0.0
        for workers in given.workers:
            took = run(given, folder, workers)
            first = first or took
            print(f"{workers} workers: {took:.1f} s, {first / took:.2f} times", flush=True)


def run(given: argparse.Namespace, folder: Path, workers: int) -> float:
    """Seconds from the greeting to the outputs."""
    near, far = free_port(), free_port()
    ends = [(near, far), *((FIRST + SHIFT + n, FIRST + n) for n in range(workers))]
    speed = ["--mbit", given.mbit, "--delay-ms", given.delay_ms]
    links = [
        subprocess.Popen([sys.executable, given.link, str(a), str(b), *speed], stdout=subprocess.DEVNULL)
        for a, b in ends
    ]
    parties = PARTIES[given.program]
    (listener, connector), port = parties, far
    common = ["run", str(folder / "program.ccrc"), "--cluster", "local", "--workers", str(workers), "--json", "--quiet"]
    doors = ["--worker-listen", f"127.0.0.1:{FIRST}-{FIRST + workers - 1}"]
    here = [sys.executable, str(folder / "party.py"), *common]
    waits = [*here, "--as", listener, "--listen", f"127.0.0.1:{port}", *doors, *parties[listener]]
    calls = [*here, "--as", connector, "--connect", f"127.0.0.1:{near}", *parties[connector]]
    try:
        waiting = subprocess.Popen([*waits, *keys(str(folder), listener, connector)], stdout=subprocess.PIPE, cwd=ROOT)
        await_port(port)
        done = subprocess.run(
            [*calls, *keys(str(folder), connector, listener)], stdout=subprocess.PIPE, check=True, cwd=ROOT
        )
        waiting.communicate()
    finally:
        for link in links:
            link.terminate()
    return float(json.loads(done.stdout)["seconds"]["steps"])


if __name__ == "__main__":
    main()
