"""Choosing: between two values, and between what two arms have assigned."""

from __future__ import annotations

from compiler.lowering.context import Lowering, Scope
from compiler.words.leaves import Word


def merge(c: Lowering, condition: int, then: Scope, otherwise: Scope) -> None:
    for number, old in list(c.scope.items()):
        if then[number] != old or otherwise[number] != old:
            c.scope[number] = chosen(c, condition, then[number], otherwise[number])


def chosen(c: Lowering, condition: int, then: Word, otherwise: Word) -> Word:
    if isinstance(then, int) and isinstance(otherwise, int):
        return c.b.select(condition, then, otherwise)
    assert isinstance(then, tuple) and isinstance(otherwise, tuple)
    return tuple(chosen(c, condition, a, b) for a, b in zip(then, otherwise, strict=True))
