"""`python -m benchmarks`: the suite, or parts of it; figures on the screen, and in a file that docs are made from."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import against, channel, counts, kernel, machine, ot, programs, scaling, shares, start, threads
from benchmarks.figures import Figure, Scale

ALL = "all"
AES = "CCR_BENCHMARK_AES"
Part = Callable[[Scale], Iterator[Figure]]


def parts(circuit: Path | None) -> dict[str, Part]:
    return {
        "kernel": kernel.measure,
        "shares": shares.measure,
        "threads": threads.measure,
        "ot": ot.measure,
        "channel": channel.measure,
        "programs": lambda scale: programs.measure(scale, circuit),
        "scaling": scaling.measure,
        "memory": scaling.memory,
        "start": start.measure,
        "counts": counts.measure,
    }


def main() -> None:
    given = _options().parse_args()
    circuit = Path(given.aes) if given.aes else None
    known = parts(circuit)
    wrong = set(given.parts) - known.keys() - {ALL}
    if wrong:
        raise SystemExit(f"no part is called {', '.join(sorted(wrong))}: there are {', '.join(known)}")
    scale = Scale(given.runs or (1 if given.quick else 5), given.quick, given.long)
    every = ALL in given.parts or not (given.parts or given.against)
    chosen = {name: part for name, part in known.items() if every or name in given.parts}
    try:
        drivers = {peer: against.driver_of(peer, given.driver) for peer in given.against or ()}
    except against.NoPeer as error:
        raise SystemExit(str(error)) from None
    for peer, driver in drivers.items():
        chosen[f"against {peer}"] = _beside(peer, driver, circuit)
    facts = machine.facts()
    print(", ".join(f"{name}: {value}" for name, value in facts.items()), flush=True)
    if said := machine.warning(facts):
        print(f"warning: {said}", file=sys.stderr)
    if circuit is None and ("programs" in chosen or drivers):
        print(f"AES is skipped: --aes or {AES} gives its circuit, of Bristol Fashion", file=sys.stderr)
    figures: list[Figure] = []
    for part in chosen.values():
        for figure in part(scale):
            print(figure, flush=True)
            figures.append(figure)
    for peer in drivers:
        _ratios(peer, figures)
    if given.output:
        began = datetime.now(UTC).strftime("%Y-%m-%d")
        told = {"machine": facts, "date": began, "figures": [each.to_json() for each in figures]}
        Path(given.output).write_text(json.dumps(told, indent=1) + "\n")


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"{', '.join(parts(None))}, or {ALL}")
    parser.add_argument("--runs", type=int, metavar="N", help="of each figure, whose median counts; 5 if not given")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, once: whether it runs at all")
    parser.add_argument("--long", action="store_true", help="what takes half an hour and more, too")
    parser.add_argument("--output", metavar="FILE", help="all figures and this machine, as JSON")
    parser.add_argument("--aes", metavar="FILE", default=os.environ.get(AES), help=f"circuit of AES-128; else ${AES}")
    parser.add_argument("--against", action="append", choices=list(against.HOW), help="beside a peer that is installed")
    parser.add_argument("--driver", metavar="PATH", help="of that peer; else $CCR_BENCHMARK_ and its name")
    return parser


def _beside(peer: str, driver: str, circuit: Path | None) -> Part:
    return lambda scale: against.measure(scale, peer, driver, circuit)


def _ratios(peer: str, figures: list[Figure]) -> None:
    """How many times faster ccr is; below 1 where it is slower."""
    by = {(each.subject, each.measure): each for each in figures if each.part == f"against {peer}"}
    for subject in dict.fromkeys(subject for subject, _ in by):
        ours, theirs = by[subject, "ccr"], by[subject, peer]
        ratio = theirs.median / ours.median if ours.unit == "s" else ours.median / theirs.median
        print(f"{subject}: ccr is {ratio:.2f} times as fast as {peer}")


if __name__ == "__main__":
    main()
