"""What each operation asks of its operands and its result, and the range of what it makes of theirs.

`made` is the other half of `evaluate.computed`: evaluated on intervals instead of integers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import gcd, isqrt
from typing import assert_never

from compiler.gates import verify as gates
from compiler.words.arithmetic import logic_range, product, remainder_range, round_integer, split
from compiler.words.builder import BIT
from compiler.words.extern import Extern
from compiler.words.ir import Type, digit_offset, full_range, interval
from compiler.words.needs import Operand, Range, Wrong, need
from compiler.words.noise_bound import noise_bound
from compiler.words.operations import (
    And,
    Bits,
    Bound,
    Coins,
    Compute,
    Concat,
    Constant,
    Contraction,
    Digits,
    Div,
    Dot,
    Enter,
    Equal,
    Exact,
    Held,
    Learn,
    Less,
    Linear,
    Mark,
    Mechanism,
    Mul,
    Noise,
    Or,
    Pieces,
    Pooled,
    Power,
    Put,
    Remainder,
    Ring,
    Round,
    Select,
    Share,
    Sharing,
    Sqrt,
    Strided,
    Sum,
    Telling,
    Transfer,
    View,
    Wiring,
    Xor,
)
from compiler.words.sampler import Sampler
from compiler.words.triangles import Triangles
from lang.numerals import decimal, ratio

LONGEST_POWER = 1 << 16


Derived = Constant | Noise | Coins | Compute | Wiring | Mark | Enter | Telling | Sharing


def made(op: Derived, args: Sequence[Operand], type: Type) -> Range:
    """The range of the result; raises Wrong where payload, operands, shape or scale do not fit together."""
    if isinstance(op, Constant | Noise | Coins):
        return _drawn(op, args, type)
    if isinstance(op, View | Put | Bits | Concat):
        return _wired(op, args, type)
    if isinstance(op, Contraction):
        return _contracted(op, args, type)
    if isinstance(op, Bound | Mechanism | Enter | Learn | Held | Pooled):
        return _passed(op, args, type)
    if isinstance(op, Ring | Transfer | Share):
        return _shared(op, args, type)
    if isinstance(op, Sampler):
        return _gauss(op, args, type)
    if isinstance(op, Extern):
        return _through(op, args, type)
    for a in args:
        need(a.type.shape == type.shape, f"an operand's shape is not the result's: {a.type}")
    return _element_wise(op, args, type)


def _count(args: Sequence[Operand], count: int) -> None:
    need(len(args) == count, f"{len(args)} operands instead of {count}")


def _scale(found: Fraction, type: Type) -> None:
    need(found == type.scale, f"the scale is {ratio(type.scale)}, its operands make it {ratio(found)}")


# -- sources and marks ----------------------------------------------------------------------------


def _drawn(op: Constant | Noise | Coins, args: Sequence[Operand], type: Type) -> Range:
    _count(args, 0)
    match op:
        case Constant(values):
            need(len(values) in (1, type.size), f"{len(values)} numbers for {type.size} elements")
            return (min(values), max(values)) if values else (0, 0)
        case Noise(sigma=sigma):
            need(sigma > 0, "noise without a deviation")
            reach = noise_bound(sigma)
            return -reach, reach
        case Coins():
            _scale(Fraction(1), type)
            return 0, 1
        case _:
            assert_never(op)


def _passed(op: Mark | Enter | Telling, args: Sequence[Operand], type: Type) -> Range:
    if isinstance(op, Learn) and len(args) == 2:
        need((type.lo, type.hi) == full_range(type.width, True), "learned of halves that are not numbers of a ring")
        for a in args:
            _alike(a.type, type)
        return type.lo, type.hi
    _count(args, 1)
    [a] = args
    need(a.type.shape == type.shape, f"the operand's shape is not the result's: {a.type}")
    _scale(a.type.scale, type)
    match op:
        case Bound(norm=norm):
            need(norm > 0, "a bound that is not positive")
        case Mechanism(batch=batch, slots=slots, steps=steps, clip=clip, whole=whole):
            need(0 < batch <= slots and steps > 0 and clip > 0, "a mechanism of no batch, step or clip")
            need(batch == slots or not whole, "a mechanism of all rows and not all rows")
        case Enter() | Learn() | Held():
            _alike(a.type, type)
        case Pooled(most=most, together=together, sizes=sizes):
            need(
                0 < most < together and len(sizes) > 1 and min(sizes) > 0, "the sums of one owner alone, or of nothing"
            )
            return -together, together
        case _:
            assert_never(op)
    return a.known


def _gauss(op: Sampler, args: Sequence[Operand], type: Type) -> Range:
    need(bool(args), "noise of nobody's bits")
    for a in args:
        need(a.type == replace(BIT, shape=(*type.shape, op.bits)), f"an operand is not {op.bits} bits for each draw")
    return -op.reach, op.reach


def _through(op: Extern, args: Sequence[Operand], type: Type) -> Range:
    """Bits, along the last axes; the circuit is one that can be walked."""
    need(bool(args) and bool(type.shape), "a circuit without operands, or without an axis of bits")
    for a in args:
        bit = replace(BIT, shape=(*type.shape[:-1], *a.type.shape[-1:]))
        need(a.type.shape == bit.shape and a.type.scale == 1, f"an operand of other axes: {a.type}")
        need(a.known[0] >= 0 and a.known[1] <= 1, f"an operand that is not of bits: {a.type}")
    _scale(Fraction(1), type)
    bits = sum(a.type.shape[-1] for a in args)
    need((op.circuit.inputs, len(op.circuit.outputs)) == (bits, type.shape[-1]), "a circuit of other widths")
    try:
        gates.verify(op.circuit)
    except gates.Malformed as error:
        raise Wrong(f"a circuit that is none: {error}") from None
    return 0, 1


# -- wiring ---------------------------------------------------------------------------------------


def _alike(a: Type, b: Type) -> None:
    need((a.width, a.signed) == (b.width, b.signed), f"wires of another width or sign: {a}")


def _wired(op: Wiring, args: Sequence[Operand], type: Type) -> Range:
    need(bool(args), "no operand")
    whole = args[0]
    if isinstance(op, Bits):
        _count(args, 1)
        need(type.shape == (*whole.type.shape, whole.type.width), f"not the bits of {whole.type}")
        _scale(Fraction(1), type)
        return 0, 1
    data = args[: 1 if isinstance(op, View) else 2 if isinstance(op, Put) else len(args)]
    for a in data:
        _alike(a.type, type)
        _scale(a.type.scale, type)
    match op:
        case View(at):
            _reaches(at, type.shape, args[1:], whole.type.size)
        case Put(at):
            need(len(data) == 2, "nothing to put")
            need(whole.type.shape == type.shape, f"put into another shape: {whole.type}")
            _reaches(at, data[1].type.shape, args[2:], type.size)
        case Concat():
            extents = [a.type.shape[:1] for a in args]
            need(all(extents), "an operand without an axis")
            need(type.shape[:1] == (sum(n for [n] in extents),), "the operands' extents do not add up to the result's")
            need(all(a.type.shape[1:] == type.shape[1:] for a in args), "operands of different shapes")
        case _:
            assert_never(op)
    return min(a.known[0] for a in data), max(a.known[1] for a in data)


def _reaches(at: Strided, shape: tuple[int, ...], indices: Sequence[Operand], size: int) -> None:
    """Does the view stay within `size` elements, whatever the indices are?"""
    need(len(at.strides) == len(shape), f"{len(at.strides)} strides for {len(shape)} axes")
    need(len(at.steps) == len(indices), f"{len(at.steps)} steps for {len(indices)} indices")
    for index in indices:
        need(index.type.shape == () and index.type.scale == 1, f"an index that is not one whole number: {index.type}")
    moves = [(s * (n - 1), 0) for s, n in zip(at.strides, shape, strict=True)]
    moves += [(step * i.known[0], step * i.known[1]) for step, i in zip(at.steps, indices, strict=True)]
    first, last = (at.offset + sum(pick(m) for m in moves) for pick in (min, max))
    need(0 in shape or (first >= 0 and last < size), f"a view reaches {first}..{last} of {size} elements")


# -- contractions ---------------------------------------------------------------------------------


def _contracted(op: Contraction, args: Sequence[Operand], type: Type) -> Range:
    _count(args, 1 if isinstance(op, Sum) or (isinstance(op, Triangles) and not op.pair) else 2)
    a, b = args[0], args[-1]
    need(a.type.shape == b.type.shape, f"factors of different shapes: {a.type}, {b.type}")
    need(0 <= op.count <= len(a.type.shape), f"{op.count} axes of {len(a.type.shape)} contracted")
    left, terms = split(a.type.shape, op.count)
    need(left == type.shape, "the axes left are not the result's")
    if isinstance(op, Sum):
        _scale(a.type.scale, type)
        return terms * a.known[0], terms * a.known[1]
    if isinstance(op, Triangles):
        return _triangular(op, args, type, terms)
    whole = product(a.exact, b.exact, left, terms, a.same == b.same)
    if isinstance(op, Dot):
        _scale(whole.scale, type)
        return whole.lo, whole.hi
    _scale(whole.scale / 4, type)
    offsets = digit_offset(a.type), digit_offset(b.type)
    said = [", ".join(map(decimal, pair)) for pair in ((op.left, op.right), offsets)]
    need((op.left, op.right) == offsets, f"digits read with the offsets {said[0]} instead of ({said[1]})")
    ends = [(2 * x + op.left) * (2 * y + op.right) for x in a.known for y in b.known]
    return terms * min(ends), terms * max(ends)


def _triangular(op: Triangles, args: Sequence[Operand], type: Type, terms: int) -> Range:
    """Alone it may be of any scale, that of the products it is taken from."""
    need(op.offset % 2 == 1, f"half a square with {op.offset}, which is not odd")
    if op.pair:
        _scale(args[0].type.scale * args[1].type.scale, type)
    lo, hi = op.ends(sum(a.known[0] for a in args), sum(a.known[1] for a in args))
    return terms * lo, terms * hi


def _shared(op: Sharing, args: Sequence[Operand], type: Type) -> Range:
    """Every value of the type: nobody is held to the right one."""
    need((type.lo, type.hi) == full_range(type.width, True), f"{interval(type.lo, type.hi)} is not a whole ring")
    if isinstance(op, Share):
        _count(args, 1)
        need(args[0].type == type, f"a part of another ring: {args[0].type}")
        return type.lo, type.hi
    _count(args, 2)
    a, b = args
    need(a.type.shape == b.type.shape, f"factors of different shapes: {a.type}, {b.type}")
    need(0 <= op.count <= len(a.type.shape), f"{op.count} axes of {len(a.type.shape)} contracted")
    need(split(a.type.shape, op.count)[0] == type.shape, "the axes left are not the result's")
    return type.lo, type.hi


# -- element by element ---------------------------------------------------------------------------


def _element_wise(op: Compute, args: Sequence[Operand], type: Type) -> Range:
    match op:
        case Linear(coefficients, constant):
            _count(args, len(coefficients))
            ends = [sorted((c * a.known[0], c * a.known[1])) for c, a in zip(coefficients, args, strict=True)]
            return constant + sum(low for low, _ in ends), constant + sum(high for _, high in ends)
        case Mul():
            _count(args, 2)
            whole = product(args[0].exact, args[1].exact, type.shape, 1, args[0].same == args[1].same)
            _scale(whole.scale, type)
            return whole.lo, whole.hi
        case Exact(by):
            _count(args, 1)
            need(by > 0, f"division by {decimal(by)}")
            _scale(args[0].type.scale * by, type)
            return -(-args[0].known[0] // by), args[0].known[1] // by
        case Round():
            _count(args, 1)
            return _rounded(op, args[0], type)
        case Div():
            _count(args, 2)
            _scale(args[0].type.scale / args[1].type.scale, type)
            return _divided(op, args[0].known, args[1].known)
        case Remainder():
            _count(args, 2)
            for a in args:
                _scale(a.type.scale, type)
            return remainder_range(args[0].exact, args[1].exact)
        case Sqrt():
            _count(args, 1)
            _scale(args[0].type.scale, replace(type, scale=type.scale**2))
            return isqrt(max(0, args[0].known[0])), isqrt(max(0, args[0].known[1]))
        case Less() | Equal():
            _count(args, 2)
            need(args[0].type.scale == args[1].type.scale, "numbers of different scales compared")
            _scale(Fraction(1), type)
            return 0, 1
        case Power():
            _count(args, 1)
            return _power(args[0], type)
        case Select():
            _count(args, 3)
            condition, *arms = args
            need(condition.type.scale == 1 and condition.known[0] >= 0 and condition.known[1] <= 1, "chosen by no bit")
            for a in arms:
                _scale(a.type.scale, type)
            return min(a.known[0] for a in arms), max(a.known[1] for a in arms)
        case And() | Or() | Xor():
            _count(args, 2)
            for a in args:
                _scale(a.type.scale, type)
            return logic_range(op, args[0].exact, args[1].exact)
        case Pieces():
            _count(args, 1)
            _tables(op, args[0])
            return type.lo, type.hi  # which is what the result is clamped to
        case Sum() | Dot() | Digits() | Triangles() | Sampler() | Extern():
            raise AssertionError("not element by element")
        case _:
            assert_never(op)


def _rounded(op: Round, a: Operand, type: Type) -> Range:
    need(
        op.numerator > 0 and op.denominator > 0 and gcd(op.numerator, op.denominator) == 1,
        "a ratio not in lowest terms",
    )
    _scale(a.type.scale * op.denominator / op.numerator, type)
    need(op.lo <= op.hi, f"bounds {interval(op.lo, op.hi)}")
    ratio = Fraction(op.numerator, op.denominator)
    low, high = (round_integer(n, ratio, op.nearest) for n in a.known)
    if not op.wrap:
        return max(op.lo, min(op.hi, low)), max(op.lo, min(op.hi, high))
    width = Type((), ratio, op.lo, op.hi).width
    whole = (op.lo, op.hi) == full_range(width, op.lo < 0)
    need(whole, f"{interval(op.lo, op.hi)} is not a whole kind, so it cannot wrap")
    return (low, high) if op.lo <= low and high <= op.hi else (op.lo, op.hi)


def _power(a: Operand, type: Type) -> Range:
    need(a.type.scale == 1, f"a power by what is no whole number: {a.type}")
    need(a.type.lo >= 0 and a.type.hi < LONGEST_POWER, f"2 to the power {interval(a.type.lo, a.type.hi)}")
    _scale(Fraction(1), type)
    return 1 << a.known[0], 1 << a.known[1]


def _divided(op: Div, a: Range, b: Range) -> Range:
    """The ends lie at the ends of both, and where the divisor is next to 0."""
    divisors = {d for d in (*b, -1, 1) if d and b[0] <= d <= b[1]}
    ends = [n // d for n in a for d in divisors]
    if b[0] <= 0 <= b[1]:
        ends += [op.lo] * (a[0] < 0) + [op.hi] * (a[1] >= 0)
    return min(ends), max(ends)


def _tables(op: Pieces, a: Operand) -> None:
    need(op.limit > 0 and op.limit & (op.limit - 1) == 0, f"a limit of {decimal(op.limit)}")
    need(min(op.drop, op.shift, op.guard) >= 0, "a shift to the left")
    entries = (op.limit << op.whole) >> op.shift
    need(
        len(op.base) == len(op.slope) == entries > 0, f"{len(op.base)} and {len(op.slope)} entries instead of {entries}"
    )
    low, high = (max(-op.limit, min(op.limit - 1, n >> op.drop)) for n in a.known)
    if op.whole or low >= 0 or high < 0:
        return
    shared = min(-1 - low, high) >> op.shift  # the last entry that stands for operands of both signs
    least = min(b + min(0, s * ((1 << op.shift) - 1)) for b, s in zip(op.base[: shared + 1], op.slope, strict=False))
    need(least >= 0, "an entry for both signs that is below the centre")
