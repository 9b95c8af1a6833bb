"""Bytes and seconds over a link: of some that are common, and by sliders of one that the reader chooses."""

from __future__ import annotations

from typing import NamedTuple

from compiler.program import Compiled
from runtime.report.forecast.seconds import foretold
from runtime.report.forecast.terms import Terms
from runtime.report.html.charts import bar
from runtime.report.html.document import Markup, own, paragraphs, table, wide
from runtime.report.traffic import Link, traffic
from runtime.report.wording import count, duration, size

COMMON = (
    ("one room", Link(1.25e9, 0.0002)),
    ("one building", Link(125e6, 0.001)),
    ("one country", Link(12.5e6, 0.04)),
    ("far apart", Link(2.5e6, 0.15)),
)
CHOSEN = Link(12.5e6, 0.04)  # where nobody says another
HEADER = ("", "Mbit/s", "round trip", "work", "bytes", "waiting", "in all")


class Parts(NamedTuple):
    """Seconds of a run over a link; together they are all of them."""

    work: float
    carrying: float  # bytes that are waited for, and what tables take longer than the work on them
    waiting: float


def parts(found: Terms, link: Link) -> Parts:
    """As `links.js` has it too."""
    rate = link.bytes_per_second
    carrying = found.asked / rate + max(0.0, found.streamed / rate - found.working)
    return Parts(found.fixed + found.working, carrying, found.trips * link.round_trip)


def links(program: Compiled, given: Link | None) -> str:
    """What the page says without its script, and the form that the script shows."""
    found = foretold([program])
    named = [*COMMON, *([("as given", given)] if given else [])]
    what = (
        f"A run sends {size(traffic(program).total)} and waits for {count(found.trips)} round trips. "
        "The seconds are an estimate, of machines like the one that made this page, with nothing else to do."
    )
    rows = [(name, *_row(found, link)) for name, link in named]
    return "\n".join(
        [paragraphs([what]), _form(found, given or CHOSEN), wide("Seconds over a link", table(HEADER, rows))]
    )


def script() -> str:
    return own("links.js")


def _row(found: Terms, link: Link) -> tuple[str, ...]:
    taken = parts(found, link)
    rate, trip = f"{link.bytes_per_second * 8 / 1e6:g}", f"{link.round_trip * 1000:g} ms"
    return rate, trip, *map(duration, (*taken, sum(taken)))


def _form(found: Terms, link: Link) -> Markup:
    """Hidden until the script shows it.  A slider is a logarithm, the number beside it what it stands for."""
    mbit, trip = link.bytes_per_second * 8 / 1e6, link.round_trip * 1000
    return Markup(f"""<form class="link" id="link" hidden data-fixed="{found.fixed:.9g}"
 data-working="{found.working:.9g}" data-streamed="{found.streamed}" data-asked="{found.asked}"
 data-trips="{found.trips}">
<div><label for="mbit">Rate in Mbit/s</label>
<input type="number" id="mbit" min="0.1" max="100000" step="any" value="{mbit:g}">
<input type="range" id="mbit-slider" min="-1" max="5" step="0.05" aria-label="Rate" data-of="mbit"></div>
<div><label for="trip">Round trip in ms</label>
<input type="number" id="trip" min="0.01" max="2000" step="any" value="{trip:g}">
<input type="range" id="trip-slider" min="-2" max="3.3" step="0.05" aria-label="Round trip" data-of="trip"></div>
<div class="told"><output for="mbit trip" id="seconds"></output>
{bar([("work", 1), ("carrying", 0), ("waiting", 0)])}
<ul class="legend"><li><span class="of-work"></span>work <b></b></li>
<li><span class="of-carrying"></span>bytes <b></b></li>
<li><span class="of-waiting"></span>waiting <b></b></li></ul></div>
</form>""")
