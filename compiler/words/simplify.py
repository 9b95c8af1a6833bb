"""The same values by fewer words: what only shows once all readers of a value are known, its derivative among them."""

from __future__ import annotations

from dataclasses import replace

from compiler.words.builder import Builder
from compiler.words.ir import Block, Type, Value, Words
from compiler.words.operations import Constant, Less, Ring, Round, Select
from compiler.words.reads import live
from compiler.words.rewrite import Rewriter

Factors = tuple[tuple[int, ...], Type]


def simplify(program: Words) -> Words:
    return Simplify(Builder()).program(program)


class Simplify(Rewriter):
    def begin(self, block: Block) -> None:
        needed = live(block)
        values = [i for n, i in block.numbered() if n in needed and isinstance(i, Value)]
        self.whole: set[Factors] = {(i.args, i.type) for i in values if isinstance(i.op, Ring) and not i.op.more}

    def value(self, number: int, item: Value) -> int:
        match item.op:  # a Ring that is read without what is added too: one of them is enough
            case Ring(more=more) if more and (item.args, item.type) in self.whole:
                return self.b.raised(self.b.emit(self.moved(replace(item, op=replace(item.op, more=0)))), more)
            case Round() as kind:
                return super().value(number, self._at_once(item, kind))
            case _:
                return super().value(number, item)

    def _at_once(self, item: Value, kind: Round) -> Value:
        """max(x, 0) as a kind that holds 0: x clamped at 0 by the kind."""
        chosen = self.items.get(item.args[0])
        if kind.wrap or not kind.lo <= 0 <= kind.hi or not isinstance(chosen, Value) or chosen.op != Select():
            return item
        below, nothing, _ = (self.items.get(a) for a in chosen.args)
        if not (isinstance(below, Value) and below.op == Less() and below.args[0] == chosen.args[2]):
            return item
        if not all(isinstance(i, Value) and i.op == Constant((0,)) for i in (nothing, self.items.get(below.args[1]))):
            return item
        return replace(item, op=replace(kind, lo=0), args=(chosen.args[2],))
