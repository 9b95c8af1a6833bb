"""Every AND gate is charged to one source place, and the places together are all gates."""

from __future__ import annotations

from hypothesis import given, settings
from support.lanes import Growing, lanes, whole

from compiler import artifact, pipeline
from compiler.cells.expand import charged, expand
from compiler.gates.circuit import Circuit, Gate, GateOp
from compiler.gates.graph import Graph
from compiler.passes.base import Pass, traced
from compiler.passes.levels import O1
from compiler.program import Compiled, and_gates
from compiler.schedule.lane import Lane
from compiler.words.ir import Block
from compiler.words.operations import Dot, Linear, Mul, Round
from lang.source import Source

AND = GateOp.AND
MIX = """party a; party b;
input x: fix<12, 6>[4] from a;
input y: fix<12, 6>[4] from b;
let s: fix<12, 6> = dot(x, y) + 0.5;
let r = sigmoid(s);
output reveal(x[0] > y[1]) to a;
output reveal(r) to b;
"""


def compiled(text: str, name: str = "mix.ccr") -> Compiled:
    return pipeline.compile(Source(name, text))


def charges(lane: Block) -> list[int]:
    """AND gates of each item before any pass."""
    circuit, owners = charged(lane)
    assert circuit == expand(lane) and len(owners) == len(circuit.gates)
    found = [0] * len(lane.items)
    for gate, owner in zip(circuit.gates, owners, strict=True):
        found[owner] += gate.op is GateOp.AND
    return found


@settings(deadline=None, max_examples=100)
@given(lanes())
def test_every_gate_has_one_owner(lane: Block) -> None:
    assert sum(charges(lane)) == expand(lane).and_gates
    [(_, found)] = pipeline.Minimiser().circuits([Lane(lane, (), (), ())])
    stages, _ = traced(O1, expand(lane))
    assert [sum(c.and_gates[at] for c in found) for at in range(4)] == [s.circuit.and_gates for s in stages]
    assert [sum(c.xor_gates[at] for c in found) for at in range(4)] == [s.circuit.xor_gates for s in stages]
    assert [c.and_gates[0] for c in found] == charges(lane)


def test_a_sum_belongs_to_what_it_began_with() -> None:
    """A bias and a rounding take part in the dot product's one compressor; what they add to it is not theirs."""
    g = Growing([whole(8, True, 4), whole(8, True, 4), whole(8, True)])
    dot = g.of(Dot(1), 0, 1)
    biased = g.of(Linear((1, 1), 3), dot, 2)
    rounded = g.of(Round(1, 16, -128, 127), biased)
    ands = charges(g.finish(rounded))
    assert ands[1] == 0 and ands[0] > 10 * ands[2] > 0  # the clamp is the rounding's own


def test_a_sum_of_two_sums_is_its_own() -> None:
    g = Growing([whole(8, True)] * 4)
    left, right = g.of(Mul(), 0, 1), g.of(Mul(), 2, 3)
    both = g.of(Linear((1, 1)), left, right)
    ands = charges(g.finish(both))
    assert ands[2] > 0 and ands == [0, 0, ands[2]]


def test_a_sum_with_two_readers_is_added_up_once_and_pays_for_it() -> None:
    g = Growing([whole(8, True)] * 2)
    product = g.of(Mul(), 0, 1)
    first, second = (g.of(Linear((1, 1)), product, i) for i in (0, 1))
    ands = charges(g.finish(first, second))
    assert ands[0] > 2 * ands[1] and ands[1] == ands[2] > 0


def test_the_earliest_of_equal_gates_pays() -> None:
    gates = Gate(AND, 2, 4), Gate(AND, 2, 5), Gate(AND, 2, 4), Gate(AND, 8, 10)
    stages, _ = traced(O1, Circuit(2, gates, (12,)))
    assert [list(stage.origins) for stage in stages] == [[0, 1, 2, 3], [0, 1, 2, 3], [0, 1, 3], [0, 1, 3]]
    assert [len(stage.circuit.gates) for stage in stages] == [4, 4, 3, 3]


def test_a_gate_that_a_pass_made_counts_as_the_one_before_it() -> None:
    def rewrite(graph: Graph) -> None:
        """a & (a ^ b) as a & !b."""
        graph.add_node(5, gate=Gate(AND, 2, 5))
        graph.add_edges_from([(1, 5), (2, 5)])
        graph.graph["outputs"] = (10,)

    circuit = Circuit(2, (Gate(GateOp.XOR, 2, 4), Gate(AND, 2, 6)), (8,))
    stages, _ = traced([Pass("rewrite", "it does", rewrite)], circuit)
    assert len(stages[-1].circuit.gates) == 3 and stages[-1].origins == [0, 1, 1]


def test_lines_are_all_gates_and_lie_where_the_work_is_written() -> None:
    program = compiled(MIX)
    assert sum(line.and_gates for line in program.lines) == and_gates(program.plan) > 0
    assert [(line.line, line.column) for line in program.lines] == [(4, 21), (5, 9), (6, 15)]
    assert {line.file for line in program.lines} == {"mix.ccr"}
    dearest = max(program.lines, key=lambda line: line.and_gates)
    assert dearest.line == 4


def test_what_is_said_about_the_text_is_no_part_of_the_program() -> None:
    """A renamed, moved and commented file is the same program, though its lines are others."""
    plain, moved = compiled(MIX), compiled("// a comment\n\n" + MIX.replace(";\n", ";  // so\n"), "/home/me/other.ccr")
    first, second = artifact.encode(plain), artifact.encode(moved)
    assert artifact.digest(first) == artifact.digest(second) and first != second
    assert b"/home" not in second and artifact.decode(second).lines == moved.lines
    assert [line.line - 2 for line in moved.lines] == [line.line for line in plain.lines]


def test_loops_and_lanes_multiply() -> None:
    text = (
        "party a; party b;\ninput x: uint<8>[5] from a;\ninput y: uint<8>[5] from b;\nvar t: uint<8> = 0;\n"
        "for i in 0..5 { t += x[i] & y[i]; }\noutput reveal(t) to a;\n"
    )
    once = {line.line: line.and_gates for line in compiled(text).lines}
    twice = {line.line: line.and_gates for line in compiled(text.replace("5", "10")).lines}
    assert once.keys() == {5} and twice[5] == 2 * once[5]
