"""The text of a program with what each line costs, the dearer the warmer: of the page and of notebooks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from html import escape

from lang.syntax.pieces import Sort, pieces
from runtime.program import Program
from runtime.report.attribution import Attribution
from runtime.report.places import sources
from runtime.report.wording import count, percent, size

STEPS = 8  # shades of heat
HOTTEST = 56  # percent of the hot colour, of the warmest line
HEADER = ("line", "AND", "bytes", "share", "text")

Names = Mapping[tuple[str, int], str]  # of lines, as places in the page


def shades(within: str = "") -> str:
    """The style of the lines, in the whole page or `within` what a selector says: how warm each class is."""
    return "\n".join(f"{within}.heat{i} {{ --heat: {HOTTEST * i // STEPS}% }}" for i in range(1, STEPS + 1))


def names(program: Program) -> Names:
    """Of the lines of all files."""
    return {
        (file, line): f"f{number}-{line}"
        for number, (file, source) in enumerate(sorted(sources(program).items()), 1)
        for line in range(1, source.text.count("\n") + 2)
    }


def lines(program: Program, found: Attribution, named: Names | None = None) -> str:
    """Each file's text with the ANDs and bytes that begin on each line."""
    ands: Counter[tuple[str, int]] = Counter()
    sent: Counter[tuple[str, int]] = Counter()
    for line in found.lines:
        ands[line.file, line.line] += line.and_gates
        sent[line.file, line.line] += line.bytes
    texts = sources(program)
    head = "".join(f'<th scope="col">{name}</th>' for name in HEADER)
    named = named or {}
    shown: list[str] = []
    for file in sorted({file for file, _ in sent}):
        text = drawn(texts[file].text) if file in texts else []
        numbers = range(1, len(text) + 1) if text else [n for f, n in sorted(sent) if f == file]
        rows = [
            _line(n, text[n - 1] if text else "", ands[file, n], sent[file, n], sent.total(), named.get((file, n)))
            for n in numbers
        ]
        shown += [f"<h3><code>{escape(file)}</code></h3>"]
        shown += [f'<div class="wide" role="group" aria-label="The text of {escape(file)}" tabindex="0">']
        shown += ['<table class="source">', f"<tr>{head}</tr>", *rows, "</table>", "</div>"]
    return "\n".join(shown) or "<p>nothing is sent</p>"


def _line(number: int, text: str, ands: int, sent: int, whole: int, name: str | None) -> str:
    heat = f' class="heat{max(1, round(STEPS * sent / whole))}"' if sent else ""
    place = f' id="{name}"' if name else ""
    cells = (count(ands), size(sent), percent(sent, whole)) if sent else ("", "", "")
    spent = "".join(f"<td>{cell}</td>" for cell in cells)
    return f"<tr{heat}{place}><td>{number}</td>{spent}<td>{text}</td></tr>"


def drawn(text: str) -> list[str]:
    """The lines of a text in HTML: each piece by what it is."""
    found = [""]
    for sort, piece in pieces(text.rstrip("\n")):
        first, *more = piece.split("\n")
        found[-1] += _piece(sort, first)
        found += [_piece(sort, part) for part in more]
    return found


def line(text: str) -> str:
    """Part of a line."""
    return drawn(text)[0]


def _piece(sort: Sort, text: str) -> str:
    seen = "".join(_seen(text))
    return f'<span class="{sort.value}">{seen}</span>' if sort is not Sort.REST and text else seen


def _seen(text: str) -> Iterator[str]:
    """Escaped; a character that is not seen, or that turns others round, by its number: a text may be meant to be
    misread."""
    if text.isprintable():
        yield escape(text)
        return
    for character in text:
        seen = character == "\t" or character.isprintable()
        yield escape(character) if seen else f'<span class="odd">U+{ord(character):04X}</span>'
