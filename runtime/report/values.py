"""Outputs as numbers: for JSON, for a terminal, for a file."""

from __future__ import annotations

from typing import Any

import numpy as np

from compiler.program import Released
from compiler.words.integers import Array
from compiler.words.ir import Type
from lang.numerals import exact
from runtime.data import save
from runtime.data.errors import InputError
from runtime.data.specs import Kind
from runtime.files import Place
from runtime.party.sources import kind_of

SHOWN = 64  # elements that are printed; more are counted


def numbers(value: Array, type: Type) -> Any:
    """The numbers of an output, nested like its shape: int where the scale is whole, else float."""
    if type.scale.denominator == 1:
        return (value * type.scale.numerator).tolist()
    flat = [float(int(n) * type.scale) for n in value.reshape(-1)]
    return np.array(flat).reshape(value.shape).tolist()


def text(value: Array, type: Type, most: int = SHOWN) -> str:
    """The numbers of an output, exactly; a tensor of more than so many elements is cut short."""
    flat = value.reshape(-1)
    if value.ndim == 0:
        return exact(int(flat[0]) * type.scale)
    shown = ", ".join(exact(int(n) * type.scale) for n in flat[:most])
    rest = f", ... ({len(flat)} in all)" if len(flat) > most else ""
    return f"[{shown}{rest}]"


def check_file(path: str, output: Released) -> None:
    """Raises InputError if `write` would refuse this output or path; to be asked before the run."""
    save.check_output(path, _file_kind(path, output))


def reserve(path: str, output: Released) -> Place:
    """Room for this output, to be taken before the run; `fill` writes it there.  Raises InputError as `write` would."""
    return save.reserve(path, output.name, _file_kind(path, output), output.type.shape)


def fill(place: Place, path: str, output: Released, value: Array) -> None:
    """As `write`, to a place that was reserved for it."""
    save.fill(place, path, output.name, value.astype(np.int64), _file_kind(path, output))


def write(path: str, output: Released, value: Array) -> None:
    """The output as a file, whole or not at all.  Raises InputError."""
    save.save(path, output.name, value.astype(np.int64), _file_kind(path, output))


def _file_kind(path: str, output: Released) -> Kind:
    scale = output.type.scale
    if scale.numerator != 1 or scale.denominator.bit_count() != 1 or output.type.width - output.type.signed > 63:
        raise InputError(
            f"`{output.name}` ({output.kind}) has no kind whose values a file holds exactly",
            help=f"bind it to a kind in the program: `let {output.name}: fix<32, 16> = ...;`",
            file=path,
        )
    return kind_of(output.type)
