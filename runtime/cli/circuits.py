"""`ccr circuit`: circuits of other people, in the Bristol formats: seen, rewritten, made smaller, computed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from enum import Enum
from itertools import accumulate
from pathlib import Path
from typing import Annotated

import typer

from compiler.gates import bristol
from compiler.gates.circuit import Circuit, and_depth
from compiler.gates.equal import proved
from compiler.gates.simulate import simulate
from compiler.passes.base import Miscompiled
from compiler.passes.base import run as minimised
from compiler.passes.levels import O1
from lang.calls import Netlist
from lang.numerals import counted
from lang.syntax.bristol import netlist
from lang.syntax.load import named
from runtime.cli.faults import faults, saving
from runtime.cli.options import Json, UsageError
from runtime.cli.screen import result
from runtime.files import replace_bytes
from runtime.report.wording import count

app = typer.Typer(
    help="Circuits of other people: the old Bristol format and Bristol Fashion, packed by gzip or not.",
    no_args_is_help=True,
)


class Format(Enum):
    FASHION = "fashion"
    OLD = "old"


File = Annotated[str, typer.Argument(metavar="FILE", show_default=False, help="A circuit in either Bristol format.")]
Out = Annotated[Path, typer.Option("-o", metavar="OUT", show_default=False, help="Where the circuit is written.")]


@app.command()
def show(file: File, json: Json = False) -> None:
    """Tell a circuit's inputs, outputs and gates, and how a program calls it."""
    with faults(json):
        found = netlist(named(file))
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
            "declaration": declaration(file, found),
        }
        lines = [
            f"{file}: {_widths('input', found.inputs)}, {_widths('output', found.outputs)}",
            f"  in the file   {', '.join(f'{count(n)} {op}' for op, n in stated.items()) or 'no gates'}",
            f"  as a circuit  {_sizes(circuit)}, AND depth {depth}",
            f"  in a program  {data['declaration']}",
        ]
        result(data, "\n".join(lines), json)


@app.command("import")
def import_(file: File, out: Out, json: Json = False) -> None:
    """Read a circuit and write it as ccr does: Bristol Fashion, without copies and gates of constants."""
    with faults(json):
        found = netlist(named(file))
        circuit = bristol.circuit_of(found)
        _write(out, circuit, found, Format.FASHION)
        said = f"{out}: {_sizes(circuit)}\n{declaration(str(out), found)}"
        result({"file": str(out), **_counts(circuit), "declaration": declaration(str(out), found)}, said, json)


@app.command()
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
        found = netlist(named(file))
        circuit = bristol.circuit_of(found)
        _write(out, circuit, found, format)
        result({"file": str(out), **_counts(circuit)}, f"{out}: {_sizes(circuit)}", json)


@app.command()
def minimize(file: File, out: Out, json: Json = False) -> None:
    """Write a smaller circuit of the same function, once it is proved to be one."""
    with faults(json):
        start = time.perf_counter()
        found = netlist(named(file))
        before = bristol.circuit_of(found)
        after, steps = minimised(O1, before)
        if not proved(before, after):
            raise Miscompiled("the passes have made a circuit that is not proved to be the same")
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


@app.command()
def run(
    file: File,
    values: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="VALUE...", show_default=False, help="One for each input: a number such as 42, 0x2a or 0b101010."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Compute a circuit in the clear.  A number's least significant bit is the first wire."""
    with faults(json):
        found = netlist(named(file))
        outputs = computed(found, _values(found, values or []))
        lines = [f"{shown(value, width)}" for value, width in zip(outputs, found.outputs, strict=True)]
        result({"outputs": lines}, "\n".join(lines), json)


def computed(found: Netlist, values: Sequence[int]) -> list[int]:
    """The outputs' values, of one value for each input."""
    circuit = bristol.circuit_of(found)
    bits = [value >> i & 1 for value, width in zip(values, found.inputs, strict=True) for i in range(width)]
    made = simulate(circuit, bits, 1)
    starts = accumulate(found.outputs[:-1], initial=0)
    return [
        sum(bit << i for i, bit in enumerate(made[start : start + width]))
        for start, width in zip(starts, found.outputs, strict=True)
    ]


def shown(value: int, width: int) -> str:
    """In hexadecimal, with all digits."""
    return f"0x{value:0{-(-width // 4)}x}"


def declaration(file: str, found: Netlist) -> str:
    """The `extern fn` by which a program beside the file calls it."""
    name = "".join(c if c.isalnum() else "_" for c in Path(file).name.split(".")[0]).strip("_") or "circuit"
    name = name if name[0].isalpha() else f"circuit_{name}"
    given = ", ".join(f"x{i}: bit[{width}]" for i, width in enumerate(found.inputs))
    return f'extern fn {name}({given}) -> bit[{sum(found.outputs)}] = bristol("{Path(file).name}");'


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
