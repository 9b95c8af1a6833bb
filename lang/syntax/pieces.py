"""A text as the pieces that a reader tells apart, cut by the grammar's own terminals: for colours, not for meaning."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache

from lang.syntax.parse import terminals


class Sort(Enum):
    """What a piece is; the value is a class name of HTML."""

    COMMENT = "comment"
    STRING = "string"
    NUMBER = "number"
    KIND = "kind"  # a word that begins a kind
    PRIVACY = "privacy"  # a word behind which something of the records is told
    WORD = "word"  # any other word of the language
    CALL = "call"  # a name that a parenthesis follows
    REST = "rest"


_BY_TERMINAL = {
    "COMMENT": Sort.COMMENT,
    "STRING": Sort.STRING,
    "INT": Sort.NUMBER,
    "DECIMAL": Sort.NUMBER,
    "SIZE": Sort.NUMBER,
}
_BY_WORD: Mapping[str, Sort] = {
    **dict.fromkeys(("bit", "uint", "int", "fix"), Sort.KIND),
    **dict.fromkeys(("dpsgd", "measure", "reveal"), Sort.PRIVACY),
}


def pieces(text: str) -> Iterator[tuple[Sort, str]]:
    """All of a text, a program or not, in order."""
    end, word = 0, ""
    for found in _terminal().finditer(text):
        sort = _sort(str(found.lastgroup), found.group(), word, text[found.end() :][:1])
        word = found.group() if found.group().strip() else word
        if sort is Sort.REST:
            continue
        if end < found.start():
            yield Sort.REST, text[end : found.start()]
        yield sort, found.group()
        end = found.end()
    if end < len(text):
        yield Sort.REST, text[end:]


def _sort(terminal: str, piece: str, before: str, after: str) -> Sort:
    if terminal == "NAME":  # behind `on` it is a data set, whose clauses follow
        return Sort.CALL if after == "(" and before != "on" else Sort.REST
    if piece.isalpha():
        return _BY_WORD.get(piece, Sort.WORD)
    return _BY_TERMINAL.get(terminal, Sort.REST)


@cache
def _terminal() -> re.Pattern[str]:
    """Any of them: of two that fit, the one that the lexer takes, by rank and by reach."""
    ranked = sorted(terminals(), key=lambda t: (-t.priority, -t.pattern.max_width))
    return re.compile("|".join(f"(?P<{t.name}>{t.pattern.to_regexp()})" for t in ranked))
