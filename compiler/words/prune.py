"""Words that nobody reads, taken out; the builder's sharing is applied once more on the way."""

from __future__ import annotations

from compiler.words.builder import Builder
from compiler.words.ir import Block, Words
from compiler.words.reads import live
from compiler.words.rewrite import Rewriter


def prune(program: Words) -> Words:
    return Prune(Builder()).program(program)


class Prune(Rewriter):
    def begin(self, block: Block) -> None:
        self.needed = live(block)

    def wanted(self, number: int) -> bool:
        return number in self.needed
