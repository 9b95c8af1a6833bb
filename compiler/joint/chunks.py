"""Long contractions in chunks: the largest number of terms, at most 32, whose compressor stays within a kernel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import prod

from compiler.gates.limits import KERNEL_GATES
from compiler.joint.demand import low
from compiler.joint.ones import is_bit, ones
from compiler.words.arithmetic import split
from compiler.words.builder import Builder
from compiler.words.ir import Claim, Type, Value
from compiler.words.operations import Contraction, Dot, Enter, Strided, Sum, View
from compiler.words.triangles import Triangles

TERMS = 32  # of one chunk
FULL_ADDER = 5  # gates


def core(b: Builder, number: int, axes: int) -> tuple[int, ...]:
    """The shape of an operand with its broadcast lane axes shrunk to extent 1; the contracted axes stay whole."""
    item, shape = b.item(number), b.type(number).shape
    if isinstance(item, Value) and isinstance(item.op, View):
        lanes = len(shape) - axes
        axes_of = enumerate(zip(shape, item.op.at.strides, strict=True))
        return tuple(1 if stride == 0 and axis < lanes else n for axis, (n, stride) in axes_of)
    return shape


def shrunk(b: Builder, number: int, axes: int) -> int:
    """The operand without its broadcast copies."""
    item, shape = b.item(number), core(b, number, axes)
    if shape == b.type(number).shape:
        return number
    assert isinstance(item, Value) and isinstance(item.op, View)
    return b.view(item.args[0], item.op.at, shape, item.args[1:])


def local(b: Builder, number: int, party: str) -> int | None:
    """The party's clear word that a joint word (or a view of one) entered as."""
    item = b.item(number)
    if isinstance(item, Value) and item.op == Enter(party):
        return item.args[0]
    if isinstance(item, Value) and isinstance(item.op, View) and len(item.args) == 1:
        base = local(b, item.args[0], party)
        return (
            None
            if base is None
            else b.add(item.op, (base,), replace(item.type, lo=b.type(base).lo, hi=b.type(base).hi))
        )
    return None


def sum_item(b: Builder, number: int, axes: int) -> Value:
    type = b.type(number)
    shape, terms = split(type.shape, axes)
    return Value(Sum(axes), (number,), Type(shape, type.scale, type.lo * terms, type.hi * terms), b.span)


def chunked(b: Builder, item: Value, op: Contraction, bits: int | None = None) -> int:
    """A contraction as a sum of contractions that each fit a kernel; of chunks no more low bits than are read."""
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
    parts = low(b, _piece(b, item, op, [_cut(b, a, 0, (whole, each)) for a in args], (*lanes, whole), each), bits)
    total = chunked(b, sum_item(b, parts, 1), Sum(1), bits)
    if whole * each < terms:
        rest = terms - whole * each
        last = _piece(b, item, op, [_cut(b, a, whole * each, (rest,)) for a in args], lanes, rest)
        total = b.add2(total, low(b, last, bits))
    return total if bits else _claim(b, total, item.type)


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
    if isinstance(op, Triangles):
        width = max(widths) + 2 * op.pair
        return FULL_ADDER * 3 * width + (FULL_ADDER + 1) * width * (width - 1) // 2
    pairs = prod(widths) + (sum(widths) if isinstance(op, Dot) else 0)
    return pairs * (FULL_ADDER if isinstance(op, Sum) else FULL_ADDER + 1)
