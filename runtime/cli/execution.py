"""One `ccr run`, whose options have been read: what is said before, the run, what is said behind it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import typer

from runtime.cli.beforehand import Beforehand
from runtime.cli.meet import Ends, Patience
from runtime.cli.models import Asked
from runtime.cli.one_party import run_party
from runtime.cli.places import Places, taken
from runtime.cli.progress import Advance
from runtime.cli.run_log import RunLog
from runtime.cli.screen import learned, say
from runtime.cli.several import Runs, Sides
from runtime.cli.status import FAILED
from runtime.cli.tables import say_odd
from runtime.cli.watched import sides, watched
from runtime.data.columns import Chosen
from runtime.data.references import Reference
from runtime.party.both import Accept
from runtime.party.here import run_here
from runtime.party.run import Report
from runtime.report.program import trust
from runtime.report.run import INSECURE, SEEDED, Ended, phases
from runtime.report.traffic import Link
from runtime.report.wording import duration, listing

if TYPE_CHECKING:
    from runtime.party.agreed import Agreed


@dataclass(frozen=True, slots=True)
class Execution:
    """With whom, under what, and how it is told."""

    runs: Runs
    ends: Ends | Sides | None  # without any all parties run here
    agreed: Sequence[Agreed]
    before: Beforehand
    connection: Link | None
    seed: int | None
    patience: Patience
    quiet: bool
    json: bool
    log: RunLog

    def announce(self, party: str | None, goes_on: bool) -> None:
        """The work is that of all runs, where they are with several owners; how much is left of one that goes on is
        told when both know."""
        runs = self.runs
        program, foretold = runs.program, runs.foretold()
        if self.seed is not None:
            say(f"warning: {SEEDED}")
        if runs.insecure:
            say(f"warning: {INSECURE}")
        for said in trust(program.compiled):
            say(f"warning: {said}")
        if not self.quiet:
            owners = f" with {listing(list(runs.programs))} together" if runs.programs else ""
            costs = f"{foretold}{owners}, about {duration(foretold.seconds(self.connection))}"
            say(
                f"{program.name}: {'what is left of a run' if goes_on else costs}, digest {program.digest[:16]}, "
                f"{program.known.value}"
            )
        self.log.begun(program, *sides(program, party or ""), foretold.as_json(self.connection))

    def run(self, party: str | None, asked: Asked, columns: Chosen, start: float) -> None:
        """Its inputs are read first; `start` is when the command began, in perf_counter's seconds."""
        program, compiling = self.runs.program, time.perf_counter() - start
        given = asked.read(program, party)
        say_odd(program.compiled, party, given, columns, self.quiet)
        with taken(program, asked.written(program, party), party, cut=not self.json) as places:
            with watched(
                self.runs, party or "", self.before, bool(self.agreed), self.connection, self.quiet, self.log
            ) as seen:
                reports = self.reports(given, columns, places, *seen)
            running = time.perf_counter() - start - compiling
            places.save({name: value for r in reports.values() for name, value in r.outputs.items()})
        ended = self._ended(reports, compiling, running, places.files)
        self.log.ended(ended)
        learned(ended.as_json(), ended.text(), self.json, ended.unsaved())
        if places.moved:
            raise typer.Exit(FAILED)

    def reports(
        self, inputs: Mapping[str, str], columns: Chosen, places: Places, accept: Accept, advance: Advance
    ) -> dict[str, Report]:
        """The run itself: of all parties here without `ends`, else of one, whose outputs are kept at once."""
        runs, ends, seed, quiet, patience = self.runs, self.ends, self.seed, self.quiet, self.patience
        program = runs.program
        if isinstance(ends, Sides):
            own = partial(advance, ends.party)
            report = ends.run(runs, inputs, seed, patience, own, quiet, columns, places.save, accept)
            return {report.party: report}
        if ends is not None:
            under, own = self.agreed[0] if self.agreed else None, partial(advance, ends.party)
            report = run_party(
                program, ends, inputs, seed, patience, own, quiet, under, accept, columns, places.save, runs.threads
            )
            return {report.party: report}
        stall, least, others = patience.stall, runs.least, runs.programs
        return run_here(
            program,
            inputs,
            seed,
            stall,
            advance,
            accept,
            columns,
            least,
            others,
            insecure=runs.insecure,
            threads=runs.threads,
            helping=runs.helping,
        )

    def _ended(
        self, reports: Mapping[str, Report], compiling: float, running: float, files: Mapping[str, Reference]
    ) -> Ended:
        """The evaluator is the last to end, so its phases stand for both where both ran here."""
        runs, program = self.runs, self.runs.program
        last = reports.get(program.compiled.evaluator) or next(iter(reports.values()))
        ran = {o: own for o, own in runs.programs.items() if o in last.sessions} or {"": program}
        parts = [(own.compiled, (last.sessions[o] if o else last).records) for o, own in ran.items()]
        return Ended(
            program,
            list(ran.values()),
            reports,
            phases(last, compiling, running),
            files,
            self.before.afterwards(parts),
            self.seed is not None,
            self.connection,
            runs.insecure,
        )
