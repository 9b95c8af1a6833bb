"""The report of `ccr inspect` as one HTML file: no network, no scripts, every text escaped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import fields
from html import escape
from string import Template

from compiler.lowering.widths import Width
from runtime.program import Program
from runtime.report import ranges
from runtime.report.places import sources
from runtime.report.privacy import Privacy
from runtime.report.program import parties
from runtime.report.wording import count, duration, percent, size
from runtime.report.work import Work

STEPS = 8  # shades of heat

PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>$name</title>
<style>
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: #1d2329 }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem }
table { border-collapse: collapse }
th, td { text-align: right; padding: .15rem .7rem; border-bottom: 1px solid #e4e7ea; vertical-align: top }
th:first-child, td:first-child, .words { text-align: left }
code, .source { font: 13px/1.5 ui-monospace, monospace }
.source td { border: 0; padding: 0 .6rem; white-space: pre }
.source td:last-child { text-align: left }
.quiet { color: #7a838c }
.wide { overflow-x: auto }
$shades
</style>
</head>
<body>
<h1>$name</h1>
<p class="quiet">digest <code>$digest</code></p>
$body
</body>
</html>
""")


def page(program: Program, work: Work, privacy: Privacy, rows: Sequence[Width]) -> str:
    """The whole report."""
    shades = "\n".join(f".heat{i} {{ background: rgb(255 120 40 / {70 * i // STEPS}%) }}" for i in range(1, STEPS + 1))
    parts = [
        _paragraphs(parties(program.compiled)),
        _totals(work),
        *_section("Privacy", _paragraphs(privacy.lines())),
        *_section("Lines", _lines(program, work)),
        *_section("Kernels", _kernels(work)),
        *_section("Passes", _passes(program)),
        *(_section("Ranges", _ranges(rows)) if rows else []),
    ]
    return PAGE.substitute(
        name=escape(program.name), digest=escape(program.digest), shades=shades, body="\n".join(parts)
    )


def _section(title: str, content: str) -> list[str]:
    return [f"<h2>{escape(title)}</h2>", f'<div class="wide">{content}</div>']


def _paragraphs(sentences: Iterable[str]) -> str:
    return "\n".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)


def _table(header: Sequence[object], rows: Iterable[Sequence[object]], words: Sequence[int] = ()) -> str:
    """The first column and those in `words` to the left."""

    def row(cells: Sequence[object], tag: str) -> str:
        return (
            "<tr>"
            + "".join(
                f"<{tag}{' class=words' if i in words else ''}>{escape(str(cell))}</{tag}>"
                for i, cell in enumerate(cells)
            )
            + "</tr>"
        )

    return "\n".join(["<table>", row(header, "th"), *(row(cells, "td") for cells in rows), "</table>"])


def _totals(work: Work) -> str:
    return _table(
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
    return _table(
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
    return _table(
        ("pass", "AND before", "after", "XOR before", "after"),
        [
            (p.name, *map(count, (p.and_before, p.and_after, p.xor_before, p.xor_after)))
            for p in program.compiled.passes
        ],
    )


def _ranges(rows: Sequence[Width]) -> str:
    return _table(ranges.HEADER, map(ranges.cells, rows), (5,))


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
