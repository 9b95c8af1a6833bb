"""ANDs that are sums of other nets: what samples suggest, what is proved, and that nothing else is believed."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.adders import wasteful_adder
from support.lanes import circuits

from compiler.gates.builder import Builder
from compiler.gates.circuit import FALSE, Circuit, GateOp
from compiler.gates.prover import Prover
from compiler.gates.simulate import simulate
from compiler.gates.steps import Claims, Unproved, check
from compiler.passes import sums
from compiler.passes.base import assignments, proven
from compiler.passes.network import Network
from compiler.passes.samples import samples
from compiler.passes.span import Span, parities, transposed
from compiler.passes.sums import SUMS, replaced, summed


def values_of_all_nets(circuit: Circuit) -> tuple[list[int], int]:
    inputs, count = assignments(circuit.inputs)
    every = tuple(range(0, 2 * (1 + circuit.inputs + len(circuit.gates)), 2))
    return simulate(replace(circuit, outputs=every), inputs, count), count


# -- the prover


@given(circuits(), st.integers(0, 2**32))
def test_what_is_proved_holds_and_what_refutes_does(circuit: Circuit, seed: int) -> None:
    """Every AND is asked for as sums of any nets before it."""
    draw, (values, count) = random.Random(seed), values_of_all_nets(circuit)
    with closing(Prover(circuit)) as prover:
        for gate in circuit.gates:
            net = prover.take()
            if gate.op is GateOp.XOR:
                continue
            literals = [draw.randrange(2 * net) for _ in range(draw.randrange(4))]
            total = values[net]
            for literal in literals:
                total ^= values[literal >> 1] ^ ((1 << count) - 1) * (literal & 1)
            answer = prover.ask(literals, 1000)
            assert (answer is True) == (total == 0)
            if isinstance(answer, list):
                row = sum(bit << i for i, bit in enumerate(answer))  # all assignments are tried, in this order
                assert count != 1 << circuit.inputs or total >> row & 1
        assert all(net < 1 + circuit.inputs + len(circuit.gates) for net in prover.sums)


@given(circuits())
def test_forms_are_what_nets_are(circuit: Circuit) -> None:
    """Sums of columns, also where an AND was proved to be one."""
    values, count = values_of_all_nets(circuit)
    values[0] = (1 << count) - 1
    with closing(Prover(circuit)) as prover:
        for gate in circuit.gates:
            net = prover.take()
            if gate.op is GateOp.AND and values[net] == 0:
                assert prover.ask([FALSE], 1000) is True
        samples = transposed([values[net] for net in prover.columns], count)
        values[0] = 0
        assert [parities(form, samples) for form in prover.forms] == values


def test_only_the_last_net_is_asked_for_and_by_earlier_ones() -> None:
    builder = Builder(2)
    both = builder.and_(2, 4)
    circuit = builder.circuit([builder.xor(both, 2), both])
    with closing(Prover(circuit)) as prover:
        assert prover.take() == both >> 1
        with pytest.raises(ValueError, match="before it"):
            prover.ask([both], 10)
        prover.take()
        with pytest.raises(ValueError, match="last net"):
            prover.ask([2], 10)


def test_what_takes_too_long_is_not_proved() -> None:
    """That products of six bits commute, at once."""
    one, other = list(range(2, 14, 2)), list(range(14, 26, 2))
    left, right = product(one, other), product(other, one)
    builder = Builder(12)
    top = builder.and_(left(builder), right(builder) ^ 1)
    circuit = builder.circuit([top])
    with closing(Prover(circuit)) as prover:
        while prover.take() != top >> 1:
            pass
        assert prover.ask([FALSE], 5) is False
        assert not prover.sums
        assert prover.ask([FALSE], 1_000_000) is True
        assert prover.sums == {top >> 1: (FALSE,)}


def product(one: list[int], other: list[int]) -> Callable[[Builder], int]:
    """The fifth bit from the top of a product."""

    def made(builder: Builder) -> int:
        total = [FALSE] * (len(one) + len(other))
        for i, a in enumerate(one):
            carry = FALSE
            for j, b in enumerate(other):
                bit = builder.and_(a, b)
                old, half = total[i + j], builder.xor(total[i + j], bit)
                total[i + j] = builder.xor(half, carry)
                carry = builder.xor(old, builder.and_(half, builder.xor(old, carry)))
            total[i + len(other)] = carry
        return total[-5]

    return made


# -- the span of samples


@given(st.lists(st.integers(0, 63), max_size=12), st.lists(st.integers(0, 2**12 - 1), max_size=3))
def test_what_is_left_of_a_row_is_a_sum(rows: list[int], samples: list[int]) -> None:
    """Also once there are more samples: of 12 nets, each bit of a sample."""
    span, kept = Span(), list[int]()
    for i, row in enumerate(rows):
        values, mask = span.reduced(row, 1 << i)
        total = 0
        for j in range(i + 1):
            total ^= rows[j] if mask >> j & 1 else 0
        assert total == values and mask >> i & 1
        if values:
            span.add(values, mask)
            kept.append(i)
    span.extend(samples)
    longer = [row << len(samples) | parities(1 << i, samples) for i, row in enumerate(rows)]
    for i in kept:
        assert span.reduced(longer[i], 0)[0] == 0


@given(st.integers(0, 40), st.integers(0, 50))
def test_samples_are_as_wide_as_there_are_inputs(inputs: int, count: int) -> None:
    found = samples(inputs, count, random.Random(1))
    assert len(found) == count and all(0 <= sample < 1 << inputs for sample in found)


# -- the pass


@given(circuits())
def test_a_circuit_of_sums_is_the_same_and_no_larger(circuit: Circuit) -> None:
    after, _ = proven([SUMS], circuit)
    inputs, count = assignments(circuit.inputs)
    assert simulate(after, inputs, count) == simulate(circuit, inputs, count)
    assert after.and_gates <= circuit.and_gates
    assert after.xor_gates - circuit.xor_gates <= 4 * (circuit.and_gates - after.and_gates)


def once(circuit: Circuit) -> Circuit:
    draw = random.Random(2)
    return summed(circuit, samples(circuit.inputs, 100, draw), draw)


def test_what_cannot_happen_is_not_computed() -> None:
    adder = wasteful_adder(8)
    assert (adder.and_gates, once(adder).and_gates) == (8 + 7 + 7, 8 + 7)


def test_the_same_made_in_two_ways_is_made_once() -> None:
    """-x from the top of a chain of ORs, where x is not negative, and again of the absolute value."""
    builder = Builder(9)
    sign, bits = builder.input(8), [builder.input(i) for i in range(8)]
    low = ors(builder, bits)
    size = [builder.xor(bit, builder.and_(sign, below)) for bit, below in zip(bits, low, strict=True)]
    circuit = builder.circuit([*low, *ors(builder, size)])
    assert circuit.and_gates == 6 + 7 + 6
    assert once(circuit).and_gates == 6


def ors(builder: Builder, bits: Sequence[int]) -> list[int]:
    """For each bit whether one below it is set."""
    found = [FALSE]
    for bit in bits[:-1]:
        found.append(builder.or_(found[-1], bit))
    return found


def test_two_hundred_planted_faults_are_refused() -> None:
    """A carry is no longer what was proved, but another literal, or a sum of others."""
    adder, draw = wasteful_adder(8), random.Random(5)
    for fault in range(200):
        made: list[int] = []

        def wrong(
            network: Network,
            net: int,
            literals: Sequence[int],
            spare: int,
            made: list[int] = made,
            fault: int = fault,
        ) -> int | None:
            made.append(net)
            if len(made) == 1 + fault % 7:
                wrongs = [draw.randrange(1, 2 * net) for _ in range(1 + fault % 3)]
                return replaced(network, net, wrongs if fault % 2 else [literals[0] ^ 1], 100)
            return replaced(network, net, literals, spare)

        with pytest.MonkeyPatch.context() as patch, pytest.raises(Unproved):
            patch.setattr(sums, "replaced", wrong)
            once(adder)


def test_what_is_proved_of_another_circuit_is_not_believed() -> None:
    """An AND that is false in the one is not in the other."""
    never, once = Builder(2), Builder(2)
    low, other = never.and_(2, 4), once.and_(2, 4)
    one = never.circuit([never.and_(low, 5)])
    two = once.circuit([once.and_(other, 4)])
    with closing(Prover(one)) as prover:
        prover.take()
        net = prover.take()
        assert prover.ask([FALSE], 10) is True
        made, _ = Network(Circuit(2, (), ())).circuit()
        claims = Claims([0, 2, 4, -1, FALSE], {net: [0]})
        check(one, replace(made, outputs=(FALSE,)), claims, prover)
        with pytest.raises(Unproved):
            check(two, replace(made, outputs=(FALSE,)), claims, prover)
