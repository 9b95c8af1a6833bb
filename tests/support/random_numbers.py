"""Random expressions, and what is public or private of an index."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from math import prod

from support.random_kinds import ELEMENTS, WIDEST, Drawing, Kind, Piece, Shape, common, held, joined


class Numbers(Drawing):
    def condition(self) -> str:
        loops = [v for v in self.scope if v.index]
        if loops and self.chance(0.3):
            return f"{self.r.choice(loops).name} {self.r.choice(('% 2 ==', '<', '>=', '=='))} 1"
        return self.bits((), 1).text

    def picks(self, shape: Shape) -> tuple[str, Shape]:
        """Public places on some axes, and the shape that is left."""
        texts: list[str] = []
        left: list[int] = []
        for n in shape[: self.r.randint(1, len(shape))]:
            if self.chance(0.4):
                start = self.r.randint(0, n - 1)
                end = self.r.randint(start + 1, n)
                texts.append(":" if (start, end) == (0, n) else f"{start or ''}..{end if end < n else ''}")
                left.append(end - start)
            else:
                texts.append(self.public_index(n))
        if all(t == ".." for t in texts):
            texts = [":" if t == ".." else t for t in texts]
        return ", ".join(texts), (*left, *shape[len(texts) :])

    def public_index(self, n: int) -> str:
        for v in self.r.sample(loops := [v for v in self.scope if v.index], len(loops)):
            assert v.index
            low, high = v.index
            factor = self.r.choice((2, 2, 3, -1))
            first, last = sorted((factor * low, factor * high))
            if last - first < n and self.chance(0.5):
                return f"{factor} * {v.name} + {self.r.randint(0, n - 1 - last + first) - first}".replace("+ -", "- ")
            if high - low < n and self.chance(0.7):
                shift = self.r.randint(-low, n - 1 - high)
                return v.name if not shift else f"{v.name} {'+' if shift > 0 else '-'} {abs(shift)}"
            if self.chance(0.3):
                return f"{v.name} % {n}"
        return str(self.r.randint(0, n - 1))

    def private_index(self, n: int) -> str:
        """An index that provably lies in bounds."""
        fits = [
            v.name for v in self.scope if v.kind and v.whole and not v.shape and v.kind.low == 0 and v.kind.high < n
        ]
        match self.r.randint(0, 3):
            case 0 if fits:
                return self.r.choice(fits)
            case 1:
                return f"clamp({self.number((), True, 1).text}, 0, {n - 1})"
            case 2:
                return f"argmax({self.number((n,), self.chance(0.5), 1).text})"
            case _:
                return f"{self.number((), True, 1).text} % {n}"

    def any(self, depth: int, shape: Shape | None = None) -> Piece:
        return self.number(self.shape() if shape is None else shape, self.chance(0.5), depth)

    def number(self, shape: Shape, whole: bool, depth: int) -> Piece:
        piece = self.leaf(shape, whole) if depth <= 0 else self.r.choice(self.forms(shape, whole))(shape, whole, depth)
        if (piece.reach / piece.unit).__ceil__().bit_length() > WIDEST:
            kind = self.kind(whole)
            return Piece(f"({piece.text} as {kind.text})", kind.reach, kind.unit)
        return piece

    def forms(self, shape: Shape, whole: bool) -> list[Callable[[Shape, bool, int], Piece]]:
        forms = [
            self.leaf,
            self.sum,
            self.sum,
            self.product,
            self.converted,
            self.converted,
            self.negated,
            self.chosen,
            self.extreme,
            self.scaled,
            self.reduced,
            self.block,
            self.function,
        ]
        if whole:
            forms += [self.logic, self.logic, self.divided, self.shared, self.compared, self.counted, self.inverted]
            forms.append(self.signed)
        if not shape:
            forms.append(self.dotted)
        if len(shape) == 1:
            forms += [self.sorted, self.applied, self.stacked]
        if len(shape) == 2:
            forms += [self.contracted, self.filtered]
        return forms if not shape else [*forms, self.moved, self.picked, self.concatenated]

    def leaf(self, shape: Shape, whole: bool, depth: int = 0) -> Piece:
        same = [v for v in self.scope if v.shape == shape and v.whole == whole]
        if same and self.chance(0.8):
            v = self.r.choice(same)
            return Piece(v.name, v.reach, v.unit)
        larger = [v for v in self.scope if v.whole == whole and v.shape[1:] == shape and len(v.shape) == len(shape) + 1]
        if larger and self.chance(0.8):
            v = self.r.choice(larger)
            index = self.private_index(v.shape[0]) if depth and self.chance(0.4) else self.public_index(v.shape[0])
            return Piece(f"{v.name}[{index}]", v.reach, v.unit)
        if shape:
            items = [self.leaf(shape[1:], whole) for _ in range(shape[0])]
            return joined(f"[{', '.join(i.text for i in items)}]", *items)
        if self.chance(0.1):
            return Piece("P", Fraction(3), Fraction(1)) if whole else Piece("Q", Fraction(1), Fraction(1, 8))
        if whole:
            n = self.r.choice((0, 1, 2, 3, 5, 7, 10, 12))
            return Piece(str(n), Fraction(max(n, 1)), Fraction(1))
        return self.r.choice(
            [
                Piece("0.5", Fraction(1), Fraction(1, 2)),
                Piece("1.25", Fraction(2), Fraction(1, 4)),
                Piece("0.1", Fraction(1), Fraction(1, 10)),
                Piece("3.0", Fraction(3), Fraction(1)),
            ]
        )

    def wholes(self, whole: bool) -> tuple[bool, bool]:
        """Of two operands whose result is an integer if both are."""
        return (True, True) if whole else self.r.choice([(False, False), (False, True), (True, False)])

    def shapes(self, shape: Shape) -> tuple[Shape, Shape]:
        """Of two operands that broadcast to the shape."""
        smaller = self.r.choice([shape, shape, (), shape[1:], tuple(1 if self.chance(0.3) else n for n in shape)])
        return (shape, smaller) if self.chance(0.5) else (smaller, shape)

    def two(self, shape: Shape, whole: bool, depth: int) -> tuple[Piece, Piece]:
        (a, b), (s, t) = self.wholes(whole), self.shapes(shape)
        return self.number(s, a, depth - 1), self.number(t, b, depth - 1)

    def sum(self, shape: Shape, whole: bool, depth: int) -> Piece:
        a, b = self.two(shape, whole, depth)
        return Piece(f"({a.text} {self.r.choice('+-')} {b.text})", a.reach + b.reach, common(a, b))

    def product(self, shape: Shape, whole: bool, depth: int) -> Piece:
        a, b = self.two(shape, whole, depth)
        return Piece(f"({a.text} * {b.text})", a.reach * b.reach, a.unit * b.unit)

    def negated(self, shape: Shape, whole: bool, depth: int) -> Piece:
        a = self.number(shape, whole, depth - 1)
        return replace(a, text=self.r.choice(("(-{})", "abs({})", "relu({})")).format(a.text))

    def extreme(self, shape: Shape, whole: bool, depth: int) -> Piece:
        a, b = self.two(shape, whole, depth)
        if self.chance(0.3):
            return joined(f"clamp({a.text}, {b.text}, {b.text} + 2)", a, replace(b, reach=b.reach + 2))
        return joined(f"{self.r.choice(('min', 'max'))}({a.text}, {b.text})", a, b)

    def scaled(self, shape: Shape, whole: bool, depth: int) -> Piece:
        """By a public number; of an integer only `<<` and `*`."""
        if self.chance(0.25):
            a, n = self.number(shape, whole, depth - 1), self.r.randint(1, 5)
            by = self.private_index(n) if self.chance(0.5) else f"({self.number(shape, True, depth - 1).text} % {n})"
            if self.chance(0.5):
                return Piece(f"({a.text} << {by})", a.reach * 2 ** (n - 1), a.unit)
            return Piece(f"({a.text} >> {by})", a.reach, a.unit if whole else a.unit / 2 ** (n - 1))
        if whole:
            a = self.number(shape, True, depth - 1)
            by = self.r.randint(0, 3)
            return Piece(f"({a.text} << {by})", a.reach * 2**by, a.unit)
        a = self.number(shape, False, depth - 1)
        text, factor = self.r.choice(
            [
                ("/ 3", Fraction(1, 3)),
                ("/ 0.25", Fraction(4)),
                (">> 2", Fraction(1, 4)),
                ("<< 1", Fraction(2)),
                ("/ -8", Fraction(1, 8)),
                ("* 0.75", Fraction(3, 4)),
            ]
        )
        return Piece(f"({a.text} {text})", a.reach * factor, a.unit * factor)

    def divided(self, shape: Shape, whole: bool, depth: int) -> Piece:
        a = self.number(shape, True, depth - 1)
        text, reach = self.r.choice(
            [
                ("/ 3", a.reach),
                ("/ -5", a.reach),
                (">> 2", a.reach),
                ("% 7", Fraction(7)),
                ("% 8", Fraction(8)),
                ("% -3", Fraction(3)),
                ("** 2", a.reach**2),
            ]
        )
        return Piece(f"({a.text} {text})", reach + 1, Fraction(1))

    def shared(self, shape: Shape, whole: bool, depth: int) -> Piece:
        """By a private integer, which may be 0."""
        a, b = self.two(shape, True, depth)
        b = self.private(b)
        if self.chance(0.5):
            return Piece(f"({a.text} % {b.text})", max(a.reach, b.reach), Fraction(1))
        kind = self.kind(True)
        return held(f"(({a.text} as {kind.text}) / {b.text})", replace(kind, high=kind.high + 1))

    def private(self, x: Piece) -> Piece:
        """Something that is certainly not public: an input is added."""
        v, kind = self.r.choice([v for v in self.scope if v.name.startswith("in")]), self.kind(True)
        element = f"{v.name}[{', '.join('0' * len(v.shape))}]" if v.shape else v.name
        return Piece(f"({x.text} + ({element} as {kind.text}))", x.reach + kind.reach, x.unit)

    def logic(self, shape: Shape, whole: bool, depth: int) -> Piece:
        a, b = self.two(shape, True, depth)
        return Piece(f"({a.text} {self.r.choice('&|^')} {b.text})", 2 * max(a.reach, b.reach) + 1, Fraction(1))

    def compared(self, shape: Shape, whole: bool, depth: int) -> Piece:
        return self.bits(shape, depth)

    def bits(self, shape: Shape, depth: int) -> Piece:
        if depth > 1 and self.chance(0.3):
            a, b = (self.bits(s, depth - 1).text for s in self.shapes(shape))
            return Piece(f"({a} {self.r.choice(('&&', '||'))} {b})", Fraction(1), Fraction(1))
        if depth > 1 and self.chance(0.2):
            return Piece(f"(!{self.bits(shape, depth - 1).text})", Fraction(1), Fraction(1))
        s, t = self.shapes(shape)
        a, b = self.number(s, self.chance(0.5), depth - 1), self.number(t, self.chance(0.5), depth - 1)
        sign = self.r.choice(("<", ">", "<=", ">=", "==", "!="))
        return Piece(f"({a.text} {sign} {b.text})", Fraction(1), Fraction(1))

    def converted(self, shape: Shape, whole: bool, depth: int) -> Piece:
        a, kind = self.number(shape, self.chance(0.5), depth - 1), self.kind(whole)
        mode = self.r.choice(("", "", " wrap", " floor", " wrap floor"))
        return Piece(f"({a.text} as {kind.text}{mode})", kind.reach, kind.unit)

    def counted(self, shape: Shape, whole: bool, depth: int) -> Piece:
        a, kind = self.number(shape, self.chance(0.5), depth - 1), self.kind(True)
        return Piece(f"popcount({a.text} as {kind.text})", Fraction(8), Fraction(1))

    def signed(self, shape: Shape, whole: bool, depth: int) -> Piece:
        return Piece(f"sign({self.any(depth - 1, shape).text})", Fraction(1), Fraction(1))

    def inverted(self, shape: Shape, whole: bool, depth: int) -> Piece:
        a, kind = self.number(shape, self.chance(0.5), depth - 1), self.kind(True)
        return Piece(f"(!({a.text} as {kind.text}))", kind.reach + 1, Fraction(1))

    def chosen(self, shape: Shape, whole: bool, depth: int) -> Piece:
        a, b = (self.number(shape, whole, depth - 1) for _ in range(2))
        return joined(f"(if {self.condition()} {{ {a.text} }} else {{ {b.text} }})", a, b)

    def function(self, shape: Shape, whole: bool, depth: int) -> Piece:
        kinds = self.functions
        if "total" in kinds and shape == () and kinds["total"][1].whole == whole:
            return held(f"total({self.any(depth - 1, (self.r.randint(1, 4),)).text})", kinds["total"][1])
        if "blend" in kinds and len(shape) == 1 and kinds["blend"][2].whole == whole:
            n = self.r.randint(1, 3)
            matrix, vector = self.any(depth - 1, (*shape, n)), self.any(depth - 1, (n,))
            return held(f"blend({matrix.text}, {vector.text})", kinds["blend"][2])
        if "closest" in kinds and shape == () and whole:
            kind = Kind("uint<5>", 0, 31, 0, True)
            vector, to = self.any(depth - 1, (self.r.randint(1, 4),)), self.any(depth - 1, ())
            return held(f"closest({vector.text} as uint<5>, {to.text} as uint<5>)", kind)
        return self.converted(shape, whole, depth)

    def reduced(self, shape: Shape, whole: bool, depth: int) -> Piece:
        """Over an axis that was added, or over all."""
        axis, n = self.r.randint(0, len(shape)), self.r.randint(1, 4)
        if prod(shape) * n > ELEMENTS:
            return self.negated(shape, whole, depth)
        if not shape and self.chance(0.3):
            inner, option = self.shape(), ""
        else:
            inner = (*shape[:axis], n, *shape[axis:])
            option = f", axis = {axis if self.chance(0.7) else axis - len(shape) - 1}"
        if not whole and self.chance(0.4):
            a = self.any(depth - 1, inner)
            terms = prod(inner) if not option else n
            return Piece(f"mean({a.text}{option})", a.reach, a.unit / terms)
        if whole and self.chance(0.2):
            return Piece(f"argmax({self.any(depth - 1, inner).text}{option})", Fraction(ELEMENTS), Fraction(1))
        a = self.number(inner, whole, depth - 1)
        if self.chance(0.4):
            return replace(a, text=f"{self.r.choice(('min', 'max'))}({a.text}{option})")
        return Piece(f"sum({a.text}{option})", a.reach * ELEMENTS, a.unit)

    def contracted(self, shape: Shape, whole: bool, depth: int) -> Piece:
        n, (u, v) = self.r.randint(1, 3), self.wholes(whole)
        a, b = self.number((shape[0], n), u, depth - 1), self.number((n, shape[1]), v, depth - 1)
        if prod(shape) * n <= ELEMENTS // 2 and self.chance(0.3):  # a batch of two, of which one is looked at
            b = self.number((2, n, shape[1]), v, depth - 1)
            text = f"({a.text} @ {b.text})[{self.r.randint(0, 1)}]"
            return Piece(text, 3 * a.reach * b.reach, a.unit * b.unit)
        text = f"({a.text} @ {b.text})" if self.chance(0.5) else f"matmul({a.text}, {b.text})"
        return Piece(text, 3 * a.reach * b.reach, a.unit * b.unit)

    def applied(self, shape: Shape, whole: bool, depth: int) -> Piece:
        """A vector made by contraction."""
        n, (u, v) = self.r.randint(1, 3), self.wholes(whole)
        if self.chance(0.5):
            a, b = self.number((n,), u, depth - 1), self.number((n, *shape), v, depth - 1)
        else:
            a, b = self.number((*shape, n), u, depth - 1), self.number((n,), v, depth - 1)
        return Piece(f"({a.text} @ {b.text})", 3 * a.reach * b.reach, a.unit * b.unit)

    def dotted(self, shape: Shape, whole: bool, depth: int) -> Piece:
        n, (u, v) = self.r.randint(1, 3), self.wholes(whole)
        a, b = self.number((n,), u, depth - 1), self.number((n,), v, depth - 1)
        return Piece(f"dot({a.text}, {b.text})", 3 * a.reach * b.reach, a.unit * b.unit)

    def filtered(self, shape: Shape, whole: bool, depth: int) -> Piece:
        """A convolution or a pool of a larger image."""
        if self.chance(0.3):
            return self.strided(shape, whole, depth)
        if prod(shape) > 4 or self.chance(0.3):
            k, (u, v) = (self.r.randint(1, 2), self.r.randint(1, 2)), self.wholes(whole)
            image = (shape[0] + k[0] - 1, shape[1] + k[1] - 1)
            a, b = self.number(image, u, depth - 1), self.number(k, v, depth - 1)
            return Piece(f"conv2d({a.text}, {b.text})", 4 * a.reach * b.reach, a.unit * b.unit)
        image = (2 * shape[0], 2 * shape[1])
        if whole or self.chance(0.3):
            a = self.number(image, whole, depth - 1)
            return replace(a, text=f"maxpool({a.text}, 2)")
        a = self.any(depth - 1, image)
        return Piece(f"avgpool({a.text}, 2)", a.reach, a.unit / 4)

    def strided(self, shape: Shape, whole: bool, depth: int) -> Piece:
        """By steps of two with one row and column around, over the image that this just covers."""
        (u, v), options = self.wholes(whole), "stride = 2, padding = 1"
        a, b = self.number((2 * shape[0], 2 * shape[1] - 1), u, depth - 1), self.number((3, 3), v, depth - 1)
        if prod(shape) == 1 or self.chance(0.5):
            return Piece(f"conv2d({a.text}, {b.text}, {options})", 9 * a.reach * b.reach, a.unit * b.unit)
        image = self.number((2 * shape[0] - 1, 2 * shape[1] - 1), whole, depth - 1)
        return replace(image, text=f"maxpool({image.text}, 2, {options})")

    def sorted(self, shape: Shape, whole: bool, depth: int) -> Piece:
        if whole and self.chance(0.2):
            return Piece(f"argsort({self.any(depth - 1, shape).text})", Fraction(ELEMENTS), Fraction(1))
        a = self.number(shape, whole, depth - 1)
        if self.chance(0.4):
            return replace(a, text=f"sort({a.text}, {self.any(depth - 1, shape).text})")
        return replace(a, text=f"sort({a.text})")

    def concatenated(self, shape: Shape, whole: bool, depth: int) -> Piece:
        axis = self.r.randrange(len(shape))
        if shape[axis] == 1:
            return self.negated(shape, whole, depth)
        first = self.r.randint(1, shape[axis] - 1)
        parts = [(*shape[:axis], n, *shape[axis + 1 :]) for n in (first, shape[axis] - first)]
        option = f", axis = {axis - self.r.choice((0, len(shape)))}" if axis or self.chance(0.5) else ""
        if whole and self.chance(0.2):
            a = self.number(parts[0], True, depth - 1)
            return replace(a, text=f"concat({a.text}, zeros({', '.join(map(str, parts[1]))}){option})")
        a, b = (self.number(part, whole, depth - 1) for part in parts)
        return joined(f"concat({a.text}, {b.text}{option})", a, b)

    def stacked(self, shape: Shape, whole: bool, depth: int) -> Piece:
        items = [self.number((), whole, depth - 1) for _ in range(shape[0])]
        return joined(f"[{', '.join(i.text for i in items)}]", *items)

    def moved(self, shape: Shape, whole: bool, depth: int) -> Piece:
        if self.chance(0.5):
            a = self.number(shape[::-1], whole, depth - 1)
            return replace(a, text=f"transpose({a.text})")
        a = self.number(self.r.choice(((prod(shape),), (1, prod(shape)), (prod(shape), 1))), whole, depth - 1)
        return replace(a, text=f"reshape({a.text}, {', '.join(map(str, shape))})")

    def picked(self, shape: Shape, whole: bool, depth: int) -> Piece:
        """A slice of something larger, or an element at a private index."""
        if self.chance(0.4):
            n = self.r.randint(1, 3)
            a = self.number((n, *shape), whole, depth - 1)
            return replace(a, text=f"{a.text}[{self.private_index(n)}]")
        extra = self.r.randint(0, 2)
        a = self.number((shape[0] + extra, *shape[1:]), whole, depth - 1)
        start = self.r.randint(0, extra)
        rest = ", :" if len(shape) > 1 and self.chance(0.3) else ""
        return replace(a, text=f"{a.text}[{start}..{start + shape[0]}{rest}]")

    def block(self, shape: Shape, whole: bool, depth: int) -> Piece:
        """For a writer that has statements."""
        return self.chosen(shape, whole, depth)
