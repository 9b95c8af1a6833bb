"""ccr from Python: compile a program, try it in the clear, see what it costs, run it between its parties.

    import ccr

    program = ccr.compile("tumour.ccr", STEPS=40)
    outputs = program.simulate(w0=weights, records=frame)

What each name needs is imported when it is used first: `import ccr` alone takes no time.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ccr.compiling import compile
    from ccr.inspection import Inspection
    from ccr.privacy import Privacy
    from ccr.program import Program
    from ccr.result import Result
    from ccr.sessions import Session
    from compiler.artifact import ArtifactError
    from compiler.joint.choices import Evaluator, Products
    from lang.problems.problem import Rejected
    from runtime.contract.refused import Refused
    from runtime.data.errors import InputError
    from runtime.party.alone import Connection
    from runtime.party.errors import PartyFailed
    from runtime.report.traffic import Link

__all__ = [
    "ArtifactError",
    "Connection",
    "Evaluator",
    "InputError",
    "Inspection",
    "Link",
    "PartyFailed",
    "Privacy",
    "Products",
    "Program",
    "Refused",
    "Rejected",
    "Result",
    "Session",
    "compile",
]

_FROM = {
    "ArtifactError": "compiler.artifact",
    "Connection": "runtime.party.alone",
    "Evaluator": "compiler.joint.locality",
    "InputError": "runtime.data.errors",
    "Inspection": "ccr.inspection",
    "Link": "runtime.report.traffic",
    "PartyFailed": "runtime.party.errors",
    "Privacy": "ccr.privacy",
    "Products": "compiler.joint.shares",
    "Program": "ccr.program",
    "Refused": "runtime.contract.refused",
    "Rejected": "lang.problems.problem",
    "Result": "ccr.result",
    "Session": "ccr.sessions",
    "compile": "ccr.compiling",
}


def __getattr__(name: str) -> object:
    if name not in _FROM:
        raise AttributeError(f"module 'ccr' has no attribute {name!r}")
    found: object = getattr(import_module(_FROM[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
