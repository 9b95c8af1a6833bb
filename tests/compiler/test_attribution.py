"""What a run spends, by place, kernel, cell and pass: every part once, none nowhere."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler import pipeline
from compiler.joint.shares import Products
from compiler.program import Compiled
from compiler.schedule.attribution import Prices, Spent, _parts, spent
from compiler.schedule.plan import lane_count, launches
from lang.source import Source

PRICES = Prices(label=16, request=lambda count: 1000 + 3 * count)
JOINT = """party a; party b;
input x: uint<8>[4] from a;
input y: uint<8>[4] from b;
var most: uint<8> = 0;
for i in 0..4 {
    most = max(x[i], y[i]) - min(x[i], y[i]);
}
output reveal(most) to a;
output reveal(x[0] == y[0]) to a, b;
"""
STEPS = """party vendor; party clinic;
input w0: fix<12, 8>[3] from vendor;
dataset rows from clinic { x: fix<9, 8>[3] where norm2(x) <= 1.0; y: bit; }
var w = w0;
dpsgd w on rows(batch = 4, steps = 2, clip = 1.0, noise = 1.0, rate = 1.0RELEASE) as row {
    loss logistic(dot(w, row.x), row.y);
}
output w to vendor;
"""


def table(text: str, products: Products = Products.SHARES) -> tuple[Compiled, tuple[Spent, ...]]:
    program = pipeline.compile(Source("p.ccr", text), products=products)
    return program, spent(program.plan, program.garbler, program.evaluator, PRICES)


def test_each_part_of_a_run_has_its_cell_and_line() -> None:
    program, rows = table(JOINT)
    assert (program.garbler, program.evaluator) == ("a", "b")
    assert {row.place[1] for row in rows if row.kernel is not None} == {6, 9}
    assert {row.cell for row in rows if row.place[1] == 9} == {"equal", "open"}
    assert [(row.place[1], row.transfers) for row in rows if row.cell == "enter"] == [(3, 1000 + 3 * 32)]
    opened = {row.place[1]: row.outputs for row in rows if row.cell == "open"}
    assert opened == {8: 16 * 8, 9: 16 + 1}  # labels for the garbler, decoding bits for the evaluator


def test_rows_are_the_gates_of_the_kernels_after_each_pass() -> None:
    program, rows = table(JOINT)
    lanes: Counter[int] = Counter()
    for launch, times in launches(program.plan.steps):
        lanes[launch.kernel] += times * lane_count(launch)
    for number, kernel in enumerate(program.plan.kernels):
        of = [row for row in rows if row.kernel == number]
        assert sum(row.and_gates[-1] for row in of) == lanes[number] * kernel.circuit.and_gates
        assert sum(row.xor_gates[-1] for row in of) == lanes[number] * kernel.circuit.xor_gates
        assert all(len(row.and_gates) == len(row.xor_gates) == 1 + len(program.passes) for row in of)


def test_what_a_pass_takes_away_is_taken_from_the_line_that_made_it() -> None:
    """x * y and (x + 0) * y are other words, and half of their gates are the same: the first keeps them."""
    text = "party a; party b;\ninput x: uint<8> from a;\ninput y: uint<8> from b;\n"
    text += "let z: uint<16> = x * y;\nlet u = x & y;\nlet v = u & (x ^ (y & 1));\noutput reveal(z + (u ^ v)) to a;\n"
    program, rows = table(text)
    made = [sum(row.and_gates[at] for row in rows if row.kernel is not None) for at in range(4)]
    assert [p.and_before for p in program.passes] == made[:3] and [p.and_after for p in program.passes] == made[1:]


@pytest.mark.parametrize("release", ["", ", release = step"])
@pytest.mark.parametrize("products", Products)
def test_nothing_of_a_training_is_spent_nowhere(release: str, products: Products) -> None:
    _, rows = table(STEPS.replace("RELEASE", release), products)
    assert {row.place[0] for row in rows} == {"p.ccr"} and all(row.place[1] for row in rows)
    told = [row for row in rows if row.cell == "tell"]
    assert bool(told) == bool(release) and {row.place[1] for row in told} <= {5}
    assert any(row.corrections for row in rows) == (products is Products.SHARES)


@given(st.integers(0, 10**6), st.lists(st.integers(0, 1000), min_size=1).filter(any))
def test_parts_are_the_whole(whole: int, weights: list[int]) -> None:
    parts = list(_parts(whole, weights))
    assert sum(parts) == whole and all(
        abs(p * sum(weights) - whole * w) < sum(weights) for p, w in zip(parts, weights, strict=True)
    )
