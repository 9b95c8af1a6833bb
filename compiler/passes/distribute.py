"""What two alternatives have in common is asked once: x y or x z is x (y or z).

Both may be long conjunctions, put together in any way; what they have in common are nets on the way to their literals.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import combinations
from typing import NamedTuple

from compiler.gates.circuit import TRUE, Circuit, GateOp, negate
from compiler.gates.steps import LEAVES, Claims, check
from compiler.passes.network import Network

WITHIN = 32  # nets of a conjunction that are looked at


def distributed(circuit: Circuit) -> Circuit:
    """After one walk over all ANDs, from the outputs down; raises Unproved."""
    network, leaves, relied = Network(circuit), dict[int, Sequence[int]](), set[int]()
    for net, gate in reversed([*enumerate(circuit.gates, 1 + circuit.inputs)]):
        if gate.op is GateOp.AND and network.count[net] and net not in relied:
            for way in _ways(network, net):
                read = sorted({literal >> 1 for literals in way for literal in literals} - {0})
                if len(read) <= LEAVES and replaced(network, net, way):
                    leaves[net] = read
                    relied.update(network.met)
                    break
    after, images = network.circuit(leaf for decided in leaves.values() for leaf in decided)
    check(circuit, after, Claims(images, leaves))
    needed, images = Network(after).circuit()
    check(after, needed, Claims(images, {}))
    return needed


class Way(NamedTuple):
    """rest (not (common (one or other))): literals of each, which are multiplied."""

    rest: list[int]
    common: list[int]
    one: list[int]
    other: list[int]


def _ways(network: Network, net: int) -> Iterator[Way]:
    """Of making an AND anew, those with most in common first."""
    terms, waiting = list[int](), [*network.operands(net)]
    while waiting:
        literal = waiting.pop()
        if network.count[literal >> 1] == 1 and (factors := _factors(network, literal)):
            waiting += factors
        else:
            terms.append(literal)
    products = {t: _product(network, t ^ 1) for t in terms if network.count[t >> 1] == 1 and _factors(network, t ^ 1)}
    pairs = [(one, other, products[one] & products[other]) for one, other in combinations(products, 2)]
    for one, other, common in sorted(pairs, key=lambda pair: -len(pair[2])):
        if common:
            left, right = (_apart(network, t ^ 1, common) for t in (one, other))
            rest = [t for t in terms if t not in (one, other)]
            yield Way(rest, sorted({*left[0], *right[0]}), left[1], right[1])


def _factors(network: Network, literal: int) -> tuple[int, ...]:
    gate = network.gates[literal >> 1]
    return gate[1:] if not literal & 1 and gate is not None and gate.op is GateOp.AND else ()


def _product(network: Network, literal: int) -> set[int]:
    """The literals of a conjunction, and conjunctions that are part of it."""
    found, waiting = set[int](), [*_factors(network, literal)]
    while waiting and len(found) < WITHIN:
        each = waiting.pop(0)
        found.add(each)
        waiting += _factors(network, each)
    return found


def _apart(network: Network, literal: int, common: set[int]) -> tuple[list[int], list[int]]:
    """A conjunction as what it has in common with another, and the rest."""
    shared, rest = list[int](), list[int]()
    for each in _factors(network, literal):
        if each in common:
            shared.append(each)
        elif _product(network, each) & common:
            below = _apart(network, each, common)
            shared += below[0]
            rest += below[1]
        else:
            rest.append(each)
    return shared, rest


def replaced(network: Network, net: int, way: Way) -> bool:
    """Whether that saves anything; else all is as it was."""

    def product(literals: Sequence[int]) -> int:
        return reduce(network.and_, literals, TRUE)

    def make() -> int:
        either = negate(network.and_(negate(product(way.one)), negate(product(way.other))))
        return product([*way.rest, negate(product([*way.common, either]))])

    return network.remade(net, make, lambda saved: saved.ands > 0) is not None
