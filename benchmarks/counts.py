"""AND gates of the examples and of what they are measured against, and what compiling takes.

    python -m benchmarks.counts PROGRAM.ccr ...        # of other programs than the examples

Each is compiled in a process of its own, with products as shares and as gates: ANDs of a whole run, gates of all
kernels, seconds of this processor from the text to a plan, and the most memory that was held.
"""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks.figures import Figure, Scale
from benchmarks.watched import peak
from compiler.pipeline import built, compile, understand
from compiler.program import and_gates
from lang.source import Source
from lang.syntax.load import read
from runtime.api import Products

EXAMPLES = Path(__file__).parents[1] / "examples"
MEASURED = {  # alice's, bob's, and what is computed: ANDs a term
    "32 rows of 64 Q16.16": ("fix<32, 16>[32, 64]", "fix<32, 16>[64]", "(x @ y) as fix<32, 16> floor wrap", 32 * 64),
    "32 rows of 64 Q8.8": ("fix<16, 8>[32, 64]", "fix<16, 8>[64]", "(x @ y) as fix<16, 8> floor wrap", 32 * 64),
    "int<9> by int<16>": ("int<9>[96, 32]", "int<16>[32]", "x @ y", 96 * 32),
    "int<32> matrices": ("int<32>[16, 32]", "int<32>[32, 16]", "x @ y", 16 * 32 * 16),
    "int<32> matrices, wrapped": ("int<32>[24, 24]", "int<32>[24, 24]", "(x @ y) as int<32> wrap", 24**3),
}


def measure(scale: Scale) -> Iterator[Figure]:
    examples = sorted(EXAMPLES.glob("*/*.ccr"))
    yield from of_programs([path for path in examples if path.stem == "millionaires" or not scale.quick])
    for name, (left, right, value, terms) in () if scale.quick else MEASURED.items():
        text = f"party alice; party bob; input x: {left} from alice; input y: {right} from bob;"
        plan = compile(Source(name, f"{text} output reveal({value}) to bob;")).plan
        yield Figure("counts", name, "a term", "AND gates", [and_gates(plan) / terms])


def of_programs(paths: Iterable[Path]) -> Iterator[Figure]:
    for path in paths:
        for products in Products:
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                ands, gates, seconds, memory = pool.apply(_counted, (path, products))
            subject = f"{path.parent.name}/{path.stem}, products as {products.name.lower()}"
            yield Figure("counts", subject, "of a run", "AND gates", [ands])
            yield Figure("counts", subject, "of all kernels", "gates", [gates])
            yield Figure("counts", subject, "compiled", "s", [seconds])
            yield Figure("counts", subject, "memory", "MB", [memory])


def _counted(path: Path, products: Products) -> tuple[int, int, float, float]:
    """ANDs, gates, seconds, MB."""
    start = time.process_time()
    plan = built(understand(read(path)), products).plan
    seconds = time.process_time() - start
    gates = sum(len(kernel.circuit.gates) for kernel in plan.kernels)
    return and_gates(plan), gates, seconds, peak()


if __name__ == "__main__":
    for each in of_programs(map(Path, sys.argv[1:])):
        print(each, flush=True)
