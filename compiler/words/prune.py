"""Words that nobody reads, taken out; the builder's sharing is applied once more on the way."""

from __future__ import annotations

from compiler.words.builder import Builder
from compiler.words.ir import Block, Item, Loop, Result, Value, Words
from compiler.words.rewrite import Rewriter


def prune(program: Words) -> Words:
    return Prune(Builder()).program(program)


class Prune(Rewriter):
    def begin(self, block: Block) -> None:
        self.needed = live(block)

    def wanted(self, number: int) -> bool:
        return number in self.needed


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
