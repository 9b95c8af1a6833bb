"""Problems of reading: files, characters, words, brackets."""

from __future__ import annotations

from lang.problems.problem import Problem


class FileMissing(Problem):
    code = "file-missing"
    title = "cannot read `{path}`: {reason}"
    help = "give the path of a {wanted}"

    path: str
    reason: str
    wanted: str = ".ccr file"


class NotUtf8(Problem):
    code = "not-utf8"
    title = "`{path}` is not text in UTF-8 (byte {offset})"
    help = "a program is UTF-8 text; is this a compiled artifact or another kind of file?"

    path: str
    offset: int


class UnexpectedCharacter(Problem):
    code = "unexpected-character"
    title = "unexpected character {character}"
    label = "no part of the language"
    help = "{hint}"

    character: str
    hint: str = "remove it"


class UnexpectedWord(Problem):
    code = "unexpected-word"
    title = "unexpected {found}"
    label = "expected {expected}"
    help = "{hint}"

    found: str
    expected: str
    hint: str = ""


class UnexpectedEnd(Problem):
    code = "unexpected-end"
    title = "the file ends in the middle of a statement"
    label = "expected {expected}"
    help = "finish the statement, or remove it"

    expected: str


class MissingSemicolon(Problem):
    code = "missing-semicolon"
    title = "`;` is missing"
    label = "write `;` here"
    help = "every statement and declaration ends with `;`"


class ReservedWord(Problem):
    code = "reserved-word"
    title = "`{word}` is a word of the language and cannot be a name"
    label = "expected a name"
    help = "choose another name, such as `{word}_`"

    word: str


class UnclosedBracket(Problem):
    code = "unclosed-brace"
    title = "this `{opening}` is never closed"
    label = "opened here"
    help = "write the matching `{closing}`"

    opening: str
    closing: str


class UnopenedBracket(Problem):
    code = "unopened-brace"
    title = "this `{closing}` closes nothing"
    label = "nothing is open here"
    help = "remove it, or write the matching `{opening}` before it"

    opening: str
    closing: str


class UnclosedString(Problem):
    code = "unclosed-string"
    title = "this string is never closed"
    label = "begins here"
    help = 'write the closing `"` on the same line'


class TooDeep(Problem):
    code = "too-deep"
    title = "nested more than {limit} deep"
    label = "too deep"
    help = "give parts of it names with `let`"

    limit: int


class ValueNotLast(Problem):
    code = "value-not-last"
    title = "a statement after the value of the block"
    label = "the value must be the last thing in its block"
    help = "bind it with `let NAME = ...;`, or move it to the end"
