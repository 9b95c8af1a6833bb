"""The pieces of a text that have a colour."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.command import EXAMPLES

from lang.syntax.expected import WORDS
from lang.syntax.pieces import Sort, pieces


def sorts(text: str) -> list[tuple[str, str]]:
    return [(sort.value, piece) for sort, piece in pieces(text) if sort is not Sort.REST]


@pytest.mark.parametrize("file", sorted(EXAMPLES.rglob("*.ccr")), ids=lambda file: file.stem)
def test_they_are_all_of_a_program(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert "".join(piece for _, piece in pieces(text)) == text


@given(st.text("ab_ \n\"'/<>$é.5x(", max_size=30))
def test_they_are_all_of_any_text(text: str) -> None:
    assert "".join(piece for _, piece in pieces(text)) == text


def test_every_word_of_the_language_has_a_colour_and_no_other() -> None:
    for word in WORDS:
        [(sort, piece)] = sorts(f" {word} ")
        assert piece == word and sort in ("word", "kind", "privacy")
        assert not sorts(f"{word}s {word}_1 x{word}")


def test_what_a_piece_is() -> None:
    assert sorts('let far = sum(0.5e-3, x.0) as fix<12, 8>>; // "no" string') == [
        ("word", "let"),
        ("call", "sum"),
        ("number", "0.5e-3"),
        ("number", "0"),
        ("word", "as"),
        ("kind", "fix"),
        ("number", "12"),
        ("number", "8"),
        ("comment", '// "no" string'),
    ]
    assert sorts('import "a // b";') == [("word", "import"), ("string", '"a // b"')]
    assert sorts("dpsgd w on records(batch = BATCH)") == [("privacy", "dpsgd"), ("word", "on")]
    assert sorts('0x1f "never closed') == [("number", "0x1f")]
