"""Small pieces of a circuit made anew with fewer ANDs: whatever five nets decide is made by the cheapest recipe.

After each walk the circuit is proved to be the one that it was, net by net (`gates/steps.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from compiler.gates.circuit import FALSE, TRUE, Circuit
from compiler.gates.graph import Graph, become, to_circuit
from compiler.gates.steps import Claims, check
from compiler.passes.base import Pass
from compiler.passes.cuts import Cut, cuts
from compiler.passes.network import Network, Work
from compiler.passes.recipes import VARIABLES, ands, computed, normal_form, recipe, value

ROUNDS = 12  # at most; there are no more where one saves nothing
XORS = 4  # more, at most, for each AND less


class Wrong(AssertionError):
    """A piece that does not compute what it was made for."""


def rewrite(graph: Graph, leaves: int, rounds: int) -> None:
    circuit = to_circuit(graph)
    for _ in range(rounds):
        after = rewritten(circuit, leaves)
        if (after.and_gates, after.xor_gates) >= (circuit.and_gates, circuit.xor_gates):
            break
        circuit = after
    become(graph, circuit)


def rewritten(circuit: Circuit, most: int) -> Circuit:
    """After one walk over all gates, of cuts of so many leaves at most; raises Unproved."""
    network, found, leaves = Network(circuit), cuts(circuit, most), dict[int, Sequence[int]]()
    relied = set[int]()  # what new nets are made of stays as it is, or what they are could not be seen
    for net in range(1 + circuit.inputs, 1 + circuit.inputs + len(circuit.gates)):
        if network.count[net] and net not in relied:
            cut = _improved(network, net, found[net])
            if cut is not None:
                leaves[net] = cut.leaves
                relied.update(network.met)
    made, images = network.circuit(leaf for decided in leaves.values() for leaf in decided)
    check(circuit, made, Claims(images, leaves))
    needed, images = Network(made).circuit()
    check(made, needed, Claims(images, {}))
    return needed


def _improved(network: Network, net: int, found: Sequence[Cut]) -> Cut | None:
    """The net made anew from the cut that saves most, if one saves anything."""
    alone = network.dropped(net)
    network.taken(net)
    best: tuple[Work, Cut] | None = None
    for cut in found[:-1]:
        if not alone.ands or ands(cut.function) > alone.ands:
            continue
        saved = network.saving(net, partial(_cut, network, cut))
        if saved is not None and _bearable(saved) and (best is None or saved > best[0]):
            best = saved, cut
    if best is None or best[0] <= (0, 0):
        return None
    network.remade(net, partial(_cut, network, best[1]), lambda saved: True)
    return best[1]


def _cut(network: Network, cut: Cut) -> int:
    return made(network, [network.now(2 * leaf) for leaf in cut.leaves], cut.function)


def saves(saved: Work) -> bool:
    """An AND, for few more XORs."""
    return saved.ands > 0 and _bearable(saved)


def _bearable(saved: Work) -> bool:
    return saved.ands >= 0 and -saved.xors <= XORS * saved.ands


def made(network: Network, leaves: Sequence[int], function: int) -> int:
    """The literal of a function of these, by its recipe and what is free; proved on the way."""
    how = recipe(function)
    *values, result = computed(how)
    literals = [TRUE, *leaves, *[FALSE] * (VARIABLES - len(leaves))]
    for left, right in how.products:
        literals.append(network.and_(_literal(network, left, literals), _literal(network, right, literals)))
    rest = normal_form(result ^ function)
    free = (rest & 1) | sum((rest >> (1 << i) & 1) << (1 + i) for i in range(VARIABLES))
    total = how.result << (1 + VARIABLES) | free
    if value(total, values) != function:
        raise Wrong(f"a recipe of {function:#010x} makes another function")
    return _literal(network, total, literals)


def _literal(network: Network, mask: int, literals: Sequence[int]) -> int:
    total = FALSE
    for i, literal in enumerate(literals):
        if mask >> i & 1:
            total = network.xor(total, literal)
    return total


FOUR = partial(rewrite, leaves=4, rounds=ROUNDS)
FIVE = partial(rewrite, leaves=VARIABLES, rounds=1)
REWRITE = Pass("rewrite", "what four nets decide by as few ANDs as it takes", FOUR, proved=True)
ONCE_MORE = Pass("rewrite again", "what five nets decide by as few ANDs as it takes", FIVE, proved=True)
