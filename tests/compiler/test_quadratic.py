"""ANDs that are added together as quadratic forms, and the proof that a circuit is another, from its ANDs."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.lanes import circuits

from compiler.gates.beside import Sum, check
from compiler.gates.builder import Builder
from compiler.gates.circuit import Circuit, GateOp
from compiler.gates.simulate import simulate
from compiler.gates.steps import Unproved
from compiler.passes import quadratic
from compiler.passes.base import assignments, proven
from compiler.passes.quadratic import QUADRATIC, TOGETHER, Form, factored


@given(circuits())
def test_any_circuit_is_the_same_and_no_larger(circuit: Circuit) -> None:
    after, _ = proven([QUADRATIC], circuit)
    inputs, count = assignments(circuit.inputs)
    assert simulate(after, inputs, count) == simulate(circuit, inputs, count)
    assert after.and_gates <= circuit.and_gates
    assert after.xor_gates - circuit.xor_gates <= 4 * (circuit.and_gates - after.and_gates)


def sum_of_products(inputs: int, pairs: Sequence[tuple[int, int]]) -> Circuit:
    """Of sums of inputs, as masks; 1 is bit 0."""
    builder = Builder(inputs)

    def sum_of(mask: int) -> int:
        return builder.parity(1 if not i else 2 * i for i in range(mask.bit_length()) if mask >> i & 1)

    return builder.circuit([builder.parity(builder.and_(sum_of(a), sum_of(b)) for a, b in pairs)])


@given(st.integers(2, 7), st.integers(1, 8), st.integers(0, 2**32))
def test_forms_take_half_their_rank(inputs: int, count: int, seed: int) -> None:
    """The rank that their polar form has: of f(x + y) + f(x) + f(y) + f(0), on unit vectors."""
    draw = random.Random(seed)
    pairs = [(draw.randrange(2, 2 << inputs), draw.randrange(2, 2 << inputs)) for _ in range(count)]
    circuit = sum_of_products(inputs, pairs)
    every, rows = assignments(inputs)
    [values] = simulate(circuit, every, rows)

    def polar(i: int, j: int) -> int:
        return sum(values >> v & 1 for v in (0, 1 << i, 1 << j, 1 << i | 1 << j)) % 2 if i != j else 0

    rank = independent([sum(polar(i, j) << j for j in range(inputs)) for i in range(inputs)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quadratic, "XORS", 100)  # as many as it takes
        after, _ = proven([QUADRATIC], circuit)
    assert simulate(after, every, rows) == [values]
    assert after.and_gates == min(rank // 2, circuit.and_gates)


def independent(rows: list[int]) -> int:
    found = 0
    while rows:
        if row := rows.pop():
            found += 1
            low = row & -row
            rows = [other ^ row if other & low else other for other in rows]
    return found


def choices(width: int) -> Circuit:
    """if s { a } else { b }, each bit by two products; s is the last input."""
    builder = Builder(2 * width + 1)
    s = builder.input(2 * width)
    pairs = [(builder.input(i), builder.input(width + i)) for i in range(width)]
    return builder.circuit([builder.xor(builder.and_(s, a), builder.and_(s ^ 1, b)) for a, b in pairs])


def test_choices() -> None:
    assert (choices(3).and_gates, factored(choices(3)).and_gates) == (6, 3)


def test_what_is_read_alone_stays() -> None:
    builder = Builder(3)
    one, other = builder.and_(2, 4), builder.and_(2, 6)
    circuit = builder.circuit([builder.xor(one, other), one])
    assert factored(circuit) is circuit


# -- the proof


def majority() -> tuple[Circuit, Circuit]:
    """By three products and by one."""
    builder = Builder(3)
    one = builder.and_(builder.xor(2, 4), builder.xor(2, 6))
    return sum_of_products(3, [(2, 4), (2, 8), (4, 8)]), builder.circuit([builder.xor(one, 2)])


def test_a_majority_is_proved() -> None:
    """The last of the products is the majority and the two others."""
    many, few = majority()
    first, second, third = (net for net, gate in enumerate(many.gates, 4) if gate.op is GateOp.AND)
    check(many, few, {third: Sum([few.outputs[0]], [2 * first, 2 * second])})
    for wrong in (Sum([few.outputs[0]]), Sum([few.outputs[0] ^ 1], [2 * first, 2 * second]), Sum([], []), Sum([2])):
        with pytest.raises(Unproved):
            check(many, few, {third: wrong})


def test_what_is_said_of_nothing_leaves_the_outputs_unproved() -> None:
    with pytest.raises(Unproved):
        check(*majority(), {})


def test_two_hundred_planted_faults_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A factor, or the sum beside the products, has one term more or less."""
    draw, refused, made = random.Random(7), 0, quadratic.form_of
    circuit = choices(3)

    def damaged(circuit: Circuit, sums: Sequence[int], group: tuple[int, ...]) -> Form:
        form = made(circuit, sums, group)
        if group[0] != chosen:
            return form
        change, (left, right) = 1 << draw.randrange(len(form.terms)), form.products[0]
        products = [(left ^ change, right), (left, right ^ change), (left, right)]
        which = draw.randrange(3)
        return replace(form, products=(products[which],), rest=form.rest ^ (change if which == 2 else 0))

    monkeypatch.setattr(quadratic, "form_of", damaged)
    inputs, count = assignments(circuit.inputs)
    while refused < 200:
        chosen = draw.choice([8, 11, 14])  # the first of the two ANDs of a bit
        try:
            after = factored(circuit)
        except Unproved:
            refused += 1
        else:
            assert simulate(after, inputs, count) == simulate(circuit, inputs, count)


@pytest.mark.parametrize("seed", range(5))
def test_the_largest_forms_are_proved(seed: int) -> None:
    """As many products as a form has, of sums of one input less than they need."""
    draw, inputs = random.Random(seed), 2 * TOGETHER - 1
    pairs = [(draw.randrange(2, 2 << inputs), draw.randrange(2, 2 << inputs)) for _ in range(TOGETHER)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quadratic, "XORS", 100)
        assert factored(sum_of_products(inputs, pairs)).and_gates < TOGETHER
