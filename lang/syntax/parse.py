"""Text -> syntax tree, or every syntax problem in it."""

from __future__ import annotations

import os
import re
import sys
from bisect import bisect_right
from collections.abc import Collection
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import cast

import lark
from lark import Lark, Token
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken
from lark.lexer import TerminalDef
from lark.utils import TextSlice

from lang.collecting import paused
from lang.problems.problem import Problem, Rejected
from lang.problems.syntax import (
    MissingSemicolon,
    ReservedWord,
    TooDeep,
    UnclosedBracket,
    UnclosedString,
    UnexpectedCharacter,
    UnexpectedEnd,
    UnexpectedWord,
    UnopenedBracket,
    ValueNotLast,
)
from lang.source import Source, Span
from lang.syntax import expected, tree
from lang.syntax.brackets import CLOSING, OPENING, Brackets
from lang.syntax.reductions import Builder, TooNested
from lang.syntax.tree import MAX_DEPTH

_GRAMMAR = Path(__file__).with_name("grammar.lark")
_LOCK = Lock()  # the builder that the shared tables call holds one file at a time
_BEFORE = 200  # characters before a word that tell what it belongs to
_STATEMENT_LINE = re.compile(rf"^[ \t]*(?=(?:{'|'.join(sorted(expected.STATEMENT_WORDS))})\b)", re.MULTILINE)


def parse(source: Source) -> tree.File:
    """The tree of a file; raises Rejected with all its syntax problems."""
    with _LOCK, paused():
        parser, builder = _parser()
        builder.reset(source)
        try:
            return _Reader(source, parser).read()
        finally:
            builder.reset(Source("", ""))


def terminals() -> Collection[TerminalDef]:
    """Of the grammar: what a text is cut into."""
    with _LOCK, paused():
        return _parser()[0].terminals


def spelled() -> list[str]:
    """The words and the signs of the language, as they are written."""
    return [str(terminal.pattern.value) for terminal in terminals() if terminal.pattern.type == "str"]


def patterns() -> dict[str, str]:
    """What else the grammar makes a text of, by its name there, as regular expressions."""
    return {t.name: t.pattern.to_regexp() for t in terminals() if t.pattern.type != "str"}


@cache
def _parser() -> tuple[Lark, Builder]:
    """The tables of the grammar, made once and kept in the user's cache folder; and the builder they call."""
    text = _GRAMMAR.read_text(encoding="utf-8")
    version = f"{text}{lark.__version__}{sys.version}{Builder.__module__}".encode()
    folder = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "ccr" / "grammar"
    kept = folder / f"{sha256(version).hexdigest()[:16]}.tables"
    try:
        if not _own(folder):  # what is kept is a pickle, which may run any code
            raise ValueError
        with kept.open("rb") as file:
            parser = Lark.load(file)
        if type(cast(object, parser.options.transformer)) is not Builder:  # kept by a ccr whose builder was another
            raise ValueError
    except Exception:  # missing or damaged, which pickle says in many ways: make them
        parser = Lark(
            text, parser="lalr", strict=True, keep_all_tokens=True, maybe_placeholders=False, transformer=Builder()
        )
        with suppress(OSError):
            _keep(parser, kept)
    return parser, cast(Builder, parser.options.transformer)


def _own(folder: Path) -> bool:
    """Can nobody else write there?  Raises OSError where it is not there."""
    found = folder.stat()
    return found.st_uid == os.geteuid() and not found.st_mode & 0o022


