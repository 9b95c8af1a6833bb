"""Contractions made ready for circuits: both factors read as digits, long ones cut into chunks.

With D(n) = 2n + k (`ir.digit_offset`) a product of two D's is a sum of +-2^(i+j) with one free XOR for
each pair of bits, and

    4 sum(ab) = sum(D(a) D(b)) - 2 kb sum(a) - 2 ka sum(b) - terms * ka * kb

whose sums of one factor leave the lanes: they are taken over the operand itself, not over its broadcast
copies, and in the clear where they are the garbler's own (it can only lie to itself).  A chunk is the
largest number of terms, at most 32, whose compressor stays within a kernel.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import prod

from compiler.gates.limits import KERNEL_GATES
from compiler.joint.locality import JOINT, Owners, Roles, analyse
from compiler.joint.ones import is_bit, ones
from compiler.words.arithmetic import split
from compiler.words.builder import Builder
from compiler.words.ir import Block, Claim, Loop, Type, Value, Words, digit_offset, full_range
from compiler.words.operations import (
    PUBLIC,
    Bound,
    Contraction,
    Digits,
    Dot,
    Enter,
    Exact,
    Linear,
    Mechanism,
    Strided,
    Sum,
    View,
)
from compiler.words.reads import reads
from compiler.words.rewrite import Rewriter

TERMS = 32  # of one chunk
FULL_ADDER = 5  # gates


def contractions(program: Words, roles: Roles) -> Words:
    """Every joint Dot and Sum rewritten as above; Bound and Mechanism, which do no work, are taken out."""
    return Contractions(Builder(), roles=roles).program(program)


@dataclass
class Contractions(Rewriter):
    roles: Roles = field(kw_only=True)
    owners: Owners = field(default_factory=Owners, kw_only=True)
    readers: Counter[int] = field(default_factory=Counter[int], kw_only=True)

    def begin(self, block: Block) -> None:
        analyse(block, self.owners, self.roles)
        self.readers = Counter(number for item in block.items for number in reads(item))
        self.readers.update(block.results)

    def nested(self, b: Builder, number: int, loop: Loop) -> Contractions:
        carried = [self.owners[number]] * (len(loop.body.params) - 1)
        owners = self.owners | dict(enumerate([PUBLIC, *carried], loop.body.first))
        return Contractions(b, dict(self.place), roles=self.roles, owners=owners)

    def value(self, number: int, item: Value) -> int:
        if isinstance(item.op, Bound | Mechanism):
            return self.place[item.args[0]]
        item = self.moved(self._at_once(item))
        op = item.op
        if self.owners[number] == JOINT and isinstance(op, Dot | Sum):
            self.b.span = item.span
            new = dot(self.b, item, op, self.roles.garbler) if isinstance(op, Dot) else chunked(self.b, item, op)
            self.b.span = None
            return new
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


def dot(b: Builder, item: Value, op: Dot, garbler: str) -> int:
    """A joint Dot, read as digits where that costs less."""
    left, right = item.args
    lanes, terms = split(b.type(left).shape, op.count)
    ta, tb = b.type(left), b.type(right)
    sums = sum(_sum_ands(b, n, prod(lanes), terms, garbler, op.count) for n in item.args)
    if left == right or min(ta.width, tb.width) == 1 or sums >= terms * min(ta.width, tb.width):
        return chunked(b, item, op)
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
    if _local(b, number, garbler) is not None:
        return 0
    core = _core(b, number, axes)
    return terms * b.type(number).width * prod(core[: len(core) - axes]) / max(1, lanes)


def _core(b: Builder, number: int, axes: int) -> tuple[int, ...]:
    """The shape of an operand with its broadcast lane axes shrunk to extent 1; the contracted axes stay whole."""
    item, shape = b.item(number), b.type(number).shape
    if isinstance(item, Value) and isinstance(item.op, View):
        lanes = len(shape) - axes
        axes_of = enumerate(zip(shape, item.op.at.strides, strict=True))
        return tuple(1 if stride == 0 and axis < lanes else n for axis, (n, stride) in axes_of)
    return shape


def _local(b: Builder, number: int, garbler: str) -> int | None:
    """The garbler's clear word that a joint word (or a view of one) entered as."""
    item = b.item(number)
    if isinstance(item, Value) and item.op == Enter(garbler):
        return item.args[0]
    if isinstance(item, Value) and isinstance(item.op, View) and len(item.args) == 1:
        base = _local(b, item.args[0], garbler)
        return (
            None
            if base is None
            else b.add(item.op, (base,), replace(item.type, lo=b.type(base).lo, hi=b.type(base).hi))
        )
    return None


