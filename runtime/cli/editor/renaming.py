"""Another name for what a name stands for, everywhere in a text."""

from __future__ import annotations

from collections import Counter

from lang.checker.functions import BUILTINS
from lang.source import Source, Span
from lang.syntax.expected import WORDS
from lang.syntax.files import Loader
from runtime.cli.editor.analysis import Analysis, analysed, spelled


class CannotRename(Exception):
    """The message says why."""


def places(analysis: Analysis, line: int, column: int) -> list[Span]:
    """All that would be written anew; raises CannotRename."""
    found = analysis.at(line, column)
    if found is None:
        raise CannotRename("no name that this text binds stands here")
    span, meant = found
    if meant.span.source.name != analysis.source.name:
        raise CannotRename(f"`{spelled(span)}` is bound in {meant.span.source.name}: rename it there")
    return sorted(analysis.uses(meant))


def renamed(analysis: Analysis, line: int, column: int, name: str, loader: Loader) -> list[Span]:
    """The places where `name` is to stand, which mean what they did.  Raises CannotRename."""
    found = places(analysis, line, column)
    if not (name.isascii() and name.isidentifier()):
        raise CannotRename(f"`{name}` is no name: letters, digits and _, a letter or _ first")
    if name in WORDS or name in BUILTINS:
        raise CannotRename(f"`{name}` is a word of the language")
    after = analysed(Source(analysis.source.name, rewritten(analysis.source.text, found, name)), loader)
    new = Counter(problem.code for problem in after.problems) - Counter(p.code for p in analysis.problems)
    if new:
        said = next(problem for problem in after.problems if problem.code in new)
        raise CannotRename(f"with `{name}` the program would be wrong: {said.say(said.title)} (line {said.span.line})")
    if _bonds(after) != _moved(analysis, found, name):
        raise CannotRename(f"`{name}` has another meaning where `{spelled(found[0])}` is used")
    return found


def rewritten(text: str, places: list[Span], name: str) -> str:
    """The text with a name at all of these places."""
    lines = text.split("\n")
    for span in sorted(places, reverse=True):
        line = lines[span.line - 1]
        lines[span.line - 1] = line[: span.column - 1] + name + line[span.end_column - 1 :]
    return "\n".join(lines)


Bonds = set[tuple[int, int, int, int]]  # line and column of a name, and of what binds it in the same text


def _bonds(analysis: Analysis) -> Bonds:
    own = analysis.source.name
    return {
        (s.line, s.column, m.span.line, m.span.column) for s, m in analysis.names.items() if m.span.source.name == own
    }


def _moved(analysis: Analysis, places: list[Span], name: str) -> Bonds:
    """Where those of the text will be once names of another length stand before them."""

    def column(line: int, column: int) -> int:
        before = [s for s in places if s.line == line and s.column < column]
        return column + sum(len(name) - (s.end_column - s.column) for s in before)

    return {(line, column(line, at), other, column(other, to)) for line, at, other, to in _bonds(analysis)}
