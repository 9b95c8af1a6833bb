"""`ccr doctor`: what does the gates on this machine, why, and whether it does them rightly."""

from __future__ import annotations

import platform
from importlib.metadata import version

import typer

from runtime.cli.faults import faults
from runtime.cli.options import Json
from runtime.cli.screen import result
from runtime.cli.status import FAILED, WRONG
from runtime.execute import engines
from runtime.execute.engines import PORTABLE, VARIABLE, Choice, NoSuchBackend
from runtime.execute.native.built import built

LIBRARIES = ("numpy", "cryptography", "PyNaCl")
WORDS = {
    "works": "makes what the portable one makes",
    "fails": "makes something else than the portable one: it must not run",
    "lacking": "this CPU has not what it needs",
    "always": "needs nothing",
}


def doctor(json: Json = False) -> None:
    """Tell what does the gates on this machine, and test it.  Exits with 1 if something that it has is wrong."""
    with faults(json):
        found = built()
        states = {path: "works" if engines.works(path) else "fails" for path in found.paths}
        states |= dict.fromkeys(found.lacking, "lacking") | {PORTABLE: "always"}
        try:
            choice = engines.chosen()
        except NoSuchBackend as error:
            choice = Choice("", str(error))
        versions = {"ccr": version("ccr-lang"), "Python": platform.python_version()}
        versions |= {name: version(name) for name in LIBRARIES}
        lines = [
            ", ".join(f"{name} {number}" for name, number in versions.items()),
            f"{platform.system()} on {platform.machine()}",
            f"backend: {choice.backend or 'none'} ({choice.why})",
            *(f"  {name:<9}{WORDS[state]}" for name, state in states.items()),
            f"{VARIABLE}=NAME in the environment names another; the peer sees no difference",
        ]
        data: dict[str, object] = {
            "versions": versions,
            "system": platform.system(),
            "machine": platform.machine(),
            "backend": choice.backend or None,
            "why": choice.why,
            "backends": states,
        }
        result(data, "\n".join(lines), json)
        if not choice.backend or "fails" in states.values():
            raise typer.Exit(FAILED if choice.backend else WRONG)
