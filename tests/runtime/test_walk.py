"""The interpreter: clear, garbled and read by the book agree bit for bit."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.backends import BACKENDS
from support.in_memory import ROLES, Inputs, Outputs, Pipe, run_both, run_clear
from support.small_plans import (
    INNER,
    LANES,
    OUTER,
    gate_by_gate,
    launches_by_the_book,
    loop_plan,
    one_launch,
    random_circuit,
    whole,
    word,
)

from compiler.program import and_gates
from compiler.schedule.plan import Copy, Enter, Free, Launch, Open, Plan, Repeat, View
from compiler.words.ir import Type
from compiler.words.operations import Draw
from runtime.crypto.labels import Labels, fresh
from runtime.crypto.secret import LabelSecret, SecretDestroyed
from runtime.execute.backend import Bits, chunks
from runtime.execute.bits import from_bits, to_bits
from runtime.execute.clear import ClearBackend
from runtime.execute.walk import walk
from runtime.execute.yao import ForgedOutput, GarblerBackend, PublicLabels

SEED = st.integers(0, 1 << 32)


@settings(deadline=None, max_examples=40)
@given(
    SEED,
    st.integers(1, 9),
    st.sampled_from([1, 2, 4, 16]),
    st.integers(1, 60),
    st.sampled_from([("hospital",), ("vendor",), ("hospital", "vendor")]),
    st.sampled_from(BACKENDS),
)
def test_one_launch_agrees_with_the_circuit(
    seed: int, lanes: int, tile: int, gates: int, to: tuple[str, ...], engine: str
) -> None:
    rng = random.Random(seed)
    circuit = random_circuit(rng, 6, gates, 5)
    plan = one_launch(circuit, lanes, tile, 4, to)
    values = {"x": [rng.randrange(16) for _ in range(lanes)], "y": [rng.randrange(4) for _ in range(lanes)]}
    expected = []
    for x, y in zip(values["x"], values["y"], strict=True):
        bits = [x >> i & 1 for i in range(4)] + [y >> i & 1 for i in range(2)]
        expected.append(sum(bit << i for i, bit in enumerate(gate_by_gate(circuit, bits))))
    assert run_clear(plan, values)["z"].tolist() == expected
    run = run_both(plan, values, engine=engine)
    assert {"hospital": "z" in run.garbler, "vendor": "z" in run.evaluator} == {
        p: p in to for p in ("hospital", "vendor")
    }
    for result in (run.garbler, run.evaluator):
        assert all(values.tolist() == expected for values in result.values())
    assert len(run.tables) == 32 * and_gates(plan)


@settings(deadline=None, max_examples=15)
@given(SEED, st.sampled_from(BACKENDS))
def test_loops_views_copies_and_samples(seed: int, engine: str) -> None:
    plan, values = loop_plan(random.Random(seed))
    clear = run_clear(plan, values)
    run = run_both(plan, values, engine=engine)
    assert list(clear) == ["state", "last", "history", "twice"]
    assert list(run.garbler) == ["last", "history"]
    assert list(run.evaluator) == ["state", "last", "twice"]
    for name, value in [*run.garbler.items(), *run.evaluator.items()]:
        assert value.tolist() == clear[name].tolist()
    assert {k: v.tolist() for k, v in clear.items() if k != "twice"} == by_the_book(plan, values)
    assert clear["twice"].tolist() == [2 * w + 1 for w in values["w"]]


def by_the_book(plan: Plan, values: dict[str, Any]) -> dict[str, list[int]]:
    buffers = {i: [0] * wires for i, wires in enumerate(plan.buffers)}

    def enter(buffer: int, integers: list[int], width: int) -> None:
        bits = [int(n) >> i & 1 for n in integers for i in range(width)]
        buffers[buffer][: len(bits)] = bits

    enter(0, values["w"], 4)
    enter(1, values["s"], 6)
    enter(3, [i % 4 for i in range(LANES)], 2)
    at = Draw("records", "x", "hospital", 0, 4, LANES)
    outer = next(step for step in plan.steps if isinstance(step, Repeat))
    inner = outer.body[0]
    assert isinstance(inner, Repeat)
    for iteration in np.ndindex(OUTER, INNER):
        enter(2, Inputs(values).sample(at, word((LANES,), -16, 15), iteration).tolist(), 5)
        for step in inner.body:
            if isinstance(step, Launch | Copy):
                launches_by_the_book(plan, step, iteration, buffers)
    launches_by_the_book(plan, next(s for s in plan.steps if isinstance(s, Launch)), (), buffers)
    return {
        step.name: from_bits(
            np.array(buffers[step.buffer][: step.type.size * step.type.width], np.uint8), step.type
        ).tolist()
        for step in plan.steps
        if isinstance(step, Open)
    }


class Rows(ClearBackend):
    """Notes the table rows that a run asks for."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan.kernels)
        self.plan = plan
        self.rows: list[int] = []

    def run(self, kernel: int, inputs: Bits, row: int) -> Bits:
        self.rows += range(row, row + self.plan.kernels[kernel].circuit.and_gates)
        return super().run(kernel, inputs, row)


