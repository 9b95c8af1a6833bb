"""What an operator's machine reads of a run: one JSON object a line (`--log-json`).

Names of parties and outputs, phases, steps, bytes, seconds, epsilon: no value of an input or an output, no key, no
label, and of an error its kind alone, for its words may quote a cell.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import IO, Annotated

import typer

from runtime.cli.options import UsageError
from runtime.files import LOG, advice, spare
from runtime.program import Program
from runtime.report.progress import Standing
from runtime.report.run import Ended

LogJson = Annotated[
    str | None,
    typer.Option(
        "--log-json",
        metavar="FILE",
        show_default=False,
        help="Add to this file, or with - to standard error, one JSON object a line of how far the run is.",
    ),
]
EVERY = 1.0  # seconds between two lines of a party that is in one phase


class RunLog:
    """Of one run; nothing that the log does makes it fail."""

    def __init__(self, file: IO[str] | None, clock: Callable[[], float] = monotonic) -> None:
        self._file, self._clock, self._one = file, clock, Lock()
        self._about: dict[str, object] = {}
        self._last: dict[str, tuple[str, bool, float]] = {}

    def begun(self, program: Program, here: Sequence[str], peers: Sequence[str], foretold: dict[str, object]) -> None:
        """By which parties, of which some are on this machine."""
        self._about = {"program": program.name, "digest": program.digest}
        self._write("begun", parties=list(here), peers=list(peers), foretold=foretold)

    def progress(self, party: str, standing: Standing) -> None:
        now, moment = self._clock(), standing.moment
        phase, ended, last = self._last.get(party, ("", False, -EVERY))
        if (moment.phase != phase and "setup" in (phase, moment.phase)) or moment.ended != ended or now - last >= EVERY:
            self._last[party] = moment.phase, moment.ended, now
            self._write("progress", party=party, **standing.as_json())

    def ended(self, ended: Ended) -> None:
        self._write("ended", **ended.costs())

    def failed(self, error: BaseException) -> None:
        self._write("failed", error=type(error).__name__)

    def _write(self, event: str, **told: object) -> None:
        if self._file is None:
            return
        line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **self._about, **told}
        with self._one, suppress(OSError, ValueError):
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()


@contextmanager
def logged(to: str | None) -> Generator[RunLog]:
    """Raises UsageError for a file that cannot be written; what the block raises is logged."""
    if to is None:
        yield RunLog(None)
        return
    try:
        if to != "-":
            spare(Path(to), LOG)
        file = sys.stderr if to == "-" else Path(to).open("a", encoding="utf-8")  # noqa: SIM115 (closed below)
    except OSError as error:
        raise UsageError(f"--log-json {to}: {error.strerror}", advice(error)) from None
    log = RunLog(file)
    try:
        yield log
    except BaseException as error:
        log.failed(error)
        raise
    finally:
        if file is not sys.stderr:
            file.close()
