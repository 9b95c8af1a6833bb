"""The demo between two `ccr run --as` over a slow link: what it took, and what `--link` said that it would.

    python -m benchmarks.over_link LINK [--mbit 100] [--delay-ms 20] [--products gates|shares] [-D NAME=VALUE ...]

LINK is a script that is called `LINK LISTEN_PORT TARGET_PORT --mbit M --delay-ms D --once`: a proxy on loopback that
holds each direction to a rate and delays it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.pair import CCR, ROOT, free_port

TUMOUR = ROOT / "examples" / "tumour"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("link")
    parser.add_argument("--mbit", default="100")
    parser.add_argument("--delay-ms", type=float, default=20)
    parser.add_argument("--products", default="shares")
    parser.add_argument("-D", dest="define", action="append", default=[])
    given = parser.parse_args()
    near, far = free_port(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "tumour.ccrc"
        defined = [f"-D{each}" for each in given.define]
        call("compile", str(TUMOUR / "tumour.ccr"), "--products", given.products, *defined, "-o", str(program))
        for name in ("hospital", "vendor"):
            call("keys", "new", name, "--folder", folder)
        link = [
            sys.executable,
            given.link,
            str(near),
            str(far),
            "--mbit",
            given.mbit,
            "--delay-ms",
            str(given.delay_ms),
        ]
        between = subprocess.Popen([*link, "--once"], stdout=subprocess.DEVNULL)
        trip = f"{given.mbit}Mbit,{2 * given.delay_ms:g}ms"
        run = ["run", str(program), "--link", trip, "--quiet", "--json"]
        listens = ["--as", "hospital", "--listen", f"127.0.0.1:{far}", "--input", f"records={TUMOUR / 'records.csv'}"]
        connects = ["--as", "vendor", "--connect", f"127.0.0.1:{near}", "--input", f"w0={TUMOUR / 'base.npz'}"]
        hospital = subprocess.Popen([*CCR, *run, *listens, *keys(folder, "hospital", "vendor")], stdout=subprocess.PIPE)
        await_port(far)
        vendor = subprocess.run(
            [*CCR, *run, *connects, *keys(folder, "vendor", "hospital")], stdout=subprocess.PIPE, check=True
        )
        hospital.communicate()
        between.terminate()
        between.wait()
    told = json.loads(vendor.stdout)
    taken = sum(told["parties"]["vendor"]["seconds"].values())
    sent, foreseen = told["bytes"]["total"] / 1e6, told["predicted"]["bytes"]["total"] / 1e6
    print(f"{given.products} over {trip}: {sent:.2f} MB (predicted {foreseen:.2f})")
    print(f"{taken:.1f} s from the greeting to the outputs (predicted {told['predicted']['seconds']:.1f})")


def call(*arguments: str) -> None:
    subprocess.run([*CCR, *arguments], stdout=subprocess.DEVNULL, check=True)


def keys(folder: str, own: str, peer: str) -> list[str]:
    return [f"--key={folder}/{own}.key", f"--cert={folder}/{own}.crt", f"--peer={folder}/{peer}.crt"]


def await_port(port: int) -> None:
    """Until somebody listens: told by its own socket table, for a connection would be taken for the peer."""
    wanted = f":{port:04X} "
    while not any(wanted in line.split("00000000:0000")[0] for line in Path("/proc/net/tcp").read_text().splitlines()):
        time.sleep(0.05)


if __name__ == "__main__":
    main()
