"""`ccr doctor`: what does the gates on this machine, why, and whether it does them rightly."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from typing import Annotated

import typer

from lang.numerals import counted
from runtime.cli.faults import faults, saving
from runtime.cli.options import Json
from runtime.cli.screen import result
from runtime.cli.status import FAILED, WRONG
from runtime.execute import engines
from runtime.execute.engines import PORTABLE, VARIABLE, Choice, NoSuchBackend
from runtime.execute.native.built import built
from runtime.report.forecast import kept
from runtime.report.forecast.rates import Rates

LANES = 256
LIBRARIES = ("numpy", "cryptography", "PyNaCl")
WORDS = {
    "works": "makes what the portable one makes",
    "fails": "makes something else than the portable one: it must not run",
    "lacking": "this CPU has not what it needs",
    "always": "needs nothing",
}


Measure = Annotated[
    bool,
    typer.Option(
        "--measure",
        help="Measure what this machine takes for each kind of work, and keep it: seconds are foretold by it.",
    ),
]


def doctor(measure: Measure = False, json: Json = False) -> None:
    """Tell what does the gates on this machine, and test it.  Exits with 1 if something that it has is wrong."""
    with faults(json):
        found = built()
        states = {path: "works" if engines.works(path) else "fails" for path in found.paths}
        states |= dict.fromkeys(found.lacking, "lacking") | {PORTABLE: "always"}
        try:
            choice = engines.chosen()
        except NoSuchBackend as error:
            choice = Choice("", str(error))
        cores = kept.cores()
        versions = {"ccr": version("ccr-lang"), "Python": platform.python_version()}
        versions |= {name: version(name) for name in LIBRARIES}
        lines = [
            ", ".join(f"{name} {number}" for name, number in versions.items()),
            f"{platform.system()} on {platform.machine()}, {counted(cores, 'core')}",
            f"backend: {choice.backend or 'none'} ({choice.why})",
            *(f"  {name:<9}{WORDS[state]}" for name, state in states.items()),
            f"{VARIABLE}=NAME in the environment names another; the peer sees no difference",
        ]
        data: dict[str, object] = {
            "versions": versions,
            "system": platform.system(),
            "machine": platform.machine(),
            "cores": cores,
            "backend": choice.backend or None,
            "why": choice.why,
            "backends": states,
        }
        if measure:
            data |= _measured([name for name, state in states.items() if state in ("works", "always")], lines)
        else:
            lines.append(_foretold_by(choice.backend))
        result(data, "\n".join(lines), json)
        if not choice.backend or "fails" in states.values():
            raise typer.Exit(FAILED if choice.backend else WRONG)


def _measured(backends: Sequence[str], lines: list[str]) -> dict[str, object]:
    """Takes some seconds."""
    from runtime.report.forecast.measure import measure  # here, because nothing else needs what it imports

    found = measure(backends)
    with saving(kept.place()):
        place = kept.keep(found)
    lines += ["measured, of one core:", *(f"  {name:<9}{_told(rates)}" for name, rates in found.items())]
    lines.append(f"kept in {place}: seconds are foretold by it")
    return {"rates": {name: asdict(rates) for name, rates in found.items()}, "kept": str(place)}


def _told(rates: Rates) -> str:
    """In millions a second, of a full tile of lanes."""
    garbled = 1e-6 / (rates.garble_gate + rates.garble_row / LANES)
    evaluated = 1e-6 / (rates.evaluate_gate + rates.evaluate_row / LANES)
    return f"{garbled:.1f} M AND gates/s garbled, {evaluated:.1f} M/s evaluated, {1e-6 / rates.ask:.1f} M transfers/s"


def _foretold_by(backend: str) -> str:
    if backend and kept.measured(backend) is not None:
        return f"seconds are foretold by what was measured here, {kept.place()}"
    return "seconds are foretold by rates of no machine in particular; `ccr doctor --measure` finds this one's"
