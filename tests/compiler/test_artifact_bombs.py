"""Artifacts made to fill the memory or to take for ever: each is refused by name, at once and in little memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from support.mutants import put_together, taken_apart

from compiler import artifact, pipeline
from compiler.artifact.sealed import framed, seal
from lang.source import Source

ROOT = Path(__file__).parents[2]
TEXT = """party p; party q;
input x: int<8>[4] from p;
input y: int<8>[4] from q;
var t: int<8> = 0;
for i in 0..4 { t = t + x[i] * y[i]; }
output z = reveal(t) to q;
"""
WIDE = """party p; party q;
input x: int<1024> from p;
input y: int<1024> from q;
output z = reveal(x / y) to q;
"""
SECONDS, MEGABYTES = 1.0, 200  # of a process that reads them all, one after the other
READ = """
import json, sys, time
from pathlib import Path
from support.peak import peak
from runtime.program import read_artifact
from compiler.artifact import ArtifactError
for path in sys.argv[1:]:
    start = time.process_time()
    try:
        read_artifact(Path(path))
        said = "accepted"
    except ArtifactError as error:
        said = str(error)
    print(json.dumps([said, time.process_time() - start, peak()]))
"""
PLAN = 13  # where the plan stands in the header: its kernels, its buffers, its steps
BYTE = ["Type", [], "1", -128, 127]


def nth(header: Any, kind: str) -> Any:
    """The first step of a kind."""
    return next(step for step in header[PLAN][3] if step[0] == kind)


def kernel(place: int, value: Any) -> Callable[[Any], None]:
    def change(header: Any) -> None:
        header[PLAN][1][0][place] = value

    return change


def step(kind: str, place: int, value: Any) -> Callable[[Any], None]:
    def change(header: Any) -> None:
        nth(header, kind)[place] = value

    return change


def more(*steps: Any) -> Callable[[Any], None]:
    return lambda header: header[PLAN][3].extend(steps)


def inputs(place: int, value: Any) -> Callable[[Any], None]:
    """The type of the first input."""

    def change(header: Any) -> None:
        header[6][0][1][place] = value

    return change


def circuit(place: int, value: Any) -> Callable[[Any], None]:
    def change(header: Any) -> None:
        header[PLAN][1][0][2][place] = value

    return change


def buffer(header: Any) -> None:
    header[PLAN][2][0] = 10**11


def forward(header: Any) -> None:
    """A clear word that reads the next."""
    items = nth(header, "Clear")[2][3]
    items[0][2] = [len(items)]


def loops(depth: int, count: int, body: list[Any]) -> Any:
    for _ in range(depth):
        body = [["Repeat", count, body, 0, 0]]
    return body[0]


def clear_loops(depth: int, carried: int = 3) -> Any:
    """Clear loops one in the other, each of which turns its carried values round: one of them is an input's."""
    array, index = ["Type", [4], "1", -128, 127], ["Type", [], "1", 0, 1]
    items: list[Any] = []
    first = 2 + depth * (1 + carried)
    results = list(range(first - carried, first))
    for level in reversed(range(depth)):
        first = 2 + level * (1 + carried)  # the loop's own number too
        block = ["Block", first, [index, *[array] * carried], items, [*results[1:], results[0]]]
        items = [["Loop", 2, list(range(first - carried, first)) if level else [0, 1, 1], block]]
        items += [["Result", first, i, array] for i in range(carried)]
        results = list(range(first + 1, first + 1 + carried))
    entry = ["Value", "INPUT", [], array, ["Entry", "x", "p"]]
    constant = ["Value", "CONST", [], array, ["Constant", [1]]]
    return ["Clear", "p", ["Block", 0, [], [entry, constant, *items], [0]], [], [10**6]]


def views(header: Any) -> None:
    launch = nth(header[PLAN][3] and header, "Copy")
    reads = [launch[1]] * 1000
    header[PLAN][3].append(["Launch", 0, launch[3], reads, reads, 0])


def gates(header: Any) -> None:
    repeat = nth(header, "Repeat")
    repeat[1] = 1 << 40
    next(step for step in repeat[2] if step[0] == "Launch")[2] = [1 << 10]


def passes(header: Any) -> None:
    header[12][0][2] = 10**6


