"""How many low bits of a value are read: a wrap keeps no more, so what it is made of need not have more.

Followed back from each wrap to whatever makes low bits of low bits: sums, products, choices, logic, wiring.  That holds
whatever the wires carry, so it rests on nothing that a party could enter otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import assert_never

from compiler.words.arithmetic import logic_range, product, split
from compiler.words.builder import Builder
from compiler.words.ir import Block, Item, Loop, Result, Type, Value, full_range
from compiler.words.operations import And, Concat, Dot, Linear, Mul, Or, Put, Round, Select, Sum, View, Xor
from compiler.words.reads import reads

Sums = Linear | Sum | Dot | Mul
Passing = Select | And | Or | Xor | View | Put | Concat
Low = Linear | Sum | Dot | Mul | Passing  # low bits of these are of low bits


ALL = 1 << 62  # bits


def kept(block: Block) -> dict[int, int]:
    """Of each value of which not all bits are read: how many are, in two's complement."""
    asked = _asked(block)
    return {n: bits for n, item in block.numbered() if (bits := _needed(item, asked.get(n, ALL))) is not None}


def _asked(block: Block) -> dict[int, int]:
    """The low bits that are read of each number, also of the blocks around."""
    asked: dict[int, int] = dict.fromkeys(block.results, ALL)
    items = dict(block.numbered())
    for number, item in reversed(items.items()):
        match item:
            case Value():
                needed = _needed(item, asked.get(number, ALL))
                found = {a: _reads(item, a, needed, items) for a in item.args}
            case Loop():
                inner = _asked(item.body)
                found = {n: bits for n, bits in inner.items() if n < item.body.first} | dict.fromkeys(item.init, ALL)
            case Result():
                found = dict[int, int]()
        for operand, bits in found.items():
            asked[operand] = max(asked.get(operand, 0), bits)
    return asked


def _needed(item: Item, asked: int) -> int | None:
    """The bits of it that count, if it can be made of fewer than it has."""
    return asked if isinstance(item, Value) and isinstance(item.op, Low) and asked < item.type.width else None


def _reads(reader: Value, number: int, needed: int | None, items: Mapping[int, Item]) -> int:
    """The low bits of an operand that it looks at."""
    op = reader.op
    if number not in reader.data:
        return ALL
    if isinstance(op, Round) and op.wrap and op.denominator & (op.denominator - 1) == 0:
        return op.denominator.bit_length() - 1 + replace(reader.type, lo=op.lo, hi=op.hi).width
    bits = needed if needed is not None and isinstance(op, Low) else ALL
    if isinstance(op, And):
        others = [item.type for a in reader.args if a != number and isinstance(item := items.get(a), Value)]
        bits = min([bits, *(type.width for type in others if type.lo >= 0)])
    return bits


def apart(block: Block, kept: Mapping[int, int]) -> set[int]:
    """What is not only read by sums and wraps of its own lanes, which take it in before it is added up."""
    found = set[int]()
    for item in block.items:
        if not (isinstance(item, Value) and isinstance(item.op, Linear | Round)):
            found |= reads(item) & kept.keys()
    return {n for n, item in block.numbered() if n in found and isinstance(item, Value) and isinstance(item.op, Sums)}


def multiplied(b: Builder, item: Value, axes: int) -> Value:
    """A product, or a sum of them, of factors that may be other numbers with the same low bits, and so itself."""
    one, other = (b.type(a) for a in item.args)
    _, terms = split(one.shape, axes)
    exact = product(one, other, item.type.shape, terms, item.args[0] == item.args[1])
    return replace(item, type=replace(exact, scale=item.type.scale), claim=None)


def linear(b: Builder, item: Value, op: Linear) -> Value:
    """One whose operands may be other numbers with the same low bits, and so itself."""
    ends = [sorted((c * b.type(a).lo, c * b.type(a).hi)) for c, a in zip(op.coefficients, item.args, strict=True)]
    lo, hi = (op.constant + sum(end[i] for end in ends) for i in (0, 1))
    if item.type.lo <= lo and hi <= item.type.hi:
        return item
    return replace(item, type=replace(item.type, lo=lo, hi=hi), claim=None)


def passed(b: Builder, item: Value, op: Passing, bits: int) -> Value:
    """A choice, logic or wiring of operands that may be other numbers with the same low bits."""
    match op:
        case Select():
            return _ranged(item, [b.type(a) for a in item.args[1:]])
        case View():
            return _ranged(item, [b.type(item.args[0])])
        case And() | Or() | Xor():
            lo, hi = logic_range(op, b.type(item.args[0]), b.type(item.args[1]))
            return replace(item, type=replace(item.type, lo=lo, hi=hi), claim=None)
        case Put() | Concat():
            lo, hi = full_range(bits, True)
            data = [b.fit(_wrapped(b, a, lo, hi), replace(b.type(a), lo=lo, hi=hi)) for a in item.data]
            args = (*data, *item.args[len(data) :])
            return replace(item, args=args, type=replace(item.type, lo=lo, hi=hi), claim=None)
        case _:
            assert_never(op)


def _ranged(item: Value, types: Sequence[Type]) -> Value:
    lo, hi = min(t.lo for t in types), max(t.hi for t in types)
    return replace(item, type=replace(item.type, lo=lo, hi=hi), claim=None)


def low(b: Builder, number: int, bits: int | None) -> int:
    """The number, of which no more than so many low bits count."""
    type = b.type(number)
    if bits is None or type.width <= bits:
        return number
    return _wrapped(b, number, *full_range(bits, type.signed))


def _wrapped(b: Builder, number: int, lo: int, hi: int) -> int:
    return b.round(number, b.type(number).scale, lo, hi, nearest=False, wrap=True)
