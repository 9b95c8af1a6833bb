"""ANDs of which a party knows an operand: right in every case, by every engine, and with the colours that they need."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.backends import BACKENDS
from support.in_memory import ROLES, IdealCot, Outputs, Pipe, run_both, run_clear
from support.joint_plans import joint_plan
from support.known import as_known
from support.small_plans import loop_plan, one_launch, random_circuit, small_tile

from compiler.gates.circuit import Circuit, Gate, GateOp
from compiler.gates.knowledge import Knows, Runs, runs
from compiler.program import and_gates, ciphertexts
from compiler.schedule.plan import Kernel
from runtime.crypto.labels import Labels, fresh, fresh_delta
from runtime.crypto.secret import LabelSecret
from runtime.execute.engines import evaluating, garbling
from runtime.execute.yao import EvaluatorBackend, GarblerBackend, PublicLabels

SEED = bytes(range(16))
G, E, N = Knows.GARBLER, Knows.EVALUATOR, Knows.NEITHER
Bits = NDArray[np.uint64]


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 1 << 32), st.integers(1, 9), st.integers(1, 5), st.integers(1, 60), st.sampled_from(BACKENDS))
def test_one_launch(seed: int, lanes: int, mine: int, gates: int, engine: str) -> None:
    rng = random.Random(seed)
    plan = one_launch(random_circuit(rng, 6, gates, 5), lanes, 4, mine, ("hospital", "vendor"))
    values = {name: [rng.randrange(1 << n) for _ in range(lanes)] for name, n in (("x", mine), ("y", 6 - mine))}
    expected = run_clear(plan, values)["z"].tolist()
    known = as_known(plan, "hospital")
    assert run_clear(known, values)["z"].tolist() == expected
    run = run_both(known, values, engine=engine)
    assert run.garbler["z"].tolist() == run.evaluator["z"].tolist() == expected
    assert len(run.tables) == 16 * ciphertexts(known) <= 32 * and_gates(plan)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 1 << 48), st.sampled_from(BACKENDS))
def test_launches_copies_and_loops(seed: int, engine: str) -> None:
    plan, values = joint_plan(random.Random(seed))
    known, expected = as_known(plan, "hospital"), run_clear(plan, values)
    run = run_both(known, values, engine=engine)
    assert {n: v.tolist() for n, v in run.evaluator.items()} == {n: v.tolist() for n, v in expected.items()}
    assert len(run.tables) == 16 * ciphertexts(known)


@pytest.mark.parametrize("seed", range(4))
def test_constants_and_samples(seed: int) -> None:
    plan, values = loop_plan(random.Random(seed))
    expected, run = run_clear(plan, values), run_both(as_known(plan, "hospital"), values)
    for found in (run.garbler, run.evaluator):
        assert all(found[name].tolist() == expected[name].tolist() for name in found)


# -- one gate, in every case ----------------------------------------------------------------------


def cases() -> Iterator[tuple[Circuit, Runs]]:
    """Who knows either operand, which are inverted, and what is read of the result."""
    for left, right, inverted, out in product((N, G, E), (N, G, E), range(4), range(2)):
        gate = Gate(GateOp.AND, 2 + inverted % 2, 4 + inverted // 2)
        yield Circuit(2, (gate,), (6 + out, 2, 3, 5)), ((1, left), (1, right))


def entered(known: Sequence[Knows], values: Bits, delta: Labels) -> tuple[Labels, Labels]:
    """Zero and active labels of wires, (wires, lanes, 2), with the colours of those that know them."""
    zero = fresh(values.size).reshape(*values.shape, 2)
    for wire, who in enumerate(known):
        if who is not N:
            zero[wire, :, 0] &= ~np.uint64(1)
            zero[wire, :, 0] |= values[wire] if who is G else np.uint64(0)
    return zero, zero ^ delta * values[..., None]


def both(kernel: Kernel, zero: Labels, active: Labels, delta: Labels, engine: str) -> tuple[Labels, Labels, bytes]:
    tables, constant = bytearray(), fresh(1) & np.array([~1 & (1 << 64) - 1, (1 << 64) - 1], dtype=np.uint64)
    made = garbling(engine, [kernel], LabelSecret(delta), SEED, constant, tables.extend).run(0, zero, 11)
    reader = iter([bytes(tables)])
    return (
        made,
        evaluating(engine, [kernel], SEED, constant, lambda size: next(reader)).run(0, active, 11),
        bytes(tables),
    )


@pytest.mark.parametrize("engine", BACKENDS)
def test_one_gate_in_every_case(engine: str) -> None:
    values = np.array([[0, 0, 1, 1] * 3, [0, 1, 0, 1] * 3], dtype=np.uint64)
    for circuit, known in cases():
        kernel, delta = _kernel(circuit, known), fresh_delta()
        zero, active = entered([who for _, who in known], values, delta)
        zeros, actives, tables = both(kernel, zero, active, delta, engine)
        a, b = values[0] ^ np.uint64(circuit.gates[0].left & 1), values[1] ^ np.uint64(circuit.gates[0].right & 1)
        expected = np.stack([a & b ^ np.uint64(circuit.outputs[0] & 1), values[0], values[0] ^ 1, values[1] ^ 1])
        assert np.array_equal(zeros ^ delta * expected[..., None], actives)
        assert len(tables) == 16 * kernel.ciphertexts * values.shape[1]
        whose = [who for _, who in known]
        result = E if whose == [E, E] else N
        for who, zero_label, label, bit in zip(
            [result, whose[0], whose[0], whose[1]], zeros, actives, expected, strict=True
        ):
            _coloured(who, zero_label, label, bit)


def _kernel(circuit: Circuit, known: Runs) -> Kernel:
    return replace(small_tile(circuit, 16), known=runs(known))


def _coloured(who: Knows, zero: Labels, active: Labels, bits: Bits) -> None:
    """A wire that a party knows shows it the value, and the other one nothing."""
    if who is G:
        assert np.array_equal(zero[:, 0] & np.uint64(1), bits)
        assert not (active[:, 0] & np.uint64(1)).any()
    elif who is E:
        assert np.array_equal(active[:, 0] & np.uint64(1), bits)
        assert not (zero[:, 0] & np.uint64(1)).any()


def test_colours_of_what_is_entered() -> None:
    """The constant's, too."""
    secret = LabelSecret.fresh()
    with secret.in_use() as delta:
        delta = delta.copy()
    bits, cot, unused = np.array([0, 1, 1, 0, 1], dtype=np.uint8), IdealCot(delta), None
    ends: Any = Outputs(Pipe(), Pipe())
    nothing: Any = unused
    garbler = GarblerBackend(ROLES, secret, PublicLabels(SEED), nothing, nothing, cot, ends)
    evaluator = EvaluatorBackend(ROLES, PublicLabels(SEED), nothing, nothing, cot, ends)
    values = bits.astype(np.uint64)
    for party, who in (("hospital", G), ("vendor", E)):
        zero = np.concatenate(list(garbler.enter(party, bits if who is G else None, 5)))
        active = np.concatenate(list(evaluator.enter(party, bits if who is E else None, 5)))
        assert np.array_equal(zero ^ delta * values[:, None], active)
        _coloured(who, zero, active, values)
    assert not int(PublicLabels(SEED).constant[0, 0]) & 1


@pytest.mark.parametrize("engine", BACKENDS)
def test_the_garblers_row_says_nothing_of_a_joint_bit_that_is_taken_for_the_evaluators(engine: str) -> None:
    """Should a plan claim too much, what is sent still has no colour of a label that stands for 0."""
    kernel = _kernel(Circuit(2, (Gate(GateOp.AND, 2, 4),), (6,)), ((2, E),))
    sent = bytearray()
    garbling(engine, [kernel], LabelSecret(fresh_delta()), SEED, fresh(1), sent.extend).run(
        0, fresh(32).reshape(2, 16, 2), 0
    )
    assert not any(byte & 1 for byte in sent[::16])