def _keep(parser: Lark, path: Path) -> None:
    """Write the tables at once: another process may be doing the same."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    own = path.with_suffix(f".{os.getpid()}")
    with own.open("wb") as file:
        parser.save(file)
    own.replace(path)


class _Reader:
    """Reads one file, going on after a problem at the next line that begins with a statement word."""

    def __init__(self, source: Source, parser: Lark) -> None:
        self.source = source
        self.parser = parser
        self.spelled = {t.name: str(t.pattern.value) for t in parser.terminals if t.pattern.type == "str"}
        self.brackets = Brackets(source.text)
        self.lines = [0, *(m.end() for m in re.finditer("\n", source.text))]
        self.problems: list[Problem] = []

    def read(self) -> tree.File:
        text = self.source.text
        start: int | None = 0
        file: tree.File | None = None
        while start is not None:
            try:
                file = cast(tree.File, self.parser.parse(TextSlice(text, start, len(text))))
                break
            except UnexpectedInput as error:
                start = self._after(error, start)
            except TooNested as error:
                self.problems.append(TooDeep(span=error.span, limit=MAX_DEPTH))
                start = self._next_statement(self.lines[error.span.end_line - 1] + 1)
        if self.problems and not any(isinstance(problem, UnclosedBracket) for problem in self.problems):
            self.problems += map(self._unclosed, self.brackets.open_at(len(text))[-1:])
        if file is None or self.problems:
            raise Rejected(self.problems)
        return file

    def _next_statement(self, offset: int) -> int | None:
        """The next line, after the one that holds `offset`, that begins with a statement word."""
        end = self.source.text.find("\n", offset)
        match = _STATEMENT_LINE.search(self.source.text, end + 1) if end >= 0 else None
        return match.end() if match else None

    def _after(self, error: UnexpectedInput, start: int) -> int | None:
        """Record what is wrong; where to go on."""
        text = self.source.text
        if isinstance(error, UnexpectedCharacters):
            offset = error.pos_in_stream or 0
            self.problems.append(self._character(offset))
            return self._next_statement(offset)
        assert isinstance(error, UnexpectedToken)
        token = error.token
        offset = len(text) if token.type == "$END" else token.start_pos or 0
        opened = self.brackets.open_at(offset)
        own = [place for place in opened if place >= start]
        if start and opened and not own and token.type == "RBRACE":
            return offset + 1  # the end of a block whose beginning was skipped
        if start and token.type == "ELSE" and text[start - 1 : offset].strip() == "}":
            return self._next_statement(offset)  # the other arm of an `if` whose beginning was skipped
        self.problems.append(self._token(error, offset, opened))
        self.brackets.forget_groups()
        line = self.lines[bisect_right(self.lines, offset) - 1]
        if offset > start and str(token) in expected.STATEMENT_WORDS and not text[line:offset].strip():
            return offset
        return self._next_statement(offset)

    # -- problems

    def _span(self, offset: int, end: int) -> Span:
        first, last = (bisect_right(self.lines, place) - 1 for place in (offset, end))
        return Span(self.source, first + 1, offset - self.lines[first] + 1, last + 1, end - self.lines[last] + 1)

    def _character(self, offset: int) -> Problem:
        character = self.source.text[offset]
        if character == '"':
            end = self.source.text.find("\n", offset)
            return UnclosedString(span=self._span(offset, end if end >= 0 else len(self.source.text)))
        shown = f"`{character}`" if character.isprintable() else f"U+{ord(character):04X}"
        hint = (
            "strings are written in double quotes"
            if character == "'"
            else "comments begin with `//`"
            if character == "#"
            else "remove it"
        )
        return UnexpectedCharacter(span=self._span(offset, offset + 1), character=shown, hint=hint)

    def _token(self, error: UnexpectedToken, offset: int, opened: list[int]) -> Problem:
        token = error.token
        accepts: set[str] = set(error.accepts or ())
        span = self._span(offset, offset + (0 if token.type == "$END" else len(token)))
        previous = self._previous(error)
        word = str(token)
        if word in OPENING and not (opened and self.source.text[opened[-1]] == OPENING[word]):
            return UnopenedBracket(span=span, closing=word, opening=OPENING[word])
        if opened and (token.type == "$END" or (word in expected.DECLARATION_WORDS and "RBRACE" in accepts)):
            return self._unclosed(opened[-1])
        new_line = previous is not None and "\n" in self.source.text[previous.end_pos : offset]
        if "SEMICOLON" in accepts and previous is not None and (new_line or word in expected.STATEMENT_WORDS | {"}"}):
            return MissingSemicolon(span=self._span(previous.end_pos or 0, previous.end_pos or 0))
        if token.type == "$END":
            return UnexpectedEnd(span=span, expected=expected.expected(accepts, self.spelled))
        if "RBRACE" in accepts and "SEMICOLON" not in accepts and new_line and "LET" not in accepts:
            return ValueNotLast(span=span)
        if "NAME" in accepts and word in expected.WORDS and "INT" not in accepts:
            return ReservedWord(span=span, word=word)
        spelled = {self.spelled.get(name, name) for name in accepts}
        hint = expected.kind_hint(token, self.source.text[max(offset - _BEFORE, 0) : offset], spelled)
        hint = hint or expected.hint(token, previous, spelled)
        return UnexpectedWord(
            span=span, found=expected.found(token), hint=hint, expected=expected.expected(accepts, self.spelled)
        )

    def _unclosed(self, place: int) -> Problem:
        opening = self.source.text[place]
        return UnclosedBracket(span=self._span(place, place + 1), opening=opening, closing=CLOSING[opening])

    def _previous(self, error: UnexpectedToken) -> Token | None:
        """The last token before the offending one."""
        history = error.token_history
        if history and isinstance(history[-1], Token):
            return history[-1]
        stack: list[object] = error.interactive_parser.parser_state.value_stack if error.interactive_parser else []
        return stack[-1] if stack and isinstance(stack[-1], Token) else None
