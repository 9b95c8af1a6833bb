"""The report of `ccr inspect` as one HTML file: no network, no scripts, every text escaped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import fields
from html import escape

from compiler.lowering.widths import Width
from runtime.program import Program
from runtime.report import ranges
from runtime.report.everyone import Everyone
from runtime.report.page import document, paragraphs, section, table
from runtime.report.places import sources
from runtime.report.privacy import Privacy
from runtime.report.program import parties
from runtime.report.wording import count, duration, percent, size
from runtime.report.work import Work

STEPS = 8  # shades of heat


def page(program: Program, work: Work, privacy: Privacy | Everyone, rows: Sequence[Width]) -> str:
    """The whole report."""
    shades = "\n".join(f".heat{i} {{ background: rgb(255 120 40 / {70 * i // STEPS}%) }}" for i in range(1, STEPS + 1))
    parts = [
        paragraphs(parties(program.compiled)),
        _totals(work),
        *section("Privacy", paragraphs(privacy.lines())),
        *section("Lines", _lines(program, work)),
        *section("Kernels", _kernels(work)),
        *section("Passes", _passes(program)),
        *(section("Ranges", _ranges(rows)) if rows else []),
    ]
    return document(program.name, f"digest <code>{escape(program.digest)}</code>", parts, shades)


def _totals(work: Work) -> str:
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
                k.name,
                count(k.and_gates),
                count(k.xor_gates),
                k.depth,
                k.registers,
                count(k.launches),
                count(k.lanes),
                count(k.and_gates * k.lanes),
            )
            for k in work.kernels
        ],
    )


def _passes(program: Program) -> str:
    return table(
        ("pass", "AND before", "after", "XOR before", "after"),
        [
            (p.name, *map(count, (p.and_before, p.and_after, p.xor_before, p.xor_after)))
            for p in program.compiled.passes
        ],
    )


def _ranges(rows: Sequence[Width]) -> str:
    return table(ranges.HEADER, map(ranges.cells, rows), (5,))


def _lines(program: Program, work: Work) -> str:
    """Each file's text with the ANDs and bytes that begin on each line, the dearer the warmer."""
    ands: Counter[tuple[str, int]] = Counter()
    sent: Counter[tuple[str, int]] = Counter()
    for line in work.lines:
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
