"""`python -m benchmarks`: every part runs, in tiny sizes; what docs/benchmarks.md shows is what its figures say."""

from __future__ import annotations

import importlib
import json
import math
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from benchmarks import against, page, scaling
from benchmarks.__main__ import parts
from benchmarks.figures import Figure, Scale
from benchmarks.pair import clocked
from benchmarks.peers import mp_spdz
from benchmarks.texts import millionaires
from runtime.execute.engines import PORTABLE, chosen

ROOT = Path(__file__).parents[2]
SHORT = ("kernel", "shares", "threads", "ot", "channel", "memory", "start", "counts")


def suite(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    env = {name: value for name, value in os.environ.items() if not name.startswith("CCR_")}
    return subprocess.run(command, cwd=ROOT, env=env | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)


def told(file: Path) -> Any:
    return json.loads(file.read_text())


@pytest.mark.parametrize("some", [SHORT, ("programs", "scaling")], ids=["short", "programs"])
def test_the_suite_runs(some: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    done = suite("--quick", *some, "--output", str(file))
    assert done.returncode == 0, done.stderr
    figures = told(file)["figures"]
    none = {"threads"} if chosen().backend == PORTABLE else set[str]()  # which shares no gates among threads
    assert {figure["part"] for figure in figures} == set(some) - none
    for figure in figures:
        assert math.isfinite(figure["median"]) and 0 < figure["low"] <= figure["median"] <= figure["high"], figure
    assert {"cpu", "flags", "cores", "memory_gb", "python", "openssl", "backend", "ccr", "load"} <= told(file)[
        "machine"
    ].keys()
    made = page.text(told(file))
    assert all(f"| {figure['subject']} |" in made for figure in figures)
    page.draw(told(file), tmp_path / "plot.svg")
    assert (tmp_path / "plot.svg").read_text().rstrip().endswith("</svg>")


@pytest.mark.slow
def test_memory_does_not_grow_with_gates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two million and 73 million: of either party, far below 300 MB, and what a window more or less takes."""
    monkeypatch.setattr(scaling, "MEMORY", (1, 32))
    few_garbled, few_evaluated, many_garbled, many_evaluated = (each.median for each in scaling.memory(Scale(1)))
    assert max(many_garbled, many_evaluated) < 200
    assert many_garbled < few_garbled + 10 and many_evaluated < few_evaluated + 10


def test_every_part_is_run_here() -> None:
    assert {*SHORT, "programs", "scaling"} == parts(None).keys() == page.TITLES.keys()


def test_a_part_that_is_not_there() -> None:
    done = suite("kernel", "shred")
    assert done.returncode == 1
    assert done.stderr.startswith("no part is called shred: there are kernel, ")


def test_a_peer_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    done = suite("--against", "emp")
    assert done.returncode == 1
    assert "nothing says where emp is: install emp-tool" in done.stderr and "CCR_BENCHMARK_EMP" in done.stderr
    monkeypatch.setenv("CCR_BENCHMARK_MP_SPDZ", "/no/such/driver")
    with pytest.raises(against.NoPeer, match="`/no/such/driver` is no program: build its yao-party"):
        against.driver_of("mp-spdz", None)


def test_a_peer_takes_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    driver = tmp_path / "driver"
    driver.write_text(f'#!/bin/sh\necho "$1 $2 $3" >> {tmp_path}/calls\n')
    driver.chmod(0o755)
    monkeypatch.setattr(against, "works", lambda scale, circuit: [against.Work("millionaires", 1, millionaires())])
    figures = list(against.measure(Scale(1, quick=True), "emp", against.driver_of("emp", str(driver)), None))
    assert [(figure.subject, figure.measure) for figure in figures] == [
        ("millionaires", "ccr"),
        ("millionaires", "emp"),
    ]
    assert sorted((tmp_path / "calls").read_text().splitlines()) == [
        "millionaires 1 0",
        "millionaires 1 1",
        "millionaires 1 2",
    ]


def test_the_other_peer_has_every_work(tmp_path: Path) -> None:
    """Programs are Python to MP-SPDZ's compiler, which is not here; of so many at once, or in turns of LANES."""
    for scale in (Scale(1), Scale(1, quick=True)):
        wanted = [(work.name, work.count) for work in against.works(scale, tmp_path / "aes")]
        assert {work for work, _ in wanted} == set(mp_spdz.SOURCES)
        for work, count in wanted:
            compile(mp_spdz.source(work, count), work, "exec")
    assert "for_range(2)" in mp_spdz.source("products", 2 * mp_spdz.LANES)
    assert "for_range(1)" in mp_spdz.source("products", 7)
    with pytest.raises(ValueError, match="no multiple"):
        mp_spdz.source("aes", mp_spdz.LANES + 1)


def test_a_party_that_fails_ends_its_peer() -> None:
    start = time.monotonic()
    with pytest.raises(RuntimeError, match=r"a party ended with 1: \['false'\]"):
        clocked([["false"], ["sleep", "600"]])
    assert time.monotonic() - start < 300


def test_ratios_are_of_what_is_better() -> None:
    figures = [
        Figure("against emp", subject, who, unit, [value]).to_json()
        for subject, unit, ours, theirs in (("sort", "s", 2.0, 8.0), ("products", "a second", 60.0, 20.0))
        for who, value in (("ccr", ours), ("emp", theirs))
    ]
    machine = {
        "cpu": "a CPU",
        "flags": ["aes"],
        "cores": 2,
        "memory_gb": 8,
        "system": "Linux",
        "python": "3",
        "load": 0.1,
    }
    machine |= {"numpy": "2", "openssl": "3", "ccr": "1", "backend": "portable"}
    made = page.text({"machine": machine, "date": "2026-01-01", "figures": figures})
    assert "| sort | 2 s | 8 s | 4 |" in made
    assert "| products | 60 a second | 20 a second | 3 |" in made
    assert "busy" not in made


def test_the_page_is_of_its_figures() -> None:
    _, mark, made = page.PAGE.read_text().partition(page.MARK)
    assert mark and made.strip() == page.text(told(page.FIGURES)).strip()
    assert page.PLOT.exists()


@pytest.mark.parametrize("name", ["minimize", "over_link", "thirds"])
def test_the_others_load(name: str) -> None:
    assert callable(importlib.import_module(f"benchmarks.{name}").main)