def _sum_of(b: Builder, number: int, axes: int, garbler: str) -> int:
    """The sum of one factor over the contracted axes, once for all lanes that share it."""
    shape = b.type(number).shape
    core, small, item = _core(b, number, axes), number, b.item(number)
    if core != shape and isinstance(item, Value) and isinstance(item.op, View):
        small = b.view(item.args[0], item.op.at, core, item.args[1:])
    local = _local(b, small, garbler)
    if local is None:
        total = chunked(b, _sum_item(b, small, axes), Sum(axes))
    else:
        clear = b.emit(_sum_item(b, local, axes))
        type = b.type(clear)
        lo, hi = full_range(type.width, type.signed)
        total = b.add(Enter(garbler), (clear,), replace(type, lo=lo, hi=hi))
    return b.broadcast(total, shape[: len(shape) - axes])


def _sum_item(b: Builder, number: int, axes: int) -> Value:
    type = b.type(number)
    shape, terms = split(type.shape, axes)
    return Value(Sum(axes), (number,), Type(shape, type.scale, type.lo * terms, type.hi * terms), b.span)


# -- chunks -------------------------------------------------------------------------------------


def chunked(b: Builder, item: Value, op: Contraction) -> int:
    """A contraction as a sum of contractions that each fit a kernel."""
    lanes, terms = split(b.type(item.args[0]).shape, op.count)
    most = _most_terms(b, item)
    if terms <= most:
        return b.emit(item)
    args = [b.reshape(a, (*lanes, terms)) for a in item.args]
    if isinstance(op, Sum) and is_bit(b.type(args[0])) and (counted := ones(b, args[0])) is not None:
        return counted
    chunks = -(-terms // most)
    each = -(-terms // chunks)
    whole = terms // each
    parts = [_piece(b, item, op, [_cut(b, a, 0, (whole, each)) for a in args], (*lanes, whole), each)]
    total = chunked(b, _sum_item(b, parts[0], 1), Sum(1))
    if whole * each < terms:
        rest = terms - whole * each
        last = _piece(b, item, op, [_cut(b, a, whole * each, (rest,)) for a in args], lanes, rest)
        total = b.add2(total, last)
    return _claim(b, total, item.type)


def _piece(b: Builder, item: Value, op: Contraction, args: list[int], shape: tuple[int, ...], terms: int) -> int:
    """The same contraction over fewer terms, with its share of the range."""
    _, all_terms = split(b.type(item.args[0]).shape, op.count)
    lo, hi = (Fraction(n * terms, all_terms) for n in (item.type.lo, item.type.hi))
    type = Type(shape, item.type.scale, int(lo // 1), int(-(-hi // 1)))
    return b.emit(Value(replace(op, count=1), tuple(args), type, item.span))


def _claim(b: Builder, number: int, type: Type) -> int:
    """The same value with the range of the whole, which rounding the chunks' shares may have widened."""
    item = b.item(number)
    assert isinstance(item, Value)
    return b.emit(replace(item, type=type, claim=Claim.CONTRACTION))


def _cut(b: Builder, number: int, start: int, tail: tuple[int, ...]) -> int:
    """Elements start .. of the last axis, as the axes `tail`."""
    shape = b.type(number).shape
    unit = tuple(prod(shape[axis + 1 :]) for axis in range(len(shape) - 1))
    inner = tuple(prod(tail[axis + 1 :]) for axis in range(len(tail)))
    return b.view(number, Strided(start, (*unit, *inner)), (*shape[:-1], *tail))


def _most_terms(b: Builder, item: Value) -> int:
    assert isinstance(item.op, Contraction)
    return max(1, min(TERMS, KERNEL_GATES // term_gates(item.op, [b.type(a).width for a in item.args])))


def term_gates(op: Contraction, widths: Sequence[int]) -> int:
    """Gates that one more term takes, from above (XORs counted)."""
    pairs = prod(widths) + (sum(widths) if isinstance(op, Dot) else 0)
    return pairs * (FULL_ADDER if isinstance(op, Sum) else FULL_ADDER + 1)
