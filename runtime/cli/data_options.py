"""What may stand on the command line about files of numbers; apart, since their formats take long to load."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import Annotated

import typer

from runtime.cli.options import UsageError, pairs
from runtime.data import save
from runtime.data.references import named_endings

Input = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        metavar="NAME=PATH",
        show_default=False,
        help="A file for an input or data set (of several owners OWNER.NAME=PATH, where all run here), or an array of "
        "one: model.safetensors:fc1.weight, and :T behind it if "
        "it lies there transposed; records in many files as a pattern, 'records=part-*.parquet'; a number for a "
        "scalar.",
    ),
]
Inputs = Annotated[
    list[str] | None,
    typer.Option(
        "--inputs",
        metavar="PATH",
        show_default=False,
        help=f"A {named_endings()} file with all inputs that --input does not give, by their names or as --map says.",
    ),
]
ColumnsOf = Annotated[
    list[str] | None,
    typer.Option(
        "--columns",
        metavar="NAME=A,B,...",
        show_default=False,
        help="Which columns of a file are a field of a data set, or an input: x=a,b or x=a..d for all between.",
    ),
]
Output = Annotated[
    list[str] | None,
    typer.Option(
        "--output",
        metavar="NAME=PATH",
        show_default=False,
        help=f"Save an output as {save.endings()}; several may be arrays of one file: tuned.npz:coef.",
    ),
]
Outputs = Annotated[
    str | None,
    typer.Option(
        "--outputs",
        metavar="PATH",
        show_default=False,
        help=f"Save all outputs that --output does not in one {save.named_endings()} file, named as --map says.",
    ),
]
Map = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="NAME=ARRAY,...",
        show_default=False,
        help="What an input or output is called in the files of --inputs and --outputs; ARRAY:T if it lies there "
        "transposed.",
    ),
]


def columns_given(given: Sequence[str] | None) -> dict[str, list[str]]:
    """The columns that --columns lists, by the name of a field or an input; `"a, b"` is one.  Raises UsageError."""
    found: dict[str, list[str]] = {}
    for name, listed in pairs("--columns", given).items():
        try:
            (found[name],) = csv.reader([listed], strict=True, skipinitialspace=True)
        except (csv.Error, ValueError):
            raise UsageError(f"`--columns {name}={listed}` is not a list of names", 'quote like x=a,"b, c"') from None
    return found
