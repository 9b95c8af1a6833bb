"""A circuit as text for other tools: structural Verilog, and a graph for Graphviz."""

from __future__ import annotations

from compiler.gates.circuit import TRUE, Circuit, GateOp

_SIGNS = {GateOp.XOR: "^", GateOp.AND: "&"}


def verilog(circuit: Circuit, name: str) -> str:
    """A module of one input `x` and one output `y`, bit 0 of each the first."""
    ports = [f"input [{circuit.inputs - 1}:0] x"] if circuit.inputs else []
    ports += [f"output [{len(circuit.outputs) - 1}:0] y"] if circuit.outputs else []
    first = 1 + circuit.inputs

    def at(literal: int) -> str:
        net = literal >> 1
        if literal <= TRUE:
            return f"1'b{literal}"
        return ("~" if literal & 1 else "") + (f"x[{net - 1}]" if net < first else f"n{net - first}")

    gates = [
        f"  wire n{number} = {at(left)} {_SIGNS[op]} {at(right)};"
        for number, (op, left, right) in enumerate(circuit.gates)
    ]
    outputs = [f"  assign y[{position}] = {at(literal)};" for position, literal in enumerate(circuit.outputs)]
    return "\n".join([f"module {name}({', '.join(ports)});", *gates, *outputs, "endmodule", ""])


def dot(circuit: Circuit, name: str) -> str:
    """Inputs x0, x1, ..., outputs y0, y1, ..., gates between them; a dashed edge inverts."""
    first = 1 + circuit.inputs

    def node(net: int) -> str:
        return "zero" if not net else f"x{net - 1}" if net < first else f"n{net - first}"

    def edge(literal: int, to: str) -> str:
        return f"  {node(literal >> 1)} -> {to}{' [style=dashed]' if literal & 1 else ''};"

    read = [literal for gate in circuit.gates for literal in gate[1:]] + list(circuit.outputs)
    lines = [f"digraph {name} {{", "  rankdir=LR;"]
    lines += ["  zero [shape=plaintext, label=0];"] if any(literal <= TRUE for literal in read) else []
    lines += [f"  {node(net)} [shape=plaintext];" for net in range(1, first)]
    for number, (op, left, right) in enumerate(circuit.gates):
        lines.append(f'  n{number} [label="{_SIGNS[op]}"];')
        lines += [edge(left, f"n{number}"), edge(right, f"n{number}")]
    for position, literal in enumerate(circuit.outputs):
        lines += [f"  y{position} [shape=plaintext];", edge(literal, f"y{position}")]
    return "\n".join([*lines, "}", ""])
