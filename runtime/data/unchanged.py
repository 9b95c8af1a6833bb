"""Files that are read more than once: to be computed on, and to be told by their content."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from runtime.data.errors import InputError
from runtime.data.partitions import files_of

_Mark = tuple[int, ...]


@contextmanager
def unchanged(files: Iterable[str]) -> Generator[None]:
    """Whatever reads these files inside reads the same.

    Raises InputError at the end for a file that was written to or put in another's place meanwhile; the time of its
    last change, which the system sets, gives it away.  A pattern stands for the files that it matches, which have to
    stay as many.
    """
    stamps = Stamps.of(files)
    yield
    stamps.check()


@dataclass(frozen=True, slots=True)
class Stamps:
    """What the system says of files, and of those that patterns match."""

    before: Mapping[str, Mapping[str, _Mark | None]]

    @staticmethod
    def of(files: Iterable[str]) -> Stamps:
        """Raises InputError for a pattern that matches nothing."""
        return Stamps({file: _marks(file) for file in files})

    def check(self) -> None:
        """Raises InputError for a file that has changed since."""
        for file, marks in self.before.items():
            after = _marks(file)
            if after != marks:
                changed = next(each for each in (*marks, *after) if marks.get(each, ()) != after.get(each, ()))
                help = "run again when nobody writes to it"
                raise InputError("it was changed while it was read", help=help, file=changed)


def _marks(file: str) -> dict[str, _Mark | None]:
    """Of a file, or of each that a pattern matches.  Raises InputError."""
    return {each: _mark(each) for each in files_of(file) or [file]}


def _mark(file: str) -> _Mark | None:
    """Of the file, and of the link to it if it is one, which may lead elsewhere in between; None where none is."""
    try:
        both = Path(file).stat(), Path(file).lstat()
    except OSError:
        return None
    return tuple(n for s in both for n in (s.st_dev, s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns))
