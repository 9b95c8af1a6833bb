"""Sums of products by squares: ab = Q(a + b) - Q(a) - Q(b) (`words/triangles.py`).

A square of n bits has half as many partial products as a product of n by n.  What is of one factor alone leaves the
lanes: it is made once for all lanes that share the factor, in the clear by a party that may (the garbler, of its own;
it can only lie to itself), and else in the circuit, of the very wires that the products are made of.  Factors are cut
where squares of their parts cost less (`parts.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import prod
from typing import NamedTuple

from compiler.joint.chunks import chunked, core, local, shrunk
from compiler.joint.demand import low
from compiler.joint.locality import Evaluator, Roles
from compiler.joint.parts import Part, Term, Terms, ways
from compiler.words.arithmetic import split
from compiler.words.builder import Builder
from compiler.words.ir import Claim, Type, Value, digit_offset, full_range
from compiler.words.operations import Dot, Enter, Linear
from compiler.words.triangles import Triangles

CORRECTED = 3  # ANDs for each bit of a factor, to take what is of one factor alone off each sum; 1 where that wraps
WORTH_IT = Fraction(1, 20)  # of the ANDs: parts take launches of their own, and the count is about right
Scaled = tuple[int, int]  # a coefficient, a value


class Way(NamedTuple):
    ands: float  # of each lane, about
    terms: Terms


def cheapest(b: Builder, item: Value, op: Dot, roles: Roles, bits: int | None) -> Way:
    """Of a joint Dot of two different factors, of which so many low bits are read."""
    one, other = (b.type(a) for a in item.args)
    read = [tuple(t for t in terms if bits is None or t.shift < bits) for terms in ways(one, other)]
    whole, *cut = (Way(_ands(b, item, op, roles, bits, terms), terms) for terms in read)
    best = min(cut, key=lambda way: way.ands)
    return best if best.ands < whole.ands * (1 - WORTH_IT) else whole


def _ands(b: Builder, item: Value, op: Dot, roles: Roles, bits: int | None, terms: Terms) -> float:
    one, other = (b.type(a) for a in item.args)
    lanes, count = split(one.shape, op.count)
    total = float((CORRECTED if bits is None else 1) * _sum(one, other).width)
    for term in terms:
        width = _sum(term.parts[0].type(one), term.parts[1].type(other)).width
        left = 2 * width if bits is None else bits - term.shift
        pairs = sum(min(j, max(0, left - j)) for j in range(width))
        total += count * (width - 1 + pairs)
        if len(terms) > 1:  # they are added up
            total += min(2 * width, left) * term.rows
        for number, part in zip(item.args, term.parts, strict=True):
            total += _alone_ands(b, number, part, prod(lanes), count, roles, op.count)
    return total


def by_squares(b: Builder, item: Value, op: Dot, roles: Roles, bits: int | None, terms: Terms) -> int:
    """The Dot, of which so many low bits are read, as those terms."""
    added, squares = list[Scaled](), list[Triangles]()
    for term in terms:
        one, other = (p.of(b, n, _owners(roles)) for p, n in zip(term.parts, item.args, strict=True))
        both = _sum(b.type(one), b.type(other))
        squares.append(Triangles(op.count, digit_offset(both), True))
        added.append((term.coefficient, _triangles(b, (one, other), both, squares[-1], _left(bits, term))))
    for at, number in enumerate(item.args):
        of = [(t, t.parts[at], replace(q, pair=False)) for t, q in zip(terms, squares, strict=True)]
        added.append(_alone(b, number, op.count, of, roles, bits))
    made = _linear(b, added, item.type)
    return b.emit(made if bits else replace(made, type=item.type, claim=Claim.CONTRACTION))


def _left(bits: int | None, term: Term) -> int | None:
    """Of the low bits that are read of the whole, those that are of a term's product."""
    return None if bits is None else max(1, bits - term.shift)


def _sum(one: Type, other: Type) -> Type:
    """Of the sum of both factors, as integers, at the scale of their product."""
    return replace(one, scale=one.scale * other.scale, lo=one.lo + other.lo, hi=one.hi + other.hi)


def _linear(b: Builder, added: Sequence[Scaled], type: Type) -> Value:
    """Of integers, of that shape and scale."""
    ends = [sorted((c * b.type(n).lo, c * b.type(n).hi)) for c, n in added]
    lo, hi = (sum(end[i] for end in ends) for i in (0, 1))
    op = Linear(tuple(c for c, _ in added))
    return Value(op, tuple(n for _, n in added), Type(type.shape, type.scale, lo, hi), b.span)


def _triangles(b: Builder, args: tuple[int, ...], of: Type, op: Triangles, bits: int | None) -> int:
    """Of numbers of that range and shape, at that scale."""
    lo, hi = op.ends(of.lo, of.hi)
    lanes, terms = split(of.shape, op.count)
    return chunked(b, Value(op, args, Type(lanes, of.scale, lo * terms, hi * terms), b.span), op, bits)


def _owners(roles: Roles) -> tuple[str, ...]:
    """Who may compute what is its own, and enter it."""
    honest = roles.taken_for is Evaluator.HONEST
    return (roles.garbler, roles.evaluator) if honest else (roles.garbler,)


def _alone_ands(b: Builder, number: int, part: Part, lanes: int, terms: int, roles: Roles, axes: int) -> float:
    if any(local(b, number, party) is not None for party in _owners(roles)):
        return 0
    width, shape = part.type(b.type(number)).width, core(b, number, axes)
    each = width * (width - 1) / 2 + width + part.ands(b.type(number))
    return terms * each * prod(shape[: len(shape) - axes]) / max(1, lanes)


def _alone(
    b: Builder, number: int, axes: int, of: Sequence[tuple[Term, Part, Triangles]], roles: Roles, bits: int | None
) -> Scaled:
    """Q of one factor's parts, summed over the contracted axes, once for all lanes that share it, and how often it is
    added."""
    whole, small = b.type(number).shape, shrunk(b, number, axes)
    for party in _owners(roles):
        clear = local(b, small, party)
        if clear is not None:
            made = _together(b, [(-t.coefficient, _clear(b, part.made(b, clear), op)) for t, part, op in of])
            made = low(b, made, bits)
            type = b.type(made)
            lo, hi = full_range(type.width, type.signed)
            total = b.add(Enter(party), (made,), replace(type, lo=lo, hi=hi))
            return 1, b.broadcast(total, whole[: len(whole) - axes])
    squares: list[Scaled] = []
    for term, part, op in of:
        own, left = part.of(b, small, _owners(roles)), _left(bits, term)
        squares.append((term.coefficient, low(b, _triangles(b, (own,), b.type(own), op, left), left)))
    total = low(b, _together(b, squares), bits)
    return -1, b.broadcast(total, whole[: len(whole) - axes])


def _clear(b: Builder, number: int, op: Triangles) -> int:
    type = b.type(number)
    lo, hi = op.ends(type.lo, type.hi)
    lanes, terms = split(type.shape, op.count)
    return b.add(op, (number,), Type(lanes, type.scale, lo * terms, hi * terms))


def _together(b: Builder, added: Sequence[Scaled]) -> int:
    [(coefficient, number), *others] = added
    if coefficient == 1 and not others:
        return number
    return b.emit(_linear(b, added, b.type(number)))
