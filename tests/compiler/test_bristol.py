"""Circuits of other people: read, refused by line, written again as the same."""

from __future__ import annotations

import random
from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support import shared_circuits as shared
from support.lanes import circuits

from compiler.gates.bristol import circuit_of, fashion, old
from compiler.gates.circuit import FALSE, TRUE, Circuit, Gate, GateOp
from compiler.gates.equal import LONGEST, proved
from compiler.gates.netlist import GATES, WIRES, netlist
from compiler.gates.simulate import simulate
from compiler.gates.verify import verify
from compiler.passes.base import assignments, run
from compiler.passes.levels import O1
from lang.problems.problem import Rejected
from lang.source import Source

EVERY_GATE = """12 14
2 2 1
2 1 8

2 1 0 1 3 XOR
2 1 0 1 4 AND
2 1 0 1 5 OR
1 1 2 6 INV
1 1 2 7 NOT
1 1 2 8 EQW
1 1 0 9 EQ
1 1 1 10 EQ
4 2 0 1 2 3 11 12 MAND
2 1 6 8 13 XOR
"""


def read(text: str) -> Circuit:
    circuit = circuit_of(netlist(Source("circuit.txt", text)))
    verify(circuit)
    return circuit


def test_every_gate() -> None:
    text = EVERY_GATE.replace("12 14", "10 14")
    made = netlist(Source("circuit.txt", text))
    assert (made.inputs, made.outputs, len(made.gates)) == ((2, 1), (1, 8), 11)
    circuit = circuit_of(made)
    for a, b, c in product((0, 1), repeat=3):
        want = [a | b, 1 - c, 1 - c, c, 0, 1, a & c, b & (a ^ b), 1]
        assert simulate(circuit, [a, b, c], 1) == want


def test_old_format() -> None:
    """Of one input as of two; OR takes one AND."""
    assert simulate(read("1 3\n1 1 1\n2 1 0 1 2 OR"), [0b0011, 0b0101], 4) == [0b0111]
    one = netlist(Source("circuit.txt", "1 3\n2 0 1\n\n2 1 0 1 2 AND\n"))
    assert (one.inputs, one.outputs) == ((2,), (1,))


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 1, "the file is empty"),
        ("\n\n1\n1 1 1", 3, "1 number instead of 2"),
        ("1 x\n2 1 1\n1 1", 1, "`x` is no number"),
        ("1 -3\n2 1 1\n1 1", 1, "`-3` is no number"),
        ("1 ٣\n2 1 1\n1 1", 1, "`٣` is no number"),
        ("1 3", 1, "the line of the inputs is missing"),
        ("1 3\n2 1 1 1\n1 1\n2 1 0 1 2 AND", 2, "2 inputs stated, 3 widths there"),
        ("1 3\n2 1 1\n2 1\n2 1 0 1 2 AND", 3, "2 outputs stated, 1 width there"),
        ("1 3\n2 0 2\n1 1\n2 1 0 1 2 AND", 2, "an input of no bits"),
        ("1 3\n1 1\n2 1 0 1 2 AND", 2, "2 numbers instead of 3"),
        ("1 3\n2 2 2\n1 1\n2 1 0 1 2 AND", 2, "4 bits of inputs and 1 of outputs in 3 wires"),
        ("2 3\n2 1 1\n1 1\n2 1 0 1 2 AND", 4, "2 gates stated, 1 line of gates there"),
        ("1 3\n2 1 1\n1 1\n2 1 0 1 2", 4, "`2` is no gate"),
        ("1 3\n2 1 1\n1 1\n2 1 0 2 AND", 4, "the wires are not as many as it begins with"),
        ("1 3\n2 1 1\n1 1\nAND", 4, "the wires are not as many as it begins with"),
        ("1 3\n2 1 1\n1 1\n2 1 0 1 2 NAND", 4, "`NAND` is no gate"),
        ("1 3\n2 1 1\n1 1\n1 1 0 2 AND", 4, "`AND` reads 2 and drives 1, not 1 and 1"),
        ("1 4\n2 1 1\n1 2\n3 2 0 1 0 2 3 MAND", 4, "`MAND` of 2 ANDs reads 3 wires instead of 4"),
        ("1 3\n2 1 1\n1 1\n0 0 MAND", 4, "`MAND` of 0 ANDs reads 0 wires instead of 0"),
        ("1 3\n2 1 1\n1 1\n2 1 0 2 2 AND", 4, "reads wire 2, which nothing before it drives"),
        ("1 3\n2 1 1\n1 1\n2 1 0 9 2 AND", 4, "reads wire 9, which nothing before it drives"),
        ("1 3\n2 1 1\n1 1\n2 1 0 1 9 AND", 4, "drives wire 9 of 3"),
        ("1 3\n2 1 1\n1 1\n2 1 0 1 1 AND", 4, "drives wire 1 again"),
        ("1 3\n2 1 1\n1 1\n1 1 2 2 EQ", 4, "`EQ` makes the constant 0 or 1, not 2"),
        ("1 4\n2 1 1\n1 1\n2 1 0 1 2 AND", 1, "nothing drives wire 3, which is of an output"),
    ],
)
def test_what_is_no_circuit_is_refused_by_its_line(text: str, line: int, reason: str) -> None:
    with pytest.raises(Rejected) as caught:
        netlist(Source("circuit.txt", text))
    [problem] = caught.value.problems
    assert problem.code == "circuit-line" and problem.span.line == line
    assert reason in str(problem)


