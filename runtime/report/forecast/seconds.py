"""How long a run takes on this machine, by its own rates: what inspect, run and a bar of progress say beforehand."""

from __future__ import annotations

from collections.abc import Sequence

from compiler.program import Compiled
from runtime.report.forecast.kept import own
from runtime.report.forecast.rates import PORTABLE, Rates
from runtime.report.forecast.terms import Terms, seconds_over, terms
from runtime.report.traffic import Link, round_trips, traffic

BUSY = 50  # times slower than foreseen, at which a run is given up
SLOW = Link(32e3, 1.0)  # what a run must do with where nobody says another


def foretold(programs: Sequence[Compiled], rates: Rates | None = None, workers: int = 0) -> Terms:
    """Of a run, or of one with several owners; by this machine's rates where no others are given."""
    return terms(programs, rates or own(), workers)


def seconds(program: Compiled, link: Link | None = None, workers: int = 0) -> float:
    """From the greeting to the last output; without a link both parties are here.  With `workers` on both sides each
    pair of them has such a link."""
    return seconds_over(foretold([program], workers=workers), link)


def over(program: Compiled, link: Link) -> float:
    """Seconds that bytes and round trips take over a link, where nothing else takes any."""
    return traffic(program).total / link.bytes_per_second + round_trips(program) * link.round_trip


def longest(program: Compiled, link: Link | None = None) -> float:
    """Seconds after which a run is given up however it moves: a peer that sends a byte now and then would hold it for
    years.  The work may take BUSY times what is foreseen of the slowest backend, for the peer may have no other; the
    link a tenth of what was said of it."""
    work = seconds_over(foretold([program], PORTABLE))
    return 600.0 + BUSY * work + (10 * over(program, link) if link else over(program, SLOW))
