"""What a notebook shows of things, and the words of their `repr`."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from math import isinf

from runtime.privacy.accountant import upward
from runtime.program import Program
from runtime.report.attribution import Attribution, attributed
from runtime.report.html.document import paragraphs, table
from runtime.report.html.facts import totals
from runtime.report.html.text import lines, shades
from runtime.report.privacy import Privacy
from runtime.report.program import learns, parties
from runtime.report.run import Ended
from runtime.report.values import text
from runtime.report.wording import count, duration, size
from runtime.report.work import Work, work

# In whatever colours the notebook has: nothing is set but what tells things apart.
_STYLE = """
.ccr table { border-collapse: collapse; margin: .3rem 0 }
.ccr th, .ccr td { text-align: right; padding: .15rem .7rem; border-bottom: 1px solid rgb(128 128 128 / 30%) }
.ccr th:first-child, .ccr td:first-child, .ccr .words { text-align: left }
.ccr .wide { overflow-x: auto }
.ccr h3 { font-size: 1em; font-weight: 400; margin: .3rem 0 }
.ccr .source { font: 12px/1.5 ui-monospace, monospace }
.ccr .source td { border: 0; padding: 0 .6rem; white-space: pre }
.ccr .source :is(td, th):last-child { text-align: left }
.ccr .source tr { background: none }
.ccr .source tr[class] td { background: rgb(255 122 41 / var(--heat)) }
.ccr .source tr[class] td:last-child { background: rgb(255 122 41 / calc(var(--heat) / 3)) }
.ccr :is(.word, .kind, .privacy) { font-weight: 600 }
.ccr .comment { opacity: .65; font-style: italic }
.ccr .quiet { opacity: .6 }
.ccr p { margin: .15rem 0 }
"""


def short(done: Work) -> str:
    """332 860 AND gates, 16.5 MB, about 0.9 s"""
    return f"{count(done.and_gates)} AND gates, {size(done.bytes.total)}, about {duration(done.seconds)}"


def epsilon(value: float) -> str:
    """Never less than it is."""
    return "infinite" if isinf(value) else upward(value) if value else "0"


def program(shown: Program) -> str:
    """Who brings and learns what, what is warned of, and the text, the dearer a line the warmer."""
    done, found = work(shown.compiled), attributed(shown.placed())
    said = [*parties(shown.compiled), *(f"warning: {warning}" for warning in shown.warnings)]
    return _fragment(shown.name, f"{short(done)}, digest {shown.digest[:16]}", [paragraphs(said), lines(shown, found)])


def inspection(shown: Program, done: Work, found: Attribution, told: Privacy) -> str:
    said = [*parties(shown.compiled), *told.lines()]
    return _fragment(shown.name, short(done), [paragraphs(said), totals(done), lines(shown, found)])


def privacy(said: str, lines: str) -> str:
    return _fragment(said, "", [f"<pre>{escape(lines)}</pre>"])


def result(ended: Ended) -> str:
    """Who learned what, what it costs in epsilon, and what was predicted beside what it took."""
    learned: list[tuple[str, str, str]] = []
    for party, outputs in learns(ended.program.compiled).items():
        told = [(o.name, o.kind, _few(ended, o.name)) for o in outputs if o.name in ended.outputs]
        learned += [(party, f"{name}: {kind}", value) for name, kind, value in told] or [(party, "nothing", "")]
    beside = [
        ("AND gates", count(ended.foretold.and_gates), count(ended.and_gates)),
        ("bytes", size(ended.foretold.bytes.total), size(ended.traffic.total)),
        ("seconds", duration(ended.predicted), duration(ended.took)),
    ]
    return _fragment(
        ended.program.name,
        f"{duration(ended.seconds['total'])} in all, {next(iter(ended.reports.values())).backend} backend",
        [
            table(("party", "learned", "value"), learned, (1, 2)),
            table(("", "predicted", "actual"), beside),
            paragraphs(ended.price()),
        ],
    )


def _few(ended: Ended, name: str) -> str:
    types = {o.name: o.type for o in ended.program.compiled.outputs}
    return text(ended.outputs[name], types[name], 6)


def _fragment(title: str, note: str, parts: Iterable[str]) -> str:
    """HTML whose style holds inside it alone."""
    head = f'<p><b>{escape(title)}</b> <span class="quiet">{escape(note)}</span></p>'
    style = f"<style>{_STYLE}{shades('.ccr ')}</style>"
    return "\n".join(['<div class="ccr">', style, head, *parts, "</div>"])
