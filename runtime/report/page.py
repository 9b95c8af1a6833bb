"""What HTML reports are made of: one file, no network, no scripts, every text escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from string import Template

_PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>$title</title>
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
$style
</style>
</head>
<body>
<h1>$title</h1>
<p class="quiet">$note</p>
$body
</body>
</html>
""")


def document(title: str, note: str, parts: Iterable[str], style: str = "") -> str:
    """The whole page; `note` and `parts` are HTML already."""
    return _PAGE.substitute(title=escape(title), note=note, style=style, body="\n".join(parts))


def section(title: str, content: str) -> list[str]:
    return [f"<h2>{escape(title)}</h2>", f'<div class="wide">{content}</div>']


def paragraphs(sentences: Iterable[str]) -> str:
    return "\n".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)


def table(header: Sequence[object], rows: Iterable[Sequence[object]], words: Sequence[int] = ()) -> str:
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
