"""Sums of products by squares: ab = Q(a + b) - Q(a) - Q(b) (`words/triangles.py`).

A square of n bits has half as many partial products as a product of n by n.  What is of one factor alone leaves the
lanes: it is made once for all lanes that share the factor, in the clear by a party that may (the garbler, of its own;
it can only lie to itself), and else in the circuit, of the very wires that the products are made of.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import prod

from compiler.joint.chunks import chunked, core, local, shrunk
from compiler.joint.demand import low
from compiler.joint.locality import Evaluator, Roles
from compiler.words.arithmetic import split
from compiler.words.builder import Builder
from compiler.words.ir import Claim, Type, Value, digit_offset, full_range
from compiler.words.operations import Dot, Enter, Linear
from compiler.words.triangles import Triangles

CORRECTED = 3  # ANDs for each bit of a factor, to take what is of one factor alone off each sum; 1 where that wraps


def ands(b: Builder, item: Value, op: Dot, roles: Roles, bits: int | None) -> float:
    """About those of each lane, of which so many low bits are read."""
    lanes, terms = split(b.type(item.args[0]).shape, op.count)
    width = _sum_type(b, item).width
    alone = sum(_alone_ands(b, n, prod(lanes), terms, roles, op.count) for n in item.args)
    pairs = sum(min(j, max(0, (bits or 2 * width) - j + 1)) for j in range(width))
    return terms * (width - 1 + pairs) + alone + (CORRECTED if bits is None else 1) * width


def by_squares(b: Builder, item: Value, op: Dot, roles: Roles, bits: int | None) -> int:
    """A joint Dot of two different factors, of which so many low bits are read."""
    both = _sum_type(b, item)
    squares = Triangles(op.count, digit_offset(both), True)
    whole = _triangles(b, item.args, replace(both, scale=item.type.scale), squares, bits)
    of_each = [_alone(b, n, replace(squares, pair=False), item.type, roles, bits) for n in item.args]
    signs, parts = (1, *(sign for _, sign in of_each)), (whole, *(part for part, _ in of_each))
    if bits:
        return b.affine([(Fraction(sign), n) for sign, n in zip(signs, parts, strict=True)])
    return b.emit(Value(Linear(signs), parts, item.type, item.span, Claim.CONTRACTION))


def _sum_type(b: Builder, item: Value) -> Type:
    """Of the sum of both factors, as integers."""
    one, other = (b.type(a) for a in item.args)
    return replace(one, lo=one.lo + other.lo, hi=one.hi + other.hi)


def _triangles(b: Builder, args: tuple[int, ...], of: Type, op: Triangles, bits: int | None) -> int:
    """Of numbers of that range and shape, at that scale."""
    lo, hi = op.ends(of.lo, of.hi)
    lanes, terms = split(of.shape, op.count)
    return chunked(b, Value(op, args, Type(lanes, of.scale, lo * terms, hi * terms), b.span), op, bits)


def _owners(roles: Roles) -> tuple[str, ...]:
    """Who may compute what is its own, and enter it."""
    honest = roles.taken_for is Evaluator.HONEST
    return (roles.garbler, roles.evaluator) if honest else (roles.garbler,)


def _alone_ands(b: Builder, number: int, lanes: int, terms: int, roles: Roles, axes: int) -> float:
    if any(local(b, number, party) is not None for party in _owners(roles)):
        return 0
    width, shape = b.type(number).width, core(b, number, axes)
    return terms * (width * (width - 1) / 2 + width) * prod(shape[: len(shape) - axes]) / max(1, lanes)


def _alone(b: Builder, number: int, op: Triangles, result: Type, roles: Roles, bits: int | None) -> tuple[int, int]:
    """Q of one factor, summed over the contracted axes, once for all lanes that share it, and how often it is added."""
    whole, small = b.type(number).shape, shrunk(b, number, op.count)
    for party in _owners(roles):
        clear = local(b, small, party)
        if clear is not None:
            lo, hi = op.ends(b.type(clear).lo, b.type(clear).hi)
            lanes, terms = split(b.type(clear).shape, op.count)
            made = b.add(op, (clear,), Type(lanes, result.scale, lo * terms, hi * terms))
            made = low(b, b.scaled(made, Fraction(-1)), bits)
            type = b.type(made)
            lo, hi = full_range(type.width, type.signed)
            total = b.add(Enter(party), (made,), replace(type, lo=lo, hi=hi))
            return b.broadcast(total, whole[: len(whole) - op.count]), 1
    total = low(b, _triangles(b, (small,), replace(b.type(small), scale=result.scale), op, bits), bits)
    return b.broadcast(total, whole[: len(whole) - op.count]), -1
