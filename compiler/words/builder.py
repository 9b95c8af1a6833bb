"""Building blocks of words: every constructor derives the exact type of what it makes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

from compiler.words import strides
from compiler.words.arithmetic import broadcast_shapes, common_scale, into, logic_range, product, round_integer, split
from compiler.words.ir import COMMUTATIVE, Block, Claim, Item, Loop, Result, Type, Value, full_range
from compiler.words.operations import (
    Concat,
    Constant,
    Dot,
    Equal,
    Less,
    Linear,
    Logic,
    Mul,
    Op,
    Put,
    Ring,
    Round,
    Select,
    Strided,
    Sum,
    View,
)
from compiler.words.reads import reads
from lang.problems.problem import Rejected
from lang.problems.shapes import ValueTooLarge
from lang.problems.values import TooLarge
from lang.source import Span

MOST = 1 << 15  # items of a block and of those around it, while it is built
MAX_BITS = 1 << 16  # of a value's ends and of its scale's
BIT = Type((), Fraction(1), 0, 1)
Derivative = Callable[[int], Sequence[tuple[int, int]]]  # adjoint -> (operand, what that adds to its adjoint)


# (builder, factors, what their ranges make the type of a sum over axes, axes) -> what a Ring has to hold, None: no Ring
Rings = Callable[["Builder", int, int, Type, int], Type | None]


class Abandoned(Rejected):
    """There is no point in going on to find more."""


class Builder:
    """A block under construction.  Equal values are made once (they are all pure)."""

    def __init__(self, params: Sequence[Type] = (), outer: Builder | None = None) -> None:
        self.outer = outer
        self.first = outer.next if outer else 0
        self.params = tuple(params)
        self.items: list[Item] = []
        self.span: Span | None = None  # given to every value made from now on
        self.derivatives: dict[int, Derivative] = {}  # of values that are not differentiated word by word
        self.rings: Rings | None = None  # which sums of products may enter as shares
        self._made: dict[Value, int] = {}
        self._readers, self._counted = Counter[int](), 0

    @property
    def next(self) -> int:
        """The number of the next item."""
        return self.first + len(self.params) + len(self.items)

    def readers(self) -> Counter[int]:
        """By how many of its items each number is read, so far; to be looked at only."""
        for item in self.items[self._counted :]:
            self._readers.update(reads(item))
        self._counted = len(self.items)
        return self._readers

    def block(self, results: Sequence[int]) -> Block:
        return Block(self.first, self.params, tuple(self.items), tuple(results))

    def item(self, number: int) -> Item | None:
        """The item of that number; None for a parameter."""
        if number < self.first:
            assert self.outer is not None
            return self.outer.item(number)
        index = number - self.first - len(self.params)
        return self.items[index] if index >= 0 else None

    def type(self, number: int) -> Type:
        if number < self.first:
            assert self.outer is not None
            return self.outer.type(number)
        index = number - self.first
        if index < len(self.params):
            return self.params[index]
        item = self.items[index - len(self.params)]
        assert not isinstance(item, Loop)
        return item.type

    def add(self, op: Op, args: Sequence[int], type: Type, span: Span | None = None) -> int:
        return self.emit(Value(op, tuple(args), type, span or self.span))

    def emit(self, value: Value) -> int:
        for same in (value, replace(value, args=value.args[::-1])) if isinstance(value.op, COMMUTATIVE) else (value,):
            if same in self._made:
                return self._made[same]
        self._made[value] = number = self.next
        self.items.append(value)
        if value.span is not None:
            self._within_bounds(value.type, value.span)
        return number

    def _within_bounds(self, type: Type, span: Span) -> None:
        """Raises Abandoned where the program has grown beyond what compiles in reasonable time."""
        if self.next > MOST:
            hint = "loops in a `dpsgd`, calls, and `if`s over tuples are written out: use arrays"
            raise Abandoned([TooLarge(span=span, limit=MOST, what="operations", hint=hint)])
        ends = type.lo, type.hi, type.scale.numerator, type.scale.denominator
        if any(end.bit_length() > MAX_BITS for end in ends):
            help = "bind it to a kind, which rounds it once: `let y: int<64> = ...;`"
            raise Abandoned([ValueTooLarge(span=span, limit=MAX_BITS, what="private value takes", hint=help)])

    def loop(self, count: int, init: Sequence[int], body: Block) -> list[int]:
        """A loop; the numbers of its carried values after the last iteration."""
        number = self.next
        self.items.append(Loop(count, tuple(init), body, self.span))
        results: list[int] = []
        for position, type in enumerate(body.params[1:]):
            results.append(self.next)
            self.items.append(Result(number, position, type))
        return results

    # -- constants and wiring -------------------------------------------------------------------

    def const(self, values: Sequence[Fraction], shape: tuple[int, ...] = ()) -> int:
        """A public tensor; one value fills any shape."""
        if len(set(values)) == 1:
            values = values[:1]
        scale = common_scale([abs(v) for v in values])
        return self._integers([int(v / scale) for v in values], scale, shape)

    def _integers(self, values: Sequence[int], scale: Fraction, shape: tuple[int, ...]) -> int:
        return self.add(Constant(tuple(values)), (), Type(shape, scale, min(values), max(values)))

    def constant(self, number: int) -> Fraction | None:
        """The value of a uniform constant."""
        item = self.item(number)
        if isinstance(item, Value) and isinstance(item.op, Constant) and len(item.op.values) == 1:
            return item.op.values[0] * item.type.scale
        return None

    def view(self, number: int, at: Strided, shape: tuple[int, ...], indices: Sequence[int] = ()) -> int:
        type = self.type(number)
        if at == strides.identity(type.shape) and shape == type.shape:
            return number
        inner = self.item(number)
        if isinstance(inner, Value) and isinstance(inner.op, Constant) and len(inner.op.values) == 1:
            return self.add(inner.op, (), replace(type, shape=shape))
        if isinstance(inner, Value) and isinstance(inner.op, View):
            last = [self.type(i).hi for i in indices]
            both = strides.compose(inner.op.at, type.shape, at, shape, last)
            if both is not None:
                return self.view(inner.args[0], both, shape, (*inner.args[1:], *indices))
        return self.add(View(at), (number, *indices), replace(type, shape=shape))

    def broadcast(self, number: int, shape: tuple[int, ...]) -> int:
        if self.type(number).shape == shape:
            return number
        return self.view(number, strides.broadcast(self.type(number).shape, shape), shape)

    def reshape(self, number: int, shape: tuple[int, ...]) -> int:
        return self.view(number, strides.identity(shape), shape)

    def transpose(self, number: int, axes: Sequence[int]) -> int:
        shape = self.type(number).shape
        return self.view(number, strides.transposed(shape, axes), tuple(shape[a] for a in axes))

    def put(self, number: int, part: int, at: Strided, indices: Sequence[int] = ()) -> int:
        """The tensor with the elements of the view `at` replaced; both of one scale."""
        type, new = self.type(number), self.type(part)
        assert type.scale == new.scale
        joined = replace(type, lo=min(type.lo, new.lo), hi=max(type.hi, new.hi))
        args = self.fit(number, joined), self.fit(part, replace(joined, shape=new.shape))
        return self.add(Put(at), (*args, *indices), joined)

    def concat(self, parts: Sequence[int]) -> int:
        """Along axis 0; all brought to one scale."""
        if len(parts) == 1:
            return parts[0]
        aligned = self.aligned(parts)
        types = [self.type(a) for a in aligned]
        lo, hi = min(t.lo for t in types), max(t.hi for t in types)
        fitted = [self.fit(a, replace(t, lo=lo, hi=hi)) for a, t in zip(aligned, types, strict=True)]
        shape = (sum(t.shape[0] for t in types), *types[0].shape[1:])
        return self.add(Concat(), fitted, Type(shape, types[0].scale, lo, hi))

    def fit(self, number: int, type: Type) -> int:
        """The same value in words of exactly `type`'s width and sign."""
        own = self.type(number)
        assert own.scale == type.scale and own.shape == type.shape and type.lo <= own.lo and own.hi <= type.hi
        if (own.width, own.signed) == (type.width, type.signed):
            return number
        item = self.item(number)
        if isinstance(item, Value) and isinstance(item.op, Constant):
            return self.add(item.op, (), type)
        return self.add(Linear((1,)), (number,), type)

    def bounds(self, number: int) -> tuple[Fraction, Fraction]:
        """The least and largest number that an element can be."""
        type = self.type(number)
        return type.lo * type.scale, type.hi * type.scale

    def narrowed(self, number: int, least: Fraction, most: Fraction, claim: Claim) -> int:
        """The same value, known by the caller to lie between two numbers of its grid; `claim` says why."""
        item, type = self.item(number), self.type(number)
        lo, hi = max(type.lo, int(least / type.scale)), min(type.hi, int(most / type.scale))
        if not isinstance(item, Value) or (lo, hi) == (type.lo, type.hi):
            return number
        return self.emit(replace(item, type=replace(type, lo=lo, hi=hi), claim=claim))

    # -- exact arithmetic -----------------------------------------------------------------------

    def affine(self, terms: Sequence[tuple[Fraction, int]], constant: Fraction = Fraction(0)) -> int:
        """Sum of factor * value, plus a constant; shapes broadcast.  Factors become coefficients or only change the
        scale."""
        shape = broadcast_shapes([self.type(n).shape for _, n in terms])
        flat: dict[int, Fraction] = {}
        for factor, number in terms:
            known = self.constant(number)
            if known is not None:
                constant += factor * known
            elif factor:
                inner, scale, extra = self._unscaled(number)
                inner = self.broadcast(inner, shape)
                flat[inner] = flat.get(inner, Fraction(0)) + factor * scale
                constant += factor * extra
        flat = {n: f for n, f in flat.items() if f}
        if not flat:
            return self.const([constant], shape)
        return self._linear(flat, constant, shape)

    def _linear(self, flat: dict[int, Fraction], constant: Fraction, shape: tuple[int, ...]) -> int:
        scale = common_scale([abs(f) * self.type(n).scale for n, f in flat.items()] + [abs(constant)])
        coefficients = tuple(int(f * self.type(n).scale / scale) for n, f in flat.items())
        offset = int(constant / scale)
        if coefficients == (1,) and not offset and self.type(next(iter(flat))).scale == scale:
            return next(iter(flat))
        ends = [sorted((c * self.type(n).lo, c * self.type(n).hi)) for c, n in zip(coefficients, flat, strict=True)]
        type = Type(shape, scale, sum(e[0] for e in ends) + offset, sum(e[1] for e in ends) + offset)
        return self.add(Linear(coefficients, offset), tuple(flat), type)

    def _unscaled(self, number: int) -> tuple[int, Fraction, Fraction]:
        """(inner, factor, constant) with value = factor * inner + constant, through a `Linear` of one operand."""
        item = self.item(number)
        if isinstance(item, Value) and isinstance(item.op, Linear) and len(item.args) == 1:
            inner = item.args[0]
            factor = item.op.coefficients[0] * item.type.scale / self.type(inner).scale
            return inner, factor, item.op.constant * item.type.scale
        return number, Fraction(1), Fraction(0)

    def add2(self, a: int, b: int) -> int:
        return self.affine([(Fraction(1), a), (Fraction(1), b)])

    def sub(self, a: int, b: int) -> int:
        return self.affine([(Fraction(1), a), (Fraction(-1), b)])

    def scaled(self, number: int, factor: Fraction) -> int:
        return self.affine([(factor, number)])

    def aligned(self, numbers: Sequence[int]) -> list[int]:
        """The values as integers of one scale."""
        scale = common_scale([self.type(n).scale for n in numbers])
        return [self._at_scale(n, scale) for n in numbers]

    def _at_scale(self, number: int, scale: Fraction) -> int:
        type = self.type(number)
        factor = int(type.scale / scale)
        if factor == 1:
            return number
        known = self.item(number)
        if isinstance(known, Value) and isinstance(known.op, Constant):
            return self._integers([v * factor for v in known.op.values], scale, type.shape)
        return self.add(Linear((factor,)), (number,), Type(type.shape, scale, type.lo * factor, type.hi * factor))

    def mul(self, a: int, b: int) -> int:
        for known, other in ((self.constant(a), b), (self.constant(b), a)):
            if known is not None:
                shape = broadcast_shapes([self.type(a).shape, self.type(b).shape])
                return self.scaled(self.broadcast(other, shape), known)
        shape = broadcast_shapes([self.type(a).shape, self.type(b).shape])
        a, b = self.broadcast(a, shape), self.broadcast(b, shape)
        return self.add(Mul(), (a, b), product(self.type(a), self.type(b), shape, 1, a == b))

    def sum(self, number: int, axes: int) -> int:
        """Over the trailing axes."""
        type = self.type(number)
        shape, terms = split(type.shape, axes)
        if terms == 1:
            return self.reshape(number, shape)
        known = self.constant(number)
        if known is not None:
            return self.const([known * terms], shape)
        return self.add(Sum(axes), (number,), Type(shape, type.scale, type.lo * terms, type.hi * terms))

    def contract(self, number: int, axes: Sequence[int], count: int) -> int:
        """The sum over the last `count` of the given axes (all of them, in order); of products, a dot product."""
        item = self.item(number)
        if isinstance(item, Value) and isinstance(item.op, Mul) and count:
            return self.dot(self.transpose(item.args[0], axes), self.transpose(item.args[1], axes), count)
        return self.sum(self.transpose(number, axes), count)

    def dot(self, a: int, b: int, axes: int) -> int:
        """Sum of products over the trailing axes, both operands of one shape."""
        ta, tb = self.type(a), self.type(b)
        assert ta.shape == tb.shape
        if self.constant(a) is not None or self.constant(b) is not None:
            return self.sum(self.mul(a, b), axes)
        shape, terms = split(ta.shape, axes)
        exact = product(ta, tb, shape, terms, a == b)
        if self.rings is not None and (held := self.rings(self, a, b, exact, axes)) is not None:
            return self.ring(a, b, axes, held)
        return self.add(Dot(axes), (a, b), exact)

    def ring(self, a: int, b: int, axes: int, least: Type) -> int:
        """A sum of products as a Ring of at least the range of `least`, and no narrower than a factor."""
        widths = least.width + (not least.signed), self.type(a).width, self.type(b).width
        lo, hi = full_range(max(widths), True)
        return self.add(Ring(axes), (a, b), replace(least, lo=lo, hi=hi))

    # -- kinds, bits and choices ----------------------------------------------------------------

    def round(self, number: int, scale: Fraction, lo: int, hi: int, *, nearest: bool = True, wrap: bool = False) -> int:
        """To integers of `scale` in lo..hi."""
        type, known = self.type(number), self.item(number)
        ratio = type.scale / scale
        lifted = self._lifted(known, ratio.denominator // 2) if nearest and not wrap else None
        if lifted is not None and ratio.numerator == 1:
            number, nearest = lifted, False
        at = Round(ratio.numerator, ratio.denominator, lo, hi, nearest, wrap)
        low, high = (round_integer(n, ratio, nearest) for n in (type.lo, type.hi))
        fits = lo <= low and high <= hi
        if isinstance(known, Value) and isinstance(known.op, Constant):
            return self._integers(
                [into(round_integer(n, ratio, nearest), lo, hi, wrap) for n in known.op.values], scale, type.shape
            )
        if fits and ratio.denominator == 1:
            return self._at_scale(number, scale)
        bounds = (low, high) if fits else (lo, hi) if wrap else (max(lo, min(hi, low)), max(lo, min(hi, high)))
        return self.add(at, (number,), Type(type.shape, scale, *bounds))

    def _lifted(self, item: Item | None, units: int) -> int | None:
        """The Ring with that many units more, where it has room for them."""
        if not isinstance(item, Value) or not isinstance(item.op, Ring) or item.op.more or self.rings is None:
            return None
        left, right = item.args
        shape, terms = split(self.type(left).shape, item.op.count)
        exact = product(self.type(left), self.type(right), shape, terms, left == right)
        held = self.rings(self, left, right, exact, item.op.count)
        if held is None or held.hi + units > item.type.hi:
            return None
        return self.emit(replace(item, op=replace(item.op, more=units)))

    def raised(self, number: int, more: int) -> int:
        """So many units more, in a ring: the low bits of the sum."""
        type = self.type(number)
        total = self.add(Linear((1,), more), (number,), replace(type, lo=type.lo + more, hi=type.hi + more))
        return self.add(Round(1, 1, type.lo, type.hi, nearest=False, wrap=True), (total,), type)

    def less(self, a: int, b: int) -> int:
        return self._compare(Less(), a, b)

    def equal(self, a: int, b: int) -> int:
        return self._compare(Equal(), a, b)

    def _compare(self, op: Less | Equal, a: int, b: int) -> int:
        shape = broadcast_shapes([self.type(a).shape, self.type(b).shape])
        a, b = self.aligned([self.broadcast(a, shape), self.broadcast(b, shape)])
        return self.add(op, (a, b), replace(BIT, shape=shape))

    def select(self, condition: int, then: int, otherwise: int) -> int:
        shape = broadcast_shapes([self.type(n).shape for n in (condition, then, otherwise)])
        if then == otherwise:
            return self.broadcast(then, shape)
        a, b = self.aligned([self.broadcast(then, shape), self.broadcast(otherwise, shape)])
        ta, tb = self.type(a), self.type(b)
        type = Type(shape, ta.scale, min(ta.lo, tb.lo), max(ta.hi, tb.hi))
        return self.add(Select(), (self.broadcast(condition, shape), a, b), type)

    def logic(self, op: Logic, a: int, b: int) -> int:
        """& | ^ on unbounded two's complement; both are integers of scale 1 (or of one scale)."""
        shape = broadcast_shapes([self.type(a).shape, self.type(b).shape])
        a, b = self.aligned([self.broadcast(a, shape), self.broadcast(b, shape)])
        ta, tb = self.type(a), self.type(b)
        return self.add(op, (a, b), Type(shape, ta.scale, *logic_range(op, ta, tb)))

    def invert(self, bit: int) -> int:
        """1 - b."""
        return self.affine([(Fraction(-1), bit)], Fraction(1))
