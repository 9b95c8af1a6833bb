"""Changes to a program, and that what is said of them is what the changed text compiles to."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler import pipeline
from compiler.joint.locality import Evaluator
from compiler.joint.shares import Products
from compiler.program import Compiled, and_gates
from compiler.savings.changes import Change, Changes, Why
from compiler.savings.edits import edited
from compiler.savings.factors import nearest
from lang.source import Source
from lang.syntax.load import read

HEAD = "party a; party b;\ninput x: int<12> from a;\ninput y: int<12> from b;\n"
TRAIN = """party vendor; party clinic;
param RATE = 3.0;
type W = fix<(8 + 4), 8>;
input w0: W[3, 2] from vendor;
dataset rows from clinic { x: fix<9, 8>[3] where norm2(x) <= 1.0; y: uint<2> where y < 2; }
var w = w0;
dpsgd w on rows(batch = 4, steps = 2, clip = 0.5, noise = 1.0, rate = RATE) as row {
    loss cross_entropy(row.x @ w, row.y);
}
output w to vendor;
"""
REGRESSION = """party vendor; party clinic;
input w0: fix<12, 8>[3] from vendor;
dataset rows from clinic { x: fix<9, 8>[3] where norm2(x) <= 1.0; y: fix<9, 8>; }
var w = w0;
dpsgd w on rows(batch = 4, steps = 2, clip = 0.5, noise = 1.0, rate = 4.0) as row {
    let guess: fix<12, 8> = dot(w, row.x);
    loss squared(guess, row.y);
}
output w to vendor;
"""


def compiled(text: str) -> Compiled:
    return pipeline.compile(Source("p.ccr", text))


def others(text: str) -> list[tuple[str, str, str]]:
    """Why, what is written and what instead, of all changes of the text that are none of single bits."""
    changes = Changes(compiled(text)).others()
    return [(c.why.value, e.written, e.instead) for c in changes for e in c.edits]


def saved(text: str, why: Why) -> int:
    """AND gates that the first change of a kind saves; what is compiled is the text with its edits."""
    program = compiled(text)
    changes = Changes(program)
    change = next(c for c in [*changes.narrower(), *changes.others()] if c.why is why)
    counted = and_gates(changes.compiled(change).plan)
    [file] = edited(program.files, change.edits)
    options = change.products or Products.SHARES, change.evaluator or Evaluator.MALICIOUS
    assert counted == and_gates(pipeline.compile(Source("p.ccr", file.text), None, *options).plan)
    return and_gates(program.plan) - counted


def test_kinds_are_narrowed_by_either_bit_and_all_together() -> None:
    text = HEAD + "let s: fix<16, 4> = x * y / 16.0;\noutput reveal(s) to a;\n"
    changes = [*Changes(compiled(text)).narrower()]
    found = [(c.why, [e.instead for e in c.edits]) for c in changes]
    assert found == [
        (Why.RANGE, ["int<11>"]),
        (Why.RANGE, ["int<11>"]),
        (Why.RANGE, ["fix<15, 4>"]),
        (Why.RANGE, ["int<11>", "int<11>", "fix<15, 4>"]),
        (Why.PRECISION, ["fix<15, 3>"]),
    ]
    assert saved(text, Why.RANGE) > 0


def test_a_size_that_is_no_numeral_is_narrowed_too() -> None:
    found = {e.instead for c in Changes(compiled(TRAIN)).narrower() for e in c.edits}
    assert {"fix<(8 + 4) - 1, 8>", "fix<(8 + 4) - 1, 7>"} <= found


def test_what_is_no_program_is_no_change() -> None:
    """A bit cannot be narrower, and no literal may leave its kind."""
    text = "party a; party b;\ninput x: uint<1> from a;\ninput y: bit from b;\nlet k: uint<3> = 7;\n"
    changes = Changes(compiled(text + "output reveal(x & y) to a;\n"))
    assert [c.edits[0].written for c in changes.narrower()] == ["uint<3>"]


@pytest.mark.parametrize(
    ("kind", "spare"), [("uint<24>", "uint<9>"), ("uint<9>", None), ("uint<8>", None), ("fix<20, 4>", "fix<14, 4>")]
)
def test_bits_that_no_value_reaches_are_spare(kind: str, spare: str | None) -> None:
    text = "party a; party b;\ninput x: uint<8> from a;\ninput y: uint<8> from b;\n"
    text += f"let s: {kind} = x + y;\noutput reveal(s) to a;\n"
    assert [new for why, _, new in others(text) if why == "spare"] == ([spare] if spare else [])


def test_an_input_has_no_spare_bits() -> None:
    """Its owner may enter any value of its kind."""
    assert [c for c in others(HEAD + "output reveal(min(x, 3) + min(y, 3)) to a;\n") if c[0] == "spare"] == []


def test_factors_and_divisors_go_to_the_nearest_power_of_two() -> None:
    text = HEAD + "let s: int<40> = x * y * 7 + (x * y) / 10 + x * 4;\noutput reveal(s) to a;\n"
    assert [c for c in others(text) if c[0] in ("factor", "divisor")] == [("factor", "7", "8"), ("divisor", "10", "8")]
    assert saved(text, Why.FACTOR) > 0 and saved(text, Why.DIVISOR) > 0


def test_a_rate_counts_over_the_batch() -> None:
    assert ("factor", "RATE", "4") in others(TRAIN)
    assert not [c for c in others(TRAIN.replace("3.0", "4.0")) if c[0] == "factor"]
    assert [c for c in others(TRAIN.replace("batch = 4", "batch = 3")) if c[0] == "factor"] == []


def test_a_softmax_is_told_of_its_classes() -> None:
    change = ("classes", "cross_entropy(row.x @ w, row.y)", "sum(logistic(row.x @ w, [row.y == 0, row.y == 1]))")
    assert change in others(TRAIN)
    assert saved(TRAIN, Why.CLASSES) > 0


def test_a_regression_is_told_of_a_clip_by_structure() -> None:
    gradient = "grad w = clamp((guess) - (row.y), -0.5, 0.5) * row.x;"
    assert ("clip", "loss squared(guess, row.y);", gradient) in others(REGRESSION)
    assert saved(REGRESSION, Why.CLIP) > 0
    [mechanism] = compiled(REGRESSION.replace("loss squared(guess, row.y);", gradient)).mechanisms
    assert mechanism.argument.startswith("structure")


@pytest.mark.parametrize("guess", ["dot(w, row.x) + 0.5", "2 * dot(w, row.x)", "relu(dot(w, row.x))"])
def test_what_is_not_linear_is_not_told_so(guess: str) -> None:
    assert not [c for c in others(REGRESSION.replace("dot(w, row.x)", guess)) if c[0] == "clip"]


def test_the_other_products_and_an_honest_evaluator_are_tried_where_they_may_be() -> None:
    def options(text: str) -> list[Change]:
        return [c for c in Changes(compiled(text)).others() if not c.edits]

    assert [c.products for c in options(TRAIN)] == [Products.GATES]
    assert [c.evaluator for c in options(HEAD + "output reveal(x * y) to a;\n")] == [Evaluator.HONEST]


def test_an_honest_evaluator_saves_what_it_computes_alone() -> None:
    """y is b's, who evaluates: its square is a product in the circuit unless b is taken for honest."""
    assert saved(HEAD + "output reveal(y * y > x) to b;\n", Why.EVALUATOR) > 50


def test_files_that_are_imported_are_changed_where_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "tax.ccr").write_text("param CUT = 100;\nfn tax(x: uint<20>) -> uint<30> { x * 19 / CUT }\n")
    (tmp_path / "p.ccr").write_text(f'import "tax.ccr";\n{HEAD}output reveal(tax(abs(x * y))) to a;\n')
    program = pipeline.built(pipeline.understand(read(tmp_path / "p.ccr")))
    changes = Changes(program)
    found = {(e.span.source.name, e.written): c for c in changes.others() for e in c.edits}
    assert found.keys() >= {("tax.ccr", "19"), ("tax.ccr", "CUT")}
    for place in (("tax.ccr", "19"), ("tax.ccr", "CUT")):
        assert and_gates(changes.compiled(found[place]).plan) < and_gates(program.plan)


@given(st.fractions(min_value=-(10**6), max_value=10**6).filter(bool))
def test_no_power_of_two_is_nearer(value: Fraction) -> None:
    power = abs(nearest(value))
    assert power.numerator & (power.numerator - 1) == power.denominator & (power.denominator - 1) == 0
    assert nearest(value) * value > 0 and value**2 <= 2 * power**2 and power**2 <= 2 * value**2
