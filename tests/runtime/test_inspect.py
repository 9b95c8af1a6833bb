"""`ccr inspect`: ranges, words, the plan and the HTML page."""

from __future__ import annotations

import json
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from support.command import EXAMPLES, MILLIONAIRES, TUMOUR, call

from compiler.schedule.show import lines
from compiler.words import show as show_words
from runtime.api import compile

FRAUD = str(EXAMPLES / "fraud" / "fraud.ccr")
VOID = {"meta"}


class Page(HTMLParser):
    """Reads a page, and holds it to closing what it opens."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headings: list[str] = []
        self.rows: list[tuple[str, list[str]]] = []  # (class, cells)
        self.feed(path.read_text(encoding="utf-8"))
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "link", "img", "iframe") and not {"src", "href"} & {name for name, _ in attrs}
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append((dict(attrs).get("class") or "", []))
        elif tag in ("td", "th"):
            self.rows[-1][1].append("")
        elif tag == "h2":
            self.headings.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][1][-1] += data
        elif self.open and self.open[-1] == "h2":
            self.headings[-1] += data


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
    page = Page(path)
    assert page.headings == ["Privacy", "Lines", "Cells", "Kernels", "Passes", "Ranges"]
    text = Path(TUMOUR).read_text().splitlines()
    source = [(heat, cells) for heat, cells in page.rows if len(cells) == 5 and cells[0].isdigit()]
    assert [cells[4] for _, cells in source] == text
    warm = {int(cells[0]): heat for heat, cells in source if heat}
    assert warm == {15: "heat1", 24: "heat4", 25: "heat4", 28: "heat1"}  # bytes
    assert "epsilon = " in path.read_text() and "structure: " in path.read_text()


def test_the_page_of_an_artifact_has_its_text(artifact: str, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    assert call("inspect", artifact, "--html", str(path)).exit_code == 0
    page = Page(path)
    assert page.headings == ["Privacy", "Lines", "Cells", "Kernels", "Passes", "Ranges"]
    source = [(heat, cells) for heat, cells in page.rows if len(cells) == 5 and cells[0].isdigit()]
    assert [cells[4] for _, cells in source] == Path(FRAUD).read_text().splitlines()
    assert [cells[0] for heat, cells in source if heat] == [
        str(n) for n in (*range(15, 20), *range(23, 27), *range(29, 32))
    ]


def test_a_program_cannot_put_markup_into_the_page(tmp_path: Path) -> None:
    file, path = tmp_path / "<script>&.ccr", tmp_path / "report.html"
    file.write_text(Path(MILLIONAIRES).read_text().replace("//", "// </td><script>alert(1)</script> &amp; $body", 1))
    assert call("inspect", str(file), "--html", str(path)).exit_code == 0
    page = Page(path)
    assert any("</td><script>alert(1)</script> &amp; $body" in cells[-1] for _, cells in page.rows)


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
    headings = ["One bit narrower", "Lines, with all kinds one bit narrower", "Hints", "Ranges"]
    assert Page(page).headings[-4:] == headings
    assert not {"narrower", "hints"} & other.keys()
