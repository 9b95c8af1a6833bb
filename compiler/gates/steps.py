"""A proof, net by net, that one circuit is another made anew: what stands for a net is compared with it by all values
of a few nets below, for which what stands for them has been compared already.

Nothing of the one who says what stands for what is believed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from compiler.gates.circuit import TRUE, Circuit, GateOp
from compiler.gates.prover import Prover

LEAVES = 10  # of a step, whose values are all tried
CONE = 1 << 12  # gates between them and the net, in either circuit


@dataclass(frozen=True, slots=True)
class Claims:
    """`images[n]` is the literal of the new circuit that stands for net n of the old one, -1 where none does;
    `leaves[n]` are the nets that decide n, if these are not those that its gate reads; `inner[n]` others that they
    decide, by which what stands for n is told."""

    images: Sequence[int]
    leaves: Mapping[int, Sequence[int]]
    inner: Mapping[int, Sequence[int]] = field(default_factory=dict[int, Sequence[int]])


class Unproved(Exception):
    """A claim that does not hold, or that cannot be seen to hold."""

    def __init__(self, net: int) -> None:
        super().__init__(f"net {net} is not proved to be what stands for it")
        self.net = net


def check(before: Circuit, after: Circuit, claims: Claims, prover: Prover | None = None) -> None:
    """Raises Unproved unless `after` computes what `before` does.

    What `prover` has proved of `before` holds: a net that it knows as the sum of its leaves is their sum.
    """
    images, first = claims.images, 1 + before.inputs
    sums = prover.sums if prover is not None and prover.circuit == before else {}
    for net in range(first):  # the constant and the inputs stand for themselves
        if images[net] != 2 * net:
            raise Unproved(net)
    for net, gate in enumerate(before.gates, first):
        if images[net] >= 0:
            leaves = claims.leaves.get(net, sorted({literal >> 1 for literal in gate[1:]}))
            inner = claims.inner.get(net, ())
            if any(other >= net for other in (*leaves, *inner)) or len(leaves) > LEAVES:
                raise Unproved(net)
            known = sums.get(net, ())
            terms = known if [literal >> 1 for literal in known] == [*leaves] else (2 * net,)
            if not _same(before, after, terms, images[net], leaves, inner, images):
                raise Unproved(net)
    for literal, made in zip(before.outputs, after.outputs, strict=True):
        image = images[literal >> 1]
        if image < 0 or image ^ literal & 1 != made:
            raise Unproved(literal >> 1)


def _same(
    before: Circuit,
    after: Circuit,
    terms: Sequence[int],
    image: int,
    leaves: Sequence[int],
    inner: Sequence[int],
    images: Sequence[int],
) -> bool:
    """Whether the image is the sum of the terms, by all values that the leaves can have at once, as far as their images
    and those of inner nets tell."""
    rows = 1 << len(leaves)
    every = (1 << rows) - 1
    values = [sum(1 << v for v in range(rows) if v >> i & 1) for i in range(len(leaves))]
    old, new, possible = {0: 0} | dict(zip(leaves, values, strict=True)), {0: 0}, every
    for net in (*leaves, *inner):
        value = _value(before, 2 * net, old, every)
        if value is None:
            return False
        if images[net] >= 0:  # else the new circuit has no such net, and has to do without
            value ^= every * (images[net] & 1)
            possible &= every ^ value ^ new.setdefault(images[net] >> 1, value)
    difference = _value(after, image, new, every)
    for term in terms:
        wanted = _value(before, term, old, every)
        if difference is None or wanted is None:
            return False
        difference ^= wanted
    if difference is None or not difference & possible:
        return difference is not None
    return not difference & possible & _together(before, leaves, values, every)


def _together(circuit: Circuit, leaves: Sequence[int], values: Sequence[int], every: int) -> int:
    """Where the leaves have values that they can have at once, as far as leaves before it decide one."""
    possible, given = every, dict(sorted(zip(leaves, values, strict=True)))
    for net, value in given.items():
        decided = _value(circuit, 2 * net, {0: 0} | {n: v for n, v in given.items() if n < net}, every)
        possible &= every if decided is None else every ^ value ^ decided
    return possible


def _value(circuit: Circuit, literal: int, known: dict[int, int], every: int) -> int | None:
    """Of a literal, from the values of nets below; None where they do not decide it, or only through many gates."""
    first, waiting, made = 1 + circuit.inputs, [literal >> 1], 0
    while waiting:
        net = waiting[-1]
        if net in known:
            waiting.pop()
            continue
        made += 1
        if net < first or made > CONE:
            return None
        op, left, right = circuit.gates[net - first]
        missing = [n >> 1 for n in (left, right) if n >> 1 not in known]
        if missing:
            waiting += missing
            continue
        a, b = (known[n >> 1] ^ every * (n & 1) for n in (left, right))
        known[net] = a & b if op is GateOp.AND else a ^ b
        waiting.pop()
    return known[literal >> 1] ^ every * (literal & TRUE)
