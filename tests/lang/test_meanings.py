"""What the names of a text stand for, as checking notes it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.command import EXAMPLES

from compiler.lowering.understand import examine
from lang.checker.context import Meanings
from lang.checker.functions import BUILTINS
from lang.problems.problem import Rejected
from lang.source import Source, Span
from lang.syntax.expected import WORDS
from lang.syntax.load import read

PROGRAMS = sorted(EXAMPLES.rglob("*.ccr"))
_NAME = re.compile(r'"[^"\n]*"|//[^\n]*|(?<![\w.])[A-Za-z_]\w*(?!\w)|(?<=\.)[A-Za-z_]\w*')
_UNBOUND = re.compile(r"\s*=(?!=)")  # behind a clause, an option or the name of an output
_FIRST = re.compile(r"\w+")


def meanings_of(source: Source) -> Meanings:
    found: Meanings = {}
    try:
        examine(source, meanings=found)
    except Rejected:
        assert found
    return found


def spelled(span: Span) -> str:
    line = span.source.line(span.line)[span.column - 1 :]
    found = _FIRST.match(line)
    assert found
    return found[0]


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_every_name_of_an_example_has_its_meaning(path: Path) -> None:
    source = read(path)
    found = meanings_of(source)
    places = {(span.line, span.column) for span in found if span.source == source}
    for number, line in enumerate(source.text.split("\n"), 1):
        for match in _NAME.finditer(line):
            word = match[0]
            if word.startswith(('"', "//")) or word in WORDS or word in BUILTINS:
                continue
            if _UNBOUND.match(line, match.end()) or word in ("drawn", "by", "both", "step", "end", "t"):
                continue
            assert (number, match.start() + 1) in places, f"{path.name}:{number}: {word}"


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_a_name_and_what_binds_it_are_spelled_alike(path: Path) -> None:
    for span, meant in meanings_of(read(path)).items():
        assert spelled(span) == spelled(meant.span) or spelled(span) == "t"  # the step, which nothing binds


def test_where_a_program_is_wrong_what_is_right_has_its_meaning() -> None:
    text = "party p;\nparty q;\ninput x: uint<8> from p;\nlet y = x + nothing;\nlet z = x + 1;\noutput z to q;\n"
    found = meanings_of(Source("wrong.ccr", text))
    assert {(span.line, span.column): meant.span.line for span, meant in found.items()} == {
        (1, 7): 1,
        (2, 7): 2,
        (3, 7): 3,
        (3, 23): 1,
        (4, 9): 3,
        (5, 5): 5,
        (5, 9): 3,
        (6, 8): 5,
        (6, 13): 2,
    }


def test_the_same_name_in_two_functions_means_two_things() -> None:
    text = (
        "party p;\nparty q;\n"
        "fn twice(v: uint<8>) -> uint<9> { v + v }\n"
        "fn thrice(v: uint<8>) -> uint<10> { twice(v) + v }\n"
        "input x: uint<8> from p;\ninput unread: uint<8> from q;\n"
        "output thrice(x) + unread to q;\n"
    )
    found = meanings_of(Source("two.ccr", text))
    uses = {(span.line, span.column): (meant.span.line, meant.span.column) for span, meant in found.items()}
    assert uses[3, 35] == uses[3, 39] == (3, 10)
    assert uses[4, 43] == uses[4, 48] == (4, 11)
    assert uses[4, 37] == (3, 4)
