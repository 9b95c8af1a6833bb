"""What a program costs to run, and where."""

from __future__ import annotations

from pathlib import Path

from ccr import looks, options
from compiler.lowering.widths import widths
from runtime.files import PAGE, replace_bytes, spare
from runtime.privacy.cost import stated
from runtime.program import Program
from runtime.report import program as report
from runtime.report.attribution import Attribution, attributed
from runtime.report.forecast.seconds import seconds
from runtime.report.html.epsilon import curve
from runtime.report.html.program import Inspected, page
from runtime.report.privacy import Privacy, privacy
from runtime.report.traffic import Link
from runtime.report.work import Work, work


class Inspection:
    """Of `Program.inspect`.  `print` tells it as the command does."""

    def __init__(self, program: Program, done: Work, found: Attribution, told: Privacy, link: Link | None) -> None:
        self._program, self._work, self._found, self._privacy, self._link = program, done, found, told, link

    @property
    def and_gates(self) -> int:
        """Of a whole run."""
        return self._work.and_gates

    @property
    def bytes(self) -> int:
        """That a run sends, but for its set-up and TLS."""
        return self._work.bytes.total

    @property
    def seconds(self) -> float:
        """About how long a run takes: its work, and over a link what that takes besides."""
        return seconds(self._program.compiled, self._link)

    @property
    def epsilon(self) -> float | None:
        """None where there is no mechanism, where it is infinite, and while the number of records is not known."""
        return self._privacy.epsilon

    def as_dict(self) -> dict[str, object]:
        """As `ccr inspect --json`."""
        return report.as_json(self._program, self._work, self._found, self._privacy, self._link)

    def save(self, path: str | Path) -> None:
        """Write the report as one HTML file.  Raises OSError, also where another file would be lost."""
        file = options.path(path)
        spare(file, PAGE)
        rows = widths(self._program.understood().checked.program)
        told = self._privacy
        drawn = curve([(self._program.compiled, told.records)], told)
        shown = Inspected(self._program, self._work, self._found, told, rows, self._link, curve=drawn)
        replace_bytes(file, page(shown).encode())

    def __str__(self) -> str:
        return report.text(self._program, self._work, self._found, self._privacy, self._link)

    def __repr__(self) -> str:
        return f"<ccr inspection of {self._program.name}: {looks.short(self._work)}>"

    def _repr_html_(self) -> str:
        return looks.inspection(self._program, self._work, self._found, self._privacy)


def inspected(program: Program, records: int | None, delta: float | None, link: Link | None) -> Inspection:
    compiled = program.compiled
    delta, link = options.between("delta", delta, high=1), options.link(link)
    known = (
        {} if records is None else dict.fromkeys((d.name for d in compiled.datasets), options.count("records", records))
    )
    told, placed = privacy(compiled, known | stated(compiled), delta), program.placed()
    return Inspection(program, work(placed), attributed(placed), told, link)
