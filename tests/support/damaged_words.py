"""Words rebuilt with something wrong in them: what stands behind the damage is what a broken pass would leave."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from compiler.words.builder import Builder
from compiler.words.ir import Loop, Value, Words
from compiler.words.operations import Op
from compiler.words.rewrite import Rewriter

Change = Callable[[Builder, Value], int | None]  # of an item that reads what stands already: what takes its place


@dataclass
class Damaged(Rewriter):
    change: Change = field(kw_only=True)

    def value(self, number: int, item: Value) -> int:
        new = self.change(self.b, self.moved(item))
        return super().value(number, item) if new is None else new

    def nested(self, b: Builder, number: int, loop: Loop) -> Damaged:
        return Damaged(b, dict(self.place), change=self.change)


def damaged(words: Words, change: Change) -> Words:
    return Damaged(Builder(), change=change).program(words)


def nth(kind: type[Op], n: int, change: Change) -> Change:
    """Of the n-th value of a kind, or of every one if n < 0."""
    seen = 0

    def changed(b: Builder, item: Value) -> int | None:
        nonlocal seen
        if not isinstance(item.op, kind):
            return None
        seen += 1
        return change(b, item) if seen - 1 == n or n < 0 else None

    return changed


def op(kind: type[Op], n: int = 0, **fields: Any) -> Change:
    return nth(kind, n, lambda b, v: b.emit(replace(v, op=replace(v.op, **fields))))


def typed(kind: type[Op], n: int = 0, **fields: Any) -> Change:
    return nth(kind, n, lambda b, v: b.emit(replace(v, type=replace(v.type, **fields))))


def argument(kind: type[Op], position: int, n: int = 0) -> Change:
    """The value is left out: its reader reads one of its operands."""
    return nth(kind, n, lambda b, v: v.args[position])


def beside(kind: type[Op], more: Callable[[Builder, Value, int], object], n: int = 0) -> Change:
    """The value, and then something more that reads it."""

    def both(b: Builder, v: Value) -> int:
        number = b.emit(v)
        more(b, v, number)
        return number

    return nth(kind, n, both)
