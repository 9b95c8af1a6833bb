"""Each pass on its own, and the loop that does not trust them."""

from __future__ import annotations

import hashlib
import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from support.lanes import assert_agrees, block, circuits, lanes, number, vectors, whole

from compiler.cells.expand import expand
from compiler.gates.circuit import FALSE, TRUE, Circuit, Gate, GateOp
from compiler.gates.graph import Graph, to_circuit, to_graph
from compiler.gates.simulate import simulate
from compiler.gates.verify import Malformed, verify
from compiler.passes.base import EXHAUSTIVE, SAMPLES, Miscompiled, Pass, assignments, run
from compiler.passes.fold import FOLD
from compiler.passes.levels import O1
from compiler.passes.prune import PRUNE
from compiler.passes.share import SHARE
from compiler.words.ir import Block, Value
from compiler.words.operations import Dot

XOR, AND = GateOp.XOR, GateOp.AND


def once(p: Pass, *gates: Gate, outputs: tuple[int, ...], inputs: int = 2) -> Circuit:
    return run([p], Circuit(inputs, gates, outputs))[0]


@pytest.mark.parametrize(
    ("gate", "literal"),
    [
        (Gate(XOR, 2, 2), FALSE),
        (Gate(XOR, 2, 3), TRUE),
        (Gate(XOR, 2, FALSE), 2),
        (Gate(XOR, TRUE, 4), 5),
        (Gate(XOR, TRUE, TRUE), FALSE),
        (Gate(AND, 4, FALSE), FALSE),
        (Gate(AND, TRUE, 5), 5),
        (Gate(AND, 4, 4), 4),
        (Gate(AND, 5, 5), 5),
        (Gate(AND, 4, 5), FALSE),
    ],
)
def test_fold(gate: Gate, literal: int) -> None:
    after = once(FOLD, gate, Gate(AND, 6, 2), outputs=(6, 7, 8))
    assert after.outputs[:2] == (literal, literal ^ 1)
    assert after.gates[:1] != (gate,)


def test_fold_carries_constants_through() -> None:
    after = once(FOLD, Gate(AND, 2, FALSE), Gate(XOR, 6, 4), Gate(AND, 9, 4), outputs=(10,))
    assert after == Circuit(2, (), (FALSE,))


def test_fold_leaves_alone_what_has_nothing_to_fold() -> None:
    graph = to_graph(Circuit(2, (Gate(XOR, 2, 5), Gate(AND, 6, 4)), (9,)))
    assert FOLD.rewrite(graph) is False
    assert to_circuit(graph) == Circuit(2, (Gate(XOR, 2, 5), Gate(AND, 6, 4)), (9,))
    assert FOLD.rewrite(to_graph(Circuit(2, (Gate(XOR, 2, 3),), (6,)))) is True


def test_share_sees_order_and_inversions() -> None:
    after = once(
        SHARE,
        Gate(XOR, 2, 4),
        Gate(XOR, 4, 3),
        Gate(AND, 2, 4),
        Gate(AND, 4, 2),
        Gate(AND, 3, 4),
        outputs=(6, 8, 10, 12, 14),
    )
    assert after.outputs == (6, 7, 8, 8, 10)
    assert after.gates == (Gate(XOR, 2, 4), Gate(AND, 2, 4), Gate(AND, 3, 4))


def test_share_goes_on_where_operands_became_equal() -> None:
    after = once(SHARE, Gate(AND, 2, 4), Gate(AND, 4, 2), Gate(XOR, 6, 2), Gate(XOR, 8, 2), outputs=(10, 12))
    assert after.outputs == (8, 8)


def test_prune() -> None:
    after = once(PRUNE, Gate(AND, 2, 4), Gate(XOR, 2, 4), Gate(AND, 6, 4), outputs=(9,))
    assert after == Circuit(2, (Gate(XOR, 2, 4),), (7,))


