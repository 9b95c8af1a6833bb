"""Every example, run on this machine and over a slow link: bytes and seconds that were foretold, and that it took.

    python -m benchmarks.forecast LINK [RUNS] [--mbit 100] [--delay-ms 20] [--only NAME]    # the shortest of RUNS, 3

LINK is a script as of `over_link.py`; `ccr doctor --measure` comes first.  Trainings that take minutes are cut to a few
steps.  Seconds are from the greeting to the outputs; a machine that does other things takes longer than it says.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.over_link import await_port
from benchmarks.pair import CCR, free_port
from compiler.program import Compiled, receiver
from runtime.api import compile

EXAMPLES = Path(__file__).parents[1] / "examples"
BANKS = ("bank_a", "bank_b", "bank_c")
MODEL = ("first", "shift", "second", "offset", "limit")
Inputs = Mapping[str, str]  # a file of the example's folder, or a number

ALL: dict[str, tuple[Inputs, Inputs]] = {  # inputs, and params that make a run of it short
    "auction/auction": ({"mine": "mine.csv", "yours": "yours.csv"}, {}),
    "backbone/head": ({"w0": "zeros.npz", "images": "records.npz"}, {"STEPS": "2"}),
    "diabetes/diabetes": ({"w0": "base.npz", "records": "records.csv"}, {}),
    "digits/by_step": ({"w0": "linear.npz", "digits": "records.csv"}, {"STEPS": "3", "LAST": "3"}),
    "digits/cnn": (
        dict.fromkeys(("kernels0", "dense0", "bias0"), "cnn.npz") | {"digits": "records.csv"},
        {"STEPS": "1", "BATCH": "8"},
    ),
    "digits/mlp": (
        dict.fromkeys(("first", "second", "bias"), "mlp.npz") | {"digits": "records.csv"},
        {"STEPS": "1", "BATCH": "32"},
    ),
    "digits/one_vs_all": ({"w0": "linear.npz", "digits": "records.csv"}, {"STEPS": "2"}),
    "digits/softmax": ({"w0": "linear.npz", "digits": "records.csv"}, {"STEPS": "2", "BATCH": "64"}),
    "fraud/fraud": (dict.fromkeys(MODEL, "model.npz") | {"payments": "payments.csv"}, {}),
    "fraud-training/train": (
        {"w0": "base.npz"}
        | {f"{bank}.payments": f"{bank}.csv" for bank in BANKS}
        | {f"{bank}.holdout": f"{bank}_holdout.csv" for bank in BANKS},
        {"STEPS": "10"},
    ),
    "millionaires/millionaires": ({"a": "1200000", "b": "900000"}, {}),
    "tumour/measured": ({"w0": "base.npz", "records": "records.csv", "holdout": "test.csv"}, {}),
    "tumour/tumour": ({"w0": "base.npz", "records": "records.csv"}, {}),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("link")
    parser.add_argument("runs", type=int, nargs="?", default=3)
    parser.add_argument("--mbit", default="100")
    parser.add_argument("--delay-ms", type=float, default=20)
    parser.add_argument("--only", default="")
    given = parser.parse_args()
    trip = f"{given.mbit}Mbit,{2 * given.delay_ms:g}ms"
    proxy = ["--mbit", given.mbit, "--delay-ms", str(given.delay_ms), "--once"]
    print(f"{'':26}{'MB foretold':>12}{'sent':>9}{'':>7}{'s foretold':>12}{'took':>8}{'':>7}{trip:>14}{'took':>6}")
    for name, (inputs, params) in ALL.items():
        if given.only not in name:
            continue
        program = EXAMPLES / f"{name}.ccr"
        files = {n: str(program.parent / value) if "." in value else value for n, value in inputs.items()}
        defined = [f"-D{each}={value}" for each, value in params.items()]
        near = [here(program, files, defined) for _ in range(given.runs)]
        far = [apart(program, files, defined, trip, [given.link, *proxy]) for _ in range(given.runs)]
        print(f"{name:26}{_bytes(near[0])}{_seconds(near)}{_seconds(far)}", flush=True)


def here(program: Path, inputs: Inputs, defined: Sequence[str]) -> dict[str, Any]:
    given = [f"--input={name}={value}" for name, value in inputs.items()]
    call = [*CCR, "run", str(program), *defined, *given, "--not-private", "--quiet", "--json"]
    return told(subprocess.Popen(call, stdout=subprocess.PIPE))


def told(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    said, _ = process.communicate()
    assert process.returncode == 0
    found: dict[str, Any] = json.loads(said)
    return found


def apart(program: Path, inputs: Inputs, defined: Sequence[str], trip: str, link: Sequence[str]) -> dict[str, Any]:
    """A process for each party, and a link to each that listens; what the one that connects says."""
    compiled = compile(program, dict(each[2:].split("=") for each in defined)).compiled
    to = receiver(compiled) or compiled.evaluator
    owners = compiled.owners or tuple(party for party in compiled.parties if party != to)
    run = [*CCR, "run", str(program), *defined, "--not-private", "--quiet", "--json", "--link", trip]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as ended:
        for party in (to, *owners):
            subprocess.run([*CCR, "keys", "new", party, "--folder", folder], stdout=subprocess.DEVNULL, check=True)
        ends, listening = list[str](), list[subprocess.Popen[bytes]]()
        for owner in owners:
            near, far = free_port(), free_port()
            proxy = [sys.executable, link[0], str(near), str(far), *link[1:]]
            between = subprocess.Popen(proxy, stdout=subprocess.DEVNULL)
            ended.callback(between.wait)
            ended.callback(between.terminate)
            listen = ["--as", owner, "--listen", f"127.0.0.1:{far}", f"--peer={folder}/{to}.crt"]
            listen += [*of(compiled, owner, inputs), *keys(folder, owner)]
            listening.append(subprocess.Popen([*run, *listen], stdout=subprocess.PIPE))
            await_port(far)
            named = f"{owner}=" if compiled.owners else ""
            ends += [f"--connect={named}127.0.0.1:{near}", f"--peer={named}{folder}/{owner}.crt"]
        ends += [*of(compiled, to, inputs), *keys(folder, to)]
        found = told(subprocess.Popen([*run, "--as", to, *ends], stdout=subprocess.PIPE))
        for each in listening:
            told(each)
    return found


def of(compiled: Compiled, party: str, inputs: Inputs) -> list[str]:
    """What a party brings; an owner's are named OWNER.NAME where there are several."""
    if party in compiled.owners:
        own = {name.partition(".")[2]: v for name, v in inputs.items() if name.startswith(f"{party}.")}
    else:
        brings = {e.name: e.party for e, _, _ in compiled.inputs} | {d.name: d.party for d in compiled.datasets}
        own = {name: value for name, value in inputs.items() if brings.get(name) == party}
    return [f"--input={name}={value}" for name, value in own.items()]


def keys(folder: str, party: str) -> list[str]:
    return [f"--key={folder}/{party}.key", f"--cert={folder}/{party}.crt"]


def _bytes(run: Mapping[str, Any]) -> str:
    sent, foretold = run["bytes"]["total"], run["predicted"]["bytes"]["total"]
    return f"{foretold / 1e6:12.3f}{sent / 1e6:9.3f}{_off(foretold, sent)}"


def _seconds(runs: Sequence[Mapping[str, Any]]) -> str:
    took = min(max(sum(party["seconds"].values()) for party in run["parties"].values()) for run in runs)
    foretold = runs[0]["predicted"]["seconds"]
    return f"{foretold:12.2f}{took:8.2f}{_off(foretold, took)}"


def _off(foretold: float, took: float) -> str:
    return f"{100 * (foretold / took - 1):+5.0f} %"


if __name__ == "__main__":
    main()
