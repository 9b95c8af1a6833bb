"""Outputs in files: which array of which file each of them becomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from compiler.program import Released
from compiler.words.integers import Array, as_array
from compiler.words.ir import Type
from runtime.data import save
from runtime.data.errors import InputError
from runtime.data.pick import arrays_of
from runtime.data.references import Reference
from runtime.data.save import Arrays, Member
from runtime.data.specs import Kind
from runtime.files import Place
from runtime.party.sources import kind_of


@dataclass(frozen=True, slots=True)
class File:
    """A file, and the outputs that are to be its arrays."""

    path: str
    parts: tuple[tuple[Released, Reference], ...]

    def members(self) -> list[Member]:
        """One for each output.  Raises InputError for an output that no array of this file can be."""
        return [_member(output, reference) for output, reference in self.parts]

    def arrays(self, found: Mapping[str, Array]) -> Arrays:
        return {
            member: _turned(_whole(found[output.name], output.type), reference)
            for member, (output, reference) in zip(self.members(), self.parts, strict=True)
        }

    def moved(self, path: str) -> File:
        """The same arrays in another file."""
        return File(path, tuple((output, replace(reference, path=path)) for output, reference in self.parts))

    def references(self) -> dict[str, Reference]:
        """Where each output is, by its name."""
        return {output.name: reference for output, reference in self.parts}


def files(wanted: Mapping[str, str], outputs: Mapping[str, Released]) -> list[File]:
    """The files that outputs are to be saved in, each once, by whatever path it is called.

    Raises InputError as `check`, and for a file that would be replaced although it holds other arrays.
    """
    found: dict[Path, list[tuple[Released, Reference]]] = {}
    for name, text in wanted.items():
        reference = Reference.of(text)
        found.setdefault(Path(reference.path).resolve(), []).append((outputs[name], reference))
    made = [File(parts[0][1].path, tuple(parts)) for parts in found.values()]
    for file in made:
        check(file)
        _check_lost(file)
    return made


def check(file: File) -> None:
    """Raises InputError if `write` would refuse this file or path; to be asked before the run."""
    save.check_output(file.path, file.members())


def _check_lost(file: File) -> None:
    if not Path(file.path).is_file():
        return
    members = file.members()
    if not save.named(file.path):
        if not save.is_alike(file.path, members[0]):
            raise _lost(file, f"what is there is no `{members[0].name}` that was saved before, and")
        return
    try:
        lost = sorted(set(arrays_of(file.path)) - {member.name for member in members})
    except InputError:
        return  # nothing whose names could be told
    if lost:
        more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
        raise _lost(file, f"it holds `{lost[0]}`{more}, which")


def _lost(file: File, what: str) -> InputError:
    help = "save in another file; a file is written as a whole"
    return InputError(f"{what} would be lost", help=help, file=file.path)


def reserve(file: File) -> Place:
    """Room for this file, to be taken before the run; `fill` writes it there.  Raises InputError as `write` would."""
    return save.reserve(file.path, file.members())


def fill(place: Place, file: File, found: Mapping[str, Array]) -> None:
    """As `write`, to a place that was reserved for it."""
    save.fill(place, file.path, file.arrays(found))


def write(file: File, found: Mapping[str, Array]) -> None:
    """The outputs as a file, whole or not at all.  Raises InputError."""
    save.save(file.path, file.arrays(found))


def as_json(reference: Reference | None) -> dict[str, object]:
    """Where an output is, or that it is in no file; `array` only if another name than the output's own was given."""
    if reference is None:
        return {"file": None}
    if not reference.array:
        return {"file": reference.path}
    return {"file": reference.path, "array": reference.array}


def _member(output: Released, reference: Reference) -> Member:
    shape = output.type.shape
    if reference.array and Path(reference.path).suffix in save.FORMATS and not save.named(reference.path):
        raise InputError(
            f"there is no place for the name `{reference.array}`: {save.named_endings()} files have names for arrays",
            help=f"give the path alone, or one that ends in {save.named_endings()}",
            file=reference.path,
        )
    if reference.transposed and len(shape) != 2:
        raise InputError(
            f"`{output.name}` is no matrix, which alone is transposed", help="leave out `:T`", file=str(reference)
        )
    return Member(
        reference.array or output.name,
        _file_kind(reference.path, output),
        shape[::-1] if reference.transposed else shape,
    )


def _whole(value: Array, type: Type) -> Array:
    """The numbers as integers that count one over the scale's denominator."""
    return as_array(value.astype(object) * type.scale.numerator, _counted(type))


def _counted(type: Type) -> Type:
    times = type.scale.numerator
    return replace(type, scale=Fraction(1, type.scale.denominator), lo=type.lo * times, hi=type.hi * times)


def _turned(integers: Array, reference: Reference) -> Array:
    return np.ascontiguousarray(integers.T) if reference.transposed else integers


def _file_kind(path: str, output: Released) -> Kind:
    if output.type.scale.denominator.bit_count() != 1:
        raise InputError(
            f"`{output.name}` ({output.kind}) has no kind whose values a file holds exactly",
            help=f"bind it to a kind in the program: `let {output.name}: fix<32, 16> = ...;`",
            file=path,
        )
    return kind_of(_counted(output.type))
