"""The lexer for Pygments: it sees in every program what the language's own sees, and Pygments finds it."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Error, Keyword, Name, Number, String, Whitespace
from support.coloured import PIECES, meant
from support.command import EXAMPLES, ROOT

from ccr.pygments import CcrLexer
from lang.checker.functions import BUILTINS
from lang.syntax.expected import WORDS

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCES = [
    (path.name, text)
    for path in PAGES
    for text in re.findall(r"^```ccr ?\S*\n(.*?)^```$", path.read_text(), re.MULTILINE | re.DOTALL)
]


def coloured(text: str) -> list[str]:
    """Of each character, in the words of `meant`."""
    found: list[str] = []
    for type, piece in CcrLexer(stripnl=False, ensurenl=False).get_tokens(text):
        sort = (
            "" if type in Whitespace or type in Comment else
            "kind" if type in Keyword.Type else
            "word" if type in Keyword else
            "name" if type in Name else
            "number" if type in Number else
            "string" if type in String else
            "wrong" if type in Error else "sign"
        )  # fmt: skip
        found += [sort] * len(piece)
    return found


@pytest.mark.parametrize("path", sorted(EXAMPLES.rglob("*.ccr")), ids=lambda path: path.name)
def test_every_example(path: Path) -> None:
    assert coloured(path.read_text()) == meant(path.read_text())


@pytest.mark.parametrize("name", PIECES)
def test_what_examples_do_not_have(name: str) -> None:
    assert coloured(PIECES[name]) == meant(PIECES[name])


def test_no_piece_of_a_program_on_a_page_is_wrong() -> None:
    assert len(FENCES) > 60
    assert [(page, text) for page, text in FENCES if "wrong" in coloured(text)] == []


def test_words_functions_and_what_is_none() -> None:
    lexer = CcrLexer()
    for word in WORDS:
        assert next(lexer.get_tokens(word))[0] in Keyword
        assert next(lexer.get_tokens(f"{word}s"))[0] is Name
    for name in BUILTINS:
        assert next(lexer.get_tokens(f"{name}(x)"))[0] is Name.Builtin
        assert next(lexer.get_tokens(f"{name}; "))[0] is Name
    assert [piece for type, piece in lexer.get_tokens("a # b") if type is Error] == ["#"]


def test_pygments_finds_it() -> None:
    """Where ccr is installed; a checkout says the same in its pyproject.toml."""
    assert (
        '[project.entry-points."pygments.lexers"]\nccr = "ccr.pygments:CcrLexer"'
        in (ROOT / "pyproject.toml").read_text()
    )
    if any(entry.name == "ccr" for entry in entry_points(group="pygments.lexers")):
        assert isinstance(get_lexer_by_name("ccr"), CcrLexer)
