"""Colours for `.ccr` texts wherever Pygments gives them: documentation, notebooks, `pygmentize`.

What is a word, a number or a sign of the language is read off its grammar.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

from pygments.lexer import RegexLexer, bygroups, include, words
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, Whitespace

from lang.checker.functions import BUILTINS
from lang.syntax.expected import DECLARATION_WORDS
from lang.syntax.parse import patterns, spelled

KINDS = ("bit", "uint", "int", "fix")
_BRACKETS = frozenset("()[]{},;:.")
_GRAMMAR = patterns()
_WORDS = [text for text in spelled() if text.isalpha()]
_SIGNS = sorted((text for text in spelled() if not text.isalpha()), key=len, reverse=True)


def _word(text: str) -> object:
    if text in KINDS:
        return Keyword.Type
    return Keyword.Declaration if text in DECLARATION_WORDS else Keyword


def _sign(text: str) -> object:
    return Punctuation if text in _BRACKETS else Operator


class CcrLexer(RegexLexer):  # type: ignore[misc]  # Pygments has no types
    """Of programs, and of pieces of them."""

    name = "ccr"
    aliases = ("ccr",)
    filenames = ("*.ccr",)
    mimetypes = ("text/x-ccr",)

    tokens: ClassVar[dict[str, list[Any]]] = {
        "root": [
            (_GRAMMAR["WS"], Whitespace),
            (_GRAMMAR["COMMENT"], Comment.Single),
            (_GRAMMAR["STRING"], String),
            include("words"),
            include("numbers"),
            *((re.escape(sign), _sign(sign)) for sign in _SIGNS),
        ],
        "words": [
            (rf"(fn)({_GRAMMAR['WS']})({_GRAMMAR['NAME']})", bygroups(Keyword.Declaration, Whitespace, Name.Function)),
            *((rf"{word}\b", _word(word)) for word in _WORDS),
            (words(sorted(BUILTINS), prefix=r"(?<!\.)", suffix=r"\b(?=\s*\()"), Name.Builtin),
            (rf"{_GRAMMAR['NAME']}(?=\()", Name.Function),
            (_GRAMMAR["NAME"], Name),
        ],
        "numbers": [
            (rf"(?<!\.)(\.)({_GRAMMAR['SIZE']})", bygroups(Punctuation, Number.Integer)),  # an item of a tuple
            (_GRAMMAR["DECIMAL"], Number.Float),
            (_GRAMMAR["INT"], Number.Integer),
        ],
    }
