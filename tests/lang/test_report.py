"""Problems as text and as JSON."""

from __future__ import annotations

from pathlib import Path

import pytest

from lang.checker.check import check
from lang.problems import LeaksData
from lang.problems.draw import as_json, draw
from lang.problems.names import UnknownName, Unused
from lang.problems.problem import Rejected
from lang.source import Source, Span
from lang.syntax.load import decode, read

TUMOUR = Source(
    "tumour.ccr",
    """\
dataset records from hospital {
    x: fix<9, 8>[31] where norm2(x) <= 1.0;
}
output w to vendor;
""",
)
SETTINGS = Source("settings.ccr", "param NOISE = 0.0;\n")
LEAK = LeaksData(
    span=Span(TUMOUR, 4, 8, 4, 9),
    output="w",
    owner="hospital",
    receiver="vendor",
    related=((Span(TUMOUR, 2, 5, 2, 6), "comes from here"), (Span(SETTINGS, 1, 15, 1, 18), "adds no noise")),
)


def test_places_of_several_files() -> None:
    assert (
        draw(LEAK)
        == """\
error[leaks-data]: `w` carries records of `hospital` to `vendor` without a privacy mechanism
 --> tumour.ccr:4:8
  |
2 |     x: fix<9, 8>[31] where norm2(x) <= 1.0;
  |     - comes from here
4 | output w to vendor;
  |        ^ learned by `vendor` here
 ::: settings.ccr:1:15
  |
1 | param NOISE = 0.0;
  |               --- adds no noise
  = help: let it out by a `dpsgd` or a `measure` with noise, or write `reveal(w)` if both sides agree to that"""
    )


def test_json_has_what_the_text_has() -> None:
    assert as_json(LEAK) == {
        "code": "leaks-data",
        "severity": "error",
        "label": "learned by `vendor` here",
        "title": "`w` carries records of `hospital` to `vendor` without a privacy mechanism",
        "help": "let it out by a `dpsgd` or a `measure` with noise, or write `reveal(w)` if both sides agree to that",
        "file": "tumour.ccr",
        "line": 4,
        "column": 8,
        "end_line": 4,
        "end_column": 9,
        "related": [
            {"label": "comes from here", "file": "tumour.ccr", "line": 2, "column": 5, "end_line": 2, "end_column": 6},
            {
                "label": "adds no noise",
                "file": "settings.ccr",
                "line": 1,
                "column": 15,
                "end_line": 1,
                "end_column": 18,
            },
        ],
    }


def test_a_warning_says_so() -> None:
    warning = Unused(span=Span(TUMOUR, 1, 9, 1, 16), what="data set", name="records", owner="hospital")
    assert draw(warning).startswith("warning[unused]: the data set `records` is never used\n")
    assert as_json(warning)["severity"] == "warning"


@pytest.mark.parametrize(
    ("line", "word", "under"),
    [
        ("\tlet x = y;", "y", "\t        ^ unknown"),  # a tab stays a tab
        ("let naïve = y;", "y", "            ^ unknown"),
        ("let x = 数 + y;", "数", "        ^^ unknown"),  # takes two columns
        ("let x = 数 + y;", "y", "             ^ unknown"),
        ("let x\x1b = y;", "y", "         ^ unknown"),  # shown as one replacement character
        ("let x = ;", "", "^ unknown"),  # an empty place still has a mark
    ],
)
def test_the_underline_stands_under_its_word(line: str, word: str, under: str) -> None:
    column = line.index(word) + 1
    span = Span(Source("p.ccr", line), 1, column, 1, column + len(word))
    drawn = draw(UnknownName(span=span, name=word)).split("\n")
    assert drawn[4] == f"  | {under}"
    assert "\x1b" not in drawn[3]


def test_a_place_over_several_lines_is_underlined_to_the_end_of_its_first() -> None:
    drawn = draw(UnknownName(span=Span(TUMOUR, 1, 31, 3, 2), name="x")).split("\n")
    assert drawn[4] == "  | " + " " * 30 + "^ unknown"


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_places_are_right_whatever_ends_a_line(end: str) -> None:
    text = end.join(["// first", "party p; party q;", "", "  let x = nothing;", ""])
    with pytest.raises(Rejected) as caught:
        check(decode("ends.ccr", text.encode()))
    [problem] = caught.value.problems
    assert (problem.span.line, problem.span.column, problem.span.end_column) == (4, 11, 18)
    assert "\n4 |   let x = nothing;\n" in draw(problem)


def test_an_empty_file_can_be_pointed_at() -> None:
    assert "1 |" in draw(UnknownName(span=Span(Source("p.ccr", ""), 1, 1, 1, 1), name="x"))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "bytes.ccr").write_bytes(b"let x = \xff;")
    (tmp_path / "dos.ccr").write_bytes(b"\xef\xbb\xbflet x = 1;\r\nlet y = 2;\r\n")
    assert read(tmp_path / "dos.ccr").text == "let x = 1;\nlet y = 2;\n"
    (tmp_path / "old.ccr").write_bytes(b"let x = 1; // a comment ends here\rlet y = 2;\r\r\nlet z = 3;")
    assert read(tmp_path / "old.ccr").text == "let x = 1; // a comment ends here\nlet y = 2;\n\nlet z = 3;"
    wrong = {"bytes.ccr": "not-utf8", "nowhere.ccr": "file-missing", "": "file-missing", "\0": "not-utf8"}
    for name, code in wrong.items():
        with pytest.raises(Rejected) as caught:
            read(tmp_path / name)
        assert [p.code for p in caught.value.problems] == [code]
        assert draw(caught.value.problems[0]).startswith(f"error[{code}]: ")
        assert " |" not in draw(caught.value.problems[0])
