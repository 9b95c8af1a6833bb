"""`ccr circuit`: circuits of other people, in the Bristol formats: seen, rewritten, made smaller, computed."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Sequence
from enum import Enum
from os.path import relpath
from pathlib import Path
from typing import Annotated

import typer

from compiler.gates import bristol
from compiler.gates.aiger import BEGINS, NotAiger, aiger
from compiler.gates.circuit import Circuit, and_depth
from compiler.gates.netlist import Netlist, netlist
from compiler.gates.prover import MissingSolver
from compiler.gates.simulate import simulate
from compiler.passes.base import proven
from compiler.passes.levels import LEVELS
from lang.numerals import counted
from lang.source import Source
from lang.syntax.load import decode, named_bytes, unpacked
from runtime.cli import circuit_program
from runtime.cli.circuit_program import declaration
from runtime.cli.faults import faults, has_folder, has_place, saving
from runtime.cli.options import Json, UsageError
from runtime.cli.program_files import STDIN
from runtime.cli.screen import result
from runtime.files import CIRCUIT, replace_bytes
from runtime.report.wording import count, duration, size

GRAPHS = (".aag", ".aig")  # endings of and-inverter graphs
PATIENCE = 120.0  # seconds that a party waits for the other, at any point


class Format(Enum):
    FASHION = "fashion"
    OLD = "old"


File = Annotated[
    str,
    typer.Argument(
        metavar="FILE", show_default=False, help="A circuit in a Bristol format, or in AIGER's; - is standard input."
    ),
]


def _as_bristol(out: Path) -> Path:
    """Raises BadParameter for a name that says another format than what is written."""
    if out.suffix in GRAPHS:
        instead = out.with_suffix(".txt").name
        raise typer.BadParameter(f"{out}: AIGER's format is only read, and Bristol's is written: call it {instead}")
    return out


Out = Annotated[
    Path,
    typer.Option("-o", metavar="OUT", show_default=False, callback=_as_bristol, help="Where the circuit is written."),
]


def show(file: File, json: Json = False) -> None:
    """Tell a circuit's inputs, outputs and gates, and how a program calls it."""
    with faults(json):
        found = _netlist(file)
        circuit = bristol.circuit_of(found)
        depth = and_depth(circuit)
        stated = dict(sorted(Counter(gate.by for gate in found.gates).items()))
        data: dict[str, object] = {
            "inputs": list(found.inputs),
            "outputs": list(found.outputs),
            "wires": found.wires,
            "gates": stated,
            "and_gates": circuit.and_gates,
            "xor_gates": circuit.xor_gates,
            "depth": depth,
            "declaration": declaration(_called(file), found),
        }
        lines = [
            f"{file}: {_widths('input', found.inputs)}, {_widths('output', found.outputs)}",
            f"  in the file   {', '.join(f'{count(n)} {op}' for op, n in stated.items()) or 'no gates'}",
            f"  as a circuit  {_sizes(circuit)}, AND depth {depth}",
            f"  in a program  {data['declaration']}",
        ]
        result(data, "\n".join(lines), json)


def import_(
    file: File,
    out: Out,
    program: Annotated[
        Path | None,
        typer.Option(
            "--program",
            metavar="OUT.ccr",
            show_default=False,
            help="Also a program that computes it between two parties, the first of whom has the first input.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Read a circuit and write it as ccr does: Bristol Fashion, without copies and gates of constants."""
    with faults(json):
        if program is not None and program.resolve() == out.resolve():
            raise UsageError(f"-o {out} and --program {program} are one file", "give each its own")
        has_place(out, CIRCUIT)
        has_folder(program)
        if program is not None and program.is_file():
            raise UsageError(f"--program {program} is there already, and is not overwritten", "give another name")
        found = _netlist(file)
        circuit = bristol.circuit_of(found)
        _write(out, circuit, found, Format.FASHION)
        declared = declaration(out.name, found)
        if program is not None:
            with saving(program):
                replace_bytes(program, circuit_program.text(relpath(out, program.parent), found).encode())
        said = f"{out}: {_sizes(circuit)}\n{declared if program is None else f'{program}: a program that runs it'}"
        data = {"file": str(out), **_counts(circuit), "declaration": declared}
        result(data | ({} if program is None else {"program": str(program)}), said, json)


def export(
    file: File,
    out: Out,
    format: Annotated[
        Format, typer.Option("--format", metavar="fashion|old", help="What is written.", show_default=True)
    ] = Format.FASHION,
    json: Json = False,
) -> None:
    """Write a circuit in the other Bristol format, or in the same."""
    with faults(json):
        has_place(out, CIRCUIT)
        found = _netlist(file)
        circuit = bristol.circuit_of(found)
        _write(out, circuit, found, format)
        result({"file": str(out), **_counts(circuit)}, f"{out}: {_sizes(circuit)}", json)


def minimize(
    file: File,
    out: Out,
    level: Annotated[
        int,
        typer.Option("-O", metavar="LEVEL", min=1, max=2, help="1 takes seconds, 2 saves more and takes minutes."),
    ] = 1,
    json: Json = False,
) -> None:
    """Write a smaller circuit of the same function, once it is proved to be one."""
    with faults(json):
        has_place(out, CIRCUIT)
        start = time.perf_counter()
        found = _netlist(file)
        before = bristol.circuit_of(found)
        try:
            after, steps = proven(LEVELS[level], before)
        except MissingSolver:
            raise UsageError(
                f"-O {level} needs python-sat, which is not installed", "pip install 'ccr-lang[sat]', or take -O 1"
            ) from None
        _write(out, after, found, Format.FASHION)
        data: dict[str, object] = {
            "file": str(out),
            "and_gates_before": before.and_gates,
            "and_gates_after": after.and_gates,
            "xor_gates_before": before.xor_gates,
            "xor_gates_after": after.xor_gates,
            "verified": True,
            "passes": [{"name": s.name, "and_before": s.and_before, "and_after": s.and_after} for s in steps],
            "seconds": time.perf_counter() - start,
        }
        result(data, f"{out}: {_sizes(after)}, before {_sizes(before)}; proved to compute the same", json)


def run(
    file: File,
    values: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="VALUE...", show_default=False, help="One for each input: a number such as 42, 0x2a or 0b101010."
        ),
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="In this process, without a protocol.")] = False,
    json: Json = False,
) -> None:
    """Compute a circuit between two processes of this machine, by the real protocol.

    The first party has the first input, the second the others.  A number's least significant bit is the first wire.
    """
    with faults(json):
        found = _netlist(file)
        given = _values(found, values or [])
        data: dict[str, object] = {}
        if clear:
            outputs, said = computed(found, given), list[str]()
        else:
            outputs, data, said = _between(file, found, given)
        lines = [shown(value, width) for value, width in zip(outputs, found.outputs, strict=True)]
        result({"outputs": lines, **data}, "\n".join([*lines, *said]), json)


