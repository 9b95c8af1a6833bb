"""A factor is made of its norm alone, whatever a bit makes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from support.damaged_words import Change, damaged

from compiler.pipeline import understand
from compiler.training.factor_fits import MeasuredFactor
from compiler.training.slots import Slots
from compiler.training.verify import Unsafe, check
from compiler.words.builder import Builder
from compiler.words.ir import Type, Value
from compiler.words.needs import Wrong
from compiler.words.operations import Draw, Less, Linear, Mul, Pieces, Round
from lang.source import Source
from lang.syntax.load import read

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


def doubled(b: Builder, number: int) -> int:
    """Twice the number, in words of its units."""
    type = b.type(number)
    return b.add(Linear((2,)), (number,), replace(type, lo=2 * type.lo, hi=2 * type.hi))


def compared(n: int, what: Callable[[Builder, Value], int]) -> Change:
    """The n-th number of a table is compared with what is made of the rounded norm that it is compared with."""
    seen = 0

    def changed(b: Builder, v: Value) -> int | None:
        nonlocal seen
        limit, own = (b.item(a) for a in v.args) if v.op == Less() else (None, None)
        if not (isinstance(limit, Value) and isinstance(limit.op, Pieces) and isinstance(own, Value)):
            return None
        seen += 1
        return b.less(v.args[0], what(b, own)) if seen - 1 == n else None

    return changed


def of_another(b: Builder, own: Value) -> int:
    assert isinstance(own.op, Round)
    return b.round(doubled(b, own.args[0]), own.type.scale, own.op.lo, own.op.hi, nearest=False)


@pytest.mark.parametrize("n", [0, 3, 6])
def test_one_norm_alone_makes_it(n: int) -> None:
    """Comparisons of two would turn at norms of which the proof looks at one."""
    layers = understand(read(Path(__file__).parent / "words" / "layers.ccr")).words  # rows of more than one element
    changed = damaged(layers, compared(n, of_another))
    assert changed != layers
    with pytest.raises(Unsafe, match="the factor is made of 2 norms"):
        check(changed)


def test_one_norm_may_be_read_in_two_ways() -> None:
    """Rounded, and twice that: where either turns is known."""
    changed = damaged(WORDS, compared(3, lambda b, own: doubled(b, b.emit(own))))
    assert changed != WORDS
    check(changed)


def test_a_factor_of_no_norm() -> None:
    """One for all rows, however long their gradients are."""
    b = Builder()
    fixed = [b.const([Fraction(n)], (12,)) for n in (32, 0)]
    slots = Slots(12, {}, {n: b.type(n) for n in fixed})
    for number, item in b.block(fixed).numbered():
        assert isinstance(item, Value)
        slots.add(number, item)
    with pytest.raises(Wrong, match="the factor is made of 0 norms"):
        MeasuredFactor(slots, *fixed)
