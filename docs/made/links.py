"""Markdown of the repository, for the site: links that lead out of `docs`, and fences with a second word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from posixpath import dirname, normpath, relpath

from lang.problems.explain import problems

ROOT = Path(__file__).parents[2]
DECISIONS = "decisions/index.md"  # made, of the folder
PROBLEMS = "reference/problems.md"
_LINK = re.compile(r"(?<=\]\()([^)\s#]+)(#[^)\s]*)?(?=\))")
_FENCE = re.compile(r"^( *)```(\w+) (\S+)$", re.MULTILINE)
_PAGE = re.compile(r"lang/problems/pages/([a-z-]+)\.md")


def uri(path: str) -> str:
    """Where the site has a file of the repository, or the page that stands for a folder."""
    if path == "README.md":
        return "index.md"
    if path == "docs/decisions":
        return DECISIONS
    if page := _PAGE.fullmatch(path):
        return f"{PROBLEMS}#{page[1]}"
    if (ROOT / path).is_dir():
        return f"{path}/README.md".removeprefix("docs/")
    return path.removeprefix("docs/")


def linked(path: str, text: str) -> Iterator[str]:
    """Files and folders of the repository to which a text at this path leads."""
    for target, _ in _LINK.findall(text):
        found = normpath(f"{dirname(path)}/{target}".lstrip("/"))
        if ":" not in target and (ROOT / found).exists():
            yield found


def rewritten(text: str, path: str, at: str) -> str:
    """A text of the repository's file `path`, for the site's page `at`."""

    def link(match: re.Match[str]) -> str:
        found = normpath(f"{dirname(path)}/{match[1]}".lstrip("/"))
        if ":" in match[1] or not (ROOT / found).exists():
            return match[0]
        page, _, anchor = uri(found).partition("#")
        return relpath(page, dirname(at) or ".") + (f"#{anchor}" if anchor else match[2] or "")

    return _ordered(_FENCE.sub(_fence, _LINK.sub(link, text)).replace("```mermaid\n", "```text\n"))


def _fence(match: re.Match[str]) -> str:
    """The second word is a file's name, a problem's code, or for a test alone."""
    indent, language, word = match.groups()
    title = f' title="{word}"' if "." in word or word in problems() else ""
    return f"{indent}```{language}{title}"


def _ordered(text: str) -> str:
    """What belongs to a numbered item stands under its text, which is three columns here and four for MkDocs."""
    lines, inside = list[str](), False
    for line in text.splitlines():
        if re.match(r"\d+\. ", line):
            inside = True
        elif line and not line.startswith("   "):
            inside = False
        elif inside and line:
            line = f" {line}"
        lines.append(line)
    return "\n".join(lines) + "\n"
