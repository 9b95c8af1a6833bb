"""The demo with products as gates and as shares, by turns: bytes, seconds, and how many times less.

    python benchmarks/products.py [RUNS]        # medians of RUNS, 5 if not given

Both parties are processes of this machine.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from pathlib import Path

from runtime.api import Products, compile, run
from runtime.party.run import Report

TUMOUR = Path(__file__).parents[1] / "examples" / "tumour"
GIVEN = {"w0": str(TUMOUR / "base.npz"), "records": str(TUMOUR / "records.csv")}


def main(runs: int) -> None:
    programs = {products: compile(TUMOUR / "tumour.ccr", products=products) for products in Products}
    reports: dict[Products, list[Report]] = {products: [] for products in Products}
    for _ in range(runs):
        for products, program in programs.items():
            reports[products].append(run(program, GIVEN).reports[program.compiled.evaluator])

    def median(products: Products, what: Callable[[Report], float]) -> float:
        return statistics.median(map(what, reports[products]))

    print(f"medians of {runs} runs of {TUMOUR.name}, as the evaluator saw them")
    for name, what in MEASURES.items():
        gates, shares = (median(products, what) for products in (Products.GATES, Products.SHARES))
        print(f"{name:<18}{gates:10.2f} as gates{shares:10.2f} as shares{gates / shares:8.1f} times less")
    speed = reports[Products.GATES][0].and_gates / median(Products.GATES, busy)
    print(f"{speed / 1e6:.2f} million AND gates a second as gates")


def busy(report: Report) -> float:
    """Seconds of the schedule: tables, corrections, and the transfers of inputs, coins and shares."""
    return report.seconds["stream"] + report.seconds["inputs"]


MEASURES: dict[str, Callable[[Report], float]] = {
    "MB": lambda report: (report.sent_bytes + report.received_bytes) / 1e6,
    "stream, s": lambda report: report.seconds["stream"],
    "with inputs, s": busy,
    "AND gates, 10^6": lambda report: report.and_gates / 1e6,
}


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
