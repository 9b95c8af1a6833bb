"""Registers by live range: running with reuse equals running without."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.gates.circuit import Circuit, Gate, GateOp
from compiler.schedule.place import TILE_LABELS, allocate, place, tile_of
from compiler.schedule.registers import fault


@st.composite
def circuits(draw: st.DrawFn) -> Circuit:
    inputs = draw(st.integers(0, 6))
    gates: list[Gate] = []
    for index in range(draw(st.integers(0, 40))):
        literals = st.integers(0, 2 * (inputs + index) + 1)
        gates.append(Gate(draw(st.sampled_from(GateOp)), draw(literals), draw(literals)))
    literals = st.integers(0, 2 * (inputs + len(gates)) + 1)
    return Circuit(inputs, tuple(gates), tuple(draw(st.lists(literals, max_size=6))))


def run(circuit: Circuit, inputs: list[int], registers: tuple[int, ...]) -> list[int]:
    """Every wire is an integer whose bits are independent lanes; what an unwritten register holds is wrong."""
    lanes = (1 << 64) - 1
    held = [0xDEADBEEF] * (max(registers) + 1)
    held[0] = 0
    for net, value in enumerate(inputs, 1):
        held[registers[net]] = value

    def read(literal: int) -> int:
        return held[registers[literal >> 1]] ^ (-(literal & 1) & lanes)

    for net, gate in enumerate(circuit.gates, 1 + circuit.inputs):
        left, right = read(gate.left), read(gate.right)
        held[registers[net]] = left & right if gate.op is GateOp.AND else left ^ right
    return [read(literal) for literal in circuit.outputs]


@settings(deadline=None, max_examples=300)
@given(circuits(), st.randoms(use_true_random=False))
def test_reuse_changes_no_output(circuit: Circuit, random: Random) -> None:
    inputs = [random.getrandbits(64) for _ in range(circuit.inputs)]
    apart = tuple(range(1 + circuit.inputs + len(circuit.gates)))
    kernel = place("k", circuit)
    assert run(circuit, inputs, kernel.registers) == run(circuit, inputs, apart)
    assert kernel.registers[: 1 + circuit.inputs] == apart[: 1 + circuit.inputs]
    assert kernel.register_count == max(kernel.registers) + 1
    assert kernel == place("k", circuit)


def test_a_chain_takes_no_register_of_its_own() -> None:
    gates = [Gate(GateOp.AND, 2, 4)]
    gates += [Gate(GateOp.XOR, 2 * (3 + i), 2 * (3 + i) + 1) for i in range(100)]
    assert place("chain", Circuit(2, tuple(gates), (2 * 103,))).register_count == 3


def test_outputs_and_the_constant_are_never_overwritten() -> None:
    gates = (Gate(GateOp.XOR, 2, 0), Gate(GateOp.XOR, 4, 0), Gate(GateOp.AND, 4, 4))
    registers = allocate(Circuit(1, gates, (2, 4, 8)))
    assert registers == (0, 1, 2, 3, 3)


def test_what_nobody_reads_gives_its_register_away_at_once() -> None:
    gates = (Gate(GateOp.XOR, 4, 4), Gate(GateOp.AND, 4, 4), Gate(GateOp.XOR, 4, 5))
    assert allocate(Circuit(2, gates, (10,))) == (0, 1, 2, 1, 1, 1)


@pytest.mark.parametrize(
    ("registers", "tile"), [(1, 1024), (64, 1024), (65, 512), (300, 128), (1 << 16, 1), (1 << 17, 1)]
)
def test_tile(registers: int, tile: int) -> None:
    assert tile_of(registers) == tile
    assert tile == 1 or tile * registers <= TILE_LABELS


@settings(deadline=None, max_examples=300)
@given(circuits(), st.randoms(use_true_random=False))
def test_a_change_of_registers_is_refused_or_harmless(circuit: Circuit, random: Random) -> None:
    kernel = place("k", circuit)
    assert (fault(kernel) is None) == (circuit.inputs > 0 and bool(circuit.outputs))
    registers = list(kernel.registers)
    net = random.randrange(len(registers))
    registers[net] = random.randrange(kernel.register_count)
    if fault(replace(kernel, registers=tuple(registers))) is None:
        inputs = [random.getrandbits(64) for _ in range(circuit.inputs)]
        apart = tuple(range(1 + circuit.inputs + len(circuit.gates)))
        assert run(circuit, inputs, tuple(registers)) == run(circuit, inputs, apart)
