"""Contractions made ready for circuits: both factors read as digits, long ones cut into chunks.

With D(n) = 2n + k (`ir.digit_offset`) a product of two D's is a sum of +-2^(i+j) with one free XOR for
each pair of bits, and

    4 sum(ab) = sum(D(a) D(b)) - 2 kb sum(a) - 2 ka sum(b) - terms * ka * kb

whose sums of one factor leave the lanes: they are taken over the operand itself, not over its broadcast
copies, and in the clear where they are the garbler's own (it can only lie to itself).  Where lanes share a
factor, squares cost less (`squares.py`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from math import prod

from compiler.joint import squares
from compiler.joint.chunks import chunked, core, local, shrunk, sum_item
from compiler.joint.demand import Passing, apart, kept, linear, low, multiplied, passed
from compiler.joint.locality import JOINT, Owners, Roles, analyse
from compiler.joint.ones import is_bit
from compiler.words.arithmetic import split
from compiler.words.builder import Builder
from compiler.words.ir import Block, Claim, Loop, Type, Value, Words, digit_offset, full_range
from compiler.words.operations import (
    PUBLIC,
    Bound,
    Digits,
    Dot,
    Enter,
    Exact,
    Linear,
    Mechanism,
    Mul,
    Sum,
)
from compiler.words.reads import reads
from compiler.words.rewrite import Rewriter


def contractions(program: Words, roles: Roles) -> Words:
    """Every joint Dot and Sum rewritten as above; Bound and Mechanism, which do no work, are taken out."""
    return Contractions(Builder(), roles=roles).program(program)


@dataclass
class Contractions(Rewriter):
    roles: Roles = field(kw_only=True)
    owners: Owners = field(default_factory=Owners, kw_only=True)
    readers: Counter[int] = field(default_factory=Counter[int], kw_only=True)
    kept: dict[int, int] = field(default_factory=dict[int, int], kw_only=True)  # low bits that are read
    apart: set[int] = field(default_factory=set[int], kw_only=True)  # of those, what other kernels read

    def begin(self, block: Block) -> None:
        analyse(block, self.owners, self.roles)
        self.readers = Counter(number for item in block.items for number in reads(item))
        self.readers.update(block.results)
        self.kept = kept(block)
        self.apart = apart(block, self.kept)

    def nested(self, b: Builder, number: int, loop: Loop) -> Contractions:
        carried = [self.owners[number]] * (len(loop.body.params) - 1)
        owners = self.owners | dict(enumerate([PUBLIC, *carried], loop.body.first))
        return Contractions(b, dict(self.place), roles=self.roles, owners=owners)

    def value(self, number: int, item: Value) -> int:
        if isinstance(item.op, Bound | Mechanism):
            return self.place[item.args[0]]
        item = self.moved(self._at_once(item))
        self.b.span, bits = item.span, self.kept.get(number)
        new = self._joint(item, bits) if self.owners[number] == JOINT else self.b.emit(item)
        if number in self.apart and self.owners[number] == JOINT:
            new = low(self.b, new, bits)
        self.b.span = None
        return new

    def _joint(self, item: Value, bits: int | None) -> int:
        """Of its bits so many low ones are read."""
        op = item.op
        if isinstance(op, Dot):
            return dot(self.b, item if bits is None else multiplied(self.b, item, op.count), op, self.roles, bits)
        if isinstance(op, Mul):
            return product(self.b, item if bits is None else multiplied(self.b, item, 0), self.roles, bits)
        if isinstance(op, Sum):
            return chunked(self.b, item if bits is None else sum_item(self.b, item.args[0], op.count), op, bits)
        if bits is not None and isinstance(op, Linear):
            item = linear(self.b, item, op)
        elif bits is not None and isinstance(op, Passing):
            item = passed(self.b, item, op, bits)
        return self.b.emit(item)

    def _at_once(self, item: Value) -> Value:
        """A sum of counts of bits that nothing else reads is one count."""
        inner = self.items.get(item.args[0]) if isinstance(item.op, Sum) else None
        if not isinstance(inner, Value) or not isinstance(inner.op, Sum) or self.readers[item.args[0]] > 1:
            return item
        assert isinstance(item.op, Sum)
        if not is_bit(self.b.type(self.place[inner.args[0]])):
            return item
        return self._at_once(replace(item, op=Sum(item.op.count + inner.op.count), args=inner.args))


def product(b: Builder, item: Value, roles: Roles, bits: int | None) -> int:
    """A joint product, by squares where that costs less."""
    one, other = (b.type(a).width for a in item.args)
    alone, as_it_is = Dot(0), _pairs(one, other, bits) + min(one + other, bits or one + other)
    if item.args[0] == item.args[1] or min(one, other) == 1:
        return b.emit(item)
    way = squares.cheapest(b, item, alone, roles, bits)
    return squares.by_squares(b, item, alone, roles, bits, way.terms) if way.ands < as_it_is else b.emit(item)


def _pairs(one: int, other: int, bits: int | None) -> int:
    """Of bits of two factors, as far as they count in so many low bits."""
    return sum(max(0, min(other, (bits or one + other) - i)) for i in range(one))


def dot(b: Builder, item: Value, op: Dot, roles: Roles, bits: int | None) -> int:
    """A joint Dot, by squares or read as digits where that costs less; of its bits so many low ones are read."""
    left, right = item.args
    lanes, terms = split(b.type(left).shape, op.count)
    ta, tb = b.type(left), b.type(right)
    if left == right or min(ta.width, tb.width) == 1:
        return chunked(b, item, op, bits)
    sums = sum(_sum_ands(b, n, prod(lanes), terms, roles.garbler, op.count) for n in item.args)
    as_they_are = sums >= terms * min(ta.width, tb.width)
    pairs = _pairs(ta.width, tb.width, bits)
    way = squares.cheapest(b, item, op, roles, bits)
    if way.ands < terms * pairs + (0 if as_they_are else sums):
        return squares.by_squares(b, item, op, roles, bits, way.terms)
    return chunked(b, item, op, bits) if as_they_are else _as_digits(b, item, op, roles.garbler)


def _as_digits(b: Builder, item: Value, op: Dot, garbler: str) -> int:
    left, right = item.args
    lanes, terms = split(b.type(left).shape, op.count)
    ta, tb = b.type(left), b.type(right)
    ka, kb = digit_offset(ta), digit_offset(tb)
    bound = terms * (2 * _reach(ta) + abs(ka)) * (2 * _reach(tb) + abs(kb))
    digits = Digits(op.count, ka, kb)
    scale = item.type.scale / 4
    products = chunked(b, Value(digits, (left, right), Type(lanes, scale, -bound, bound), item.span), digits)
    sums_of = [_sum_of(b, n, op.count, garbler) for n in item.args]
    total = b.emit(
        Value(
            Linear((1, -2 * kb, -2 * ka), -terms * ka * kb),
            (products, *sums_of),
            Type(lanes, scale, 4 * item.type.lo, 4 * item.type.hi),
            item.span,
            Claim.CONTRACTION,
        )
    )
    return b.add(Exact(4), (total,), item.type)


def _reach(type: Type) -> int:
    return max(abs(type.lo), abs(type.hi))


def _sum_ands(b: Builder, number: int, lanes: int, terms: int, garbler: str, axes: int) -> float:
    """ANDs for each lane that the sum of one factor takes."""
    if local(b, number, garbler) is not None:
        return 0
    shape = core(b, number, axes)
    return terms * b.type(number).width * prod(shape[: len(shape) - axes]) / max(1, lanes)


def _sum_of(b: Builder, number: int, axes: int, garbler: str) -> int:
    """The sum of one factor over the contracted axes, once for all lanes that share it."""
    shape = b.type(number).shape
    small = shrunk(b, number, axes)
    own = local(b, small, garbler)
    if own is None:
        total = chunked(b, sum_item(b, small, axes), Sum(axes))
    else:
        clear = b.emit(sum_item(b, own, axes))
        type = b.type(clear)
        lo, hi = full_range(type.width, type.signed)
        total = b.add(Enter(garbler), (clear,), replace(type, lo=lo, hi=hi))
    return b.broadcast(total, shape[: len(shape) - axes])
