"""AND gates of the examples and of what they are measured against, and what compiling takes.

    python benchmarks/counts.py [PROGRAM.ccr ...]        # all examples if none is given

Each is compiled in a process of its own, with products as shares and as gates: ANDs of a whole run, gates of all
kernels, seconds of this processor from the text to a plan, and the most memory that was held.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from pathlib import Path

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


def main(files: list[str]) -> None:
    print(f"{'':<28}{'':<8}{'ANDs':>16}{'gates':>9}{'s':>7}{'MB':>6}")
    workers = multiprocessing.get_context("spawn")
    for path in map(Path, files or sorted(map(str, EXAMPLES.glob("*/*.ccr")))):
        for products in Products:
            with workers.Pool(1) as pool:
                ands, gates, seconds, memory = pool.apply(counted, (path, products))
            print(f"{path.stem:<28}{products.name.lower():<8}{ands:>16,}{gates:>9,}{seconds:>7.2f}{memory:>6.0f}")
    for name, (left, right, value, terms) in MEASURED.items():
        text = f"party alice; party bob; input x: {left} from alice; input y: {right} from bob;"
        plan = compile(Source(name, f"{text} output reveal({value}) to bob;")).plan
        print(f"{name:<28}{and_gates(plan) / terms:.1f} ANDs a term")


def counted(path: Path, products: Products) -> tuple[int, int, float, float]:
    """ANDs, gates, seconds, MB."""
    start = time.process_time()
    plan = built(understand(read(path)), products).plan
    seconds = time.process_time() - start
    gates = sum(len(kernel.circuit.gates) for kernel in plan.kernels)
    return and_gates(plan), gates, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main(sys.argv[1:])
