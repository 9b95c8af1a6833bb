"""Words that nobody reads, taken out; the builder's sharing is applied once more on the way."""

from __future__ import annotations

from dataclasses import replace

from compiler.words.builder import Builder
from compiler.words.ir import Block, Item, Loop, Result, Value, Words
from compiler.words.operations import Constant, Less, Round, Select
from compiler.words.rewrite import Rewriter


def prune(program: Words) -> Words:
    return Prune(Builder()).program(program)


class Prune(Rewriter):
    def begin(self, block: Block) -> None:
        self.needed = live(block)

    def wanted(self, number: int) -> bool:
        return number in self.needed

    def value(self, number: int, item: Value) -> int:
        return super().value(number, self._at_once(item))

    def _at_once(self, item: Value) -> Value:
        """max(x, 0) and then a kind from 0 or less on: x clamped at 0 by the kind."""
        chosen = self.items.get(item.args[0]) if isinstance(item.op, Round) and not item.op.wrap else None
        if not (isinstance(item.op, Round) and isinstance(chosen, Value) and isinstance(chosen.op, Select)):
            return item
        below, nothing, _ = (self.items.get(a) for a in chosen.args)
        zero = isinstance(nothing, Value) and nothing.op == Constant((0,))
        if not (zero and isinstance(below, Value) and isinstance(below.op, Less) and item.op.lo <= 0 <= item.op.hi):
            return item
        limit = self.items.get(below.args[1])
        if below.args[0] != chosen.args[2] or not (isinstance(limit, Value) and limit.op == Constant((0,))):
            return item
        return replace(item, op=replace(item.op, lo=0), args=(chosen.args[2],))


def live(block: Block) -> set[int]:
    """The items of the block, and what its loops read of it, that its results need."""
    needed = set(block.results)
    for number, item in reversed(list(block.numbered())):
        if number in needed:
            needed.update(reads(item))
    return needed


def reads(item: Item) -> set[int]:
    """Every number of the item's own and enclosing blocks that it reads."""
    match item:
        case Value():
            return set(item.args)
        case Result():
            return {item.loop}
        case Loop():
            return set(item.init) | {n for n in live(item.body) if n < item.body.first}