def _netlist(file: str) -> Netlist:
    """Of a file in either Bristol format, or in AIGER's; raises Rejected, UsageError."""
    name, data = ("<stdin>", unpacked("<stdin>", sys.stdin.buffer)) if file == STDIN else (file, named_bytes(file))
    if not data.startswith(BEGINS):
        return netlist(decode(name, data))
    try:
        return aiger(data)
    except NotAiger as error:
        raise UsageError(f"{name} is no circuit in AIGER's format: {error}") from None


def _called(file: str) -> str:
    """The name by which a program has a circuit: that of its file, which is Bristol's once it is imported."""
    if file == STDIN:
        return "circuit.txt"
    path = Path(file.removesuffix(".gz"))
    return f"{path.stem}.txt" if path.suffix in GRAPHS else Path(file).name


def _between(file: str, found: Netlist, given: Sequence[int]) -> tuple[list[int], dict[str, object], list[str]]:
    """The outputs, and what the run took, as JSON and as text."""
    circuit = Source(file, bristol.fashion(bristol.circuit_of(found), found.inputs, found.outputs))
    start = time.perf_counter()
    try:
        outputs, reports = circuit_program.run(circuit, found, given, PATIENCE)
    except ValueError as error:
        raise UsageError(f"{error} goes between two parties as a file", "compute it with --clear") from None
    sent = sum(report.sent_bytes for report in reports.values())
    ands, seconds = next(iter(reports.values())).and_gates, time.perf_counter() - start
    said = f"between two processes: {count(ands)} AND gates, {size(sent)} sent, {duration(seconds)}"
    return outputs, {"and_gates": ands, "bytes_sent": sent, "seconds": seconds}, [said]


def computed(found: Netlist, values: Sequence[int]) -> list[int]:
    """The outputs' values, of one value for each input."""
    circuit = bristol.circuit_of(found)
    bits = [value >> i & 1 for value, width in zip(values, found.inputs, strict=True) for i in range(width)]
    whole = sum(bit << i for i, bit in enumerate(simulate(circuit, bits, 1)))
    return circuit_program.split(whole, found.outputs)


def shown(value: int, width: int) -> str:
    """In hexadecimal, with all digits."""
    return f"0x{value:0{-(-width // 4)}x}"


def _values(found: Netlist, given: Sequence[str]) -> list[int]:
    """Raises UsageError."""
    if len(given) != len(found.inputs):
        widths = " ".join(map(str, found.inputs))
        raise UsageError(
            f"{counted(len(given), 'value')} for {counted(len(found.inputs), 'input')}", f"their bits are {widths}"
        )
    return [_value(text, width) for text, width in zip(given, found.inputs, strict=True)]


def _value(text: str, width: int) -> int:
    try:
        value = int(text, 0)
    except ValueError:
        raise UsageError(f"`{text}` is no whole number", "write it like 42, 0x2a or 0b101010") from None
    if not 0 <= value < 1 << width:
        raise UsageError(f"`{text}` does not fit the {width} bits of its input")
    return value


def _write(out: Path, circuit: Circuit, found: Netlist, format: Format) -> None:
    """Raises UsageError for what the old format cannot hold."""
    if format is Format.OLD:
        if not 1 <= len(found.inputs) <= 2 or len(found.outputs) != 1:
            raise UsageError("the old format has one output and one or two inputs", "leave out `--format old`")
        text = bristol.old(circuit, found.inputs)
    else:
        text = bristol.fashion(circuit, found.inputs, found.outputs)
    with saving(out):
        replace_bytes(out, text.encode())


def _widths(what: str, widths: Sequence[int]) -> str:
    return f"{counted(len(widths), what)} of {' and '.join(f'{width}' for width in widths)} bits"


def _sizes(circuit: Circuit) -> str:
    return f"{count(circuit.and_gates)} AND, {count(circuit.xor_gates)} XOR"


def _counts(circuit: Circuit) -> dict[str, object]:
    return {"and_gates": circuit.and_gates, "xor_gates": circuit.xor_gates, "depth": and_depth(circuit)}
