"""Bytes and seconds over a link: of some that are common, and by sliders of one that the reader chooses."""

from __future__ import annotations

from html import escape

from compiler.program import Compiled
from runtime.report.html.charts import bar
from runtime.report.html.document import Markup, own, table, wide
from runtime.report.traffic import Link, over, round_trips, seconds, traffic
from runtime.report.wording import count, duration, size

COMMON = (
    ("one room", Link(1.25e9, 0.0002)),
    ("one building", Link(125e6, 0.001)),
    ("one country", Link(12.5e6, 0.04)),
    ("far apart", Link(2.5e6, 0.15)),
)
CHOSEN = Link(12.5e6, 0.04)  # where nobody says another
HEADER = ("", "Mbit/s", "round trip", "bytes", "waiting", "in all")


def links(program: Compiled, given: Link | None) -> str:
    """What the page says without its script, and the form that the script shows."""
    named = [*COMMON, *([("as given", given)] if given else [])]
    rows = [(name, *_row(program, link)) for name, link in named]
    what = (
        f"Both machines work for about {duration(seconds(program))}, if they have nothing else to do; "
        f"a run sends {size(traffic(program).total)} and waits for {count(round_trips(program))} round trips."
    )
    return "\n".join(
        [f"<p>{escape(what)}</p>", _form(program, given or CHOSEN), wide("Seconds over a link", table(HEADER, rows))]
    )


def script() -> str:
    return own("links.js")


def _parts(program: Compiled, link: Link) -> tuple[float, float, float]:
    """Seconds of carrying bytes, of waiting, and of all, with the work."""
    waiting = round_trips(program) * link.round_trip
    return over(program, link) - waiting, waiting, seconds(program, link)


def _row(program: Compiled, link: Link) -> tuple[str, ...]:
    rate, trip = f"{count(round(link.bytes_per_second * 8 / 1e6))}", f"{link.round_trip * 1000:g} ms"
    return rate, trip, *map(duration, _parts(program, link))


def _form(program: Compiled, link: Link) -> Markup:
    """Hidden until the script shows it.  A slider is a logarithm, the number beside it what it stands for."""
    mbit, trip = link.bytes_per_second * 8 / 1e6, link.round_trip * 1000
    return Markup(f"""<form class="link" id="link" hidden data-work="{seconds(program):.6f}"
 data-bytes="{traffic(program).total}" data-trips="{round_trips(program)}">
<div><label for="mbit">Rate in Mbit/s</label>
<input type="number" id="mbit" min="0.1" max="100000" step="any" value="{mbit:g}">
<input type="range" id="mbit-slider" min="-1" max="5" step="0.01" aria-label="Rate" data-of="mbit"></div>
<div><label for="trip">Round trip in ms</label>
<input type="number" id="trip" min="0.01" max="2000" step="any" value="{trip:g}">
<input type="range" id="trip-slider" min="-2" max="3.3" step="0.01" aria-label="Round trip" data-of="trip"></div>
<div class="told"><output for="mbit trip" id="seconds"></output>
{bar([("work", 1), ("carrying", 0), ("waiting", 0)])}
<ul class="legend"><li><span class="of-work"></span>work <b></b></li>
<li><span class="of-carrying"></span>bytes <b></b></li><li><span class="of-waiting"></span>waiting <b></b></li></ul></div>
</form>""")
