"""Pages of the reference that are made of the code's own tables: problems, built-in functions, names in Python."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import is_dataclass
from types import ModuleType

import ccr
import ccr.sklearn
from docs.made.links import ROOT
from lang.checker.functions import BUILTINS, RULES, Builtin
from lang.problems.explain import page, problems


def problem_pages() -> str:
    """Every code with what `ccr explain` says of it."""
    found = problems()
    lines = [
        "# Problems",
        "",
        f"What `ccr check` can say, {len(found)} codes, each with a program that has it and the program mended: as",
        "`ccr explain CODE` tells it.",
        "",
    ]
    for code in found:
        told = page(code)
        title, _, text = told.text.partition("\n")
        lines += [f"## {title.removeprefix('# ')} {{ #{code} }}", "", f"`{told.severity}[{code}]`", text, ""]
    return "\n".join(lines)


def builtins() -> str:
    """Every function of the language."""
    lines = [
        "# Built-in functions",
        "",
        "What each means, with its gradient, stands in [the language](../language.md); options are named, as in",
        "`sum(x, axis = 0)`.",
        "",
        "| function | options | |",
        "|---|---|---|",
        *(f"| `{builtin.usage(name)}` | {_options(builtin)} | {_notes(builtin)} |" for name, builtin in _sorted()),
        "",
    ]
    return "\n".join(lines)


def _sorted() -> list[tuple[str, Builtin]]:
    return sorted(BUILTINS.items())


def _options(builtin: Builtin) -> str:
    return ", ".join(f"`{option}`" for option in builtin.options)


def _notes(builtin: Builtin) -> str:
    notes = []
    if builtin.only_in_loss:
        notes.append("in a `loss` alone")
    if builtin.over is not None:
        notes.append("of one argument over an axis, or over all of it")
    if "within" in builtin.options and not builtin.only_in_loss:
        notes.append("approximated, no further off than `within`")
    if builtin.call is not None and RULES[builtin.call].value is not None:
        notes.append("also of public values")
    return "; ".join(notes)


def names() -> str:
    """What `import ccr` and `ccr.sklearn` give, with their docstrings."""
    lines = ["# Names in Python", "", "How they are used stands in [From Python](../python.md).", ""]
    lines += _module(ccr, ccr.__all__)
    lines += _module(ccr.sklearn, ["DPClassifier", "DPRegressor"])
    return "\n".join(lines)


def _module(module: ModuleType, names: list[str]) -> Iterator[str]:
    for name in names:
        found = getattr(module, name)
        yield from _entry(f"{module.__name__}.{name}", found, 2)
        if not inspect.isclass(found) or issubclass(found, Exception):
            continue
        for member, value in vars(found).items():
            if not member.startswith("_") and (inspect.isfunction(value) or isinstance(value, property)):
                yield from _entry(f"{name}.{member}", value, 3)


def _entry(name: str, found: object, depth: int) -> Iterator[str]:
    made = is_dataclass(found) or getattr(found, "__module__", "") == "ccr.sklearn"  # by a caller
    shown = _signature(name, found) if made or inspect.isfunction(found) else name
    yield from (f"{'#' * depth} {name}", "", "```python", shown, "```", "", _told(found), "")


def _signature(name: str, found: object) -> str:
    """One line where it fits, else a line for each argument."""
    given = inspect.signature(found)  # type: ignore[arg-type]  # a function or a class
    whole = f"{name}{given}".replace("(self, ", "(").replace("(self)", "()")
    whole = re.sub(r"(: |-> )'([^']*)'", r"\1\2", whole).removesuffix(" -> None")
    return whole if len(whole) <= 100 else re.sub(r"(?:(?<=\()|, )(?=\w+: |\*)", _on_its_own_line, whole)


def _on_its_own_line(before: re.Match[str]) -> str:
    return before[0].rstrip() + "\n    "


def _told(found: object) -> str:
    """Its docstring, or nothing for what has that of its base."""
    return inspect.cleandoc(getattr(found, "__doc__", None) or "")


def decisions() -> str:
    """Why it is built this way: each page with its first paragraph."""
    lines = ["# Decisions", "", "What was decided, why, and what follows from it.", ""]
    for path in sorted((ROOT / "docs" / "decisions").glob("*.md")):
        title = path.read_text().partition("\n")[0].removeprefix("# ")
        lines.append(f"- [{title}]({path.name})")
    return "\n".join([*lines, ""])
