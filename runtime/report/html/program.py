"""The report of `ccr inspect` as one HTML file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

from compiler.lowering.widths import Width
from runtime.net.traffic import Traffic
from runtime.program import Program
from runtime.report import ranges, savings, spent
from runtime.report.attribution import Attribution, and_gates, sent
from runtime.report.everyone import Everyone
from runtime.report.html import charts, links, text
from runtime.report.html.document import (
    Markup,
    Section,
    closed,
    document,
    items,
    paragraphs,
    table,
    wide,
)
from runtime.report.html.facts import facts
from runtime.report.places import sources
from runtime.report.privacy import Privacy
from runtime.report.program import remarks, roles
from runtime.report.savings import Savings
from runtime.report.traffic import Link
from runtime.report.wording import count, percent, size
from runtime.report.work import Work

SHOWN = 12  # lines of a chart; the others are behind it


@dataclass(frozen=True, slots=True)
class Inspected:
    """A program and what is known of it without a run; what was not asked for, or cannot be told, is not there."""

    program: Program
    work: Work
    found: Attribution
    privacy: Privacy | Everyone
    rows: Sequence[Width] = ()
    link: Link | None = None
    savings: Savings | None = None
    curve: charts.Curve | None = None
    contract: Sequence[str] = ()  # in words


def page(of: Inspected) -> str:
    """The whole report."""
    named = text.names(of.program)
    sections = [
        Section("Who learns what", _roles(of.program)),
        Section("Privacy", _privacy(of)),
        *([Section("Contract", _contract(of.contract))] if of.contract else []),
        Section("Text", "<p>The dearer a line, the warmer.</p>" + text.lines(of.program, of.found, named)),
        Section("Cost by line", _by_line(of, named)),
        Section("Cost by kernel", _by_kernel(of.work)),
        Section("Over a link", links.links(of.program.compiled, of.link)),
        *(_savings(of.savings) if of.savings else []),
        Section("Cells", _cells(of.found)),
        Section("Passes", wide("Passes", table(spent.PASSES, spent.passes(of.found)))),
        *([Section("Ranges", _ranges(of.rows))] if of.rows else []),
    ]
    note = f"digest <code>{escape(of.program.digest)}</code>"
    return document(of.program.name, note, sections, facts(of.work, of.privacy), text.shades(), links.script())


def _roles(program: Program) -> str:
    rows = [
        (Markup(f'{escape(r.party)} <span class="quiet">{escape(r.does)}</span>'), r.brings, r.learns)
        for r in roles(program.compiled)
    ]
    drawn = table(("party", "brings", "learns"), rows, (1, 2)).replace("<table>", '<table class="roles">', 1)
    return wide("Who learns what", drawn) + items(remarks(program.compiled))


def _privacy(of: Inspected) -> str:
    told = of.privacy
    if isinstance(told, Privacy):
        drawn = paragraphs(told.lines())
    else:
        each = [closed(f"What {owner}'s run tells", paragraphs(p.lines())) for owner, p in told.of.items()]
        drawn = "\n".join([paragraphs(told.price()), *each])
    if of.curve is not None:
        drawn += f"<h3>{escape(charts.said(of.curve))}</h3>" + charts.curve(of.curve)
    elif told.unknown:
        drawn += "<p>Epsilon over steps is drawn where the number of records is given.</p>"
    return drawn


def _contract(said: Sequence[str]) -> str:
    """Its sentences; those that are indented belong to the one before."""
    return "\n".join(
        items(line.strip() for line in lines) if indented else paragraphs(lines)
        for indented, lines in groupby(said, lambda line: line.startswith(" "))
    )


def _by_line(of: Inspected, named: text.Names) -> str:
    """The dearest lines first, each with what it sends by kind."""
    whole = of.work.bytes
    rows = list(_line_rows(of, named))
    header = ("line", "bytes", "share", "AND")
    shown = charts.bars("Cost by line", header, rows[:SHOWN])
    if len(rows) > SHOWN:
        rest = charts.bars("Cost of the other lines", header, rows[SHOWN:])
        shown += closed(f"The other {count(len(rows) - SHOWN)} lines", rest)
    by_kind = [
        (charts.barred(kind, charts.of_bytes(Traffic(**{kind: n}), whole.total)), size(n), percent(n, whole.total))
        for kind in charts.KINDS
        if (n := getattr(whole, kind))
    ]
    kinds = charts.bars("Bytes by kind", ("kind", "bytes", "share"), by_kind)
    return charts.legend(whole) + shown + "<h3>All lines together</h3>" + kinds


def _line_rows(of: Inspected, named: text.Names) -> Iterator[tuple[object, ...]]:
    ands: Counter[tuple[str, int]] = Counter()
    spending: dict[tuple[str, int], Traffic] = {}
    for row in of.found.rows:
        line = row.place[:2]
        ands[line] += and_gates(row)
        one, all = sent(row), spending.setdefault(line, Traffic())
        for kind in charts.KINDS:
            setattr(all, kind, getattr(all, kind) + getattr(one, kind))
    whole = of.work.bytes.total
    texts = sources(of.program)
    for line, taken in sorted(spending.items(), key=lambda item: (-item[1].total, item[0])):
        if not taken.total:
            continue
        file, number = line
        said = escape(f"{file}:{number}")
        if line in named:
            written = text.line(texts[file].line(number).strip())
            said = f'<a href="#{named[line]}">{said}</a> <code>{written}</code>'
        bar = charts.of_bytes(taken, whole)
        yield charts.barred(Markup(said), bar), size(taken.total), percent(taken.total, whole), count(ands[line])


def _by_kernel(work: Work) -> str:
    header = ("kernel", "AND of a run", "share", "AND", "XOR", "depth", "registers", "launches", "lanes")
    rows: list[tuple[object, ...]] = []
    for number, k in enumerate(work.kernels):
        ands = k.and_gates * k.lanes
        bar = charts.bar([("tables", ands / work.and_gates)] if work.and_gates else [])
        one = (k.and_gates, k.xor_gates, k.depth, k.registers, k.launches, k.lanes)
        name = charts.barred(f"k{number}  {k.name}", bar)
        rows.append((name, count(ands), percent(ands, work.and_gates), *map(count, one)))
    return charts.bars("Cost by kernel", header, rows)


def _cells(found: Attribution) -> str:
    rows = spent.cells(found)
    drawn = wide("Cells", table(spent.cells_header(found), rows, (1,)))
    return closed(f"{count(len(rows))} cells, by place, after each pass", drawn)


def _savings(found: Savings) -> Iterator[Section]:
    if found.hints is not None:
        drawn = wide("Hints", table(savings.HINTS, savings.rows(found, found.hints), (5,)))
        yield Section("Hints", drawn if found.hints else paragraphs(["nothing that is known would save bytes"]))
    if found.narrower is not None:
        header, by_line = savings.line_rows(found)
        each = wide("One bit narrower", table(savings.NARROWER, savings.rows(found, found.narrower), (5,)))
        lines = wide("Lines, with all kinds one bit narrower", table(header, by_line))
        yield Section("One bit narrower", each + closed("Lines, with all kinds one bit narrower", lines))


def _ranges(rows: Sequence[Width]) -> str:
    drawn = wide("Ranges", table(ranges.HEADER, map(ranges.cells, rows), (5,)))
    return closed(f"{count(len(rows))} expressions with their ranges and widths", drawn)
