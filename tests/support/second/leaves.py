"""The generator's leaves: numbers, kinds, names in scope, and elements of what has them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from fractions import Fraction

from support.second.kinds import BIT, Kind, Shaped
from support.second.text import decimal
from support.second.tree import Binary, Call, Expr, Field, Index, Name, Num, Param, Slice, Unary
from support.second.typed import NOBODY, Shape, Typed, of_kind, together

ELEMENTS = 12  # of the largest array, more or less


@dataclass(slots=True)
class Scope:
    """Names that may be read, and those of them that may be assigned."""

    read: list[Typed] = field(default_factory=list)
    assigned: list[Typed] = field(default_factory=list)
    loops: list[tuple[str, int, int]] = field(default_factory=list)  # a loop's index, its least and greatest

    def inner(self) -> Scope:
        return Scope(list(self.read), list(self.assigned), list(self.loops))


class Leaves:
    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.scope = Scope()
        self.params: list[Param] = []
        self.aliases: dict[str, Shaped] = {}
        self._names = 0

    def fresh(self, letter: str) -> str:
        self._names += 1
        return f"{letter}{self._names}"

    def chance(self, p: float) -> bool:
        return self.draw.random() < p

    # numbers

    def spelled(self, value: Fraction, pointed: bool) -> Num:
        """A number from 0 on, in one of the ways to write it."""
        if pointed:
            text = decimal(value)
            if value.denominator == 1:
                text += ".0"
            elif self.chance(0.1):
                text = f"{decimal(value * 1000)}{'.0' if (value * 1000).denominator == 1 else ''}e-3"
            return Num(value, text, True)
        number = int(value)
        way = self.draw.random()
        if way < 0.08:
            return Num(value, hex(number), False)
        if way < 0.14:
            return Num(value, bin(number), False)
        return Num(value, f"{number:_}" if number > 999 else str(number), False)

    def number(self, integer: bool = True, negative: bool = True, most: int = 12) -> Typed:
        value = Fraction(self.draw.randint(0, most))
        if self.chance(0.06):
            value = Fraction(self.draw.getrandbits(self.draw.randint(1, 100)))
        if not integer:
            value += Fraction(self.draw.choice((0, 1, 2, 3, 5, 7)), self.draw.choice((1, 2, 4, 8, 10)))
        node: Expr = self.spelled(value, not integer)
        if negative and self.chance(0.25):
            node, value = Unary("-", node), -value
        return self.known(node, value, integer)

    def known(self, node: Expr, value: Fraction, integer: bool) -> Typed:
        unit = Fraction(1, value.denominator) if value else Fraction(1)
        return Typed(node, (), value, value, unit, integer, True, None, True, NOBODY)

    def literal(self, value: int) -> Num:
        return Num(Fraction(value), str(value), False)

    # kinds

    def width(self) -> int:
        way = self.draw.random()
        if way < 0.6:
            return self.draw.randint(1, 12)
        if way < 0.8:
            return self.draw.randint(13, 40)
        if way < 0.92:
            return self.draw.choice((31, 32, 33, 53, 54, 62, 63, 64, 65, 66, 127, 128, 129, 130))
        return self.draw.randint(41, 130)

    def kind(self, most: int = 130, integer: bool | None = None) -> Kind:
        bits = min(self.width(), most)
        sorts = ("uint", "int") if integer else ("fix",) if integer is False else ("uint", "int", "fix", "bit", "fix")
        match self.draw.choice(sorts):
            case "uint":
                return Kind("uint", bits)
            case "int":
                return Kind("int", bits)
            case "bit":
                return BIT
            case _:
                return Kind("fix", bits, self.draw.randint(0, min(bits, 30)))

    def spell(self, kind: Kind, shape: Shape = ()) -> Shaped:
        """A kind as the program writes it: plainly, with params in its sizes, or by a name."""
        if kind != BIT and self.chance(0.15):
            name = next(
                (n for n, a in self.aliases.items() if a == Shaped(kind, shape[len(shape) - len(a.shape) :])), None
            )
            if name is None and len(self.aliases) < 3:
                name = self.fresh("Kind")
                self.aliases[name] = Shaped(kind, shape[1:] if shape and self.chance(0.5) else ())
            if name is not None:
                outer = shape[: len(shape) - len(self.aliases[name].shape)]
                return Shaped(kind, shape, name + (f"[{', '.join(map(str, outer))}]" if outer else ""))
        width = self.size(kind.bits)
        match kind.sort:
            case "uint" if kind == BIT and self.chance(0.7):
                text = "bit"
            case "fix":
                text = f"fix<{width}, {self.size(kind.point)}>"
            case _:
                text = f"{kind.sort}<{width}>"
        return Shaped(kind, shape, text + (f"[{', '.join(map(self.size, shape))}]" if shape else ""))

    def size(self, number: int) -> str:
        whole = [p for p in self.params if not p.pointed]
        if whole and self.chance(0.15):
            p = self.draw.choice(whole)
            more = number - int(p.value)
            return p.name if more == 0 else f"{p.name} {'+' if more > 0 else '-'} {abs(more)}"
        return str(number)

    def shape(self, rank: int | None = None) -> Shape:
        if rank is None:
            rank = self.draw.choices((0, 1, 2, 3), (50, 28, 16, 6))[0]
        found: list[int] = []
        room = ELEMENTS
        for _ in range(rank):
            found.append(self.draw.randint(1, max(1, min(5, room))))
            room //= found[-1]
        self.draw.shuffle(found)
        return tuple(found)

    # names and elements

    def leaf(self, shape: Shape, integer: bool | None = None) -> Typed | None:
        """A name of this shape, or elements of one."""
        fits = [t for t in self.scope.read if len(t.shape) >= len(shape) and (integer is None or t.integer == integer)]
        self.draw.shuffle(fits)
        for t in fits[:6]:
            if t.shape == shape and (not shape or self.chance(0.8)):
                return t
            if t.shape and (found := self.part(t, shape)):
                return found
        return None

    def part(self, t: Typed, shape: Shape) -> Typed | None:
        """Elements and slices of `t` that have this shape."""
        kept = sorted(self.draw.sample(range(len(t.shape)), len(shape)))
        items: list[Expr | Slice] = []
        owners, public = t.owners, t.public
        for axis, size in enumerate(t.shape):
            if axis in kept:
                wanted = shape[kept.index(axis)]
                if wanted > size:
                    return None
                items.append(self.slice(size, wanted))
            else:
                at = self.position(size)
                items.append(at.node)
                owners |= at.owners
                public = together((public, at.public))
        while len(items) > 1 and items[-1] == Slice(None, None):
            items.pop()
        if items == [Slice(None, None)]:
            return t
        node = Index(t.node, tuple(items))
        return Typed(node, shape, t.low, t.high, t.unit, t.integer, public, t.kind, t.exact, owners)

    def slice(self, size: int, wanted: int) -> Slice:
        low = self.draw.randint(0, size - wanted)
        if wanted == size and self.chance(0.8):
            return Slice(None, None)
        index = self.draw.choice(self.scope.loops) if self.scope.loops and self.chance(0.15) else None
        if index and index[1] >= 0 and index[2] + wanted <= size:
            return Slice(Name(index[0]), Binary("+", Name(index[0]), self.literal(wanted)))
        open_low, open_high = low == 0 and self.chance(0.5), low + wanted == size and self.chance(0.5)
        return Slice(None if open_low else self.literal(low), None if open_high else self.literal(low + wanted))

    def position(self, size: int) -> Typed:
        """An index that lies in an axis of this size, whatever it is."""
        way = self.draw.random()
        if self.scope.loops and way < 0.55:
            found = self._by_loop(size)
            if found:
                return found
        if 0.55 <= way < 0.8 and (private := self._private(size)):
            return private
        at = self.draw.randint(0, size - 1)
        return self.known(self.literal(at), Fraction(at), True)

    def _by_loop(self, size: int) -> Typed | None:
        name, low, high = self.draw.choice(self.scope.loops)
        node: Expr = Name(name)
        forms: list[tuple[Expr, int, int]] = [(node, low, high)]
        for more in (1, 2):
            forms.append((Binary("+", node, self.literal(more)), low + more, high + more))
            forms.append((Binary("-", node, self.literal(more)), low - more, high - more))
        forms.append((Binary("*", self.literal(2), node), 2 * low, 2 * high))
        forms.append((Binary("-", self.literal(size - 1), node), size - 1 - high, size - 1 - low))
        for other, least, most in self.scope.loops:
            if other != name:
                forms.append((Binary("+", node, Name(other)), low + least, high + most))
        fits = [f for f in forms if f[1] >= 0 and f[2] < size]
        if not fits:
            return None
        found, least, most = self.draw.choice(fits)
        return Typed(found, (), Fraction(least), Fraction(most), Fraction(1), True, True, None, True, NOBODY)

    def _private(self, size: int) -> Typed | None:
        whole = [t for t in self.scope.read if t.integer and t.shape == () and t.public is not True and t.bits <= 70]
        if not whole:
            return None
        t = self.draw.choice(whole)
        if t.kind and t.low >= 0 and t.high < size and self.chance(0.7):
            return t
        if self.chance(0.5):
            node: Expr = Binary("%", t.node, self.literal(size))
        else:
            node = Call("clamp", (t.node, self.literal(0), self.literal(size - 1)))
        return Typed(node, (), Fraction(0), Fraction(size - 1), Fraction(1), True, t.public, None, True, t.owners)

    def variable(self, name: str, kind: Kind, shape: Shape, public: bool | None, owners: frozenset[str]) -> Typed:
        return of_kind(Name(name), shape, kind, public, owners)

    def field(self, name: str, number: int, kind: Kind, shape: Shape, owners: frozenset[str]) -> Typed:
        return of_kind(Field(Name(name), number), shape, kind, None, owners)
