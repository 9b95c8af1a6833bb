"""Circuits as Verilog and as graphs: read again here, in the simplest way, they are the same."""

from __future__ import annotations

import re

from hypothesis import given
from support.lanes import circuits

from compiler.gates.circuit import Circuit
from compiler.gates.simulate import simulate
from compiler.gates.written import dot, verilog
from compiler.passes.base import assignments


def of_verilog(text: str, inputs: list[int], count: int) -> list[int]:
    """Python's operators are Verilog's."""
    known = {f"x[{i}]": value for i, value in enumerate(inputs)} | {"1'b0": 0, "1'b1": (1 << count) - 1}
    outputs: list[int] = []
    for target, expression in re.findall(r"^  (?:wire|assign) (\S+) = (.*);$", text, re.MULTILINE):
        words = [
            f"known[{w[1:]!r}] ^ {(1 << count) - 1}" if w[0] == "~" else f"known[{w!r}]"
            for w in expression.split()[::2]
        ]
        sign = expression.split()[1] if len(words) == 2 else ""
        known[target] = eval(sign.join(f"({word})" for word in words), {"known": known})
        if target.startswith("y"):
            outputs.append(known[target])
    return outputs


@given(circuits())
def test_verilog_computes_the_same(circuit: Circuit) -> None:
    text = verilog(circuit, "k0")
    inputs, count = assignments(circuit.inputs)
    assert text.startswith("module k0(input [4:0] x") and text.endswith("endmodule\n")
    assert of_verilog(text, inputs, count) == simulate(circuit, inputs, count)


@given(circuits())
def test_a_graph_has_every_gate_and_edge(circuit: Circuit) -> None:
    text = dot(circuit, "k0")
    first = 1 + circuit.inputs

    def node(literal: int) -> str:
        net = literal >> 1
        return "zero" if not net else f"x{net - 1}" if net < first else f"n{net - first}"

    wanted = [(f"n{i}", literal) for i, gate in enumerate(circuit.gates) for literal in gate[1:]]
    wanted += [(f"y{i}", literal) for i, literal in enumerate(circuit.outputs)]
    edges = re.findall(r"^  (\w+) -> (\w+)( \[style=dashed\])?;$", text, re.MULTILINE)
    assert [(source, to, bool(dashed)) for source, to, dashed in edges] == [
        (node(literal), to, bool(literal & 1)) for to, literal in wanted
    ]
    labels = re.findall(r'^  n\d+ \[label="(.)"\];$', text, re.MULTILINE)
    assert labels == ["^&"[gate.op] for gate in circuit.gates]
