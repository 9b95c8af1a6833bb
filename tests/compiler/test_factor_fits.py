"""A factor is made of its norm alone, whatever a bit makes of it."""

from __future__ import annotations

from fractions import Fraction

import pytest
from support.damaged_words import Change, damaged

from compiler.pipeline import understand
from compiler.training.verify import Unsafe, check
from compiler.words.builder import Builder
from compiler.words.ir import Type, Value
from compiler.words.operations import Draw, Mul
from lang.source import Source

WORDS = understand(
    Source(
        "linear.ccr",
        """party vendor; party clinic; input w0: fix<12, 8>[12] from vendor;
        dataset rows from clinic { x: fix<8, 4>[12]; y: fix<8, 4>; } var w = w0;
        dpsgd w on rows(batch = 4, steps = 1, clip = 1.0, noise = 1.0, rate = 1.0) as row {
            loss squared(dot(w, row.x), row.y);
        }
        output w to vendor;""",
    )
).words


def mantissa(instead: int) -> Change:
    """In a slot of no row, another number."""

    def changed(b: Builder, v: Value) -> int | None:
        if v.op != Mul() or {b.type(a).hi for a in v.args} != {63, 255}:
            return None
        short, m = sorted(v.args, key=lambda n: -b.type(n).hi)
        valid = b.add(Draw("rows", "", "clinic", 0, 4, 12), (), Type((12,), Fraction(1), 0, 1))
        return b.mul(short, b.select(valid, m, b.const([Fraction(instead)], (12,))))

    return changed


def test_a_bit_may_make_it_0() -> None:
    changed = damaged(WORDS, mantissa(0))
    assert changed != WORDS
    check(changed)


def test_a_bit_may_make_it_nothing_else() -> None:
    with pytest.raises(Unsafe, match="made of more than a norm"):
        check(damaged(WORDS, mantissa(1)))
