"""`ccr data show`: what a file's columns are to a program; and what a run tells of columns that nobody reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from compiler.program import Compiled
from lang.numerals import counted
from runtime.cli.data_options import ColumnsOf, columns_given
from runtime.cli.faults import faults
from runtime.cli.given import compiled
from runtime.cli.options import Define, Json, UsageError
from runtime.cli.program_files import is_program
from runtime.cli.screen import result, say, write
from runtime.cli.whose_files import say_exchanged
from runtime.data.columns import Chosen, Columns
from runtime.data.formats import Named, Single, Tabular, Text, format_of
from runtime.data.load import checked, fields_of, known_columns, load_tensor, mapped, records_table
from runtime.data.references import path_of
from runtime.data.shown import described, left_over, mapping_lines
from runtime.data.specs import DatasetSpec, FieldSpec, TensorSpec
from runtime.data.table import Table
from runtime.data.unchanged import unchanged
from runtime.party.sources import specs
from runtime.report.wording import indent, listing


def show(
    data: Annotated[str, typer.Argument(metavar="FILE", show_default=False, help="A file of records, or an input's.")],
    program: Annotated[
        str, typer.Argument(metavar="PROGRAM", show_default=False, help="A .ccr program or a .ccrc artifact.")
    ],
    name: Annotated[
        str | None,
        typer.Option(
            "--for", metavar="NAME", show_default=False, help="The data set or input, if the program has more than one."
        ),
    ] = None,
    columns: ColumnsOf = None,
    define: Define = None,
    json: Json = False,
) -> None:
    """Say which columns of a file fill which field, which nobody reads, and whether every record can be used."""
    with faults(json):
        if is_program(data) and not is_program(program):
            raise UsageError("the file comes first, then the program", f"`ccr data show {program} {data}`")
        built, chosen = compiled(program, define).compiled, columns_given(columns)
        everything = specs(built, frozenset(built.parties))
        known_columns(everything, chosen)
        spec = _asked(everything, name)
        with unchanged([path_of(data)]):
            found = None if _alone(spec, data) else _mapping(spec, data, chosen)
            lines = [_first(spec, data, found), *indent(_lines(spec, found))]
            if not json:
                write("\n".join(lines))
            records = _records(spec, data, chosen)
        said = "all of it can be used" if records is None else f"{counted(records, 'record')}, all of which can be used"
        said = "1 record, which can be used" if records == 1 else said
        result({"file": data, "name": spec.name, "records": records, **_as_json(spec, found)}, said, json)


def say_odd(
    program: Compiled, party: str | None, inputs: Mapping[str, str], chosen: Chosen, quiet: bool = False
) -> None:
    """Tell, before a run, of columns in tables that it does not read, and of owners' files that look exchanged.

    Raises InputError.
    """
    say_exchanged(program, party, inputs)
    known_columns(specs(program, frozenset(program.parties)), chosen)
    for spec in specs(program, frozenset(program.parties if party is None else {party})):
        names = [spec.name, *(f"{owner}.{spec.name}" for owner in program.owners if party is None)]
        for path in (inputs[name] for name in names if isinstance(format_of(inputs.get(name, "")), Text | Tabular)):
            table, columns = _mapping(spec, path, chosen)
            for line in left_over([table.columns[place].name for place in columns.unread]):
                if not quiet:
                    say(f"{path}: {line}")


def _asked(specs: list[TensorSpec | DatasetSpec], name: str | None) -> TensorSpec | DatasetSpec:
    datasets = [spec for spec in specs if isinstance(spec, DatasetSpec)]
    found = [spec for spec in specs if spec.name == name] if name is not None else datasets or specs
    if len(found) == 1:
        return found[0]
    what = "for which data set or input is not said" if name is None else f"the program has no `{name}`"
    raise UsageError(what, f"--for is one of {listing([spec.name for spec in specs])}")


def _alone(spec: TensorSpec | DatasetSpec, path: str) -> bool:
    """Whether it is an array that is an input as a whole, or a number."""
    return isinstance(spec, TensorSpec) and isinstance(format_of(path), Single | Named | None)


def _mapping(spec: TensorSpec | DatasetSpec, path: str, chosen: Chosen) -> tuple[Table, Columns]:
    table = records_table(spec, path, chosen)
    return table, mapped(spec, table, chosen)


def _first(spec: TensorSpec | DatasetSpec, path: str, found: tuple[Table, Columns] | None) -> str:
    if found is None:
        return f"{path} for `{spec.name}`"
    table, columns = found
    return f"{path}: {table.form}, {counted(len(table.columns), 'column')}, for `{spec.name}` {columns.how}"


def _lines(spec: TensorSpec | DatasetSpec, found: tuple[Table, Columns] | None) -> list[str]:
    if found is None:
        assert isinstance(spec, TensorSpec)
        return [described(FieldSpec(spec.name, spec.kind, spec.shape))]
    return mapping_lines(found[0], fields_of(spec), found[1].places)


def _records(spec: TensorSpec | DatasetSpec, path: str, chosen: Chosen) -> int | None:
    """How many there are; None for an input.  Raises InputError for what cannot be used."""
    if isinstance(spec, TensorSpec):
        load_tensor(spec, path, chosen)
        return None
    return checked(spec, path, chosen)


def _as_json(spec: TensorSpec | DatasetSpec, found: tuple[Table, Columns] | None) -> dict[str, object]:
    if found is None:
        return {}
    table, columns = found
    names = table.names()
    return {
        "form": table.form,
        "how": columns.how,
        "columns": {field.name: [names[p] for p in columns.places[field.name]] for field in fields_of(spec)},
        "not_read": [names[place] for place in columns.unread],
    }