HEADERS: Mapping[str, tuple[Callable[[Any], None], str]] = {
    "a number of a hundred million digits": (inputs(2, "1e99999999"), "not a fraction in lowest terms"),
    "a fraction of three million digits": (inputs(2, "1/" + "9" * 3_000_000), "not a fraction in lowest terms"),
    "a string of three million characters": (step("Clear", 1, "x" * 3_000_000), "a string of more than 1000"),
    "an integer of four thousand digits": (inputs(4, 10**4000), "an integer of more than 8192 bits"),
    "a tensor of a thousand axes": (inputs(1, [10**18] * 1000), "shape of a Type has 1000 entries"),
    "a tensor of 10^60 elements": (inputs(1, [10**20] * 3), "2^64 and more elements"),
    "a loop of 10^18": (step("Repeat", 1, 10**18), "1000000000000000000 times that a step runs"),
    "loops of 10^18 together": (more(loops(9, 100, [])), "100000000000000 times that a step runs"),
    "thirty loops in one another": (more(loops(30, 1, [])), "loops one in the other"),
    "sixty loops in one another": (more(loops(60, 1, [])), "nested too deep"),
    "more gates than a run takes": (gates, "gates in a run"),
    "a buffer of 10^11": (buffer, "100000000000 wires in a buffer"),
    "lanes of 10^18": (step("Copy", 3, [10**18]), "1000000000000000000 elements"),
    "a hundred thousand steps": (more(*[["Free", 0]] * 100_000), "entries or 32768 records"),
    "a launch of a thousand views": (views, "pairs of views"),
    "clear loops twenty deep": (more(clear_loops(20)), "loops one in the other"),
    "clear loops that are settled again and again": (more(clear_loops(14)), "plan is not what its text makes"),
    "a clear word that reads ahead": (forward, "which is not there"),
    "a circuit of 10^9 gates": (circuit(1, 10**9), "a circuit is longer than the file"),
    "a circuit of negative inputs": (circuit(0, -5), "it has no inputs or no outputs"),
    "a circuit of 10^18 inputs": (circuit(0, 10**18), "registers are named for"),
    "a tile of 0": (kernel(5, 0), "its tile of 0 lanes is not a power of two"),
    "a tile of 2^60": (kernel(5, 1 << 60), "larger than"),
    "registers of 10^18": (kernel(4, 10**18), "its nets are in registers"),
    "a million gates made before the passes": (passes, "gates before the passes"),
}


def texts(text: str) -> bytes:
    header, body, notes = taken_apart(artifact.encode(pipeline.compile(Source("m.ccr", TEXT))))
    notes[1][0][1] = text
    return put_together(header, body, notes)


def ahead(data: bytes) -> bytes:
    """The first gate reads a net that comes later."""
    header, body, notes = taken_apart(data)
    gates = header[PLAN][1][0][2][1]
    return put_together(header, body[:gates] + (1 << 20).to_bytes(4, "little") + body[gates + 4 :], notes)


OTHERS: Mapping[str, tuple[Callable[[bytes], bytes], str]] = {
    "40 MB of nested lists": (lambda _: seal(framed(b"[" + b"[]," * 13_000_000 + b"[]]", b""), b"[]"), "are read"),
    "4 MB of nested lists": (
        lambda _: seal(framed(b"[" + b"[]," * 1_390_000 + b"[]]", b""), b"[[],[]]"),
        "entries or 32768 records",
    ),
    "4 MB of lists in lists": (lambda _: seal(framed(b"[" * 4_000_000, b""), b"[[],[]]"), "recursion"),
    "4 MB of lists in lists, in the notes": (lambda d: seal(d[:-68], b"[" * 4_000_000), "does not describe"),
    "a gate that reads ahead": (ahead, "gate 0 reads a net that is not made yet"),
    "a megabyte of text": (lambda _: texts("let x = 1;\n" * 100_000), "characters of text"),
    "a million gates": (lambda d: _gates(d, (1 << 19) + 1), "more than 524288 gates"),
    "a text of brackets": (lambda _: texts("(" * 100_000), "does not compile: m.ccr:1:"),
    "a text of many more gates": (lambda _: texts(WIDE), "which takes more gates"),
}


def _gates(data: bytes, count: int) -> bytes:
    """A first kernel of so many gates, all like its first."""
    header, body, notes = taken_apart(data)
    kernel = header[PLAN][1][0]
    old = kernel[2][1]
    kernel[2][1] = count
    kernel[3] = [*range(kernel[2][0] + 1), *[kernel[2][0] + 1] * count]
    kernel[4] = kernel[2][0] + 2
    body = body[:1] * count + body[old : old + 8] * count + body[9 * old :]
    return put_together(header, body, notes)


def test_each_is_named_at_once(tmp_path: Path) -> None:
    data = artifact.encode(pipeline.compile(Source("m.ccr", TEXT)))
    wanted: list[str] = []
    for number, (change, reason) in enumerate(HEADERS.values()):
        header, body, notes = taken_apart(data)
        change(header)
        (tmp_path / f"{number:02}.ccrc").write_bytes(put_together(header, body, notes))
        wanted.append(reason)
    for number, (made, reason) in enumerate(OTHERS.values(), len(HEADERS)):
        (tmp_path / f"{number:02}.ccrc").write_bytes(made(data))
        wanted.append(reason)
    paths = [str(path) for path in sorted(tmp_path.glob("*.ccrc"))]
    found = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "tests")))}
    done = subprocess.run([sys.executable, "-c", READ, *paths], capture_output=True, text=True, check=True, env=found)
    said = [json.loads(line) for line in done.stdout.splitlines()]
    for name, reason, (message, seconds, peak) in zip([*HEADERS, *OTHERS], wanted, said, strict=True):
        assert seconds < SECONDS and peak < MEGABYTES, (name, seconds, peak, message)
        assert reason in message, (name, message)
