"""Every expression's range, and what binding it to a kind does: what `ccr inspect --ranges` tells."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from compiler.lowering.lower import lower
from compiler.lowering.widths import Approximation, Binding, Width, Widths, widths
from lang.checker.check import check
from lang.source import Source
from lang.syntax.load import read
from runtime.report.places import excerpt

EXAMPLES = Path(__file__).parents[2] / "examples"
HEAD = "party a; party b;\n"


def told(body: str) -> dict[str, Width]:
    """Rows by name, unnamed ones by their text, with "bound " before it where they are."""
    rows = widths(check(Source("t.ccr", HEAD + body)).program)
    return {row.name or "bound " * bool(row.binding) + excerpt(row.span): row for row in rows}


def ends(row: Width) -> tuple[int, int, Fraction, int]:
    return row.type.lo, row.type.hi, row.type.scale, row.type.width


def test_ranges_are_exact() -> None:
    rows = told(
        "input x: fix<12, 6>[4] from a; input y: fix<12, 6>[4] from b;\n"
        "let s = dot(x, y);\noutput reveal(s - 0.5) to a;\n"
    )
    assert ends(rows["s"]) == (-4 * 2048 * 2047, 4 * 2048 * 2048, Fraction(1, 4096), 26)
    assert ends(rows["s - 0.5"]) == (-4 * 2048 * 2047 - 2048, 4 * 2048 * 2048 - 2048, Fraction(1, 4096), 25)
    assert rows["s"].binding is None


@pytest.mark.parametrize(
    ("let", "binding"),
    [
        ("let r: uint<9> = x + y;", Binding("uint<9>", "no", "none")),
        ("let r: uint<8> = x + y;", Binding("uint<8>", "no", "saturates")),
        ("let r = (x + y) as uint<8> wrap;", Binding("uint<8>", "no", "wraps")),
        ("let r = (x + y) as uint<9> wrap;", Binding("uint<9>", "no", "none")),
        ("let r: fix<12, 2> = f * f;", Binding("fix<12, 2>", "nearest", "none")),
        ("let r: fix<12, 2> = 64 * f;", Binding("fix<12, 2>", "no", "none")),
        ("let r = (f * f) as fix<5, 2> floor;", Binding("fix<5, 2>", "floor", "saturates")),
    ],
)
def test_what_binding_does(let: str, binding: Binding) -> None:
    rows = told(
        f"input x: uint<8> from a; input y: uint<8> from b; input f: fix<6, 3> from b;\n{let}\n"
        "output reveal(r) to a; output reveal(x + y + f) to a;\n"
    )
    assert rows["r"].binding == binding


def test_an_overflow_is_told_exactly_where_one_value_overflows() -> None:
    for bits, overflow in (8, "saturates"), (9, "none"):
        rows = told(
            f"input x: uint<8> from a; input y: uint<1> from b;\nlet r: uint<{bits}> = x + y;\noutput reveal(r) to a;\n"
        )
        assert rows["r"].binding == Binding(f"uint<{bits}>", "no", overflow)
        assert rows["r"].type.hi == min(256, 2**bits - 1)


def test_a_loop_carries_a_kind() -> None:
    rows = told(
        "input x: uint<8>[3] from a; input y: uint<4> from b;\nvar t: uint<10> = y;\n"
        "for i in 0..3 { t = t / 2 + x[i]; }\noutput reveal(t) to a;\n"
    )
    assert ends(rows["t, carried by the loop"]) == (0, 1023, 1, 10)
    assert ends(rows["t / 2"]) == (0, 511, 1, 9) and ends(rows["t / 2 + x[i]"]) == (0, 766, 1, 10)
    assert rows["t"].binding == Binding("uint<10>", "no", "none")


def test_functions_say_how_exact_they_are() -> None:
    rows = told(
        "input x: fix<10, 6> from a; input y: uint<8> from b;\nlet s: fix<10, 8> = sigmoid(x);\n"
        "let l: fix<10, 8> = sigmoid(x, within = 0.05);\nlet r: fix<9, 4> = sqrt(y);\nlet q = sqrt(y);\n"
        "output reveal(s + l + r + q) to a;\n"
    )
    found = {
        row.approximation.function + str(row.span.line): row.approximation for row in rows.values() if row.approximation
    }
    last = Fraction(1, 256)
    assert found["sigmoid3"].allowed == last and 0 < (found["sigmoid3"].reached or 0) <= last
    assert found["sigmoid4"].allowed == Fraction(1, 20) and last < (found["sigmoid4"].reached or 0) <= Fraction(1, 20)
    assert found["sqrt5"] == Approximation("sqrt", Fraction(1, 16), None)
    assert found["sqrt6"] == Approximation("sqrt", last, None)


def test_what_is_made_more_than_once_is_told_once_with_all_its_values() -> None:
    rows = told(
        "input x: uint<4> from a; input y: uint<8> from b;\nfn twice(v: uint<8>) -> uint<16> { v * 2 }\n"
        "output reveal(twice(y) + twice(x)) to a;\n"
    )
    assert ends(rows["v * 2"]) == (0, 255, 2, 8)  # not those of the last call


def test_a_training_tells_what_leaves_it() -> None:
    rows = told(
        "input w0: fix<8, 4>[2] from a;\n"
        "dataset d from b { x: fix<6, 5>[2] where norm2(x) <= 1.0; y: bit; }\nvar w = w0;\n"
        "dpsgd w on d(batch = 4, steps = 2, clip = 1.0, noise = 1.0, rate = 1.0) as row {\n"
        "    loss logistic(dot(w, row.x), row.y);\n}\noutput w to a;\n"
    )
    assert {
        "w after a step",
        "sum of the gradients of w",
        "noise of w",
        "noisy sum of w",
        "sigmoid of the loss",
        "d.x",
        "d.y",
        "w",
    } <= rows.keys()
    assert rows["w after a step"].binding == Binding("fix<8, 4>", "nearest", "saturates")
    sums, noise, noisy = (rows[f"{what} of w"].type for what in ("sum of the gradients", "noise", "noisy sum"))
    assert sums == noisy and sums.scale == noise.scale == Fraction(1, 2**13)  # the noise is added in the ring,
    assert sums.hi >= 12 * 2**13 + noise.hi  # in which there is room for twelve rows of a clip and for the noise


def test_a_measure_tells_what_leaves_it() -> None:
    rows = told(
        "input w: fix<8, 6>[3] from a;\ndataset d from b { x: fix<8, 6>[3]; y: bit; }\n"
        "measure right on d(rows = 10, clip = 1.0, noise = 4.0) as row { (dot(w, row.x) > 0) == row.y }\n"
        "output right to a;\n"
    )
    sums, noise, noisy = (rows[f"{what} of right"].type for what in ("sum", "noise", "noisy sum"))
    assert (sums.lo, sums.hi, sums.scale) == (0, 10, 1)
    assert (noisy.lo, noisy.hi) == (noise.lo, noise.hi + 10 / noise.scale)


@pytest.mark.parametrize("path", sorted(EXAMPLES.rglob("*.ccr")), ids=lambda path: path.stem)
def test_the_watch_changes_nothing_and_sees_every_example(path: Path) -> None:
    program = check(read(path)).program
    assert lower(program, Widths()) == lower(program)
    rows = widths(program)
    assert all(row.type.lo <= row.type.hi for row in rows)
    named = {row.name for row in rows}
    assert named >= {f"input {i.variable.name}" for i in program.inputs}
