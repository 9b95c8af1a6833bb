"""ANDs that are always added together, made by fewer: a sum of products of sums is a quadratic form over GF(2), which
takes half as many ANDs as its rank (Dickson, Linear Groups, 1901).

So ab + ac is a(b + c), and the three products of two of three bits are one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from compiler.gates.beside import Sum, check
from compiler.gates.builder import Builder
from compiler.gates.circuit import FALSE, TRUE, Circuit, GateOp
from compiler.gates.graph import Graph, become, to_circuit
from compiler.passes.base import Pass
from compiler.passes.rewrite import XORS
from compiler.passes.span import transposed

TOGETHER = 6  # ANDs of a form: what a solver can prove, which knows of no ranks


@dataclass(frozen=True, slots=True)
class Form:
    """A group of ANDs, added together: products of sums, and one more sum.  Sums are masks of the terms."""

    group: tuple[int, ...]  # nets, ascending
    terms: tuple[int, ...]  # literals, the first of them 1, none of them a sum of others
    products: tuple[tuple[int, int], ...]
    rest: int


def quadratic(graph: Graph) -> None:
    circuit = to_circuit(graph)
    after = factored(circuit)
    while after.and_gates < circuit.and_gates:
        circuit, after = after, factored(after)
    become(graph, circuit)


def factored(circuit: Circuit) -> Circuit:
    """With each group of ANDs that are read together as few as it takes; raises Unproved, MissingSolver."""
    sums = _sums(circuit)
    forms = [form_of(circuit, sums, group) for group in _groups(circuit, sums)]
    smaller = {form.group[-1]: form for form in forms if len(form.products) < len(form.group)}
    after, known = _made(circuit, smaller)
    saved = circuit.and_gates - after.and_gates
    if saved <= 0 or after.xor_gates - circuit.xor_gates > XORS * saved:
        return circuit
    check(circuit, after, known)
    return after


def _sums(circuit: Circuit) -> list[int]:
    """Of each net, the mask of those that it is the sum of: bit 0 for 1, then inputs, then ANDs, counted on."""
    found, ands = [0, *(1 << (1 + i) for i in range(circuit.inputs))], 1 + circuit.inputs
    for op, left, right in circuit.gates:
        if op is GateOp.AND:
            found.append(1 << ands)
            ands += 1
        else:
            found.append(_at(found, left) ^ _at(found, right))
    return found


def _at(sums: Sequence[int], literal: int) -> int:
    return sums[literal >> 1] ^ literal & 1


def _groups(circuit: Circuit, sums: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """ANDs that are terms of the same operands of ANDs and the same outputs, `TOGETHER` at most."""
    ands = [net for net, gate in enumerate(circuit.gates, 1 + circuit.inputs) if gate.op is GateOp.AND]
    read = [_at(sums, literal) for gate in circuit.gates if gate.op is GateOp.AND for literal in gate[1:]]
    read += [_at(sums, literal) for literal in circuit.outputs]
    first = 1 + circuit.inputs
    found: dict[int, list[int]] = {}
    for net, readers in zip(ands, transposed([mask >> first for mask in read], len(ands)), strict=True):
        found.setdefault(readers, []).append(net)
    for readers, group in found.items():
        for start in range(0, len(group) if readers else 0, TOGETHER):
            yield tuple(group[start : start + TOGETHER])


class _Basis:
    """Sums, each told as a mask of those that came before and are none of others."""

    def __init__(self) -> None:
        self.literals = [TRUE]
        self._rows = {1: (1, 1)}  # by length in bits: what is left of a sum, and of which it is

    def told(self, literal: int, sum: int) -> int:
        mask = 0
        while sum:
            row = self._rows.get(sum.bit_length())
            if row is None:
                mask ^= 1 << len(self.literals)
                self._rows[sum.bit_length()] = sum, mask
                self.literals.append(literal)
                return 1 << len(self.literals) - 1
            sum, mask = sum ^ row[0], mask ^ row[1]
        return mask


def form_of(circuit: Circuit, sums: Sequence[int], group: tuple[int, ...]) -> Form:
    basis, total = _Basis(), dict[int, int]()  # by term, the terms it is multiplied with; squares are their own
    for net in group:
        _, left, right = circuit.gates[net - 1 - circuit.inputs]
        _multiply(total, *(basis.told(literal, _at(sums, literal)) for literal in (left, right)))
    products = list[tuple[int, int]]()
    for term in range(1, len(basis.literals)):
        if others := total.get(term, 0):
            factors = others, total[others.bit_length() - 1]
            products.append(factors)
            _multiply(total, *factors)
    return Form(group, tuple(basis.literals), tuple(products), total.get(0, 0))


def _multiply(total: dict[int, int], left: int, right: int) -> None:
    """Add a product of sums; what is linear is under 0, the number of 1, and no product."""
    for a in _bits(left):
        for b in _bits(right):
            if a == b or not a or not b:
                total[0] = total.get(0, 0) ^ 1 << max(a, b)
            else:
                total[a] = total.get(a, 0) ^ 1 << b
                total[b] = total.get(b, 0) ^ 1 << a


def _bits(mask: int) -> list[int]:
    return [i for i in range(mask.bit_length()) if mask >> i & 1]


def _made(circuit: Circuit, smaller: dict[int, Form]) -> tuple[Circuit, dict[int, Sum]]:
    """The circuit with these groups made anew, and what the ANDs of the given one are."""
    builder, known = Builder(circuit.inputs), dict[int, Sum]()
    gone = {net for form in smaller.values() for net in form.group[:-1]}
    places = [FALSE, *(builder.input(i) for i in range(circuit.inputs))]
    for net, (op, left, right) in enumerate(circuit.gates, 1 + circuit.inputs):
        a, b = (places[literal >> 1] ^ literal & 1 for literal in (left, right))
        if net in gone:  # in each sum with the others of its group, the last of which stands for all
            places.append(FALSE)
        elif op is GateOp.XOR:
            places.append(builder.xor(a, b))
        elif net in smaller:
            places.append(_group(smaller[net], builder, places))
            known[net] = Sum([places[net]], [2 * other for other in smaller[net].group[:-1]])
        else:
            places.append(builder.and_(a, b))
            known[net] = Sum([places[net]])
    return builder.circuit([places[literal >> 1] ^ literal & 1 for literal in circuit.outputs]), known


def _group(form: Form, builder: Builder, places: Sequence[int]) -> int:
    terms = [places[literal >> 1] ^ literal & 1 for literal in form.terms]

    def sum_of(mask: int) -> int:
        return builder.parity(terms[i] for i in _bits(mask))

    products = [builder.and_(sum_of(left), sum_of(right)) for left, right in form.products]
    return builder.parity([*products, sum_of(form.rest)])


QUADRATIC = Pass("quadratic", "ANDs that are always added together by half their rank", quadratic, proved=True)