@pytest.mark.parametrize("sizes", [f"{GATES + 1} 3", f"1 {WIRES + 1}", "999999999 999999999"])
def test_stated_sizes_take_no_memory(sizes: str) -> None:
    with pytest.raises(Rejected) as caught:
        netlist(Source("circuit.txt", f"{sizes}\n2 1 1\n1 1\n2 1 0 1 2 AND"))
    assert [p.code for p in caught.value.problems] == ["circuit-too-large"]


@given(st.text(alphabet="0123 \nANDXORINVEQW", max_size=80))
def test_any_text_is_a_circuit_or_refused(text: str) -> None:
    try:
        made = netlist(Source("circuit.txt", text))
    except Rejected:
        return
    verify(circuit_of(made))


@given(circuits(), st.data())
def test_what_is_written_is_read_as_the_same(circuit: Circuit, data: st.DataObject) -> None:
    """A circuit as the builder makes it, of which every width adds up to what it has."""
    assume(circuit.outputs)
    whole = read(fashion(circuit, _widths(circuit.inputs, data), _widths(len(circuit.outputs), data)))
    assert _same(circuit, whole)
    again = fashion(whole, [whole.inputs], [len(whole.outputs)])
    assert read(again) == whole
    assert read(old(whole, [whole.inputs])) == whole


def _widths(bits: int, data: st.DataObject) -> list[int]:
    first = data.draw(st.integers(1, bits))
    return [first, bits - first] if first < bits else [bits]


def test_outputs_that_no_gate_drives() -> None:
    """Inputs, constants, inversions, and one net as several outputs."""
    gates = (Gate(GateOp.AND, 2, 5), Gate(GateOp.XOR, 2, 6))
    circuit = Circuit(2, gates, (2, 3, FALSE, TRUE, 6, 6, 7, 8, 8, 9, TRUE, 4))
    assert read(fashion(circuit, [1, 1], [12])) == circuit
    assert read(old(circuit, [1, 1])) == circuit


@given(circuits(), st.integers(0, 2**32))
def test_a_wrong_rewrite_is_never_proved(circuit: Circuit, seed: int) -> None:
    after, _ = run(O1, circuit)
    assert proved(circuit, after)
    assume(circuit.outputs)
    wrong = _broken(after, random.Random(seed))
    if not _same(circuit, wrong):
        assert not proved(circuit, wrong)


