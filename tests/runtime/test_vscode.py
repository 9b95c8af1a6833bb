"""The extension for VS Code: its grammar colours the words that the language has."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from support.coloured import PIECES, meant
from support.command import EXAMPLES, ROOT

from lang.checker.functions import BUILTINS
from lang.syntax.expected import WORDS

SORTS = {
    "comment.": "",
    "constant.": "number",
    "keyword.operator": "sign",
    "keyword.": "word",
    "storage.": "kind",
    "string.": "string",
    "support.": "name",
}  # by the beginning of a scope
FOLDER = ROOT / "editors" / "vscode"


def read(name: str) -> Any:
    return json.loads((FOLDER / name).read_text())


def patterns() -> list[tuple[str, re.Pattern[str]]]:
    rows = read("syntaxes/ccr.tmLanguage.json")["patterns"]
    return [(row.get("name", "function"), re.compile(row.get("match") or row["begin"], re.MULTILINE)) for row in rows]


def scope(text: str, at: int = 0) -> str:
    """Of the word at a place: the first pattern that begins there, as an editor chooses."""
    return next(name for name, pattern in patterns() if pattern.match(text, at))


def coloured(text: str) -> list[str]:
    """Of each character, in the words of `meant`: the first pattern of those that begin soonest, as an editor does."""
    found, at = [""] * len(text), 0
    while matches := [(match, name) for name, pattern in patterns() if (match := pattern.search(text, at))]:
        match, name = min(matches, key=lambda found: found[0].start())
        end = text.find('"', match.end()) + 1 if name.startswith("string.") else match.end()
        sort = next((sort for start, sort in SORTS.items() if name.startswith(start)), "")
        if name == "function":
            found[match.start(1) : match.end(1)] = ["word"] * len(match[1])
        else:
            found[match.start() : end] = [sort] * (end - match.start())
        at = end
    return found


TEXTS = PIECES | {path.name: path.read_text() for path in sorted(EXAMPLES.rglob("*.ccr"))}


@pytest.mark.parametrize("name", TEXTS)
def test_it_sees_what_the_language_sees(name: str) -> None:
    """But for names and brackets, which have no colour of their own."""
    text = TEXTS[name]
    seen = [(sort, character) for sort, character in zip(coloured(text), text, strict=True)]
    for at, (sort, (found, character)) in enumerate(zip(meant(text), seen, strict=True)):
        if (sort == "sign" and character in "()[]{},;:.") or sort == "name":
            assert found in ("", "name", "sign"), text[at - 20 : at + 20]
        else:
            assert found == sort, text[at - 20 : at + 20]


def test_every_word_of_the_language_has_a_colour() -> None:
    for word in WORDS - {"fn"}:
        assert scope(f"{word} x").startswith(("keyword.", "storage.")), word
    assert scope("fn f(") == "function"
    for name in BUILTINS:
        assert scope(f"{name}(") == "support.function.ccr", name


def test_no_other_word_has() -> None:
    coloured = {
        word
        for name, pattern in patterns()
        if name.startswith(("keyword.control", "keyword.other", "storage", "support"))
        for word in re.findall(r"[a-z]\w+", pattern.pattern.replace(r"\b", " "))
    }
    assert coloured == (WORDS | BUILTINS.keys())


def test_what_surrounds_words() -> None:
    assert scope("// note") == "comment.line.double-slash.ccr"
    assert scope('"lib.ccr"').startswith("string.")
    assert {scope(number) for number in ("12", "0.5", "1e-5", "0xff", "0b101")} == {"constant.numeric.ccr"}


def test_the_files_that_the_manifest_names_are_there() -> None:
    manifest = read("package.json")
    given = manifest["contributes"]
    named = [manifest["main"], *(language["configuration"] for language in given["languages"])]
    named += [grammar["path"] for grammar in given["grammars"]]
    assert all((FOLDER / name).is_file() for name in named)
    assert {path.suffix for path in EXAMPLES.rglob("*.ccr")} == set(given["languages"][0]["extensions"])
    assert read("language-configuration.json")["comments"]["lineComment"] == "//"
