"""Conjunctions of many literals, however they were put together: what two of them have in common is made once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from itertools import combinations

from compiler.gates.builder import Builder
from compiler.gates.circuit import FALSE, TRUE, Circuit, GateOp
from compiler.gates.graph import Graph, become, to_circuit
from compiler.passes.base import Pass

LEAST = 3  # literals: of two there is nothing to share but all
PAIRS = 1 << 18  # of conjunctions with a literal in common, beyond which nothing is looked for


def conjoin(graph: Graph) -> None:
    circuit = to_circuit(graph)
    after = conjoined(circuit)
    if after.and_gates < circuit.and_gates:
        become(graph, after)


def conjoined(circuit: Circuit) -> Circuit:
    """With each conjunction put together anew; that may take more gates, too."""
    first = 1 + circuit.inputs
    wholes = dict(_wholes(circuit))
    groups, group_of = _shared(wholes)
    builder = Builder(circuit.inputs)
    place = {0: FALSE} | {1 + i: builder.input(i) for i in range(circuit.inputs)}
    made: dict[int, int] = {}

    def literal_of(item: int) -> int:
        return group(-1 - item) if item < 0 else place[item >> 1] ^ item & 1

    def group(number: int) -> int:
        if number not in made:
            made[number] = _balanced(builder, [literal_of(item) for item in sorted(groups[number])])
        return made[number]

    for net, (op, left, right) in enumerate(circuit.gates, first):
        if net in group_of:
            place[net] = group(group_of[net])
        elif op is GateOp.XOR:
            place[net] = builder.xor(literal_of(left), literal_of(right))
    return builder.circuit([literal_of(literal) for literal in circuit.outputs])


def _balanced(builder: Builder, literals: list[int]) -> int:
    while len(literals) > 1:
        pairs = zip(literals[::2], literals[1::2], strict=False)
        literals = [builder.and_(a, b) for a, b in pairs] + literals[len(literals) & ~1 :]
    return literals[0] if literals else TRUE


def _wholes(circuit: Circuit) -> Iterator[tuple[int, frozenset[int]]]:
    """Each conjunction that is no part of a longer one: its net, and its literals, none of which is one."""
    first = 1 + circuit.inputs

    def inner(literal: int) -> bool:
        return not literal & 1 and literal >> 1 >= first and circuit.gates[(literal >> 1) - first].op is GateOp.AND

    tops = {literal >> 1 for literal in circuit.outputs}
    for op, *operands in circuit.gates:
        tops |= {literal >> 1 for literal in operands if op is GateOp.XOR or not inner(literal)}
    for net in sorted(tops):
        if inner(2 * net):
            found, waiting = set[int](), [2 * net]
            while waiting:
                literal = waiting.pop()
                if inner(literal):
                    waiting += circuit.gates[(literal >> 1) - first][1:]
                else:
                    found.add(literal)
            yield net, frozenset(found)


def _shared(wholes: dict[int, frozenset[int]]) -> tuple[list[set[int]], dict[int, int]]:
    """Groups of literals and of other groups (-1 - their number), and the group of each net: the largest part that two
    have in common becomes one of its own, as long as there is one."""
    groups = [set(literals) for literals in wholes.values()]
    group_of = {net: number for number, net in enumerate(wholes)}
    waiting = [(-size, -one, -other) for (one, other), size in _overlaps(groups).items()]
    heapify(waiting)
    while waiting:
        size, one, other = (-number for number in heappop(waiting))
        part = groups[one] & groups[other]
        if len(part) < size:  # it has become less since it was counted
            if len(part) >= 2:
                heappush(waiting, (-len(part), -one, -other))
            continue
        number = next((n for n in (one, other) if groups[n] == part), len(groups))
        if number == len(groups):
            groups.append(part)
        for each in (one, other):
            if each != number:
                groups[each] = groups[each] - part | {-1 - number}
        for third in range(len(groups)):
            if third not in (one, other, number) and len(groups[third] & part) >= 2:
                heappush(waiting, (-len(groups[third] & part), -min(third, number), -max(third, number)))
    return groups, group_of


def _overlaps(groups: list[set[int]]) -> dict[tuple[int, int], int]:
    """How many literals two of the longer groups have in common, where it is more than one."""
    readers: dict[int, list[int]] = {}
    for number, literals in enumerate(groups):
        for literal in literals if len(literals) >= LEAST else ():
            readers.setdefault(literal, []).append(number)
    if sum(len(numbers) ** 2 for numbers in readers.values()) > PAIRS:
        return {}
    counted = Counter(pair for numbers in readers.values() for pair in combinations(numbers, 2))
    return {pair: size for pair, size in counted.items() if size >= 2}


CONJOIN = Pass("conjoin", "what long conjunctions have in common", conjoin)
