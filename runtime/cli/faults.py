"""What can go wrong in a command: how it is told, and which exit status (`status.py`) it has."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from errno import EACCES, ENOENT
from pathlib import Path

import typer

from lang.numerals import counted
from lang.problems.draw import as_json, brief, draw
from lang.problems.problem import Problem, Rejected
from runtime.cli import signals
from runtime.cli.options import UsageError
from runtime.cli.screen import NotShown, result, say
from runtime.cli.status import FAILED, REFUSED, WRONG
from runtime.contract.refused import Refused
from runtime.data.errors import InputError, Unwritable
from runtime.execute.errors import ForgedOutput
from runtime.files import Sort, advice, replace_bytes, spare
from runtime.net.errors import KeyFileError, KeyNotWritten, NetworkError
from runtime.ot.errors import CheatingDetected
from runtime.party.errors import PartyFailed
from runtime.report.wording import amount
from runtime.session.errors import DifferentContracts, Disagreement, PeerRefused


class NoArtifact(Exception):
    """A file is not an artifact, or not one that this version makes; the message says why."""


class NotSaved(Exception):
    """The system does not let a result be written."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"cannot write {path}: {error.strerror}\n  = help: {advice(error)}")


def warn(problems: Iterable[Problem]) -> None:
    """Tell of each, drawn."""
    for problem in problems:
        say(draw(problem) + "\n")


@contextmanager
def saving(path: Path) -> Generator[None]:
    """Writing a result: what the system does not allow becomes NotSaved."""
    try:
        yield
    except OSError as error:
        raise NotSaved(path, error) from None


def has_folder(path: Path | None) -> None:
    """Asked before the work whose result is to be at `path`.  Raises NotSaved, as writing it would."""
    if path is None:
        return
    folder = path.resolve().parent
    if not folder.is_dir():
        raise NotSaved(path, FileNotFoundError(ENOENT, os.strerror(ENOENT), str(path)))
    stream = path.exists() and not path.is_file()  # which is written to where it stands
    if not stream and not os.access(folder, os.W_OK | os.X_OK):
        raise NotSaved(path, PermissionError(EACCES, os.strerror(EACCES), str(path)))


def has_place(path: Path | None, sort: Sort) -> None:
    """As `has_folder`, for what may take the place of a file of its own sort alone.  Raises UsageError for another."""
    has_folder(path)
    if path is None:
        return
    with saving(path):
        try:
            spare(path, sort)
        except FileExistsError as error:
            raise UsageError(f"{path}: {error.strerror}", advice(error)) from None


def save_page(path: Path, page: str, json: bool) -> None:
    """A report as one HTML file; a person is told that it is there.  Raises NotSaved."""
    with saving(path):
        replace_bytes(path, page.encode())
    if not json:
        say(f"{path}: the report as a page")


RUN_CUT = "the run has ended and no output was saved"


@contextmanager
def faults(json: bool, cut: str = "") -> Generator[None]:
    """Everything expected that can end a command; raises typer.Exit with the status.  A defect passes through.

    `cut` says what has become of the work where the command is interrupted.
    """
    try:
        yield
    except KeyboardInterrupt as signal:
        said, status = signals.told(signal)
        say("; ".join(filter(None, (said, cut))))
        raise typer.Exit(status) from None
    except Rejected as rejected:
        warn(rejected.problems)
        errors = sum(problem.severity == "error" for problem in rejected.problems)
        say(counted(errors, "error"))
        _end(json, {"problems": [as_json(problem) for problem in rejected.problems]}, WRONG)
    except InputError as error:
        say(brief(f"error: {error}"))
        _end(
            json,
            _error("input", error.what, help=error.help, file=error.file, row=error.row, column=error.column),
            FAILED if isinstance(error, Unwritable) else WRONG,
        )
    except UsageError as error:
        say(brief(f"error: {error.what}" + (f"\n  = help: {error.help}" if error.help else "")))
        _end(json, _error("usage", error.what, help=error.help), WRONG)
    except (NoArtifact, KeyFileError) as error:
        refused = error.__cause__ if isinstance(error, KeyNotWritten) else None
        help = f"\n  = help: {advice(refused)}" if isinstance(refused, OSError) else ""
        say(brief(f"error: {error}{help}"))
        code = "artifact" if isinstance(error, NoArtifact) else "key"
        _end(json, _error(code, str(error)), FAILED if isinstance(error, KeyNotWritten) else WRONG)
    except Refused as refused:
        say(brief(_whose(refused)))
        sums = {name: amount(spend) for name, spend in refused.sums.items()}
        _end(json, _error(refused.reason, refused.what, help=refused.help, sums=sums, **refused.more), REFUSED)
    except (PeerRefused, DifferentContracts) as error:
        say(brief(f"error: {_whose(error)}"))
        _end(json, _error(type(error).__name__, _whose(error)), REFUSED)
    except (PartyFailed, NetworkError, Disagreement, CheatingDetected, ForgedOutput, NotSaved) as error:
        say(brief(f"error: {_whose(error)}"))
        _end(json, _error(type(error).__name__, _whose(error)), FAILED)
    except OSError as error:  # where nothing else has been said of what the system does not allow
        where = "" if error.filename is None else f"{error.filename}: "
        said = f"{where}{error.strerror or error}"
        say(brief(f"error: {said}\n  = help: {advice(error)}"))
        _end(json, _error("system", said, help=advice(error)), FAILED)
    except NotShown as error:
        say(f"error: standard output takes nothing: {error}")
        raise typer.Exit(FAILED) from None


def _whose(error: Exception) -> str:
    """With the owner in whose run it happened, where there are several."""
    return ": ".join((*getattr(error, "__notes__", ()), str(error)))


def _error(code: str, message: str, **more: object) -> dict[str, object]:
    if isinstance(help := more.get("help"), str):
        more["help"] = brief(help)
    return {"error": {"code": code, "message": brief(message)} | more}


def _end(json: bool, data: dict[str, object], status: int) -> None:
    with suppress(NotShown):  # it has been said on standard error
        if json:
            result(data, "", True)
    raise typer.Exit(status) from None
