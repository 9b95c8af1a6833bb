"""The report of `ccr inspect` as one HTML file: no network, no scripts, every text escaped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import fields
from html import escape

from compiler.lowering.widths import Width
from runtime.program import Program
from runtime.report import ranges, savings, spent
from runtime.report.attribution import Attribution
from runtime.report.everyone import Everyone
from runtime.report.page import document, paragraphs, section, table
from runtime.report.places import sources
from runtime.report.privacy import Privacy
from runtime.report.program import parties
from runtime.report.savings import Savings
from runtime.report.wording import count, duration, percent, size
from runtime.report.work import Work

STEPS = 8  # shades of heat


def page(
    program: Program,
    work: Work,
    found: Attribution,
    privacy: Privacy | Everyone,
    rows: Sequence[Width],
    other: Savings | None = None,
) -> str:
    """The whole report."""
    parts = [
        paragraphs(parties(program.compiled)),
        totals(work),
        *section("Privacy", paragraphs(privacy.lines())),
        *section("Lines", lines(program, found)),
        *section("Cells", table(spent.cells_header(found), spent.cells(found), (1,))),
        *section("Kernels", _kernels(work)),
        *section("Passes", table(spent.PASSES, spent.passes(found))),
        *(_savings(other) if other else []),
        *(section("Ranges", _ranges(rows)) if rows else []),
    ]
    return document(program.name, f"digest <code>{escape(program.digest)}</code>", parts, shades())


def shades(within: str = "") -> str:
    """The style of the lines, in the whole page or `within` what a selector says."""
    return "\n".join(
        f"{within}.heat{i} {{ background: rgb(255 120 40 / {70 * i // STEPS}%) }}" for i in range(1, STEPS + 1)
    )


def totals(work: Work) -> str:
    return table(
        (
            "AND gates",
            "XOR gates",
            "ciphertexts",
            "AND depth",
            *(f.name for f in fields(work.bytes)),
            "all bytes",
            "work",
        ),
        [
            (
                count(work.and_gates),
                count(work.xor_gates),
                count(work.ciphertexts),
                count(work.depth),
                *(size(getattr(work.bytes, f.name)) for f in fields(work.bytes)),
                size(work.bytes.total),
                f"about {duration(work.seconds)}",
            )
        ],
    )


def _kernels(work: Work) -> str:
    return table(
        ("kernel", "AND", "XOR", "depth", "registers", "launches", "lanes", "AND of a run"),
        [
            (
                f"k{number}  {k.name}",
                count(k.and_gates),
                count(k.xor_gates),
                k.depth,
                k.registers,
                count(k.launches),
                count(k.lanes),
                count(k.and_gates * k.lanes),
            )
            for number, k in enumerate(work.kernels)
        ],
    )


def _savings(found: Savings) -> Iterator[str]:
    if found.narrower is not None:
        header, by_line = savings.line_rows(found)
        yield from section("One bit narrower", table(savings.NARROWER, savings.rows(found, found.narrower), (5,)))
        yield from section("Lines, with all kinds one bit narrower", table(header, by_line))
    if found.hints is not None:
        yield from section("Hints", table(savings.HINTS, savings.rows(found, found.hints), (5,)))


def _ranges(rows: Sequence[Width]) -> str:
    return table(ranges.HEADER, map(ranges.cells, rows), (5,))


def lines(program: Program, found: Attribution) -> str:
    """Each file's text with the ANDs and bytes that begin on each line, the dearer the warmer."""
    ands: Counter[tuple[str, int]] = Counter()
    sent: Counter[tuple[str, int]] = Counter()
    for line in found.lines:
        ands[line.file, line.line] += line.and_gates
        sent[line.file, line.line] += line.bytes
    texts = sources(program)
    shown: list[str] = []
    for file in sorted({file for file, _ in sent}):
        text = texts[file].text.rstrip("\n").split("\n") if file in texts else []
        numbers = range(1, len(text) + 1) if text else [n for f, n in sorted(sent) if f == file]
        rows = [_line(n, text[n - 1] if text else "", ands[file, n], sent[file, n], sent.total()) for n in numbers]
        shown += [f"<p><code>{escape(file)}</code></p>", '<table class="source">', *rows, "</table>"]
    return "\n".join(shown) or "<p>nothing is sent</p>"


def _line(number: int, text: str, ands: int, sent: int, whole: int) -> str:
    heat = f" class=heat{max(1, round(STEPS * sent / whole))}" if sent else ""
    cells = (count(ands), size(sent), percent(sent, whole)) if sent else ("", "", "")
    spent = "".join(f"<td>{cell}</td>" for cell in cells)
    return f'<tr{heat}><td class="quiet">{number}</td>{spent}<td>{escape(text)}</td></tr>'
