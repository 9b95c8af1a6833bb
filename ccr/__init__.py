"""ccr from Python: compile a program, try it in the clear, run it between two parties.

    import ccr

    program = ccr.compile("tumour.ccr", {"STEPS": "40"})
    outputs = ccr.simulate(program, {"w0": "base.npz", "records": "records.csv"})

This package only hands names on; what they mean stands where they come from.
"""

from compiler.artifact import ArtifactError
from lang.problems.problem import Rejected
from runtime.api import Connection, Driven, Evaluator, Products, compile, run, session, simulate
from runtime.contract.refused import Refused
from runtime.data.errors import InputError
from runtime.party.errors import PartyFailed
from runtime.party.run import Report
from runtime.program import Program

__all__ = [
    "ArtifactError",
    "Connection",
    "Driven",
    "Evaluator",
    "InputError",
    "PartyFailed",
    "Products",
    "Program",
    "Refused",
    "Rejected",
    "Report",
    "compile",
    "run",
    "session",
    "simulate",
]
