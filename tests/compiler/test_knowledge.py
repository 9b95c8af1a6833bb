"""Who knows a net, what an AND of it costs then, and plans that say more than is so."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.joint_plans import joint_plan
from support.known import as_known, some_known
from support.small_plans import gate_by_gate, one_launch, random_circuit

from compiler import artifact, pipeline
from compiler.artifact.read import decode_known
from compiler.artifact.sealed import ArtifactError
from compiler.gates.circuit import Circuit, Gate, GateOp
from compiler.gates.knowledge import Half, Knows, Runs, ciphertexts, half, halves, knowledge, outputs
from compiler.program import Compiled, and_gates
from compiler.program import ciphertexts as of_plan
from compiler.schedule.knowledge import KnowledgeError, verify
from compiler.schedule.plan import Kernel, Plan, launches
from lang.source import Source

G, E, N = Knows.GARBLER, Knows.EVALUATOR, Knows.NEITHER
READ = """party alice; party bob;
input x: uint<8>[16] from {array};
input i: uint<4> from {index};
output reveal(x[i]) to bob;
"""
# AND gates and ciphertexts; alice garbles.
PROGRAMS = {
    "a read at the garbler's index": (READ.format(array="bob", index="alice"), 120, 120),
    "a read at the evaluator's index": (READ.format(array="alice", index="bob"), 120, 120),
    "a shift by the evaluator's amount": (
        "party alice; party bob; input x: uint<32> from alice; input s: uint<5> from bob;"
        "output reveal((x >> s) as uint<32>) to bob;",
        160,
        160,
    ),
    "a choice by the garbler's bit": (
        "party alice; party bob; input x: uint<32> from bob; input y: uint<32> from bob; input s: bit from alice;"
        "output reveal(if s { x } else { y }) to bob;",
        32,
        32,
    ),
    "a choice by a bit of both": (
        "party alice; party bob; input x: uint<32> from alice; input y: uint<32> from bob; input s: bit from alice;"
        "input t: bit from bob; output reveal(if s ^ t { x } else { y }) to bob;",
        32,
        64,
    ),
    "the evaluator's square": (
        "party alice; party bob; input x: int<16> from alice; input y: int<16> from bob;"
        "output reveal(y * y > x) to bob;",
        144,
        219,
    ),
    "a comparison": (
        "party alice; party bob; input x: uint<32> from alice; input y: uint<32> from bob;output reveal(x > y) to bob;",
        32,
        63,
    ),
}


def compiled(text: str) -> Compiled:
    return pipeline.compile(Source("small.ccr", text))


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_programs_cost(name: str) -> None:
    text, ands, sent = PROGRAMS[name]
    plan = compiled(text).plan
    assert (and_gates(plan), of_plan(plan)) == (ands, sent)


@settings(deadline=None)
@given(st.integers(0, 1 << 32), st.integers(0, 40))
def test_known_nets_are_of_what_a_party_knows(seed: int, gates: int) -> None:
    """Whatever all others enter; of the garbler's it is linear."""
    rng = random.Random(seed)
    inputs = 6
    circuit = random_circuit(rng, inputs, gates, 1)
    known = some_known(rng, inputs)
    whose = [who for count, who in known for _ in range(count)] or [N] * inputs
    nets = knowledge(circuit, known)
    shown = Circuit(inputs, circuit.gates, tuple(2 * net for net in range(1 + inputs + gates)))
    first, other, third = ([rng.randrange(2) for _ in whose] for _ in range(3))
    for party in (G, E):
        mixed = [a if party in who else b for a, b, who in zip(first, other, whose, strict=True)]
        for who, one, two in zip(nets, gate_by_gate(shown, first), gate_by_gate(shown, mixed), strict=True):
            assert not who & party or one == two
    summed = [a ^ b ^ c for a, b, c in zip(first, other, third, strict=True)]
    values = [gate_by_gate(shown, bits) for bits in (first, other, third, summed)]
    for who, a, b, c, d in zip(nets, *values, strict=True):
        assert not who & G or a ^ b ^ c == d


