"""`ccr simulate`: a program on real inputs, in the clear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from compiler.words.integers import Array
from runtime import api
from runtime.cli.data_options import ColumnsOf, Input, Inputs, Map, Output, Outputs, columns_given
from runtime.cli.faults import faults
from runtime.cli.given import compiled
from runtime.cli.models import Asked
from runtime.cli.options import (
    Define,
    Evaluator,
    Json,
    Products,
    Runnable,
    Seed,
)
from runtime.cli.places import checked
from runtime.cli.screen import result
from runtime.cli.tables import say_odd
from runtime.data.references import Reference
from runtime.report import saved, values
from runtime.report.saved import File


def simulate(
    file: Runnable,
    input: Input = None,
    inputs: Inputs = None,
    columns: ColumnsOf = None,
    output: Output = None,
    outputs: Outputs = None,
    map: Map = None,
    seed: Seed = None,
    define: Define = None,
    products: Products = None,
    evaluator: Evaluator = None,
    json: Json = False,
) -> None:
    """Compute all outputs in the clear.  A run with the same seed gives the same bits."""
    with faults(json, "no output was saved"):
        asked, chosen = Asked.of(input, output, inputs, outputs, map), columns_given(columns)
        program = compiled(file, define, products, evaluator)
        files = checked(program, asked.written(program, None), None)
        given = asked.read(program, None)
        say_odd(program.compiled, None, given, chosen)
        found = api.simulate(program, given, seed, chosen)
        where = _save(files, found)
        types = {o.name: o.type for o in program.compiled.outputs}
        lines = [
            f"{name} saved in {where[name]}" if name in where else f"{name} = {values.text(value, types[name])}"
            for name, value in found.items()
        ]
        result(
            {
                "outputs": {name: values.numbers(value, types[name]) for name, value in found.items()},
                "digest": program.digest,
            },
            "\n".join(lines),
            json,
        )


def _save(files: Sequence[File], found: Mapping[str, Array]) -> dict[str, Reference]:
    where: dict[str, Reference] = {}
    for file in files:
        saved.write(file, found)
        where |= file.references()
    return where
