"""What each worker of a party's cluster did in a run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from runtime.party.run import Report
from runtime.report.wording import count, duration, indent, size, table


def lines(reports: Iterable[Report]) -> list[str]:
    """A table for each party that has a cluster."""
    found: list[str] = []
    for report in reports:
        if report.workers:
            rows = [
                (number, "no last word", "", "", "")
                if done is None
                else (
                    number,
                    count(done.gates),
                    size(done.tables + done.corrections),
                    duration(done.seconds),
                    duration(done.waited),
                )
                for number, done in enumerate(report.workers, 1)
            ]
            found.append(f"workers of {report.party}")
            found += indent(table(("worker", "AND gates", "bytes", "time", "of it waiting for orders"), rows))
    return found


def as_json(report: Report) -> list[dict[str, float] | None]:
    """Of one party."""
    return [None if done is None else asdict(done) for done in report.workers]
