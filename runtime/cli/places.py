"""Where the outputs of a run go: places that are taken before the run, so that nothing that was paid for is lost."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path

from compiler.program import Released
from compiler.words.integers import Array
from runtime.cli.options import UsageError
from runtime.cli.screen import say
from runtime.data.errors import InputError
from runtime.files import Place
from runtime.program import Program
from runtime.report import values
from runtime.report.wording import listing


def checked(program: Program, wanted: Mapping[str, str], party: str | None) -> dict[str, str]:
    """Where outputs go; refuses, before the work, what could not be saved after it.  `party` None: both run here."""
    known = {o.name: o for o in program.compiled.outputs}
    for name, path in wanted.items():
        if name not in known:
            raise UsageError(f"the program has no output `{name}`", f"its outputs are {listing(list(known))}")
        if party is not None and party not in known[name].receivers:
            raise UsageError(
                f"`{party}` does not learn `{name}`",
                f"it goes to {listing(known[name].receivers)}: give --output there",
            )
        values.check_file(path, known[name])
    if len(set(wanted.values())) < len(wanted):
        raise UsageError("two outputs are to be saved in one file", "give each a file of its own")
    return dict(wanted)


class Places:
    """The places of a run's outputs, taken."""

    def __init__(self, program: Program, places: Mapping[str, tuple[str, Place]]) -> None:
        self._outputs = {o.name: o for o in program.compiled.outputs}
        self._places = places
        self._left = set(places)
        self.moved = False  # an output is not where it was to be
        self.files: dict[str, str] = {}
        """The paths of what is saved.  An output that could be saved nowhere has none."""

    def save(self, found: Mapping[str, Array]) -> None:
        """Each of these outputs that has a place is saved there, durably, or if that fails in another, which is told.

        A second call does nothing.
        """
        for name, (path, place) in self._places.items():
            if name in found and name in self._left:
                self._left.remove(name)
                if (saved := self._saved(self._outputs[name], path, place, found[name])) is not None:
                    self.files[name] = saved

    def _saved(self, output: Released, path: str, place: Place, value: Array) -> str | None:
        try:
            values.fill(place, path, output, value)
        except InputError as error:
            self.moved = True
            say(f"error: {error}")
            other = _elsewhere(path, output, value)
            say(
                f"`{output.name}` is saved in {other}"
                if other
                else f"`{output.name}` is saved nowhere: it is shown here"
            )
            return other
        return path


@contextmanager
def taken(program: Program, wanted: Mapping[str, str], party: str | None, cut: bool) -> Generator[Places]:
    """Places for these outputs and, where the screen is to `cut` what is long, for those too that it would.

    What is not filled is given back at the end.  Raises InputError and UsageError.
    """
    files = checked(program, wanted, party)
    with ExitStack() as stack:
        places: dict[str, tuple[str, Place]] = {}
        for output in program.compiled.outputs:
            here = party is None or party in output.receivers
            long = cut and here and output.type.size > values.SHOWN
            path = files.get(output.name) or (_default(program, output) if long else None)
            if path is not None:
                places[output.name] = path, stack.enter_context(values.reserve(path, output))
        yield Places(program, places)


def _default(program: Program, output: Released) -> str | None:
    """A file of this folder that is not there; None for an output that no file holds exactly."""
    stem = f"{Path(program.name).stem}-{output.name}"
    for ending in (".npz", ".csv"):
        with suppress(InputError):
            values.check_file(stem + ending, output)
            names = (f"{stem}{f'-{number}' if number > 1 else ''}{ending}" for number in count(1))
            return next(name for name in names if not Path(name).exists())
    return None


def _elsewhere(path: str, output: Released, value: Array) -> str | None:
    """Another file in which the output was saved: beside its place, here, at home, or where temporary files are."""
    with suppress(RuntimeError):  # there may be no home
        for folder in (Path(path).parent, Path.cwd(), Path.home(), Path(tempfile.gettempdir())):
            other = str(folder / f"ccr-{output.name}-{secrets.token_hex(4)}{Path(path).suffix}")
            with suppress(InputError):
                values.write(other, output, value)
                return other
    return None
