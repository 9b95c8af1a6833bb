"""`ccr inspect`: ranges, words, the plan and the HTML page."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.command import EXAMPLES, MILLIONAIRES, TUMOUR, call
from support.contracts import ROWS, SOURCE, contract, terms
from support.html_page import Page
from support.python_programs import OWNERS

from compiler.schedule.show import lines
from compiler.words import show as show_words
from runtime.api import compile
from runtime.contract.sign import digest
from runtime.contract.terms import encode
from runtime.privacy.accountant import upward
from runtime.report.forecast.terms import Terms, seconds_over
from runtime.report.html.links import parts
from runtime.report.traffic import Link
from runtime.report.wording import duration

FRAUD = str(EXAMPLES / "fraud" / "fraud.ccr")
HEADINGS = [
    "Who learns what",
    "Privacy",
    "Text",
    "Cost by line",
    "Cost by kernel",
    "Over a link",
    "Cells",
    "Passes",
    "Ranges",
]


def told(*arguments: str) -> Any:
    done = call("inspect", *arguments, "--json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("inspect") / "fraud.ccrc"
    assert call("compile", FRAUD, "-o", str(path)).exit_code == 0
    return str(path)


def test_ranges_as_json() -> None:
    rows = told(FRAUD, "--ranges")["ranges"]
    assert all(
        row.keys()
        == {
            "file",
            "line",
            "column",
            "name",
            "text",
            "shape",
            "lo",
            "hi",
            "scale",
            "bits",
            "kind",
            "rounds",
            "overflow",
            "function",
            "error_allowed",
            "error_reached",
        }
        for row in rows
    )
    assert all(row["file"] == "fraud.ccr" and row["lo"] <= row["hi"] < 1 << row["bits"] for row in rows)
    [score] = [row for row in rows if row["name"] == "score"]
    assert (score["kind"], score["rounds"], score["overflow"]) == ("fix<12, 6>", "nearest", "saturates")
    [sigmoid] = [row for row in rows if row["function"]]
    assert sigmoid["text"] == "sigmoid(score)"
    assert 0 < Fraction(sigmoid["error_reached"]) <= Fraction(sigmoid["error_allowed"]) == Fraction(1, 256)
    assert "ranges" not in told(FRAUD)


def test_ranges_for_people(artifact: str) -> None:
    shown = call("inspect", FRAUD, "--ranges").stdout.splitlines()
    [score] = [line for line in shown if "score = hidden @ second + offset" in line]
    assert score.endswith("2^-6    12  fix<12, 6>: rounds to nearest, saturates")
    assert told(artifact, "--ranges")["ranges"] == told(FRAUD, "--ranges")["ranges"]


def test_the_words(artifact: str) -> None:
    program = compile(FRAUD)
    meaning = program.meaning
    assert meaning is not None
    words = told(FRAUD, "--words")["words"]
    assert words == show_words.lines(meaning.words) and "plan" not in told(FRAUD, "--words")
    shown = call("inspect", FRAUD, "--words", "--plan").stdout.splitlines()
    assert shown.index(words[0]) < shown.index(lines(program.compiled.plan)[0])
    assert told(artifact, "--words")["words"] == words


def test_the_plan(artifact: str) -> None:
    told_of_source, told_of_artifact = told(FRAUD, "--plan")["plan"], told(artifact, "--plan")["plan"]
    assert told_of_source == told_of_artifact == lines(compile(FRAUD).compiled.plan)
    shown = call("inspect", artifact, "--plan").stdout.splitlines()
    assert shown[-len(told_of_source) :] == told_of_source and len(shown) > len(told_of_source)
    assert "plan" not in told(FRAUD)


def test_the_page(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    done = call("inspect", TUMOUR, "--html", str(path), "--records", "455")
    assert done.exit_code == 0 and done.stdout.startswith("tumour.ccr")
    assert done.stderr == f"{path}: the report as a page\n"
    page = Page(path.read_text(encoding="utf-8"))
    assert page.headings == HEADINGS
    text = Path(TUMOUR).read_text().splitlines()
    source = page.source()
    assert [cells[4] for _, cells in source] == text
    warm = {int(cells[0]): heat for heat, cells in source if heat}
    assert warm == {15: "heat1", 24: "heat4", 25: "heat4", 28: "heat1"}  # bytes
    assert "epsilon = " in path.read_text() and "structure: " in path.read_text()


def test_the_page_of_an_artifact_has_its_text(artifact: str, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    assert call("inspect", artifact, "--html", str(path)).exit_code == 0
    page = Page(path.read_text(encoding="utf-8"))
    assert page.headings == HEADINGS
    source = page.source()
    assert [cells[4] for _, cells in source] == Path(FRAUD).read_text().splitlines()
    assert [cells[0] for heat, cells in source if heat] == [
        str(n) for n in (*range(15, 20), *range(23, 27), *range(29, 32))
    ]


def test_the_page_says_why_there_is_no_epsilon(tmp_path: Path) -> None:
    path, file = tmp_path / "report.html", tmp_path / "own.ccr"
    said = call("inspect", MILLIONAIRES, "--html", str(path), "--json")
    assert said.stderr == "" and "no records are told; `out` is revealed without noise" in Page(path.read_text()).text
    file.write_text("party a; party b; input x: bit from a; input y: bit from b; output x to a; output y to b;")
    assert call("inspect", str(file), "--html", str(path)).exit_code == 0
    assert "nothing is told of what its receiver does not own" in path.read_text()


def test_a_program_cannot_put_markup_into_the_page(tmp_path: Path) -> None:
    """Wherever its text, its names and its file's name are shown."""
    file, path = tmp_path / "<script>&'\".ccr", tmp_path / "report.html"
    evil = '</td></script><script>alert(1)</script> &amp; $body ` <u>` " onclick=x'
    text = Path(MILLIONAIRES).read_text().replace("//", f"// {evil}", 1)
    file.write_text(re.sub(r"(output [^;]*;)", rf"\1  // {evil}", text))
    assert call("inspect", str(file), "--html", str(path)).exit_code == 0
    page = Page(path.read_text())
    lines = [cells[-1] for _, cells in page.source()]
    assert lines == file.read_text().splitlines() and sum(evil in line for line in lines) == 2
    assert page.tags.count("script") == 1 and "<script>&'\".ccr:" in page.text and "u" not in page.tags


