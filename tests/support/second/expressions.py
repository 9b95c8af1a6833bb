"""The generator's expressions: of a shape that is asked for, typed, and of a cost that stays small."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from support.second.kinds import BIT, Kind
from support.second.leaves import ELEMENTS, Leaves
from support.second.tree import Array, Binary, Block, Call, Cast, IfElse, Let, Name, Statement, Unary
from support.second.typed import Shape, Typed, arithmetic, broadcast, common, everyone, of_kind, product_ends, together

WIDEST = 200  # bits of an exact value in the middle of an expression, unless it is alone
Maker = Callable[[Shape, int], "Typed | None"]


class Expressions(Leaves):
    def __init__(self, seed: int, gates: int) -> None:
        super().__init__(seed)
        self.gates = gates  # that may still be spent, roughly
        self.makers: list[tuple[int, Maker]] = [
            (14, self.added),
            (9, self.multiplied),
            (5, self.negated),
            (6, self.divided),
            (4, self.remainder),
            (4, self.shifted),
            (5, self.bitwise),
            (3, self.inverted),
            (6, self.compared),
            (4, self.logical),
            (3, self.power),
            (8, self.cast),
            (6, self.chosen),
            (6, self.pairwise),
            (4, self.clamped),
            (4, self.one_argument),
            (3, self.listed),
        ]

    def expression(self, shape: Shape, depth: int) -> Typed:
        """An expression of this shape."""
        if depth > 0 and self.gates > 0:
            for _ in range(4):
                maker = self.draw.choices([m for _, m in self.makers], [w for w, _ in self.makers])[0]
                found = maker(shape, depth - 1)
                if found is None:
                    continue
                assert found.shape == shape, maker
                self.gates -= found.size * min(found.bits, 300) * (not found.public)
                return found if found.bits <= WIDEST else self.narrowed(found)
        return self.plain(shape)

    def plain(self, shape: Shape, integer: bool | None = None) -> Typed:
        """A leaf."""
        if self.chance(0.85) and (found := self.leaf(shape, integer)):
            return found
        if not shape:
            if self.scope.loops and self.chance(0.4):
                name, low, high = self.draw.choice(self.scope.loops)
                whole = Fraction(low), Fraction(high), Fraction(1)
                return Typed(Name(name), (), *whole, True, True, None, True)
            if self.params and integer is None and self.chance(0.2):
                p = self.draw.choice(self.params)
                return self.known(Name(p.name), p.value, not p.pointed)
            return self.number(integer is not False and self.chance(0.7))
        if len(shape) == 1 or self.chance(0.5):
            return self.stacked([self.plain(shape[1:], integer) for _ in range(shape[0])])
        kind = self.kind(integer=integer)
        return self.filled(self.plain((), integer), kind, shape)

    def filled(self, t: Typed, kind: Kind, shape: Shape) -> Typed:
        """A scalar spread over a shape: a sum with an array of zeros."""
        zeros = self.stacked([self.known(self.literal(0), Fraction(0), True)] * shape[-1])
        for size in reversed(shape[:-1]):
            zeros = self.stacked([zeros] * size)
        node = Binary("+", zeros.node, self.narrow_to(t, kind).node)
        return arithmetic(
            node, [zeros, of_kind(node, (), kind, t.public, t.owners)], shape, kind.least, kind.greatest, kind.unit
        )

    def stacked(self, items: list[Typed]) -> Typed:
        low, high = min(t.low for t in items), max(t.high for t in items)
        unit = items[0].unit
        for t in items[1:]:
            unit = common(unit, t.unit)
        whole = arithmetic(Array(tuple(t.node for t in items)), items, (len(items), *items[0].shape), low, high, unit)
        return whole.keeping(items)

    def narrow_to(self, t: Typed, kind: Kind, modes: tuple[str, ...] = ()) -> Typed:
        node = Cast(t.node, kind, str(self.spell(kind)), modes)
        return of_kind(node, t.shape, kind, t.public, t.owners)

    def narrowed(self, t: Typed) -> Typed:
        return self.narrow_to(t, self.kind_for(t))

    def kind_for(self, t: Typed, most: int = 130, integer: bool | None = None) -> Kind:
        """A kind for these numbers: more often than not one that keeps most of them apart."""
        if self.chance(0.35):
            return self.kind(most, integer)
        places = max(0, t.unit.denominator.bit_length() - 1 + self.draw.randint(-2, 1))
        whole = max(1, int(max(abs(t.low), abs(t.high))).bit_length() + self.draw.randint(-1, 1))
        signed = t.low < 0
        if integer or (integer is None and t.unit.denominator == 1 and self.chance(0.6)):
            return Kind("int" if signed else "uint", min(whole + signed, most))
        point = min(places, most - 1, 40)
        return Kind("fix", min(whole + point + 1, most), point) if integer is None else self.kind(most, integer)

    def smaller(self, t: Typed, bits: int, integer: bool | None = None) -> Typed:
        """At most so many bits wide, and of integers where these are wanted."""
        if t.bits <= bits and (integer is None or t.integer is integer):
            return t
        return self.narrow_to(t, self.kind_for(t, bits, integer))

    def apart(self, shape: Shape) -> tuple[Shape, Shape]:
        """Two shapes that broadcast to this one."""
        way = self.draw.random()
        if not shape or way < 0.4:
            return shape, shape
        if way < 0.7:
            pair = (shape, ())
        elif way < 0.85:
            pair = (shape, shape[1:])
        else:
            thin = tuple(1 if self.chance(0.5) else s for s in shape)
            fat = tuple(s if t == 1 or self.chance(0.5) else 1 for s, t in zip(shape, thin, strict=True))
            pair = (thin, fat)
        assert broadcast(*pair) == shape
        return (pair[1], pair[0]) if self.chance(0.5) else pair

    def two(self, shape: Shape, depth: int) -> tuple[Typed, Typed]:
        left, right = self.apart(shape)
        return self.expression(left, depth), self.expression(right, depth)

    # operators

    def added(self, shape: Shape, depth: int) -> Typed:
        p, q = self.two(shape, depth)
        unit = common(p.unit, q.unit)
        if self.chance(0.5):
            return arithmetic(Binary("+", p.node, q.node), [p, q], shape, p.low + q.low, p.high + q.high, unit)
        return arithmetic(Binary("-", p.node, q.node), [p, q], shape, p.low - q.high, p.high - q.low, unit)

    def fits(self, p: Typed, q: Typed, elements: int, most: int = 3000) -> tuple[Typed, Typed] | None:
        """Two factors whose product is cheap enough; the wider one is rounded until it is."""
        if p.public or q.public:
            return p, q
        for bits in (64, 32, 16, 8, 5):
            p, q = self.smaller(p, bits), self.smaller(q, 130 if self.chance(0.1) else bits)
            if (cost := p.bits * q.bits * elements) <= most:
                self.gates -= cost
                return p, q
        return None

    def multiplied(self, shape: Shape, depth: int) -> Typed | None:
        factors = self.fits(*self.two(shape, depth), math.prod(shape))
        if factors is None:
            return None
        p, q = factors
        return arithmetic(Binary("*", p.node, q.node), [p, q], shape, *product_ends(p, q), p.unit * q.unit)

    def negated(self, shape: Shape, depth: int) -> Typed:
        p = self.expression(shape, depth)
        return arithmetic(Unary("-", p.node), [p], shape, -p.high, -p.low, p.unit)

    def divisor(self, shape: Shape, integer: bool) -> Typed | None:
        """A public number that is not 0."""
        if shape or self.chance(0.85):
            found = self.number(integer)
            return (
                found
                if found.low and found.low.numerator in (-1, 1, 2, 3, 5, 7)
                else self.known(self.spelled(Fraction(3), not integer), Fraction(3), integer)
            )
        for name, low, _ in self.scope.loops:
            if low >= 0:
                node = Binary("+", Name(name), self.literal(1))
                return Typed(node, (), Fraction(low + 1), Fraction(low + 9), Fraction(1), True, True, None, True)
        return None

    def divided(self, shape: Shape, depth: int) -> Typed | None:
        p = self.expression(shape, depth)
        if p.integer is None:
            return None
        if self.chance(0.5):
            q = self.divisor((), self.chance(0.8))
            if q is None or q.low != q.high:
                return None
            ends = sorted((p.low / q.low, p.high / q.low))
            whole = bool(p.integer and q.integer)
            low, high = (Fraction(math.floor(end)) for end in ends) if whole else ends
            unit = Fraction(1) if whole else abs(p.unit / q.low)
            return arithmetic(Binary("/", p.node, q.node), [p, q], shape, low, high, unit)
        return self.quotient(p, self.apart(shape), depth)

    def quotient(self, p: Typed, shapes: tuple[Shape, Shape], depth: int) -> Typed | None:
        """By a private number: bound to a kind, unless the dividend has one and both are integers."""
        p = self.smaller(p, 40)
        q = self.smaller(self.expression(shapes[1] if p.shape == shapes[0] else (), depth), 24)
        shape = broadcast(p.shape, q.shape)
        if q.public is not False or p.integer is None or q.integer is None or (q.low == q.high == 0):
            return None
        cost = (p.bits + 8) * (q.bits + 8) * math.prod(shape) * 2
        if cost > 6000 or shape != p.shape:
            return None
        self.gates -= cost
        node = Binary("/", p.node, q.node)
        if p.integer and q.integer and p.kind:
            most = max(abs(p.low), abs(p.high))
            return arithmetic(node, [p, q], shape, -most if p.low < 0 or q.low < 0 else Fraction(0), most, Fraction(1))
        if p.integer and q.integer and not p.exact:
            return None
        if p.kind and not p.integer and p.bits <= 12 and q.bits <= 12 and self.chance(0.3):
            ends = -Fraction(2**24), Fraction(2**24), Fraction(1, 256)  # bound to no kind
            return Typed(node, shape, *ends, False, False, None, True, everyone([p, q]))
        kind = self.kind(24)
        return of_kind(Cast(node, kind, str(self.spell(kind)), ()), shape, kind, False, everyone([p, q]))

    def remainder(self, shape: Shape, depth: int) -> Typed | None:
        p = self.smaller(self.expression(shape, depth), 64, True)
        if self.chance(0.5):
            q = self.divisor((), True)
        else:
            q = self.smaller(self.expression((), depth), 24, True)
            if q.public is not False or p.bits * q.bits * p.size > 3000:
                return None
            self.gates -= p.bits * q.bits * p.size
        if q is None or q.low == q.high == 0:
            return None
        most = max(abs(p.low), abs(p.high), abs(q.low), abs(q.high))
        return arithmetic(Binary("%", p.node, q.node), [p, q], shape, -most, most, Fraction(1))

    def shifted(self, shape: Shape, depth: int) -> Typed | None:
        p = self.expression(shape, depth)
        k = self.draw.choice((0, 1, 2, 3, 5, 8, 16)) if self.chance(0.9) else self.draw.randint(20, 100)
        if p.integer is None:
            return None
        if self.chance(0.5):
            factor = Fraction(2**k)
            return arithmetic(
                Binary("<<", p.node, self.literal(k)), [p], shape, p.low * factor, p.high * factor, p.unit * factor
            )
        low, high, unit = p.low / 2**k, p.high / 2**k, p.unit / 2**k
        if p.integer:
            low, high, unit = Fraction(math.floor(low)), Fraction(math.floor(high)), Fraction(1)
        return arithmetic(Binary(">>", p.node, self.literal(k)), [p], shape, low, high, unit)

    def bitwise(self, shape: Shape, depth: int) -> Typed:
        p, q = (self.smaller(t, WIDEST, True) for t in self.two(shape, depth))
        bits = max(p.bits, q.bits)
        low = -Fraction(2**bits) if p.low < 0 or q.low < 0 else Fraction(0)
        node = Binary(self.draw.choice("&|^"), p.node, q.node)
        return arithmetic(node, [p, q], shape, low, Fraction(2**bits - 1), Fraction(1)).keeping([p, q])

    def inverted(self, shape: Shape, depth: int) -> Typed:
        p = self.expression(shape, depth)
        if p.kind is None or not p.kind.integer:
            p = self.narrow_to(p, self.kind(integer=True))
        assert p.kind is not None
        node = Unary("!", p.node)
        return of_kind(node, shape, p.kind, p.public, p.owners)

    def compared(self, shape: Shape, depth: int) -> Typed:
        p, q = self.two(shape, depth)
        if not shape and self.chance(0.1):
            vector = self.smaller(self.plain((self.draw.randint(1, 4),)), 12)
            limit = self.number(self.chance(0.5))
            node = Binary("<=", Call("norm2", (vector.node,)), limit.node)
            return of_kind(node, (), BIT, vector.public, vector.owners)
        node = Binary(self.draw.choice(("==", "!=", "<", "<=", ">", ">=")), p.node, q.node)
        return of_kind(node, shape, BIT, together((p.public, q.public)), everyone([p, q]))

    def bit(self, shape: Shape, depth: int, private: bool = False) -> Typed:
        """A bit: a comparison, or something that has this kind."""
        for _ in range(6):
            found = self.compared(shape, max(0, depth)) if self.chance(0.7) else self.leaf(shape)
            if found and found.kind == BIT and not (private and found.public is not False):
                return found
        return self.compared(shape, 0)

    def logical(self, shape: Shape, depth: int) -> Typed:
        left, right = self.apart(shape)
        p, q = self.bit(left, depth), self.bit(right, depth)
        node = Binary(self.draw.choice(("&&", "||")), p.node, q.node)
        return of_kind(node, shape, BIT, together((p.public, q.public)), everyone([p, q]))

    def power(self, shape: Shape, depth: int) -> Typed | None:
        p = self.expression(shape, depth)
        k = self.draw.choice((0, 1, 2, 2, 3, 4))
        if not p.public:
            p = self.smaller(p, self.draw.choice((3, 6, 10)))
            if (cost := p.bits**2 * k * k * p.size) > 4000:
                return None
            self.gates -= cost
        most = max(abs(p.low), abs(p.high), Fraction(1)) ** k
        node = Binary("**", p.node, self.literal(k))
        found = arithmetic(node, [p], shape, -most if p.low < 0 else Fraction(0), most, p.unit**k)
        return replace(found, exact=k != 1)

    def cast(self, shape: Shape, depth: int) -> Typed:
        p = self.expression(shape, depth)
        modes = self.draw.choice(((), (), ("wrap",), ("floor",), ("wrap", "floor"), ("saturate",), ("nearest",)))
        if self.chance(0.3):
            modes = tuple(reversed(modes))
        return self.narrow_to(p, self.kind_for(p), modes)

    def chosen(self, shape: Shape, depth: int) -> Typed:
        """`if` as an expression; an arm may have statements of its own."""
        condition = self.bit((), depth)
        (then, p), (other, q) = self.arm(shape, depth), self.arm(shape, depth)
        node = IfElse(condition.node, Block(then, p.node), Block(other, q.node))
        public = together((condition.public, p.public, q.public))
        integer = p.integer if p.integer == q.integer else None
        ends = min(p.low, q.low), max(p.high, q.high), common(p.unit, q.unit)
        found = Typed(node, shape, *ends, integer, public, owners=everyone([condition, p, q]))
        return found.keeping([p, q])

    def arm(self, shape: Shape, depth: int) -> tuple[tuple[Statement, ...], Typed]:
        if not self.chance(0.15):
            return (), self.expression(shape, depth)
        outer, self.scope = self.scope, self.scope.inner()
        let = self.local(self.shape(), depth)
        value = self.expression(shape, depth)
        self.scope = outer
        return (let,), value

    def local(self, shape: Shape, depth: int) -> Let:
        """A `let`, whose name is in scope from here on."""
        value = self.expression(shape, depth)
        name = self.fresh("t")
        if self.chance(0.5):
            kind = self.spell(self.kind_for(value), shape)
            self.scope.read.append(self.variable(name, kind.kind, shape, value.public, value.owners))
            return Let((name,), kind, value.node)
        named = value.put(Name(name))
        self.scope.read.append(named)
        return Let((name,), None, value.node)

    def pairwise(self, shape: Shape, depth: int) -> Typed:
        p, q = self.two(shape, depth)
        name, pick = self.draw.choice((("min", min), ("max", max)))
        node = Call(name, (p.node, q.node))
        found = arithmetic(node, [p, q], shape, pick(p.low, q.low), pick(p.high, q.high), common(p.unit, q.unit))
        return found.keeping([p, q])

    def clamped(self, shape: Shape, depth: int) -> Typed:
        p = self.expression(shape, depth)
        low, high = sorted((self.number(), self.number(self.chance(0.8))), key=lambda t: t.low)
        if self.chance(0.2) and (least := self.leaf(())) and least.high <= high.low:
            low = least
        node = Call("clamp", (p.node, low.node, high.node))
        unit = common(common(p.unit, low.unit), high.unit)
        return arithmetic(node, [p, low, high], shape, low.low, high.high, unit)

    def one_argument(self, shape: Shape, depth: int) -> Typed:
        p = self.expression(shape, depth)
        most, zero = max(abs(p.low), abs(p.high)), Fraction(0)
        match self.draw.choice(("abs", "relu", "sign", "popcount")):
            case "abs":
                node = Call("abs", (p.node,))
                return arithmetic(node, [p], shape, zero, most, p.unit)
            case "relu":
                node = Call("relu", (p.node,))
                return arithmetic(node, [p], shape, zero, max(p.high, zero), p.unit).keeping([p])
            case "sign":
                node = Call("sign", (p.node,))
                return Typed(node, shape, Fraction(-1), Fraction(1), Fraction(1), None, p.public, None, True, p.owners)
            case _:
                if p.kind is None or not p.kind.integer:
                    p = self.narrow_to(p, self.kind(integer=True))
                assert p.kind is not None
                node = Call("popcount", (p.node,))
                ends = zero, Fraction(p.kind.bits), Fraction(1)
                return Typed(node, shape, *ends, True, p.public, None, True, p.owners)

    def listed(self, shape: Shape, depth: int) -> Typed | None:
        """An array, item by item."""
        if not shape or math.prod(shape) > ELEMENTS:
            return None
        return self.stacked([self.expression(shape[1:], depth) for _ in range(shape[0])])
