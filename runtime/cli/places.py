"""Where the outputs of a run go: places that are taken before the run, so that nothing that was paid for is lost."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Generator, Mapping, Sequence, Set
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path

from compiler.program import Released
from compiler.words.integers import Array
from runtime.cli.options import UsageError
from runtime.cli.screen import say
from runtime.data.errors import InputError
from runtime.data.references import Reference
from runtime.files import Place
from runtime.program import Program
from runtime.report import saved, values
from runtime.report.saved import File
from runtime.report.wording import listing

_LABEL = 40  # characters of outputs' names in the name of a file


def checked(program: Program, wanted: Mapping[str, str], party: str | None) -> list[File]:
    """Where outputs go; refuses, before the work, what could not be saved after it.  `party` None: both run here."""
    known = {o.name: o for o in program.compiled.outputs}
    for name in wanted:
        if name not in known:
            raise UsageError(f"the program has no output `{name}`", f"its outputs are {listing(list(known))}")
        if party is not None and party not in known[name].receivers:
            raise UsageError(
                f"`{party}` does not learn `{name}`",
                f"it goes to {listing(known[name].receivers)}: give --output there",
            )
    return saved.files(wanted, known)


class Places:
    """The places of a run's outputs, taken."""

    def __init__(self, places: Sequence[tuple[File, Place]]) -> None:
        self._places = places
        self._left = set(range(len(places)))
        self.moved = False  # an output is not where it was to be
        self.files: dict[str, Reference] = {}
        """Where what is saved is.  An output that could be saved nowhere has none."""

    def save(self, found: Mapping[str, Array]) -> None:
        """Each file whose outputs these are is saved at its place, durably, or if that fails in another, which is told.

        A second call does nothing.
        """
        for number in sorted(self._left):
            file, place = self._places[number]
            if all(output.name in found for output, _ in file.parts):
                self._left.remove(number)
                kept = self._kept(file, place, found)
                self.files |= {} if kept is None else kept.references()

    def _kept(self, file: File, place: Place, found: Mapping[str, Array]) -> File | None:
        try:
            saved.fill(place, file, found)
        except InputError as error:
            self.moved = True
            say(f"error: {error}")
            other = _elsewhere(file, found)
            for output, _ in file.parts:
                say(
                    f"`{output.name}` is saved in {other.references()[output.name]}"
                    if other
                    else f"`{output.name}` is saved nowhere: it is shown here"
                )
            return other
        return file


@contextmanager
def taken(program: Program, wanted: Mapping[str, str], party: str | None, cut: bool) -> Generator[Places]:
    """Places for these outputs and, where the screen is to `cut` what is long, for those too that it would.

    What is not filled is given back at the end.  Raises InputError and UsageError.
    """
    files = checked(program, wanted, party)
    for output in program.compiled.outputs:
        here = party is None or party in output.receivers
        if cut and here and output.type.size > values.SHOWN and output.name not in wanted:
            default = _default(program, output, {Path(file.path).resolve() for file in files})
            files += [] if default is None else [default]
    with ExitStack() as stack:
        yield Places([(file, stack.enter_context(saved.reserve(file))) for file in files])


def _default(program: Program, output: Released, used: Set[Path]) -> File | None:
    """A file of this folder that is not there and not `used`; None for an output that no file holds exactly."""
    stem = f"{Path(program.name).stem}-{output.name}"
    for ending in (".npz", ".csv"):
        with suppress(InputError):
            saved.check(_alone(output, stem + ending))
            names = (f"{stem}{f'-{number}' if number > 1 else ''}{ending}" for number in count(1))
            return _alone(output, next(n for n in names if not Path(n).exists() and Path(n).resolve() not in used))
    return None


def _alone(output: Released, path: str) -> File:
    return File(path, ((output, Reference(path)),))


def _elsewhere(file: File, found: Mapping[str, Array]) -> File | None:
    """Another file in which the outputs were saved: beside its place, here, at home, or where temporary files are."""
    label = "-".join(output.name for output, _ in file.parts)[:_LABEL]
    with suppress(RuntimeError):  # there may be no home
        for folder in (Path(file.path).parent, Path.cwd(), Path.home(), Path(tempfile.gettempdir())):
            other = file.moved(str(folder / f"ccr-{label}-{secrets.token_hex(4)}{Path(file.path).suffix}"))
            with suppress(InputError):
                saved.write(other, found)
                return other
    return None
