"""What a circuit computes of one of its operands alone, as circuits of their own: whoever has that operand may do it
once, in the clear or for all lanes that share it.  What is left reads the results as its operands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from compiler.gates.builder import Builder
from compiler.gates.circuit import FALSE, Circuit, GateOp

_NOBODY = -1  # whose the constants are
ENTERED = 2  # bits more to enter that are worth an AND: one takes a label, the other two ciphertexts


@dataclass(frozen=True, slots=True)
class Apart:
    """For each operand what is made of it first, or None where it goes on as it is; `rest` reads what they make."""

    parts: tuple[Circuit | None, ...]
    rest: Circuit


def apart(circuit: Circuit, widths: Sequence[int]) -> Apart:
    """Of a circuit whose operands have these widths, one after the other."""
    if len(widths) < 2:
        return Apart((None,) * len(widths), circuit)
    owners = _owners(circuit, widths)
    seen = _seen(circuit, owners, len(widths))
    first, parts, shown = 1, list[Circuit | None](), list[list[int]]()  # the nets that the rest reads, by operand
    for operand, width in enumerate(widths):
        own = range(first, first + width)
        part = _between(circuit, own, [2 * net for net in seen[operand]])
        taken = part.and_gates and len(part.outputs) <= width + ENTERED * part.and_gates
        parts.append(part if taken else None)
        shown.append(seen[operand] if taken else [*own])
        first += width
    return Apart(tuple(parts), _between(circuit, [net for nets in shown for net in nets], circuit.outputs))


def _owners(circuit: Circuit, widths: Sequence[int]) -> list[int]:
    """For each net the operand that it depends on, or how many there are if on several."""
    joint = len(widths)
    owners = [_NOBODY, *(operand for operand, width in enumerate(widths) for _ in range(width))]
    for _, left, right in circuit.gates:
        a, b = owners[left >> 1], owners[right >> 1]
        owners.append(max(a, b) if a == b or _NOBODY in (a, b) else joint)
    return owners


def _seen(circuit: Circuit, owners: Sequence[int], joint: int) -> list[list[int]]:
    """By operand, the nets of it alone that something of several reads, or that are outputs; ascending."""
    found = [set[int]() for _ in range(joint)]
    read = [literal >> 1 for literal in circuit.outputs]
    for net, (_, left, right) in enumerate(circuit.gates, 1 + circuit.inputs):
        if owners[net] == joint:
            read += (left >> 1, right >> 1)
    for net in read:
        if owners[net] not in (_NOBODY, joint):
            found[owners[net]].add(net)
    return [sorted(nets) for nets in found]


def _between(circuit: Circuit, inputs: Sequence[int], outputs: Sequence[int]) -> Circuit:
    """From these nets to those literals, as far as they need it."""
    first = 1 + circuit.inputs
    builder = Builder(len(inputs))
    place = {0: FALSE} | {net: builder.input(i) for i, net in enumerate(inputs)}
    needed = {literal >> 1 for literal in outputs if literal >> 1 not in place}
    for net in range(first + len(circuit.gates) - 1, first - 1, -1):
        if net in needed:
            needed |= {literal >> 1 for literal in circuit.gates[net - first][1:] if literal >> 1 not in place}
    for net in sorted(needed):
        op, left, right = circuit.gates[net - first]
        a, b = place[left >> 1] ^ (left & 1), place[right >> 1] ^ (right & 1)
        place[net] = builder.and_(a, b) if op is GateOp.AND else builder.xor(a, b)
    return builder.circuit([place[literal >> 1] ^ (literal & 1) for literal in outputs])
