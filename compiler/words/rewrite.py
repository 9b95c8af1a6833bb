"""Rebuilding a program item by item: the frame of every pass over words."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Self

from compiler.words.builder import Builder
from compiler.words.ir import Block, Item, Loop, Result, Value, Words


@dataclass
class Rewriter:
    """Rebuilds one block into `b`; a pass overrides what it wants to change."""

    b: Builder
    place: dict[int, int] = field(default_factory=dict[int, int])  # old number -> new number
    items: dict[int, Item] = field(default_factory=dict[int, Item])  # of the block being rebuilt, by old number

    def program(self, program: Words) -> Words:
        self.block(program.block)
        outputs = tuple(replace(o, value=self.output(o.value, o.receivers)) for o in program.outputs)
        return replace(program, block=self.b.block([o.value for o in outputs]), outputs=outputs)

    def block(self, block: Block) -> None:
        self.items = dict(block.numbered())
        self.begin(block)
        loops: dict[int, list[int]] = {}
        for number, item in block.numbered():
            if not self.wanted(number):
                continue
            match item:
                case Value():
                    self.place[number] = self.value(number, item)
                case Loop():
                    loops[number] = self.loop(number, item)
                case Result():
                    self.place[number] = loops[item.loop][item.position]

    # -- what a pass may override ---------------------------------------------------------------

    def begin(self, block: Block) -> None:
        """Before the first item of a block."""

    def wanted(self, number: int) -> bool:
        return True

    def value(self, number: int, item: Value) -> int:
        """The new number of an old item."""
        return self.b.emit(self.moved(item))

    def nested(self, b: Builder, number: int, loop: Loop) -> Self:
        """The rewriter of a loop's body."""
        return type(self)(b, dict(self.place))

    def carried(self, number: int, loop: Loop) -> list[int]:
        """The new numbers of a loop's initial values."""
        return [self.place[i] for i in loop.init]

    def result(self, number: int) -> int:
        """The new number of a body's result."""
        return self.place[number]

    def output(self, number: int, receivers: tuple[str, ...]) -> int:
        return self.place[number]

    # -------------------------------------------------------------------------------------------

    def moved(self, item: Value) -> Value:
        """The item with its operands' new numbers."""
        return replace(item, args=tuple(self.place[a] for a in item.args))

    def loop(self, number: int, loop: Loop) -> list[int]:
        init = self.carried(number, loop)
        inner = Builder(loop.body.params, self.b)
        inside = self.nested(inner, number, loop)
        for offset in range(len(loop.body.params)):
            inside.place[loop.body.first + offset] = inner.first + offset
        inside.block(loop.body)
        results = [inside.result(r) for r in loop.body.results]
        self.b.span = loop.span
        after = self.b.loop(loop.count, init, inner.block(results))
        self.b.span = None
        return after
