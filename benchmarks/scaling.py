"""How cost grows: with lanes, with steps, with features; and memory with ANDs, which it should not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import texts
from benchmarks.figures import Figure, Scale
from benchmarks.pair import Pair, Parties
from benchmarks.programs import compiled, figures, given
from benchmarks.texts import Measured
from compiler.program import and_gates

LANES = (1, 10, 100, 1000, 10_000)
STEPS = (1, 4, 16, 64)
FEATURES = (5, 10, 20, 40, 80)
MEMORY = (1, 44, 440)  # steps of 4096 lanes: 10^6, 10^8 and 10^9 ANDs
LONGEST = 4400  # 10^10 of them: ten minutes


@dataclass(frozen=True, slots=True)
class Grown:
    """A program of one size."""

    by: str
    size: int
    of: Measured


def suite(scale: Scale) -> Iterator[Grown]:
    if scale.quick:
        yield Grown("lanes", 2, texts.steps(2, 2))
        return
    yield from (Grown("lanes", size, texts.steps(4, size)) for size in LANES)
    yield from (Grown("steps", size, texts.steps(size)) for size in STEPS)
    yield from (Grown("features", size, texts.logistic(16, size)) for size in FEATURES)


def measure(scale: Scale) -> Iterator[Figure]:
    for each in suite(scale):
        yield from _grown(f"{each.size} {each.by}", each.of, scale.runs)


def memory(scale: Scale) -> Iterator[Figure]:
    """Of each party at most, once a size."""
    sizes = MEMORY[:1] if scale.quick else (*MEMORY, LONGEST) if scale.long else MEMORY
    for size in sizes:
        [pair], ands = _run(texts.steps(size), 1)
        for who, most in zip(("garbler", "evaluator"), pair.memory, strict=True):
            yield Figure("memory", f"{ands:.1e} AND gates", who, "MB", [most])


def _grown(subject: str, of: Measured, runs: int) -> Iterator[Figure]:
    pairs, _ = _run(of, runs)
    yield from figures("scaling", subject, pairs)


def _run(of: Measured, runs: int) -> tuple[list[Pair], int]:
    with TemporaryDirectory() as made:
        program = compiled(of, Path(made))
        parties = Parties(program, given(of, Path(made)), Path(made))
        return [parties.run() for _ in range(runs)], and_gates(program.compiled.plan)