def test_steps_count_before_and_after() -> None:
    circuit = Circuit(2, (Gate(AND, 2, 4), Gate(AND, 4, 2), Gate(AND, 3, 5), Gate(XOR, 6, 2)), (8, 12))
    _, steps = run(O1, circuit)
    assert [(s.name, s.and_before, s.and_after) for s in steps] == [("fold", 3, 3), ("share", 3, 2), ("prune", 2, 1)]
    assert all(a.and_after == b.and_before and a.xor_after == b.xor_before for a, b in itertools.pairwise(steps))


def _break(graph: Graph) -> None:
    graph.graph["outputs"] = tuple(literal ^ 1 for literal in graph.graph["outputs"])


@pytest.mark.parametrize("inputs", [2, 40])
def test_a_pass_that_changes_the_function_is_caught(inputs: int) -> None:
    circuit = Circuit(inputs, (Gate(AND, 2, 4),), (2 * (1 + inputs),))
    with pytest.raises(Miscompiled, match="`break` changed output 0"):
        run([Pass("break", "it does", _break)], circuit)


def test_a_pass_that_breaks_the_form_is_caught_though_the_function_stays() -> None:
    """A gate that is still read goes: its literal becomes -1, which Python reads as the inverse of the last net."""
    gates = Gate(AND, 2, 4), Gate(AND, 2, 4), Gate(XOR, 8, TRUE)
    left = Circuit(2, (gates[1], Gate(XOR, 6, TRUE)), (-1,))
    assert simulate(left, *assignments(2)) == simulate(Circuit(2, gates, (6,)), *assignments(2))
    with pytest.raises(Malformed, match="output 0 is literal -1"):
        run([Pass("take away", "it does", lambda graph: graph.remove_node(3))], Circuit(2, gates, (6,)))


def test_few_inputs_are_tried_exhaustively() -> None:
    inputs, count = assignments(3)
    assert {tuple(i >> v & 1 for i in inputs) for v in range(count)} == {
        (a, b, c) for a in (0, 1) for b in (0, 1) for c in (0, 1)
    }
    assert assignments(EXHAUSTIVE + 1)[1] == SAMPLES >= 256
    assert assignments(20) == assignments(20)


@settings(deadline=None)
@given(circuits())
def test_levels_keep_any_circuit(circuit: Circuit) -> None:
    after, _ = run(O1, circuit)
    verify(after)
    inputs, count = assignments(circuit.inputs)
    assert simulate(after, inputs, count) == simulate(circuit, inputs, count)
    assert len(set(after.gates)) == len(after.gates)
    assert run(O1, after)[0] == after  # nothing is left to do
    assert to_circuit(to_graph(after)) == after


@settings(deadline=None, max_examples=30)
@given(circuits(inputs=6), circuits(inputs=14))
def test_each_pass_alone_keeps_any_circuit(few: Circuit, many: Circuit) -> None:
    """By all assignments of few inputs and random ones of many; simulated here, not by the loop that runs passes."""
    for p in O1:
        for circuit in (few, many):
            graph = to_graph(circuit)
            p.rewrite(graph)
            after = to_circuit(graph)
            verify(after)
            inputs, count = assignments(circuit.inputs)
            assert count == (64 if circuit is few else SAMPLES)
            assert simulate(after, inputs, count) == simulate(circuit, inputs, count), p.name


@settings(deadline=None, max_examples=60)
@given(lanes())
def test_levels_keep_what_words_mean(lane: Block) -> None:
    circuit = expand(lane)
    after, _ = run(O1, circuit)
    assert after.and_gates <= circuit.and_gates
    assert_agrees(after, lane, vectors(lane.params, 40))


def kernel_digest() -> str:
    lane = block([whole(9, True, 6), whole(10, True, 6)], Value(Dot(1), (0, 1), number(-(2**21), 2**21)))
    return hashlib.sha256(repr(run(O1, expand(lane))[0]).encode()).hexdigest()


def test_gates_do_not_depend_on_the_hash_seed() -> None:
    root = Path(__file__).parents[2]
    script = "import test_passes; print(test_passes.kernel_digest())"
    path = os.pathsep.join(map(str, (root, root / "tests", root / "tests/compiler")))
    digests = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONPATH": path, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert digests == {kernel_digest()}
