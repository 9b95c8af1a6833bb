"""Reading: places, recovery, limits; the grammar itself is checked by loading it strictly."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from lark import Lark

import lang.syntax.parse
import lang.syntax.reductions
from lang.problems.problem import Problem, Rejected
from lang.source import Source
from lang.syntax import tree
from lang.syntax.parse import parse
from lang.syntax.reductions import Builder


def read(text: str) -> tree.File:
    return parse(Source("p.ccr", text))


def problems(text: str) -> list[Problem]:
    with pytest.raises(Rejected) as caught:
        read(text)
    return caught.value.problems


def places(text: str) -> list[tuple[str, int, int]]:
    return [(p.code, p.span.line, p.span.column) for p in problems(text)]


def test_grammar_has_no_conflicts() -> None:
    grammar = Path(lang.syntax.parse.__file__).with_name("grammar.lark").read_text()
    Lark(grammar, parser="lalr", strict=True)


def test_places_cover_what_was_written() -> None:
    file = read("let x = (1 + 2) * f(a, axis = 3)[0];\n")
    let = file.items[0]
    assert isinstance(let, tree.Let) and isinstance(let.value, tree.Binary)
    spans = [let.span, let.names[0].span, let.value.span, let.value.left.span, let.value.right.span]
    assert [(s.column, s.end_column) for s in spans] == [(1, 37), (5, 6), (9, 36), (9, 16), (19, 36)]


def test_precedence() -> None:
    assert read("let x = a || b && c == d | e ^ f & g << h + i * j;") == read(
        "let x = a || (b && (c == (d | (e ^ (f & (g << (h + (i * j))))))));"
    )
    assert read("let x = a - b - c;") == read("let x = (a - b) - c;")
    assert read("let x = -a ** b ** c;") == read("let x = -(a ** (b ** c));")
    assert read("let x = a as bit < b;") == read("let x = (a as bit) < b;")
    assert read("let x = a * b as bit;") == read("let x = a * (b as bit);")


def test_recovery_finds_every_wrong_statement() -> None:
    text = "let a = ;\nlet b = 1;\nfn f(x: bit) -> bit {\n    let y = x +;\n    y\n}\nparty ;\nlet c = 2 3;\n"
    assert [line for _, line, _ in places(text)] == [1, 4, 7, 8]


def test_recovery_goes_on_in_the_line_of_the_next_statement() -> None:
    assert places("let a = 1\nlet b = ;\n") == [("missing-semicolon", 1, 10), ("unexpected-word", 2, 9)]


def test_a_block_with_a_wrong_statement_still_ends_where_it_ends() -> None:
    text = "if a {\n    let b = ;\n    let c = 1;\n} else {\n    let d = 1;\n}\nlet e = ;\n"
    assert [line for _, line, _ in places(text)] == [2, 7]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("let x = 1 +;", "an expression"),
        ("let x: = 3;", "a kind such as `uint<8>`"),
        ("party 3;", "a name"),
        ("import x;", "a string"),
        ("let x: uint<> = 3;", "a size"),
        ("fn f() -> bit { let }", "`(` or a name"),
        ("for x on 3 { }", "`in`"),
        ("fn f() { 1 } ;", "a statement"),
    ],
)
def test_what_was_expected_is_said_in_words(text: str, expected: str) -> None:
    problem = problems(text)[0]
    assert problem.say("{expected}") in (expected, " or ".join(reversed(expected.split(" or "))))


def test_nesting_is_bounded_in_both_directions() -> None:
    assert read("let x = " + "-" * 190 + "a;").items
    assert [p.code for p in problems("let x = " + "-" * 210 + "a;\nlet y = ;\n")] == ["too-deep", "unexpected-word"]
    assert read("let x = " + "(" * 1000 + "a" + ")" * 1000 + ";") == read("let x = a;")


def test_the_value_of_a_block() -> None:
    fn = read("fn f(a: bit) -> bit { if a { 1 } if a { 1 } else { if a { 0 } else { 1 } } }").items[0]
    assert isinstance(fn, tree.Fn)
    assert isinstance(fn.body.value, tree.If) and len(fn.body.statements) == 1
    loop = read("for i in 0..3 { if a { x = 1; } else { y = 1; } }").items[0]
    assert isinstance(loop, tree.For)
    assert loop.body.value is None and len(loop.body.statements) == 1


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache folder, and no tables in memory."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    lang.syntax.parse._parser.cache_clear()
    yield tmp_path / "ccr"
    lang.syntax.parse._parser.cache_clear()


def test_tables_are_kept(cache: Path) -> None:
    assert read("let x = 1;").items
    (kept,) = (cache / "grammar").iterdir()
    written = kept.stat().st_mtime_ns
    lang.syntax.parse._parser.cache_clear()
    assert read("let x = 1 + 2 * 3;") == read("let x = 1 + (2 * 3);")
    assert kept.stat().st_mtime_ns == written


def test_without_a_cache_folder_tables_are_made_anew(cache: Path) -> None:
    cache.write_text("a file where the folder would be")
    assert read("let x = 1;").items


def test_broken_tables_are_made_anew(cache: Path) -> None:
    assert read("let x = 1;").items
    (kept,) = (cache / "grammar").iterdir()
    kept.write_bytes(b"not tables\nat all")
    lang.syntax.parse._parser.cache_clear()
    assert read("let x = 1;").items
    assert kept.stat().st_size > 1000


class ElsewhereBuilder(Builder):
    """The builder of a ccr that had it in another module."""


def test_tables_for_another_builder_are_made_anew(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ElsewhereBuilder, "__module__", Builder.__module__)  # so that the file has the same name
    monkeypatch.setattr(lang.syntax.reductions, "ElsewhereBuilder", ElsewhereBuilder, raising=False)
    with monkeypatch.context() as patch:
        patch.setattr(lang.syntax.parse, "Builder", ElsewhereBuilder)
        lang.syntax.parse._parser()
        lang.syntax.parse._parser.cache_clear()
    (kept,) = (cache / "grammar").iterdir()
    assert b"ElsewhereBuilder" in kept.read_bytes()
    assert read("let x = 1;").items
    assert list(kept.parent.iterdir()) == [kept] and b"ElsewhereBuilder" not in kept.read_bytes()
