"""The generator's later forms: what is put together or in order, shifts by what nobody knows, windows with steps."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

from support.second.leaves import ELEMENTS
from support.second.tensors import Tensors
from support.second.tree import Binary, Call, Num, Unary
from support.second.typed import Shape, Typed, arithmetic, common, product_ends, together

Options = tuple[tuple[str, Num | Unary], ...]


class Arranged(Tensors):
    def __init__(self, seed: int, gates: int) -> None:
        super().__init__(seed, gates)
        self.makers += [
            (4, self.joined),
            (1, self.zeros),
            (3, self.sorted_by),
            (2, self.places),
            (5, self.shifted_privately),
            (4, self.convolved_in_steps),
            (4, self.pooled_in_steps),
            (4, self.batched),
        ]

    def joined(self, shape: Shape, depth: int) -> Typed | None:
        """Two or three pieces along an axis."""
        axis = self.draw.randrange(len(shape)) if shape else 0
        if not shape or shape[axis] < 2:
            return None
        cuts = sorted(self.draw.sample(range(1, shape[axis]), min(self.draw.choice((1, 1, 2)), shape[axis] - 1)))
        sizes = [b - a for a, b in zip([0, *cuts], [*cuts, shape[axis]], strict=True)]
        pieces = [self.expression((*shape[:axis], n, *shape[axis + 1 :]), depth) for n in sizes]
        low, high = min(p.low for p in pieces), max(p.high for p in pieces)
        unit = pieces[0].unit
        for p in pieces[1:]:
            unit = common(unit, p.unit)
        options = () if axis == 0 and self.chance(0.6) else self.axis(axis, len(shape))
        node = Call("concat", tuple(p.node for p in pieces), options)
        return arithmetic(node, pieces, shape, low, high, unit).keeping(pieces)

    def zeros(self, shape: Shape, depth: int) -> Typed | None:
        if not shape:
            return None
        node = Call("zeros", tuple(map(self.literal, shape)))
        zero = Fraction(0)
        return Typed(node, shape, zero, zero, Fraction(1), True, True, None, True)

    def keys(self, count: int, depth: int) -> Typed:
        keys = self.smaller(self.expression((count,), depth), 20)
        self.gates -= (keys.bits + 4) * count**2
        return keys

    def sorted_by(self, shape: Shape, depth: int) -> Typed | None:
        if not shape:
            return None
        p, keys = self.expression(shape, depth), self.keys(shape[0], depth)
        self.gates -= p.bits * p.size * shape[0]
        found = p.put(Call("sort", (p.node, keys.node)))
        return replace(found, public=together((p.public, keys.public)), owners=p.owners | keys.owners)

    def places(self, shape: Shape, depth: int) -> Typed | None:
        if len(shape) != 1:
            return None
        keys = self.keys(shape[0], depth)
        ends = Fraction(0), Fraction(shape[0] - 1), Fraction(1)
        return Typed(Call("argsort", (keys.node,)), shape, *ends, True, keys.public, None, True, keys.owners)

    def shifted_privately(self, shape: Shape, depth: int) -> Typed | None:
        first, second = self.apart(shape)
        p, amount = self.smaller(self.expression(first, depth), 40), self.amount(second, depth)
        if p.integer is None or amount.public is not False or (factor := 2 ** int(amount.high)) > 2**12:
            return None
        self.gates -= (p.bits + int(amount.high)) * math.prod(shape) * 4
        sign = self.draw.choice(("<<", ">>"))
        node = Binary(sign, p.node, amount.node)
        if sign == "<<":
            ends = min(p.low, p.low * factor), max(p.high, p.high * factor)
            return self.cut(arithmetic(node, [p, amount], shape, *ends, p.unit), p, amount)
        low, high, unit = min(p.low, p.low / factor), max(p.high, p.high / factor), p.unit / factor
        if p.integer:
            low, high, unit = Fraction(math.floor(low)), Fraction(math.floor(high)), Fraction(1)
        return self.cut(arithmetic(node, [p, amount], shape, low, high, unit), p, amount)

    def cut(self, shifted: Typed, p: Typed, amount: Typed) -> Typed:
        """Bound to a kind at once now and then.  A shifted integer is one, whatever it is shifted by."""
        shifted = replace(shifted, integer=p.integer)
        if not self.chance(0.4):
            return shifted
        modes = self.draw.choice(((), ("wrap",), ("wrap",), ("floor",), ("wrap", "floor")))
        return self.narrow_to(shifted, self.kind_for(p if self.chance(0.5) else shifted), modes)

    def amount(self, shape: Shape, depth: int) -> Typed:
        """From 0 to 12 at most, as can be seen."""
        p = self.smaller(self.expression(shape, depth), 30, True)
        most = self.draw.choice((1, 3, 7, 7, 12))
        if p.kind and p.low >= 0 and p.high <= 12:
            return p
        node = Binary("%", p.node, self.literal(most + 1))
        if self.chance(0.5):
            node = Call("clamp", (p.node, self.literal(0), self.literal(most)))
        return Typed(node, shape, Fraction(0), Fraction(most), Fraction(1), True, p.public, None, True, p.owners)

    def windows(self, shape: Shape, size: int, most: int, whole: bool) -> tuple[Shape, Options] | None:
        """What the last two axes are of, for windows of this size, with at most so much padding; and the options.

        `whole`: of windows that lie side by side nothing may be left.
        """
        step, padding = self.draw.randint(1, 3), self.draw.randint(0, most)
        rest = step - 1 if step != size or padding or not whole else 0
        more = [self.draw.randint(0, rest) for _ in range(2)]
        sides = tuple((n - 1) * step + size - 2 * padding + m for n, m in zip(shape[-2:], more, strict=True))
        options: list[tuple[str, Num | Unary]] = [("stride", self.literal(step))]
        if padding or self.chance(0.3):
            options.append(("padding", self.literal(padding)))
        if self.chance(0.3):
            options.reverse()
        image = (*shape[:-2], *sides)
        return (image, tuple(options)) if min(sides) > 0 and math.prod(image) <= 3 * ELEMENTS else None

    def convolved_in_steps(self, shape: Shape, depth: int) -> Typed | None:
        size = self.draw.randint(1, 3)
        found = self.windows(shape[-2:], size, 2, False) if len(shape) in (2, 3) else None
        if found is None:
            return None
        sides, options = found
        channels = self.draw.choice((0, 0, 2)) if len(shape) == 3 else 0
        image = (channels, *sides) if channels else sides
        kernel = (*shape[:-2], *((channels,) if channels else ()), size, size)
        terms = size**2 * max(channels, 1)
        pair = self.products(self.expression(image, depth), self.plain(kernel), terms, math.prod(shape))
        if pair is None:
            return None
        p, q = pair
        low, high = product_ends(p, q)
        node = Call("conv2d", (p.node, q.node), options)
        ends = min(low, Fraction(0)) * terms, max(high, Fraction(0)) * terms
        return arithmetic(node, [p, q], shape, *ends, p.unit * q.unit)

    def pooled_in_steps(self, shape: Shape, depth: int) -> Typed | None:
        size = self.draw.randint(1, 3)
        found = self.windows(shape, size, size // 2, True) if len(shape) > 1 else None
        if found is None:
            return None
        whole, options = found
        p = self.expression(whole, depth)
        name = self.draw.choice(("avgpool", "maxpool"))
        node = Call(name, (p.node, self.literal(size)), options)
        if name == "maxpool":
            return arithmetic(node, [p], shape, p.low, p.high, p.unit).keeping([p])
        ends = min(p.low, Fraction(0)), max(p.high, Fraction(0)), p.unit / size**2
        return replace(arithmetic(node, [p], shape, *ends), integer=None)

    def batched(self, shape: Shape, depth: int) -> Typed | None:
        """Products of matrices whose axes before the last two broadcast."""
        inner = self.draw.randint(1, 3)
        match shape:
            case (count, rows, columns):
                ways = [(), (1,), (count,)]
                first = self.draw.choice(ways)
                second = self.draw.choice(ways) if first == (count,) else (count,)
                left, right = (*first, rows, inner), (*second, inner, columns)
            case (count, size):
                left, right = self.draw.choice((((count, size, inner), (inner,)), ((inner,), (count, inner, size))))
            case _:
                return None
        if max(math.prod(left), math.prod(right)) > 2 * ELEMENTS:
            return None
        pair = self.products(self.expression(left, depth), self.expression(right, depth), inner, math.prod(shape))
        if pair is None:
            return None
        p, q = pair
        node = Binary("@", p.node, q.node) if self.chance(0.7) else Call("matmul", (p.node, q.node))
        low, high = product_ends(p, q)
        return arithmetic(node, [p, q], shape, low * inner, high * inner, p.unit * q.unit)
