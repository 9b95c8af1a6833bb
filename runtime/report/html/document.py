"""What HTML reports are made of: one file that asks for nothing from anywhere, every text of others escaped.

The page says itself what it may do (Content-Security-Policy): its own style and script, by their digests, and nothing
else.  No attribute holds a style or a handler, so markup that slipped in could do neither.  Light or dark is what the
reader's system asks for, or one of three buttons, which take no script and remember nothing.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path
from string import Template

_PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="$policy">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$title</title>
<style>$style</style>
</head>
<body>
<header>
<div>
<h1>$title</h1>
<p class="quiet">$note</p>
</div>
<fieldset>
<legend>Colours</legend>
<input type="radio" name="colours" id="colours-auto" checked><label for="colours-auto">Auto</label>
<input type="radio" name="colours" id="colours-light"><label for="colours-light">Light</label>
<input type="radio" name="colours" id="colours-dark"><label for="colours-dark">Dark</label>
</fieldset>
</header>
<nav aria-label="Contents">
<ul>
$contents
</ul>
</nav>
<main>
$body
</main>
$script
</body>
</html>
""")


class Markup(str):
    """HTML already: it is not escaped again."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Section:
    """`content` is HTML."""

    title: str
    content: str


def document(
    title: str, note: str, sections: Sequence[Section], lead: str = "", style: str = "", script: str = ""
) -> str:
    """The whole page.  `note`, and `lead` above the first section, are HTML; `style` and `script` are its own besides
    what all pages have."""
    style = own("style.css") + style
    policy = ["default-src 'none'", f"style-src '{_digest(style)}'", "base-uri 'none'", "form-action 'none'"]
    if script:
        policy.append(f"script-src '{_digest(script)}'")
    numbered = [(f"part-{number}", section) for number, section in enumerate(sections, 1)]
    return _PAGE.substitute(
        policy=escape("; ".join(policy), quote=False),
        title=escape(title),
        note=note,
        style=style,
        contents="\n".join(f'<li><a href="#{name}">{escape(s.title)}</a></li>' for name, s in numbered),
        body="\n".join([lead, *(_drawn(name, section) for name, section in numbered)]),
        script=f"<script>{script}</script>" if script else "",
    )


def _drawn(name: str, section: Section) -> str:
    title = escape(section.title)
    return f'<section id="{name}" aria-label="{title}">\n<h2>{title}</h2>\n{section.content}\n</section>'


@cache
def own(name: str) -> str:
    """The text of a file beside this one."""
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def marked(text: str) -> str:
    """Escaped; what stands in backticks is code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))


def paragraphs(sentences: Iterable[str]) -> str:
    return "\n".join(f"<p>{marked(sentence)}</p>" for sentence in sentences)


def items(sentences: Iterable[str]) -> str:
    """A list, or nothing."""
    found = [f"<li>{marked(sentence)}</li>" for sentence in sentences]
    return "\n".join(["<ul>", *found, "</ul>"]) if found else ""


def closed(summary: str, content: str) -> str:
    """What is shown when it is asked for."""
    return f"<details>\n<summary>{escape(summary)}</summary>\n{content}\n</details>"


def wide(name: str, content: str) -> str:
    """What may be wider than the page: it scrolls by itself, by keyboard too."""
    return f'<div class="wide" role="group" aria-label="{escape(name)}" tabindex="0">{content}</div>'


def table(header: Sequence[object], rows: Iterable[Sequence[object]], left: Sequence[int] = ()) -> str:
    """The first column and those in `left` to the left, the others, which are numbers, to the right."""

    def row(cells: Sequence[object], head: bool) -> str:
        drawn: list[str] = []
        for i, cell in enumerate(cells):
            said = cell if isinstance(cell, Markup) else marked(str(cell))
            tag, scope = ("th", ' scope="col"') if head and said else ("td", "")
            side = ' class="words"' if i in left else ""
            drawn.append(f"<{tag}{scope}{side}>{said}</{tag}>")
        return f"<tr>{''.join(drawn)}</tr>"

    return "\n".join(["<table>", row(header, True), *(row(cells, False) for cells in rows), "</table>"])
