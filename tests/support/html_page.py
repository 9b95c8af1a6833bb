"""Reads a report's page, and holds it to what every page must be."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

VOID = {"meta", "input"}
ALONE = {"line", "rect", "circle"}  # of SVG: closed where they are opened
OUTWARD = {"src", "srcset", "action", "formaction", "data", "poster", "background", "ping", "xlink:href", "style"}


class Page(HTMLParser):
    """Closes what it opens, points nowhere but into itself, and runs and looks only as its own policy allows."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.headings: list[str] = []
        self.summaries: list[str] = []  # of what unfolds
        self.rows: list[tuple[str, list[str]]] = []  # (class, cells)
        self.text = ""
        self.policy = ""
        self._ids: list[str] = []
        self._targets: list[str] = []
        self._own: dict[str, list[str]] = {"style": [], "script": []}
        self.feed(text)
        self.close()
        assert not self.open
        assert len(set(self._ids)) == len(self._ids) and set(self._targets) <= set(self._ids)
        self._hold_to_its_policy()

    def _hold_to_its_policy(self) -> None:
        allowed = dict(re.findall(r"([a-z]+)-src ([^;]*)", self.policy))
        assert allowed.pop("default") == "'none'"
        found = {name: [_digest(text) for text in texts] for name, texts in self._own.items() if texts}
        assert {name: [source] for name, source in allowed.items()} == found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        assert tag not in ("link", "img", "iframe", "object", "embed", "base", "image", "use", "foreignobject")
        assert not OUTWARD & given.keys() and not [name for name in given if name.startswith("on")]
        assert given.get("href", "#").startswith("#")
        self.tags.append(tag)
        self._ids += [given["id"]] if "id" in given else []
        self._targets += [given["href"][1:]] if "href" in given else []
        self._targets += [given["for"]] if tag == "label" else []
        if given.get("http-equiv") == "Content-Security-Policy":
            assert self.open[-1] == "head" and "style" not in self.tags
            self.policy = given["content"]
        if tag not in VOID:
            self.open.append(tag)
        if tag in self._own:
            self._own[tag].append("")
        elif tag == "tr":
            self.rows.append((given.get("class", ""), []))
        elif tag in ("td", "th"):
            self.rows[-1][1].append("")
        elif tag == "h2":
            self.headings.append("")
        elif tag == "summary":
            self.summaries.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALONE
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in self._own:
            self._own[self.open[-1]][-1] += data
            return
        self.text += data
        if {"td", "th"} & set(self.open):
            self.rows[-1][1][-1] += data
        elif "h2" in self.open:
            self.headings[-1] += data
        elif "summary" in self.open:
            self.summaries[-1] += data

    def source(self) -> list[tuple[str, list[str]]]:
        """The lines of the text: how warm, and (number, AND gates, bytes, share, text)."""
        return [(heat, cells) for heat, cells in self.rows if len(cells) == 5 and cells[0].isdigit()]


def _digest(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
