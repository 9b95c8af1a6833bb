"""What rules of words are written with: a value as others read it, and what is needed of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from compiler.words.ir import Type

Range = tuple[int, int]


class Wrong(Exception):
    """What is wrong with a value, in words."""


@dataclass(frozen=True, slots=True)
class Operand:
    """A value as others read it: its declared type, and the range that its own operands give it."""

    type: Type
    known: Range
    same: int  # equal for equal operands
    uniform: bool = False  # a constant of one number, which need not be entered

    @property
    def exact(self) -> Type:
        return replace(self.type, lo=self.known[0], hi=self.known[1])


def need(condition: bool, reason: str) -> None:
    if not condition:
        raise Wrong(reason)
