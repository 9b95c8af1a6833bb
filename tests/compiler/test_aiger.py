"""And-inverter graphs of AIGER's formats: read as they are meant, refused where they are wrong."""

from __future__ import annotations

import random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support.lanes import circuits

from compiler.gates.aiger import NotAiger, aiger
from compiler.gates.bristol import circuit_of
from compiler.gates.circuit import Circuit, GateOp
from compiler.gates.netlist import GATES
from compiler.gates.simulate import simulate
from compiler.passes.base import assignments

HALF = b"aag 5 2 0 2 3\n2\n4\n10\n6\n6 2 4\n8 3 5\n10 7 9\ni0 a[0]\ni1 b[0]\no0 sum\no1 carry\nc\nanything\xff"


def graph(circuit: Circuit) -> tuple[list[int], list[tuple[int, int, int]]]:
    """The outputs and ANDs of one that computes the same."""
    place, ands = [0, *(2 * (1 + i) for i in range(circuit.inputs))], list[tuple[int, int, int]]()

    def made(a: int, b: int) -> int:
        ands.append((2 * (1 + circuit.inputs + len(ands)), max(a, b), min(a, b)))
        return ands[-1][0]

    for op, *literals in circuit.gates:
        a, b = (place[literal >> 1] ^ literal & 1 for literal in literals)
        place.append(made(a, b) if op is GateOp.AND else made(made(a, b) ^ 1, made(a ^ 1, b ^ 1) ^ 1))
    return [place[literal >> 1] ^ literal & 1 for literal in circuit.outputs], ands


def text(inputs: int, outputs: list[int], ands: list[tuple[int, int, int]]) -> bytes:
    lines = [f"aag {inputs + len(ands)} {inputs} 0 {len(outputs)} {len(ands)}"]
    lines += [f"{2 * (1 + i)}" for i in range(inputs)] + [f"{literal}" for literal in outputs]
    return "\n".join([*lines, *(" ".join(map(str, gate)) for gate in ands), ""]).encode()


def binary(inputs: int, outputs: list[int], ands: list[tuple[int, int, int]]) -> bytes:
    lines = [f"aig {inputs + len(ands)} {inputs} 0 {len(outputs)} {len(ands)}", *map(str, outputs), ""]
    return "\n".join(lines).encode() + b"".join(
        number(target - left) + number(left - right) for target, left, right in ands
    )


def number(n: int) -> bytes:
    return bytes([n & 0x7F | 0x80]) + number(n >> 7) if n > 0x7F else bytes([n])


@given(circuits(), st.randoms(use_true_random=False))
def test_both_formats_are_the_circuit_they_were(circuit: Circuit, draw: random.Random) -> None:
    """In the text the ANDs are in any order."""
    assume(circuit.inputs and circuit.outputs)
    outputs, ands = graph(circuit)
    shuffled = draw.sample(ands, len(ands))
    inputs, count = assignments(circuit.inputs)
    wanted = simulate(circuit, inputs, count)
    for data in (text(circuit.inputs, outputs, shuffled), binary(circuit.inputs, outputs, ands)):
        found = aiger(data)
        assert (sum(found.inputs), sum(found.outputs)) == (circuit.inputs, len(circuit.outputs))
        assert simulate(circuit_of(found), inputs, count) == wanted


def test_a_half_adder_and_its_names() -> None:
    found = aiger(HALF)
    assert (found.inputs, found.outputs) == ((1, 1), (2,))
    circuit = circuit_of(found)
    assert simulate(circuit, [0b1010, 0b1100], 4) == [0b0110, 0b1000]
    assert circuit.and_gates == 3


def test_indexed_names_are_numbers() -> None:
    lines = ["aag 7 7 0 1 0", *(str(2 * n) for n in range(1, 8)), "2"]
    names = ["a[0]", "a[1]", "b[0]", "b[2]", None, "x", "a[0]"]
    lines += [f"i{i} {name}" for i, name in enumerate(names) if name]
    assert aiger("\n".join([*lines, ""]).encode()).inputs == (2, 1, 1, 2, 1)


def test_constants() -> None:
    circuit = circuit_of(aiger(b"aag 2 1 0 4 1\n2\n0\n1\n3\n4\n4 2 1\n"))
    assert (circuit.gates, circuit.outputs) == ((), (0, 1, 3, 2))


WRONG = {
    b"": "line 1: the file ends here",
    b"aag 1 2\n": "line 1: the first line has",
    b"aag 1 1 0 1 0 x\n": "line 1: `x` is no number",
    b"aag 1 1 1 1 0\n2\n": "line 1: latches",
    b"aag 1 1 0 1 0 1\n2\n": "line 1: latches and properties",
    b"aag 1 0 0 1 1\n": "line 1: no inputs",
    b"aag 999999999 1 0 1 0\n2\n2\n": f"line 1: more than {GATES}",
    b"aag 1 1 0 1 1\n2\n4\n4 2 2\n": "line 1: 1 inputs and 1 ANDs are not 1 variables",
    b"aag 2 1 0 1 1\n2\n4\n4 2\n": "line 4: 2 words instead of 3 numbers",
    b"aag 2 1 0 1 1\n2\n4": "line 3: the file ends here",
    b"aag 2 1 0 1 1\n2\n4\n4 2 6\n": "nothing drives literal 6",
    b"aag 2 1 0 1 1\n2\n8\n4 2 2\n": "nothing drives literal 8",
    b"aag 2 1 0 1 1\n2\n4\n5 2 2\n": "literal 5 is driven again, or inverted",
    b"aag 2 1 0 1 1\n2\n4\n2 2 2\n": "literal 2 is driven again",
    b"aag 3 1 0 1 2\n2\n4\n4 6 2\n6 5 2\n": "depends on itself",
    b"aag 1 1 0 1 0\n2\n2\nx0 a\n": "line 4: a name is written",
    b"aig 2 1 0 1 1\n4\n": "AND 0 is cut off",
    b"aig 2 1 0 1 1\n4\n\x05\x00": "AND 0 reads what is not before it",
    b"aig 2 1 0 1 1\n4\n\x00\x00": "AND 0 reads what is not before it",
    b"aig 2 1 0 1 1\n4\n\x80\x80\x80\x80\x80\x80\x01": "AND 0 is cut off, or no number",
}


@pytest.mark.parametrize("data", WRONG)
def test_what_is_wrong_is_refused_with_its_place(data: bytes) -> None:
    with pytest.raises(NotAiger) as error:
        aiger(data)
    assert WRONG[data] in str(error.value)


@given(st.binary(max_size=40))
def test_damaged_files_are_read_or_refused(data: bytes) -> None:
    for begin in (HALF[: len(HALF) - len(data)], b"aig 3 2 0 1 1\n6\n", b"aig "):
        try:
            circuit_of(aiger(begin + data))
        except NotAiger:
            continue
