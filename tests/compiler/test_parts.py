"""Products as sums of products of parts: every way makes the same number."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.lanes import number, whole

from compiler.joint.parts import MOST_PARTS, Part, Term, Terms, ways
from compiler.words.builder import Builder
from compiler.words.evaluate import Array, NoSources, evaluate
from compiler.words.ir import Type
from compiler.words.operations import Enter, Linear, Round, View

KINDS = [whole(1, True), whole(1, False), whole(3, False), whole(6, True), number(-5, 2), number(-40, 12)]


def part(part: Part, of: Type, values: Array) -> Array:
    b = Builder([of])
    made = part.made(b, 0)
    assert b.type(made) == part.type(of) or part == Part()
    [found] = evaluate(b.block([made]), [values], NoSources())
    assert (found >= b.type(made).lo).all() and (found <= b.type(made).hi).all()
    return found


def product(terms: Terms, types: tuple[Type, Type], values: tuple[Array, Array]) -> Array:
    total = np.zeros(values[0].shape, dtype=object)
    for term in terms:
        one, other = (part(p, t, v) for p, t, v in zip(term.parts, types, values, strict=True))
        total = total + term.coefficient * one.astype(object) * other.astype(object)
    return total


@pytest.mark.parametrize("other", KINDS, ids=str)
@pytest.mark.parametrize("one", KINDS, ids=str)
def test_all_products_of_two_kinds(one: Type, other: Type) -> None:
    grid = np.meshgrid(*(np.arange(t.lo, t.hi + 1) for t in (one, other)))
    values = grid[0].reshape(-1), grid[1].reshape(-1)
    types = Type(values[0].shape, Fraction(1), one.lo, one.hi), Type(values[1].shape, Fraction(1), other.lo, other.hi)
    for terms in ways(*types):
        assert (product(terms, types, values) == values[0] * values[1]).all()


@given(st.integers(2, 70), st.integers(2, 70), st.booleans(), st.booleans(), st.data())
def test_products_of_any_width(a: int, b: int, signed: bool, other_signed: bool, data: st.DataObject) -> None:
    types = whole(a, signed), whole(b, other_signed)
    drawn = [data.draw(st.integers(t.lo, t.hi) | st.sampled_from([t.lo, t.hi, 0])) for t in types]
    values = np.array(drawn[0], dtype=object), np.array(drawn[1], dtype=object)
    for terms in ways(*types):
        assert product(terms, types, values) == drawn[0] * drawn[1]


def test_the_wider_factor_is_cut_whichever_it_is() -> None:
    wide, narrow = whole(16, True), whole(9, True)
    for types, at in (((wide, narrow), 0), ((narrow, wide), 1)):
        cut = [terms for terms in ways(*types) if len(terms) > 1]
        assert [len(terms) for terms in cut] == [2, 2, 3, 3, 4, 4, 3] and MOST_PARTS == 4
        assert all(term.parts[1 - at] == Part() for terms in cut[:-1] for term in terms)
        assert [p.type(wide).width for p in (Part(0, 8), Part(8), Part(0, 8, bias=128))] == [8, 8, 8]


def test_parts_are_taken_of_what_is_shown_and_not_of_its_copies() -> None:
    b = Builder([number(-128, 127, 5)])
    entered = b.add(Enter("alice"), (0,), number(-128, 127, 5))
    rows = b.broadcast(entered, (300, 5))
    found = Part(4, bias=8).of(b, rows, ())
    assert b.type(found).shape == (300, 5)
    rounded = next(i for i in b.items if isinstance(getattr(i, "op", None), Round))
    assert rounded.type.shape == (5,)


@pytest.mark.parametrize("both", [False, True])
def test_what_takes_gates_is_made_in_the_clear_by_whoever_has_entered_it(both: bool) -> None:
    b = Builder([number(-128, 127, 5)])
    entered = b.add(Enter("alice"), (0,), number(-128, 127, 5))
    of = Part(4, both=both, bias=0 if both else 8)
    made = b.item(of.of(b, b.broadcast(entered, (300, 5)), ("alice",)))
    assert made is not None and isinstance(made.op, View)
    base = b.item(made.args[0])
    assert base is not None and base.op == Enter("alice") and base.args != (entered,)
    jointly = b.item(of.of(b, entered, ("bob",)))
    assert jointly is not None and isinstance(jointly.op, Linear if both else Round)


def test_how_often_a_product_is_added() -> None:
    assert [Term(n, (Part(), Part())).rows for n in (1, 8, 7, -15, 5, (1 << 32) - (1 << 16))] == [1, 1, 2, 2, 2, 2]