def test_no_row_is_used_twice_and_none_is_left_out() -> None:
    plan, values = loop_plan(random.Random(5))
    backend = Rows(plan)
    done: list[int] = []
    walk(plan, backend, Inputs(values), frozenset({"hospital", "vendor"}), done.append)
    assert backend.rows == list(range(len(backend.rows)))
    assert len(backend.rows) > 0
    assert sum(done) == and_gates(plan)


class Forging(Outputs):
    """One bit of the last label returned to the garbler is flipped."""

    def forge(self, labels: Labels) -> Labels:
        labels = labels.copy()
        labels[-1, 1] ^= np.uint64(1 << 40)
        return labels


class Flipping(Outputs):
    """Only the permute bits, which is what an unchecked decoding would believe."""

    def forge(self, labels: Labels) -> Labels:
        return labels ^ np.array([1, 0], dtype=np.uint64)


@pytest.mark.parametrize("outputs", [Forging, Flipping])
def test_a_forged_output_is_refused_and_ends_the_secret(outputs: type[Outputs]) -> None:
    plan = one_launch(random_circuit(random.Random(1), 6, 20, 5), 3, 2, 4, ("hospital",))
    with pytest.raises(ForgedOutput, match="output `z`"):
        run_both(plan, {"x": [1, 2, 3], "y": [0, 1, 2]}, outputs)


class Returned(Outputs):
    """An evaluator that returns zeros."""

    def receive_output_labels(self, count: int) -> Labels:
        return np.zeros((count, 2), dtype=np.uint64)


def test_the_secret_ends_with_the_first_forged_output() -> None:
    """Before anybody is told: a second try would be a second guess."""
    secret, public = LabelSecret.fresh(), PublicLabels(bytes(16))
    unused: Any = None
    outputs = Returned(Pipe(), Pipe())
    backend = GarblerBackend(ROLES, secret, public, unused, unused, unused, outputs)
    with pytest.raises(ForgedOutput):
        backend.open([(Open("z", 0, word((), 0, 3), (ROLES.garbler,)), fresh(2))])
    with pytest.raises(SecretDestroyed):
        secret.spread(1)
    assert not outputs.down.sent


def test_a_destroyed_secret_garbles_nothing() -> None:
    plan = one_launch(random_circuit(random.Random(1), 6, 20, 5), 3, 2, 4, ("hospital",))
    secret = run_both(plan, {"x": [1, 2, 3], "y": [0, 1, 2]}).secret
    words = "".join(str(int(w)) for w in secret.spread(1).reshape(-1))
    assert words not in repr(secret)
    secret.destroy()
    with pytest.raises(SecretDestroyed), secret.in_use():
        pass
    with pytest.raises(SecretDestroyed):
        secret.spread(1)


def test_reading_before_writing_is_named() -> None:
    plan = Plan((), (4, 4), (Copy(whole(0, 1, 4), whole(1, 1, 4), (1,)),))
    with pytest.raises(LookupError, match="buffer 0 is read before it is written"):
        run_clear(plan, {})
    with pytest.raises(LookupError, match="clear word 7"):
        run_clear(Plan((), (4,), (Enter("vendor", 7, word((), 0, 15), 0),)), {})


def test_a_view_below_its_buffer_is_refused() -> None:
    plan = one_launch(random_circuit(random.Random(1), 6, 20, 5), 3, 2, 4, ("hospital",))
    steps = (*plan.steps[:4], Copy(View(0, -4, (4,), ((4, 1),), ()), whole(2, 3, 4), (3,)), Free(0))
    with pytest.raises(IndexError, match="wire -4 of buffer 0"):
        run_clear(Plan(plan.kernels, plan.buffers, steps), {"x": [0] * 3, "y": [0] * 3})


@settings(deadline=None)
@given(st.integers(1, 140), st.booleans(), st.data())
def test_bits_and_back(width: int, signed: bool, data: st.DataObject) -> None:
    lo, hi = (-(1 << (width - 1)), (1 << (width - 1)) - 1) if signed else (0, (1 << width) - 1)
    type = Type((3,), Fraction(1), lo, hi)
    values = data.draw(st.lists(st.integers(lo, hi), min_size=3, max_size=3))
    bits = to_bits(np.array(values, dtype=object), type)
    assert bits.tolist() == [n >> i & 1 for n in values for i in range(type.width)]
    assert from_bits(bits, type).tolist() == values
    with pytest.raises(ValueError, match="lies outside"):
        to_bits(np.array([lo, hi + 1, lo], dtype=object), type)


def test_chunks_cover_the_rows() -> None:
    assert [list(c) for c in chunks([2] * 5, 1 << 14)] == [[0, 1], [2, 3], [4]]
    assert [list(c) for c in chunks([2, 1, 2, 1, 1], 1 << 14)] == [[0, 1], [2, 3, 4]]
    assert [list(c) for c in chunks([2, 1], 1 << 22)] == [[0], [1]]
    assert list(chunks([], 7)) == []
