"""`measure`: what is clipped for nothing, what is counted how often, and which outputs are estimates of what."""

from __future__ import annotations

from fractions import Fraction

import pytest

from compiler import pipeline
from compiler.joint.shares import Products
from compiler.pipeline import understand
from compiler.program import Compiled, and_gates
from lang.source import Source

HEAD = """party vendor;
party hospital;
input w: fix<9, 6>[3] from vendor;
dataset rows from hospital { x: fix<6, 4>[3] where norm2(x) <= 1.0; y: bit; z: uint<2> where z < 3; h: bit[3]; }
"""
ONE = "measure m on rows(rows = 8, clip = CLIP, noise = 4.0 DRAWN) as row { BODY }\n"


def compiled(text: str, products: Products = Products.SHARES) -> Compiled:
    return pipeline.built(understand(Source("measure.ccr", HEAD + text)), products)


def one(body: str, clip: str = "1.0", drawn: str = "", output: str = "m") -> Compiled:
    text = ONE.replace("CLIP", clip).replace("DRAWN", drawn).replace("BODY", body)
    return compiled(text + f"output {output} to vendor;")


@pytest.mark.parametrize(
    ("body", "clip"),
    [
        ("(dot(w, row.x) > 0) == row.y", "1.0"),
        ("dot(w, row.x)", "1.0"),  # a number is clamped
        ("clamp(dot(w, row.x), -1, 1)", "1.0"),
        ("row.x", "1.0"),
        ("row.x * (if row.y { 1 } else { -1 })", "1.0"),
        ("row.h", "1.75"),  # three bits are at most 1.7321 long
        ("[0, 1, 2] == row.z", "1.0"),  # a single 1
        ("[0, 0, 1] == row.z", "1.5"),
        ("[[0, 1], [2, 3]] == 2 * (row.z % 2) + row.y", "1.0"),
        ("reshape([0, 1, 2, 3] == row.z, 2, 2) as fix<4, 1>", "1.0"),
        ("transpose([[0, 1], [2, 3]] == row.z) * 0.5", "0.5"),
    ],
)
def test_what_cannot_be_longer_is_clipped_for_nothing(body: str, clip: str) -> None:
    [mechanism] = one(body, clip).mechanisms
    assert mechanism.argument.startswith("structure")


@pytest.mark.parametrize(
    ("body", "clip"),
    [
        ("row.h", "1.0"),
        ("[0, 0, 1] == row.z", "1.0"),  # two of the same
        ("[0, 1, 2] == [row.z, 1, row.z]", "1.0"),
        ("[dot(w, row.x) > 0, row.y]", "1.0"),
        ("row.x * 2", "1.0"),
    ],
)
def test_what_may_be_longer_is_scaled(body: str, clip: str) -> None:
    [mechanism] = one(body, clip).mechanisms
    assert mechanism.argument.startswith("ghost")


def test_a_bit_costs_its_mask_alone() -> None:
    """One AND a row beside what computes it, by which an empty slot counts nothing."""
    measured = one("(dot(w, row.x) > 0) == row.y", drawn="drawn by hospital")
    bare = compiled(
        "measure m on rows(rows = 8, clip = 1.0, noise = 0) as row { (dot(w, row.x) > 0) == row.y }\n"
        "output reveal(m) to vendor;",
        Products.GATES,
    )
    gates = compiled(
        "measure m on rows(rows = 8, clip = 1.0, noise = 4.0 drawn by hospital) as row "
        "{ (dot(w, row.x) > 0) == row.y }\noutput m to vendor;",
        Products.GATES,
    )
    assert and_gates(gates.plan) <= and_gates(bare.plan) + 8 + 10  # the mask, and the noise's addition
    assert and_gates(measured.plan) < and_gates(gates.plan) / 4


def test_each_measure_counts_and_in_a_loop_each_iteration() -> None:
    text = """
var all: fix<16, 4>[2, 3] = 0;
for j in 0..2 {
    for k in 0..3 {
        measure a on rows(rows = 8, clip = 1.0, noise = 4.0) as row { row.y }
        all[j, k] = a;
    }
}
for k in 1..3 {
    measure b on rows(rows = 8, clip = 1.0, noise = 2.0) as row { sum(row.x[0..k]) }
    all[0, 0] += b;
}
output all to vendor;
"""
    found = compiled(text).mechanisms
    assert [(m.steps, m.noise_multiplier, m.whole, m.batch, m.slots) for m in found] == [
        (6, 4, True, 8, 8),
        (1, 2, True, 8, 8),
        (1, 2, True, 8, 8),
    ]
    assert len({m.draw for m in found}) == 3


@pytest.mark.parametrize(
    ("body", "output", "wanted"),
    [
        ("row.y", "m", (1, 0, 0, 1)),
        ("row.y", "m / 8", (Fraction(1, 8), 0, 0, 1)),
        ("row.y", "1 - m / 8", (Fraction(-1, 8), 1, 0, 1)),
        ("row.y", "reveal(2 * m)", (2, 0, 0, 1)),
        ("[0, 1, 2] == row.z", "m[1]", (1, 0, 0, 1)),
        ("row.x", "transpose(m)", (1, 0, -1, 1)),
        ("dot(w, row.x)", "m", (1, 0, -1, 1)),
        ("row.y", "m as fix<9, 1>", None),  # rounded
        ("row.y", "m + w[0]", None),
        ("row.y", "m * m", None),
        ("row.y", "w", None),
    ],
)
def test_which_outputs_are_estimates(body: str, output: str, wanted: tuple[Fraction, ...] | None) -> None:
    [released] = one(body, output=output).outputs
    e = released.estimate
    found = e and (e.factor, e.offset, e.least, e.most)
    assert found == wanted and (e is None or e.mechanism == 0)


def test_a_measure_in_a_loop_has_no_interval() -> None:
    text = "var u: fix<16, 2> = 0;\nfor k in 0..3 {\n" + ONE.replace("CLIP", "1.0").replace("DRAWN", "")
    [released] = compiled(text.replace("BODY", "row.y") + "u = m; }\noutput u to vendor;").outputs
    assert released.estimate is None
