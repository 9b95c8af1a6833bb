"""What is foretold of a run: gates, bytes by kind, and seconds by phase."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from compiler.program import Compiled, and_gates
from compiler.schedule.told import left
from runtime.net.traffic import Traffic
from runtime.report.forecast.kept import own
from runtime.report.forecast.rates import Rates
from runtime.report.forecast.terms import Terms, seconds_over, terms
from runtime.report.traffic import Link, setup_bytes, traffic
from runtime.report.wording import count, size


@dataclass(frozen=True, slots=True)
class Foretold:
    """Of one program, or of those of all owners that are run side by side."""

    and_gates: int
    bytes: Traffic
    setup_bytes: int  # about
    terms: Terms
    start: float  # seconds that a party's process takes to be there, where it is started for the run

    @staticmethod
    def of(runs: Sequence[tuple[Compiled, int]], rates: Rates | None = None, workers: int = 0) -> Foretold:
        """Programs, each with the index of the step that it goes on with; by this machine's rates if none are given.

        With so many workers on both sides, if there are any."""
        known = rates or own()
        todo = [replace(program, plan=left(program.plan, first)) for program, first in runs]
        each = [traffic(program) for program in todo]
        return Foretold(
            sum(and_gates(program.plan) for program in todo),
            Traffic(**{kind.name: sum(getattr(t, kind.name) for t in each) for kind in fields(Traffic)}),
            len(runs) * setup_bytes(),
            terms(todo, known, workers),
            known.start,
        )

    def __str__(self) -> str:
        return f"{count(self.and_gates)} AND gates, {size(self.bytes.total)}"

    def as_json(self, link: Link | None = None) -> dict[str, object]:
        return {
            "and_gates": self.and_gates,
            "bytes": self.bytes.as_json(),
            "seconds": self.seconds(link),
            "phases": self.phases(link),
        }

    def seconds(self, link: Link | None = None) -> float:
        """From the greeting to the outputs."""
        return seconds_over(self.terms, link)

    def phases(self, link: Link | None = None) -> dict[str, float]:
        """The same by phase: until the first step, and from there on."""
        setup = self.terms.setup
        if link is not None:
            setup += self.setup_bytes / link.bytes_per_second + MEETING * link.round_trip
        return {"setup": setup, "steps": self.seconds(link) - setup}


MEETING = 3  # round trips from the greeting to the first step
