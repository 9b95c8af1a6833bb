"""A noisy sum that goes as shares and is told after its step: the garbler's share with the noise, in one message.

The sum is S = S_G + S_E in its ring, and the garbler draws the noise Z itself, so that nothing needs to enter and no
gate is made: it sends S_G + Z, and the evaluator adds S_E, which its labels and the corrections fix before.  What it
receives is S + Z - S_E, which it could make of S + Z by itself: it learns the noisy sum and nothing else.  Where the
noise is of both parties, or the sum no Ring, the noisy sum is a joint word like any other, and is opened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from compiler.joint.shares import Halves, Shares
from compiler.words.builder import Builder
from compiler.words.ir import Block, Item, Type, Value
from compiler.words.operations import Bound, Learn, Linear, Mechanism, Noise, Ring, Round, View


def kept(block: Block) -> frozenset[int]:
    """The values of a body that stay two shares until they are told: from a Ring to what is learned of it."""
    items, chains = dict(block.numbered()), dict[int, tuple[int, ...]]()
    for number, item in items.items():
        if isinstance(item, Value) and isinstance(item.op, Learn):
            chain = _chain(items, number)
            if chain is not None:
                chains[number] = chain
    found = {n for chain in chains.values() for n in chain}
    for number, item in items.items():  # a sum that something else reads too is a joint word for all of its readers
        if number not in found and isinstance(item, Value) and found.intersection(item.args) - set(chains):
            return frozenset()
    return frozenset(found)


def _chain(items: Mapping[int, Item], learned: int) -> tuple[int, ...] | None:
    """Learn, Mechanism, Round, Linear of sum and noise, and the sum: its Bound, Views and Ring."""
    chain, args = [learned], tuple[int, ...]()
    for kind in (Learn, Mechanism, Round, Linear):
        item = items.get(chain[-1])
        if not isinstance(item, Value) or not isinstance(item.op, kind):
            return None
        args = item.args
        chain.append(args[0])
    noise = items.get(args[-1])
    if not isinstance(noise, Value) or not isinstance(noise.op, Noise):
        return None
    while isinstance(item := items.get(chain[-1]), Value) and isinstance(item.op, View | Bound):
        chain.append(item.args[0])
    return tuple(chain) if isinstance(item, Value) and isinstance(item.op, Ring) else None


@dataclass
class Told:
    """Makes the kept values of one block; each is two words until the last."""

    b: Builder
    shares: Shares
    halves: dict[int, Halves] = field(default_factory=dict[int, Halves])

    def value(self, number: int, item: Value, noise: int | None) -> int | None:
        """The value behind a Ring: both halves are kept, and what is learned of it is returned."""
        own, other = self.halves[item.args[0]]
        match item.op:
            case Bound() | Mechanism():
                self.halves[number] = own, other
            case View(at):
                self.halves[number] = self.b.view(own, at, item.type.shape), self.b.view(other, at, item.type.shape)
            case Linear((scale, weight)):
                assert noise is not None
                self.halves[number] = (
                    self._linear((scale, weight), (own, noise), item.type),
                    self._linear((scale,), (other,), item.type),
                )
            case Round():
                self.halves[number] = self._in_ring(own, item), self._in_ring(other, item)
            case Learn():
                return self.b.add(item.op, (own, other), item.type)
            case _:
                raise AssertionError(f"nothing to do for {item}")
        return None

    def _linear(self, coefficients: tuple[int, ...], args: tuple[int, ...], type: Type) -> int:
        ends = [sorted((c * self.b.type(a).lo, c * self.b.type(a).hi)) for c, a in zip(coefficients, args, strict=True)]
        lo, hi = sum(low for low, _ in ends), sum(high for _, high in ends)
        return self.b.add(Linear(coefficients), args, replace(type, lo=lo, hi=hi))

    def _in_ring(self, half: int, item: Value) -> int:
        return self.b.add(item.op, (half,), item.type)