def test_which_half_an_and_has() -> None:
    assert [half(a, b) for a in (N, G, E) for b in (N, G, E)] == [
        *(Half.BOTH, Half.GARBLERS, Half.EVALUATORS),
        *(Half.GARBLERS, Half.GARBLERS, Half.GARBLERS),
        *(Half.EVALUATORS, Half.GARBLERS, Half.OWN),
    ]
    assert [each.ciphertexts for each in Half] == [2, 1, 1, 1]


def test_a_share_of_the_other_makes_a_bit_joint() -> None:
    gates = (Gate(GateOp.XOR, 2, 4), Gate(GateOp.AND, 8, 6), Gate(GateOp.AND, 2, 4), Gate(GateOp.AND, 12, 4))
    circuit = Circuit(3, gates, (8, 10, 12, 14, 0, 1))
    known = ((1, G), (1, E), (1, N))
    assert list(halves(circuit, known)) == [Half.BOTH, Half.GARBLERS, Half.EVALUATORS]
    assert ciphertexts(circuit, known) == 4
    assert ciphertexts(circuit, ()) == 6
    assert outputs(circuit, known) == [N, N, N, N, Knows.BOTH, G]


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 1 << 48))
def test_plans_of_all_kinds_are_made_and_held(seed: int) -> None:
    plan, _ = joint_plan(random.Random(seed))
    known = as_known(plan, "hospital")  # verified there
    assert and_gates(known) == and_gates(plan)
    assert [(s.lanes, s.reads, s.writes, s.row) for s, _ in launches(known.steps)] == [
        (s.lanes, s.reads, s.writes, s.row) for s, _ in launches(plan.steps)
    ]
    for number, kernel in enumerate(known.kernels):
        for place in range(kernel.circuit.inputs):
            for more in (G, E):
                claimed = _claiming(kernel, place, more)
                if claimed != kernel:
                    kernels = (*known.kernels[:number], claimed, *known.kernels[number + 1 :])
                    with pytest.raises(KnowledgeError, match="is made for inputs"):
                        verify(replace(known, kernels=kernels), "hospital")


def _claiming(kernel: Kernel, place: int, more: Knows) -> Kernel:
    """The kernel where one input is known to one more party."""
    whose = [who for count, who in kernel.known for _ in range(count)] or [N] * kernel.circuit.inputs
    whose[place] |= more
    return replace(kernel, known=tuple((1, who) for who in whose)) if whose[place] != N else kernel


AND = Circuit(2, (Gate(GateOp.AND, 2, 4),), (6,))


def _plan() -> Plan:
    return as_known(one_launch(AND, 4, 4, 1, ("vendor",)), "hospital")


def test_the_other_garbler_knows_the_other_operand() -> None:
    plan = _plan()
    assert plan.kernels[0].known == ((1, G), (1, E))
    with pytest.raises(KnowledgeError, match="where they are known as 1:EVALUATOR 1:GARBLER"):
        verify(plan, "vendor")


def test_an_artifact_that_claims_more_is_refused() -> None:
    """Whose digest is right; it is refused before its text is compiled."""
    program = compiled(PROGRAMS["a choice by a bit of both"][0])
    [kernel] = program.plan.kernels
    inputs = kernel.circuit.inputs
    for known in (((inputs, E),), ((inputs, G),), ((1, E), (inputs - 1, N))):
        with pytest.raises(ArtifactError, match="is made for inputs that are known as"):
            decode_known(artifact.encode(_lie(program, known)))
    for known in (((1, G),), ((1 << 50, E),), ((-1, E), (inputs + 1, G)), ((0, N), (inputs, E))):
        with pytest.raises(ArtifactError, match=f"kernel 0 has {inputs} inputs, and says who knows"):
            decode_known(artifact.encode(_lie(program, known)))


def _lie(program: Compiled, known: Runs) -> Compiled:
    [kernel] = program.plan.kernels
    return replace(program, plan=replace(program.plan, kernels=(replace(kernel, known=known),)))


def test_an_artifact_that_claims_less_is_not_what_its_text_compiles_to() -> None:
    program = compiled(PROGRAMS["a choice by the garbler's bit"][0])
    [kernel] = program.plan.kernels
    less = replace(program, plan=replace(program.plan, kernels=(replace(kernel, known=()),)))
    decode_known(artifact.encode(less))  # two ciphertexts are as good
    with pytest.raises(ArtifactError, match="text"):
        artifact.decode(artifact.encode(less))
