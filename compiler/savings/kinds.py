"""The kinds that a program writes, one bit narrower: by one bit of range, or by one after the point.

A bit of range is spare where nothing that is bound to the kind reaches it, and nobody enters a value of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum

from compiler.lowering.understand import Meaning
from compiler.lowering.widths import Width, widths
from compiler.savings.edits import Edit, text_of
from lang.source import Source
from lang.syntax import tree
from lang.syntax.parse import parse


class Bit(Enum):
    """Which bit of a kind is left out."""

    RANGE = "range"  # fix<T - 1, F>: it reaches half as far
    PRECISION = "precision"  # fix<T - 1, F - 1>: as far, in steps twice as large


def written(files: Sequence[Source]) -> list[tree.Words]:
    """Every kind of more than one bit that the programs among the files write, in the order of the text."""
    found: list[tree.Words] = []
    for file in files:
        if file.name.endswith(".ccr"):
            found += [node for item in parse(file).items for node in _kinds(item)]
    return found


def narrower(kind: tree.Words, bit: Bit, by: int = 1) -> Edit | None:
    """The kind without so many of its bits; None where it has none of these."""
    bits, *point = kind.sizes
    if bit is Bit.PRECISION and not point:
        return None
    less = [_less(bits, by), *(_less(p, by) if bit is Bit.PRECISION else text_of(p.span) for p in point)]
    return Edit(kind.span, f"{kind.word}<{', '.join(less)}>")


def spare(before: Meaning, after: Meaning) -> bool:
    """Whether `after` lacks spare bits: what is entered is the same, and what is bound to another kind now saturates in
    neither program."""
    old, new = widths(before.checked.program), widths(after.checked.program)
    entered = [(m.words.inputs, m.words.datasets) for m in (before, after)]
    return entered[0] == entered[1] and len(old) == len(new) and all(map(_fits, old, new))


def _fits(before: Width, after: Width) -> bool:
    if before.binding is None or after.binding is None:
        return before.binding is after.binding
    return before.binding == after.binding or before.binding.overflow == after.binding.overflow == "none"


def _less(size: tree.Expr, by: int) -> str:
    if isinstance(size, tree.Literal) and size.text.isdecimal():
        return str(int(size.text) - by)
    return f"{text_of(size.span)} - {by}"


def _kinds(node: object) -> Iterator[tree.Words]:
    if isinstance(node, tree.Words) and node.sizes:
        yield node
    elif isinstance(node, tuple):
        for part in node:
            yield from _kinds(part)
    elif is_dataclass(node):
        for f in fields(node):
            yield from _kinds(getattr(node, f.name))
