"""All arrays of a model at once: `--inputs FILE`, `--outputs FILE`, and by `--map` what they are called there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from runtime.cli.meet import check_party
from runtime.cli.options import UsageError, pairs
from runtime.cli.screen import say
from runtime.data.errors import InputError
from runtime.data.pick import Arrays, arrays_of, axes, meant, missing
from runtime.data.references import Reference
from runtime.data.save import named
from runtime.data.save import named_endings as writable
from runtime.data.specs import TensorSpec
from runtime.party.sources import specs
from runtime.program import Program
from runtime.report.wording import listing

_UNREAD = 5  # arrays that are told by name


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says of inputs and outputs, by their names in the program."""

    input: Mapping[str, str]
    output: Mapping[str, str]
    inputs: Sequence[str]  # files that hold all other inputs
    outputs: str | None  # the file for all other outputs
    map: Mapping[str, str]  # a name in the program -> what the array is called in such files

    @staticmethod
    def of(
        input: Sequence[str] | None,
        output: Sequence[str] | None,
        inputs: Sequence[str] | None,
        outputs: str | None,
        map: Sequence[str] | None,
    ) -> Asked:
        """Raises UsageError."""
        called = pairs("--map", [pair for text in map or () for pair in text.split(",")])
        if called and not inputs and outputs is None:
            raise UsageError("--map goes with --inputs or --outputs", "it says what their arrays are called")
        return Asked(pairs("--input", input), pairs("--output", output), tuple(inputs or ()), outputs, called)

    def read(self, program: Program, party: str | None) -> dict[str, str]:
        """What each input is read from; `party` None: both run here.  Raises UsageError and InputError."""
        check_party(program, party)
        parties = frozenset(program.compiled.parties if party is None else {party})
        tensors = {s.name: s for s in specs(program.compiled, parties) if isinstance(s, TensorSpec)}
        self._check_map(party, tensors, _learned(program, party))
        if not self.inputs:
            return dict(self.input)
        files = {path: arrays_of(path) for path in self.inputs}
        found = {name: self._found(spec, files) for name, spec in tensors.items() if name not in self.input}
        if not found:
            given = f"--input {next(iter(self.input))}=" if self.input else ""
            what = f"leave it out, or leave out {given}" if given else "leave it out: this party has no such input"
            raise UsageError("no input is left for --inputs", what)
        for path, arrays in files.items():
            _tell_unread(path, arrays, {reference.array for reference in found.values() if reference.path == path})
        return {**self.input, **{name: str(reference) for name, reference in found.items()}}

    def written(self, program: Program, party: str | None) -> dict[str, str]:
        """Where each output goes that is to be saved.  Raises UsageError."""
        if self.outputs is None:
            return dict(self.output)
        if not named(self.outputs):
            raise UsageError(f"--outputs {self.outputs}: its arrays have no names", f"give a {writable()} file")
        names = [name for name in _learned(program, party) if name not in self.output]
        if not names:
            given = f", or leave out --output {next(iter(self.output))}=" if self.output else ""
            raise UsageError("no output is left for --outputs", f"leave it out{given}")
        return {**self.output, **{name: f"{self.outputs}:{self.map.get(name, name)}" for name in names}}

    def _check_map(self, party: str | None, tensors: Collection[str], outputs: Collection[str]) -> None:
        for name in self.map:
            inside, outside = name in tensors and self.inputs, name in outputs and self.outputs is not None
            if name not in tensors and name not in outputs:
                close = get_close_matches(name, [*tensors, *outputs], 1)
                help = f"perhaps `{close[0]}`" if close else f"there are {listing([*tensors, *outputs])}"
                whose = "the program" if party is None else f"`{party}`"
                raise UsageError(f"--map {name}=: {whose} has no input or output `{name}`", help)
            if not inside and not outside:
                option = "--inputs" if name in tensors else "--outputs"
                raise UsageError(f"--map {name}= goes with {option}", f"add {option} FILE, or leave it out")
            if (not inside or name in self.input) and (not outside or name in self.output):
                given = "--input" if name in self.input else "--output"
                raise UsageError(f"--map {name}= and {given} {name}= say the same thing twice", "leave one of them out")

    def _found(self, spec: TensorSpec, files: Mapping[str, Arrays]) -> Reference:
        """The one file that has the array."""
        called = Reference.of(f"{next(iter(files))}:{self.map.get(spec.name, spec.name)}")
        array = called.array or spec.name
        holding = [path for path, arrays in files.items() if array in arrays]
        if len(holding) == 1:
            return Reference(holding[0], array, called.transposed)
        if holding:
            raise InputError(
                f"`{array}` is in {listing(holding)}",
                help=f"say which it is: --input {spec.name}={holding[0]}:{array}",
                file="",
            )
        told = [missing(arrays, array, spec.shape) for arrays in files.values()]
        raise InputError(
            told[0]
            if len(files) == 1
            else "; ".join(f"{path}: {what}" for path, what in zip(files, told, strict=True)),
            help=_how(spec, array, files),
            file=next(iter(files)) if len(files) == 1 else "",
        )


def _how(spec: TensorSpec, array: str, files: Mapping[str, Arrays]) -> str:
    """What to do about an input that is in no file under that name."""
    named = next((name for arrays in files.values() if (name := meant(arrays, array, spec.shape))), "")
    if named:
        return f"say what it is called there, --map {spec.name}={named}, or give --input {spec.name}=PATH"
    return f"none of them has its shape, {axes(spec.shape)}: give --input {spec.name}=PATH"


def _learned(program: Program, party: str | None) -> list[str]:
    return [o.name for o in program.compiled.outputs if party is None or party in o.receivers]


def _tell_unread(path: str, arrays: Arrays, read: Collection[str]) -> None:
    unread = [f"`{name}`" for name in arrays if name not in read]
    if unread:
        more = f" and {len(unread) - _UNREAD} more" if len(unread) > _UNREAD else ""
        say(f"{path}: no input reads {', '.join(unread[:_UNREAD])}{more}")
