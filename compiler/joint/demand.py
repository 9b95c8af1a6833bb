"""How many low bits of products are read: a wrap keeps no more, so their parts need not have more."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from compiler.words.builder import Builder
from compiler.words.ir import Block, Item, Value, full_range
from compiler.words.operations import Dot, Linear, Mul, Round, Sum
from compiler.words.reads import reads


def kept(block: Block) -> dict[int, int]:
    """Of each product or sum of which not all bits are read: how many are, in two's complement."""
    readers: dict[int, list[tuple[int, Item]]] = defaultdict(list)
    needed: dict[int, int] = {}
    for number, item in block.numbered():
        for read in reads(item):
            readers[read].append((number, item))
    for number, item in reversed(list(block.numbered())):
        if isinstance(item, Value) and isinstance(item.op, Linear | Sum | Dot | Mul) and number not in block.results:
            bits = max((_reads(reader, needed.get(n)) or item.type.width for n, reader in readers[number]), default=0)
            if 0 < bits < item.type.width:
                needed[number] = bits
    return needed


def _reads(reader: Item, needed: int | None) -> int | None:
    """The low bits of its operands that it looks at; None where it may be all."""
    if not isinstance(reader, Value):
        return None
    op = reader.op
    if isinstance(op, Round) and op.wrap and op.denominator & (op.denominator - 1) == 0:
        return op.denominator.bit_length() - 1 + reader.type.width
    return needed if isinstance(op, Linear | Sum) else None


def linear(b: Builder, item: Value, op: Linear) -> Value:
    """One whose operands may be other numbers with the same low bits, and so itself."""
    ends = [sorted((c * b.type(a).lo, c * b.type(a).hi)) for c, a in zip(op.coefficients, item.args, strict=True)]
    lo, hi = (op.constant + sum(end[i] for end in ends) for i in (0, 1))
    if item.type.lo <= lo and hi <= item.type.hi:
        return item
    return replace(item, type=replace(item.type, lo=lo, hi=hi), claim=None)


def low(b: Builder, number: int, bits: int | None) -> int:
    """The number, of which no more than so many low bits count."""
    type = b.type(number)
    if bits is None or type.width <= bits:
        return number
    return b.round(number, type.scale, *full_range(bits, type.signed), nearest=False, wrap=True)
