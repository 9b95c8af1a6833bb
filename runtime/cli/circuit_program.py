"""A circuit as a program of two parties: the first brings its first input, the second all others, both learn it all."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

from compiler import artifact, pipeline
from compiler.gates.netlist import Netlist
from compiler.words.integers import Array
from lang.checker.functions import BUILTINS
from lang.checker.kinds import MAX_WIDTH
from lang.source import Source
from lang.syntax.expected import WORDS
from runtime.party.here import run_here
from runtime.party.run import Report
from runtime.program import Program

PARTIES = ("first", "second")
FUNCTION = "circuit"


def called(file: str) -> str:
    """A name for the function, after the file's."""
    name = "".join(c if c.isascii() and c.isalnum() else "_" for c in Path(file).name.split(".")[0]).strip("_")
    good = name and name[0].isalpha() and name not in WORDS and name not in BUILTINS
    return name if good else f"{FUNCTION}_{name}".rstrip("_")


def declaration(file: str, found: Netlist, name: str = "") -> str:
    """The `extern fn` by which a program calls it from whose folder the file has this path."""
    given = ", ".join(f"x{i}: {_kind(width)}" for i, width in enumerate(found.inputs))
    return f'extern fn {name or called(file)}({given}) -> {_kind(sum(found.outputs))} = bristol("{file}");'


def text(file: str, found: Netlist) -> str:
    """The whole program."""
    names = [f"x{i}" for i in range(len(found.inputs))]
    owners = [PARTIES[min(i, 1)] for i in range(len(names))]
    brought = zip(names, found.inputs, owners, strict=True)
    return "\n".join(
        [
            *(f"party {party};" for party in PARTIES),
            declaration(file, found, FUNCTION),
            *(f"input {name}: {_kind(width)} from {owner};" for name, width, owner in brought),
            f"output reveal({FUNCTION}({', '.join(names)})) to {', '.join(PARTIES)};",
            "",
        ]
    )


def _kind(width: int) -> str:
    return "bit" if width == 1 else f"uint<{width}>" if width <= MAX_WIDTH else f"bit[{width}]"


def run(circuit: Source, found: Netlist, values: Sequence[int], timeout: float) -> tuple[list[int], dict[str, Report]]:
    """The outputs, and each party's report, of a run between two processes of this machine, by the real protocol.

    Raises ValueError for an input of more bits than a number of a program has, Rejected and PartyFailed.
    """
    if max(found.inputs, default=0) > MAX_WIDTH:
        raise ValueError(f"an input of more than {MAX_WIDTH} bits")
    meaning = pipeline.understand(Source("circuit.ccr", text(circuit.name, found)), {}, lambda _: circuit)
    compiled = pipeline.built(meaning)
    program = Program("circuit.ccr", compiled, artifact.encode(compiled), meaning)
    reports = run_here(program, {f"x{i}": str(value) for i, value in enumerate(values)}, None, timeout)
    [learned] = reports[compiled.evaluator].outputs.values()
    return split(_whole(learned), found.outputs), reports


def _whole(learned: Array) -> int:
    """Of a number, or of its bits."""
    return int(learned) if learned.ndim == 0 else sum(int(bit) << i for i, bit in enumerate(learned))


def split(whole: int, widths: Sequence[int]) -> list[int]:
    """The words that lie one after the other in a number, the first at its low end."""
    starts = accumulate(widths, initial=0)
    return [whole >> start & ((1 << width) - 1) for start, width in zip(starts, widths, strict=False)]
