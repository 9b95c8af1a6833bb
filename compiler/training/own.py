"""What a data provider knows by itself: what is made of its rows, its inputs and constants alone."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass

from compiler.words.builder import Builder
from compiler.words.ir import Value
from compiler.words.operations import Constant, Draw, Entry


@dataclass(frozen=True, slots=True)
class Own:
    party: str
    row: Container[int] = ()  # of one example: its fields and its valid bit

    def knows(self, b: Builder, number: int) -> bool:
        """Can it make the value alone?"""
        return all(self._known(b, n) for n in _sources(b, number))

    def _known(self, b: Builder, source: int) -> bool:
        item = b.item(source)
        if not isinstance(item, Value):
            return source in self.row
        return isinstance(item.op, Constant) or (isinstance(item.op, Entry | Draw) and item.op.party == self.party)

    def touches(self, b: Builder, number: int) -> bool:
        """Is anything of the row in it?"""
        return any(n in self.row for n in _sources(b, number))


def _sources(b: Builder, number: int) -> Iterator[int]:
    """What a value is made of that is not made of anything."""
    seen, waiting = {number}, [number]
    while waiting:
        number = waiting.pop()
        item = b.item(number)
        args = item.args if isinstance(item, Value) else ()
        if not args:
            yield number
        waiting += [a for a in args if a not in seen]
        seen.update(args)
