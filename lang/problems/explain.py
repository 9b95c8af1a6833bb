"""`ccr explain`: the page of a problem code: what it means, a program that shows it and one that is mended.

A page is `problems/pages/CODE.md`: a title, a summary of one paragraph, more text, and programs in fences.
A fence says what its program is for: ```ccr wrong, ```ccr right, or ```ccr NAME.ccr for a file that they import.
A program whose first line is `// -D NAME=VALUE` is checked with that param.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from importlib.resources import files

from lang.problems import circuits, flow, names, owners, shapes, silent, steps, syntax, values
from lang.problems.problem import Problem

_FENCE = re.compile(r"^```ccr (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MODULES = (circuits, flow, names, owners, shapes, silent, steps, syntax, values)


@dataclass(frozen=True, slots=True)
class Page:
    """What there is to say about one code."""

    code: str
    severity: str
    text: str
    programs: dict[str, str] = field(hash=False)  # wrong, right, and the files that they import

    @property
    def summary(self) -> str:
        """The first paragraph, on one line."""
        return " ".join(self.text.split("\n\n")[1].split())


def problems() -> dict[str, type[Problem]]:
    """Every kind of problem that a program can have, by its code, in the order of the alphabet."""
    kinds = [
        kind
        for module in _MODULES
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Problem) and kind is not Problem
    ]
    return {kind.code: kind for kind in sorted(kinds, key=lambda kind: kind.code)}


def page(code: str) -> Page:
    """The page of a code that `problems` has."""
    text = (files("lang.problems") / "pages" / f"{code}.md").read_text(encoding="utf-8")
    return Page(code, problems()[code].severity, text, dict(_FENCE.findall(text)))
