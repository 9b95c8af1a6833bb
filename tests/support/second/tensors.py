"""The generator's tensor operations: sums, products, pools, what moves elements, and calls of own functions."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

from support.second.expressions import Expressions
from support.second.kinds import Kind, Shaped
from support.second.leaves import ELEMENTS
from support.second.tree import Binary, Call, Function, Num, Result, Unary
from support.second.typed import Shape, Typed, arithmetic, everyone, of_kind, product_ends

Axis = tuple[tuple[str, Num | Unary], ...]


class Tensors(Expressions):
    def __init__(self, seed: int, gates: int) -> None:
        super().__init__(seed, gates)
        self.functions: list[Function] = []
        self.plainly: dict[str, Shaped] = {}  # what functions give that do not say it
        self.makers += [
            (10, self.reduced),
            (5, self.dotted),
            (6, self.matrices),
            (2, self.transposed),
            (2, self.reshaped),
            (2, self.sorted),
            (2, self.convolved),
            (2, self.pooled),
            (8, self.own_call),
        ]

    def axis(self, at: int, rank: int) -> Axis:
        """`axis = k`, counted from the end now and then."""
        if self.chance(0.3):
            return (("axis", Unary("-", self.literal(rank - at))),)
        return (("axis", self.literal(at)),)

    def reduced(self, shape: Shape, depth: int) -> Typed | None:
        """Over one axis more than is asked for, or over all."""
        options: Axis = ()
        if not shape and self.chance(0.6):
            wide = self.shape(self.draw.randint(1, 3))
        else:
            at = self.draw.randint(0, len(shape))
            wide = (*shape[:at], self.draw.randint(1, 4), *shape[at:])
            options = self.axis(at, len(wide))
        count = math.prod(wide) // max(1, math.prod(shape))
        if math.prod(wide) > 2 * ELEMENTS:
            return None
        p = self.expression(wide, depth)
        name = self.draw.choice(("sum", "sum", "mean", "min", "max", "argmax"))
        node = Call(name, (p.node,), options)
        match name:
            case "sum":
                return arithmetic(node, [p], shape, p.low * count, p.high * count, p.unit)
            case "mean":
                return replace(arithmetic(node, [p], shape, p.low, p.high, p.unit / count), integer=None)
            case "argmax":
                ends = Fraction(0), Fraction(count - 1), Fraction(1)
                return Typed(node, shape, *ends, True, p.public, None, True, p.owners)
            case _:
                return arithmetic(node, [p], shape, p.low, p.high, p.unit).keeping([p])

    def products(self, p: Typed, q: Typed, inner: int, outer: int) -> tuple[Typed, Typed] | None:
        return self.fits(p, q, inner * outer, 4000)

    def dotted(self, shape: Shape, depth: int) -> Typed | None:
        if shape:
            return None
        count = self.draw.randint(1, 5)
        pair = self.products(self.expression((count,), depth), self.expression((count,), depth), count, 1)
        if pair is None:
            return None
        name = self.draw.choice(("dot", "dot", "@", "matmul"))
        p, q = pair
        node = Binary("@", p.node, q.node) if name == "@" else Call(name, (p.node, q.node))
        low, high = product_ends(p, q)
        return arithmetic(node, [p, q], shape, low * count, high * count, p.unit * q.unit)

    def matrices(self, shape: Shape, depth: int) -> Typed | None:
        inner = self.draw.randint(1, 3)
        match shape:
            case (rows, columns):
                left, right = (rows, inner), (inner, columns)
            case (size,):
                left, right = self.draw.choice((((inner,), (inner, size)), ((size, inner), (inner,))))
            case _:
                return None
        pair = self.products(self.expression(left, depth), self.expression(right, depth), inner, math.prod(shape))
        if pair is None:
            return None
        p, q = pair
        node = Binary("@", p.node, q.node) if self.chance(0.7) else Call("matmul", (p.node, q.node))
        low, high = product_ends(p, q)
        return arithmetic(node, [p, q], shape, low * inner, high * inner, p.unit * q.unit)

    def transposed(self, shape: Shape, depth: int) -> Typed | None:
        if not shape:
            return None
        p = self.expression(shape[::-1], depth)
        return p.put(Call("transpose", (p.node,)), shape)

    def reshaped(self, shape: Shape, depth: int) -> Typed | None:
        if not shape:
            return None
        other = self.draw.choice(((math.prod(shape),), (*shape, 1), (1, *shape), shape[::-1]))
        if len(other) > 3:
            return None
        p = self.expression(other, depth)
        return p.put(Call("reshape", (p.node, *map(self.literal, shape))), shape)

    def sorted(self, shape: Shape, depth: int) -> Typed | None:
        if len(shape) != 1:
            return None
        p = self.expression(shape, depth)
        self.gates -= p.bits * p.size**2
        return p.put(Call("sort", (p.node,)))

    def convolved(self, shape: Shape, depth: int) -> Typed | None:
        k, m = self.draw.randint(1, 2), self.draw.randint(1, 2)
        match shape:
            case (high, wide):
                image, kernel = (high + k - 1, wide + m - 1), (k, m)
            case (outs, high, wide) if self.chance(0.5):
                image, kernel = (high + k - 1, wide + m - 1), (outs, k, m)
            case (outs, high, wide):
                image, kernel = (2, high + k - 1, wide + m - 1), (outs, 2, k, m)
            case _:
                return None
        if math.prod(image) > 2 * ELEMENTS or math.prod(kernel) > 2 * ELEMENTS:
            return None
        terms = kernel[-1] * kernel[-2] * (kernel[-3] if len(kernel) == 4 else 1)
        p, q = self.expression(image, depth), self.plain(kernel)
        pair = self.products(p, q, terms, math.prod(shape))
        if pair is None:
            return None
        p, q = pair
        low, high_end = product_ends(p, q)
        node = Call("conv2d", (p.node, q.node))
        return arithmetic(node, [p, q], shape, low * terms, high_end * terms, p.unit * q.unit)

    def pooled(self, shape: Shape, depth: int) -> Typed | None:
        size = self.draw.randint(1, 2)
        if len(shape) < 2 or math.prod(shape) * size**2 > 2 * ELEMENTS:
            return None
        p = self.expression((*shape[:-2], shape[-2] * size, shape[-1] * size), depth)
        name = self.draw.choice(("avgpool", "maxpool"))
        node = Call(name, (p.node, self.literal(size)))
        if name == "maxpool":
            return arithmetic(node, [p], shape, p.low, p.high, p.unit).keeping([p])
        return replace(arithmetic(node, [p], shape, p.low, p.high, p.unit / size**2), integer=None)

    def own_call(self, shape: Shape, depth: int) -> Typed | None:
        """A function of the program whose result has this shape."""
        self.draw.shuffle(self.functions)
        for f in self.functions:
            sizes = {name: self.draw.randint(1, 4) for name in f.sizes}
            if not isinstance(f.result, Result):
                if f.name in self.plainly and self.plainly[f.name].shape == shape:
                    return self._called(f, sizes, shape, depth)
                continue
            wanted = tuple(sizes.get(s, 0) if isinstance(s, str) else s for s in f.result.shape)
            if any(isinstance(s, str) for s in f.result.shape) and len(wanted) == len(shape):
                sizes |= {s: n for s, n in zip(f.result.shape, shape, strict=True) if isinstance(s, str)}
                wanted = tuple(sizes[s] if isinstance(s, str) else s for s in f.result.shape)
            if wanted != shape:
                continue
            return self._called(f, sizes, shape, depth)
        return None

    def _called(self, f: Function, sizes: dict[str, int], shape: Shape, depth: int) -> Typed:
        widths: dict[str, int] = {}
        arguments: list[Typed] = []
        for p in f.parameters:
            axes = tuple(sizes[s] if isinstance(s, str) else s for s in p.shape)
            argument = self.expression(axes, depth)
            if p.width:
                bits = widths.setdefault(p.width, self.width())
                argument = self.narrow_to(argument, Kind(p.kind.sort, bits))
            elif axes and not any(isinstance(s, str) for s in p.shape) and self.chance(0.1):
                argument = self.plain(())  # a scalar fills a shape
            arguments.append(argument)
        kind = f.result.kind if isinstance(f.result, Result) else self.plainly[f.name].kind
        if isinstance(f.result, Result) and f.result.width:
            kind = replace(kind, bits=widths[f.result.width] + f.result.more)
        self.gates -= 500
        node = Call(f.name, tuple(a.node for a in arguments), own=True)
        public = True if all(a.public for a in arguments) else None if None in [a.public for a in arguments] else False
        return of_kind(node, shape, kind, None if public else public, everyone(arguments))

    def shaped(self, shape: Shape, most: int = 130) -> Shaped:
        return self.spell(self.kind(most), shape)
