"""Whole programs between two processes of this machine, over TLS."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks import texts
from benchmarks.figures import Figure, Scale
from benchmarks.pair import Pair, Parties
from benchmarks.texts import Measured
from compiler.joint.shares import Products
from runtime import api
from runtime.program import Program

DIGITS = ("one_vs_all", "softmax", "mlp")
MEGA = 1e6


def suite(scale: Scale, circuit: Path | None) -> Iterator[Measured]:
    """All of them; AES where its circuit is at hand."""
    tiny = scale.quick
    yield texts.millionaires()
    yield from (texts.products(count) for count in ((20, 100) if tiny else (20_000, 100_000)))
    yield texts.joint_products(20 if tiny else 100_000)
    if circuit is not None:
        yield texts.aes(2 if tiny else 1000, circuit)
    yield texts.logistic(2, 3) if tiny else texts.logistic(16, 20)
    yield texts.sort(8 if tiny else 4096)
    yield from (texts.intersection(4 if tiny else 64, how) for how in ("loops", "lanes"))
    yield texts.sorted_intersection(5 if tiny else 1000)
    yield from map(texts.demo, [Products.SHARES] if tiny else Products)
    yield from (texts.digits(name, 4 if tiny else 256) for name in (DIGITS[:1] if tiny else DIGITS))


def measure(scale: Scale, circuit: Path | None = None) -> Iterator[Figure]:
    """Where it is to be quick, but for the first one: in the clear, in this process."""
    for number, each in enumerate(suite(scale, circuit)):
        with TemporaryDirectory() as made:
            start = time.perf_counter()
            program = compiled(each, Path(made))
            took = time.perf_counter() - start
            files = given(each, Path(made))
            yield Figure("programs", each.name, "compiled", "s", [took])
            if number and scale.quick:
                api.simulate(program, files, seed=1)
                continue
            parties = Parties(program, files, Path(made))
            yield from figures("programs", each.name, [parties.run() for _ in range(scale.runs)])


def compiled(of: Measured, folder: Path) -> Program:
    """Its text is written into the folder, if it has one."""
    path = of.text
    if isinstance(path, str):
        path = folder / "program.ccr"
        path.write_text(texts.PARTIES + str(of.text))
    return api.compile(path, dict(of.overrides), of.products)


def given(of: Measured, folder: Path) -> dict[str, str]:
    """Its values, in files of the folder; the same at each run."""
    files = dict(of.files)
    for name, values in of.values(np.random.default_rng(1)).items():
        files[name] = str(folder / f"{name}.npy")
        np.save(files[name], values)
    return files


def figures(part: str, subject: str, pairs: list[Pair]) -> Iterator[Figure]:
    """Seconds by a clock outside and from the greeting on, what was sent, and what it took."""

    def figure(measure: str, unit: str, values: list[float]) -> Figure:
        return Figure(part, subject, measure, unit, values)

    ands = pairs[0].told["and_gates"]
    yield figure("all", "s", [pair.ran.seconds for pair in pairs])
    yield figure("from the greeting", "s", [sum(pair.phases.values()) for pair in pairs])
    yield figure("set-up", "s", [pair.phases["setup"] for pair in pairs])
    yield figure("AND gates", "million", [ands / MEGA])
    yield figure("AND gates a second", "million", [ands / MEGA / pair.streamed for pair in pairs])
    yield figure("sent", "MB", [pair.told["bytes"]["total"] / MEGA for pair in pairs])
    for number, who in enumerate(("garbler", "evaluator")):
        yield figure(f"processor, {who}", "s", [pair.ran.used[number] for pair in pairs])
        yield figure(f"memory, {who}", "MB", [pair.memory[number] for pair in pairs])