def _broken(circuit: Circuit, draw: random.Random) -> Circuit:
    """One gate with another operation or another operand, or one output inverted."""
    gates, outputs = list(circuit.gates), list(circuit.outputs)
    if gates and draw.random() < 0.8:
        at = draw.randrange(len(gates))
        op, left, right = gates[at]
        limit = 2 * (1 + circuit.inputs + at)
        changes = [Gate(GateOp(1 - op), left, right), Gate(op, left ^ 1, right), Gate(op, draw.randrange(limit), right)]
        gates[at] = draw.choice(changes)
    else:
        at = draw.randrange(len(outputs))
        outputs[at] ^= 1
    return Circuit(circuit.inputs, tuple(gates), tuple(outputs))


def _same(one: Circuit, other: Circuit) -> bool:
    inputs, count = assignments(one.inputs)
    return simulate(one, inputs, count) == simulate(other, inputs, count)


def test_long_sums_are_proved_and_told_apart() -> None:
    """Beyond the terms that are written out, too."""
    count = 2 * LONGEST + 10
    gates, net = list[Gate](), 2
    for i in range(1, count):
        gates.append(Gate(GateOp.XOR, net, 2 * (1 + i)))
        net = 2 * (count + len(gates))
    whole = Circuit(count, tuple(gates), (net, net ^ 1))
    assert proved(whole, whole)
    assert not proved(whole, Circuit(count, whole.gates, (net, net)))
    short = Circuit(count, whole.gates, (2 * (count + count - 2), net ^ 1))
    assert not proved(whole, short)


# -- real ones


@shared.needed
@pytest.mark.parametrize("name", shared.NAMES)
def test_round_trip(name: str) -> None:
    """Imported, exported and imported again; in the old format too where it fits."""
    made = shared.read(name)
    circuit = circuit_of(made)
    verify(circuit)
    assert circuit.and_gates <= sum(gate.by in ("AND", "OR") for gate in made.gates)
    text = fashion(circuit, made.inputs, made.outputs)
    again = netlist(Source("circuit.txt", text))
    assert (again.inputs, again.outputs, circuit_of(again)) == (made.inputs, made.outputs, circuit)
    if len(made.inputs) <= 2:
        assert read(old(circuit, made.inputs)) == circuit


@shared.needed
def test_aes_is_that_of_fips_197() -> None:
    """Appendix C.1: the integers of the bytes as they are written, least significant bit first."""
    circuit = circuit_of(shared.read("aes_128"))
    key, block = 0x000102030405060708090A0B0C0D0E0F, 0x00112233445566778899AABBCCDDEEFF
    bits = [value >> i & 1 for value in (key, block) for i in range(128)]
    made = sum(bit << i for i, bit in enumerate(simulate(circuit, bits, 1)))
    assert made == 0x69C4E0D86A7B0430D8CDB78070B4C55A


@shared.needed
def test_arithmetic_is_right() -> None:
    """What the old format and its ORs, and the signs of Fashion, stand for."""
    draw = random.Random(1)
    for name, width, function in (
        ("adder_32bit.old", 32, lambda a, b: a + b),
        ("mult64", 64, lambda a, b: a * b % 2**64),
        ("sub64", 64, lambda a, b: (a - b) % 2**64),
        ("int_div16.old-with-or", 16, _signed_quotient),
    ):
        circuit = circuit_of(shared.read(name))
        for _ in range(20):
            a, b = draw.getrandbits(width), draw.getrandbits(draw.randrange(1, width)) or 1
            bits = [value >> i & 1 for value in (a, b) for i in range(width)]
            assert sum(bit << i for i, bit in enumerate(simulate(circuit, bits, 1))) == function(a, b), (name, a, b)


def _signed_quotient(a: int, b: int) -> int:
    """Of 16 bits in two's complement, towards 0."""
    x, y = (n - (n >> 15 << 16) for n in (a, b))
    return (abs(x) // abs(y) * (1 if x * y >= 0 else -1)) % 2**16
