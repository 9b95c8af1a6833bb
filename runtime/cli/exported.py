"""`ccr inspect --export`: the kernels of a program as files for other tools."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, assert_never

import typer

from compiler.gates import bristol, written
from compiler.gates.circuit import Circuit
from compiler.schedule.plan import Plan
from runtime.cli.faults import saving
from runtime.files import replace_bytes


class Form(Enum):
    BRISTOL = "bristol"
    VERILOG = "verilog"
    DOT = "dot"


Export = Annotated[
    Form | None,
    typer.Option(
        "--export",
        metavar="bristol|verilog|dot",
        show_default=False,
        help="Also write each kernel's circuit as a file.",
    ),
]
Folder = Annotated[Path, typer.Option("--export-to", metavar="FOLDER", help="Where these files go.")]
ENDINGS = {Form.BRISTOL: ".txt", Form.VERILOG: ".v", Form.DOT: ".dot"}


def exported(plan: Plan, form: Form, folder: Path) -> list[str]:
    """Writes the kernels as k0, k1, ..., in the order in which the plan has them; the paths.  Raises NotSaved."""
    paths: list[str] = []
    for number, kernel in enumerate(plan.kernels):
        path = folder / f"k{number}{ENDINGS[form]}"
        with saving(path):
            folder.mkdir(parents=True, exist_ok=True)
            replace_bytes(path, _text(kernel.circuit, form, f"k{number}").encode())
        paths.append(str(path))
    return paths


def _text(circuit: Circuit, form: Form, name: str) -> str:
    match form:
        case Form.BRISTOL:
            inputs = [circuit.inputs] if circuit.inputs else []
            return bristol.fashion(circuit, inputs, [len(circuit.outputs)])
        case Form.VERILOG:
            return written.verilog(circuit, name)
        case Form.DOT:
            return written.dot(circuit, name)
        case _:
            assert_never(form)
