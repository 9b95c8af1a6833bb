"""Measures: no row adds more than the clip whatever the Rings read, and a lying evaluator's run is the ideal one."""

from __future__ import annotations

from fractions import Fraction

import pytest
from properties.test_clip_holds import CLIPS
from properties.test_shares_clip import worst
from properties.test_shares_hold import holds

from compiler import pipeline
from compiler.joint.shares import Products
from compiler.pipeline import Meaning, understand
from compiler.training.verify import check
from lang.problems.problem import Rejected
from lang.source import Source

HEAD = """party vendor;
party hospital;
input w: fix<7, 4>[3] from vendor;
input v: fix<6, 3>[3, 3] from vendor;
dataset rows from hospital { x: fix<6, 3>[3]; y: bit; z: uint<2> where z < 3; }
measure m on rows(rows = 8, clip = CLIP, noise = 4.0 DRAWN) as row { BODY }
"""
MEASURES = {
    "accuracy": "(dot(w, row.x) > 0) == row.y",
    "a score": "dot(w, row.x)",
    "a loss": "let s: fix<9, 3> = dot(w, row.x); log(1 + exp(s) as fix<9, 3>) as fix<9, 3>",
    "a confusion matrix": "let p = dot(w, row.x) > 0; [[p && row.y, p && !row.y], [!p && row.y, !p && !row.y]]",
    "a histogram": "[0, 1, 2] == row.z",
    "bins alike": "transpose([[0, 1, 1], [2, 0, 1]] == row.z)",
    "bins beside bins": "concat([0, 1, 2] == row.z, [0, 1] == row.y)",
    "quantiles": "[-2, -1, 0, 1, 2] < dot(w, row.x)",
    "the scores": "row.x @ v",
    "what no row moves": "w[0] + 1",
    "errors by class": "let p = argmax(row.x @ v); [0, 1, 2] == (if p == row.z { 3 } else { p })",
}


def meaning(name: str, clip: str = "1.0", drawn: str = "", more: str = "output m to vendor;") -> Meaning:
    text = HEAD.replace("CLIP", clip).replace("DRAWN", drawn).replace("BODY", MEASURES[name])
    return understand(Source("measure.ccr", text + more))


@pytest.mark.parametrize("name", MEASURES)
def test_no_row_adds_more_than_the_clip(name: str) -> None:
    longest = Fraction(0)
    for clip in CLIPS:
        words = meaning(name, clip).words
        check(words)
        row, empty = worst(words, clip, 10, ranged=True)
        assert row <= 1 and not empty, clip
        longest = max(longest, row)
    assert longest > Fraction(1, 2)


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("rows", [2, 3])
def test_a_few_rows(name: str, rows: int) -> None:
    """As many as a row has numbers, too, so that axes are alike."""
    text = HEAD.replace("CLIP", "0.3").replace("DRAWN", "").replace("BODY", MEASURES[name])
    check(understand(Source("measure.ccr", text.replace("rows = 8", f"rows = {rows}") + "output m to vendor;")).words)


def test_one_row_is_no_measure() -> None:
    text = HEAD.replace("CLIP", "1.0").replace("DRAWN", "").replace("BODY", MEASURES["a score"])
    with pytest.raises(Rejected) as caught:
        understand(Source("measure.ccr", text.replace("rows = 8", "rows = 1") + "output m to vendor;"))
    assert [problem.code for problem in caught.value.problems] == ["clause-value"]


TRAINED = """var u = w;
dpsgd u on rows(batch = 2, steps = 2, clip = 1.0, noise = 1.0, rate = 1.0) as row {
    loss squared(dot(u, row.x), row.y);
}
measure of_u on rows(rows = 8, clip = 1.0, noise = 2.0) as row { (dot(u, row.x) > 0) == row.y }
output m, u, of_u to vendor;
"""


@pytest.mark.parametrize(
    ("name", "drawn", "more"),
    [
        ("accuracy", "", TRAINED),
        ("the scores", "drawn by hospital", "output m to vendor;"),
        ("quantiles", "", "output reveal(m) to vendor, hospital;"),
    ],
)
def test_a_run_under_offsets_is_the_ideal_run(name: str, drawn: str, more: str) -> None:
    meant = meaning(name, "1.0", drawn, more)
    plans = [pipeline.build(meant, products).plan for products in (Products.SHARES, Products.GATES)]
    assert holds(meant.words, *plans, 5)