def test_characters_that_are_not_seen_are_shown(tmp_path: Path) -> None:
    """Of two names that look alike one has more; those that turn a line round no program may hold."""
    file, path = tmp_path / "m.ccr", tmp_path / "report.html"
    text = Path(MILLIONAIRES).read_text()
    file.write_text(f"// ad\u200bmin\tnothing\u00ad\u00a0 é\n{text}", encoding="utf-8")
    assert call("inspect", str(file), "--html", str(path)).exit_code == 0
    page = path.read_text(encoding="utf-8")
    assert not set("\u200b\u00ad\u00a0") & set(page)
    assert Page(page).source()[0][1][-1] == "// adU+200Bmin\tnothingU+00ADU+00A0 é"


def test_what_a_run_takes_over_links(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    found = told(TUMOUR, "--link", "8Mbit,500ms", "--html", str(path))
    rows = {cells[0]: cells[1:] for _, cells in Page(path.read_text()).rows if len(cells) == 7}
    slow, waiting = rows["as given"], found["round_trips"] * 0.5
    assert slow[:2] == ["8", "500 ms"] and slow[-2:] == [duration(waiting), duration(found["link"]["seconds"])]
    assert [row[1] for row in rows.values()] == ["round trip", "0.2 ms", "1 ms", "40 ms", "150 ms", "500 ms"]


@given(st.floats(1e4, 1e10), st.floats(0, 2))
def test_parts_of_the_seconds_are_all_of_them(rate: float, trip: float) -> None:
    found, link = Terms(0.2, 0.3, 4.0, 50, 10**8, 10**6), Link(rate, trip)
    assert sum(parts(found, link)) == pytest.approx(seconds_over(found, link))


def test_epsilon_over_steps(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    found = told(TUMOUR, "--records", "455", "--html", str(path))["privacy"]
    page = Page(path.read_text())
    curve = {int(cells[0]): float(cells[1]) for _, cells in page.rows if len(cells) == 2 and cells[0].isdigit()}
    assert len(curve) == 12 and list(curve.values()) == sorted(curve.values())
    assert found["epsilon"] <= curve[20] < found["epsilon"] + 0.001
    assert "circle" in page.tags and "drawn where the number of records is given" not in page.text
    told(TUMOUR, "--html", str(path))
    page = Page(path.read_text())
    assert "circle" not in page.tags and "drawn where the number of records is given" in page.text


def test_of_several_owners(tmp_path: Path) -> None:
    """Each owner's run by itself, and the curve of whoever loses most."""
    file, path = tmp_path / "owners.ccr", tmp_path / "report.html"
    file.write_text(OWNERS)
    found = told(str(file), "--records", "bank_a=40", "--records", "bank_b=20", "--html", str(path))["privacy"]
    page = Page(path.read_text())
    assert {"What bank_a's run tells", "What bank_b's run tells"} <= set(page.summaries)
    dearest = max(found["epsilons"].values())
    assert found["epsilons"]["bank_b"] == dearest > found["epsilons"]["bank_a"]
    assert f"Epsilon of bank_b, the dearest, over steps at delta 1e-05: {upward(dearest)}" in page.text


def test_of_a_contract(tmp_path: Path) -> None:
    """The records and delta are those that it says; the page has it in words, and draws what it allows."""
    program, agreed, path = tmp_path / "small.ccr", tmp_path / "c.json", tmp_path / "report.html"
    program.write_text(SOURCE)
    agreed.write_bytes(encode(contract()))
    found = told(str(program), "--contract", str(agreed), "--html", str(path))
    given = told(str(program), "--records", str(ROWS), "--delta", "1e-5")
    for said in ("epsilon", "delta"):
        assert found["privacy"][said] == pytest.approx(given["privacy"][said], rel=1e-12)
    page = Page(path.read_text())
    assert page.headings == [*HEADINGS[:2], "Contract", *HEADINGS[2:]]
    assert f"contract {digest(terms())}" in page.text and "allowed: 1" in page.text
    both = call("inspect", str(program), "--contract", str(agreed), "--records", "20")
    assert both.exit_code != 0 and "leave out --records and --delta" in both.stderr
    other = call("inspect", MILLIONAIRES, "--contract", str(agreed))
    assert other.exit_code != 0 and "is about another program" in other.stderr


def test_a_page_that_cannot_be_written(tmp_path: Path) -> None:
    done = call("inspect", MILLIONAIRES, "--html", str(tmp_path / "none" / "report.html"))
    assert done.exit_code != 0 and "cannot write" in done.stderr and "Traceback" not in done.stderr


def test_rows_are_all_that_kernels_lines_and_passes_spend(artifact: str) -> None:
    found = told(FRAUD)
    rows = found["attribution"]["rows"]
    assert found["attribution"]["stages"] == ["made", *(p["name"] for p in found["passes"])]
    for number, kernel in enumerate(found["kernels"]):
        mine = [row for row in rows if row["kernel"] == number]
        assert sum(row["and_gates"][-1] for row in mine) == kernel["and_gates"] * kernel["lanes"]
    for at, p in enumerate(found["passes"]):
        made = [sum(row["and_gates"][n] for row in rows if row["and_gates"]) for n in (at, at + 1)]
        assert made == [p["run_and_before"], p["run_and_after"]]
    for line in found["lines"]:
        mine = [row for row in rows if (row["line"], row["column"]) == (line["line"], line["column"])]
        assert sum(row["bytes"]["total"] for row in mine) == line["bytes"]
    for kind, sent in found["bytes"].items():
        assert sum(row["bytes"][kind] for row in rows) == sent
    assert told(artifact)["attribution"] == found["attribution"]


def test_savings_are_what_the_changed_text_costs(tmp_path: Path) -> None:
    text, path, page = Path(MILLIONAIRES).read_text(), tmp_path / "m.ccr", tmp_path / "page.html"
    path.write_text(text)
    found = told(str(path), "--narrower", "--hints", "--html", str(page))
    assert [n["change"] for n in found["narrower"]] == ["range"] * 3  # of either party's kind, and of both
    both = found["narrower"][-1]
    path.write_text(text.replace("uint<32>", "uint<31>"))
    other = told(str(path))
    assert (both["and_gates"], both["bytes"]) == (other["and_gates"], other["bytes"])
    assert both["saves"]["bytes"] == found["bytes"]["total"] - other["bytes"]["total"] > 0
    assert sum(line["bytes"] for line in both["lines"]) == both["bytes"]["total"]
    saved = [hint["saves"]["bytes"] for hint in found["hints"]]
    assert saved == sorted(saved, reverse=True) and all(n > 0 for n in saved)
    headings = ["Over a link", "Hints", "One bit narrower", "Cells", "Passes", "Ranges"]
    assert Page(page.read_text()).headings[-6:] == headings
    assert not {"narrower", "hints"} & other.keys()
