"""A compiled program as the runtime handles it: where it came from, its bytes and its identity.

An artifact is what its text compiles to, and this side compiles it itself to know so; what it has compiled once it
marks in the user's cache, by the digest of the whole file and of the compiler.  Where all parties run here, what a text
compiled to is kept there too.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import compiler
import lang
from compiler import artifact
from compiler.program import Compiled
from lang.problems.problem import Problem
from lang.source import Source

if TYPE_CHECKING:
    from compiler.lowering.understand import Meaning

_KEPT = ".ccrc"
_MOST = 64  # artifacts of texts that are kept


class Known(Enum):
    """How this side knows that a plan is what a text compiles to."""

    COMPILED = "compiled here"
    BEFORE = "compiled here before"


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled program with its identity; `meaning` where it was given as source text."""

    name: str  # of its file
    compiled: Compiled
    artifact: bytes
    meaning: Meaning | None
    known: Known = Known.COMPILED

    @property
    def digest(self) -> str:
        return artifact.digest(self.artifact)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Of the text, in its order; none of an artifact, whose maker was told."""
        return () if self.meaning is None else self.meaning.checked.warnings

    @property
    def owners(self) -> tuple[str, ...]:
        """Of its data sets, where they are several: it is the program of the first, or of the party asked for."""
        return self.compiled.owners

    def understood(self) -> Meaning:
        """What the text means, which an artifact has brought along."""
        return self.meaning or artifact.meaning(self.compiled)

    def placed(self) -> Compiled:
        """With the places of its work in the text, of which an artifact has not all."""
        return self.compiled if self.meaning else artifact.compiled(self.compiled)


def read_artifact(path: Path) -> Program:
    """Raises ArtifactError for a file that is not one."""
    try:
        with path.open("rb") as file:
            data = file.read(artifact.LARGEST + 1)
    except OSError as error:
        raise artifact.ArtifactError(f"cannot read {path}: {error.strerror}") from None
    return from_artifact(path.name, data)


def from_artifact(name: str, data: bytes) -> Program:
    """A program from an artifact's bytes, whose text is compiled unless this side has done so before.

    Raises ArtifactError.
    """
    if _marked(mark := _mark(data)):
        return from_own_artifact(name, data)
    program = Program(name, artifact.decode(data), data, None)
    with suppress(OSError):  # then it is compiled again the next time
        mark.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        mark.touch(mode=0o600)
    return program


def from_own_artifact(name: str, data: bytes) -> Program:
    """As `from_artifact`, for bytes of which this side knows that it compiles their text to them."""
    return Program(name, artifact.decode_known(data), data, None, Known.BEFORE)


def from_own_text(source: Source, choices: object) -> Program | None:
    """What `keep` has kept of a text that is one file; None for what it has not."""
    try:
        data = _kept(source, choices).read_bytes()
    except OSError:
        return None
    return from_own_artifact(Path(source.name).name, data) if _marked(_mark(data)) else None


def keep(program: Program, source: Source, choices: object) -> None:
    """For `from_own_text`, unless more than the text and the `choices` made it, or there is something to be warned of
    again."""
    if program.meaning is None or len(program.meaning.files) > 1 or program.warnings:
        return
    path, mark = _kept(source, choices), _mark(program.artifact)
    with suppress(OSError):  # then it is compiled again the next time
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        old = sorted(path.parent.glob(f"*{_KEPT}"), key=lambda other: other.stat().st_mtime)
        for other in old[: len(old) + 1 - _MOST]:
            other.unlink(missing_ok=True)
        part = path.with_suffix(f".{os.getpid()}")  # another process may be doing the same
        part.write_bytes(program.artifact)
        part.replace(path)
        mark.touch(mode=0o600)


def _kept(source: Source, choices: object) -> Path:
    what = sha256(repr((source.name, source.text, choices)).encode()).digest()
    return _folder() / (sha256(_compiler() + what).hexdigest() + _KEPT)


def _mark(data: bytes) -> Path:
    """The empty file that says that this compiler has made these bytes of the text in them."""
    return _folder() / sha256(_compiler() + sha256(data).digest()).hexdigest()


def _folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "ccr" / "compiled"


def _marked(mark: Path) -> bool:
    """Is the mark there, in a folder that nobody else writes?"""
    try:
        folder = mark.parent.stat()
        return mark.exists() and folder.st_uid == os.geteuid() and not folder.st_mode & 0o022
    except OSError:
        return False


@cache
def _compiler() -> bytes:
    """What this compiler is: another one may make other bytes of a text."""
    whole = sha256()
    for package in (lang, compiler):
        folder = Path(str(package.__file__)).parent
        for path in sorted((*folder.rglob("*.py"), *folder.rglob("*.lark"))):
            whole.update(sha256(path.read_bytes()).digest())
    return whole.digest()
