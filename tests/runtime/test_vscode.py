"""The extension for VS Code: its grammar colours the words that the language has."""

from __future__ import annotations

import json
import re
from typing import Any

from support.command import EXAMPLES, ROOT

from lang.checker.functions import BUILTINS
from lang.syntax.expected import WORDS

FOLDER = ROOT / "editors" / "vscode"


def read(name: str) -> Any:
    return json.loads((FOLDER / name).read_text())


def patterns() -> list[tuple[str, re.Pattern[str]]]:
    rows = read("syntaxes/ccr.tmLanguage.json")["patterns"]
    return [(row.get("name", "function"), re.compile(row.get("match") or row["begin"])) for row in rows]


def scope(text: str, at: int = 0) -> str:
    """Of the word at a place: the first pattern that begins there, as an editor chooses."""
    return next(name for name, pattern in patterns() if pattern.match(text, at))


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
