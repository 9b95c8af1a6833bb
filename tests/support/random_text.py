"""Random well-typed programs of the language, as text; the same number gives the same program.

Every expression is written with its shape, whether it is an integer, and a bound on its size, which keeps numbers
below `WIDEST` bits by converting them to a kind.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import count
from math import prod

from support.real import REAL

WIDEST = 36
ELEMENTS = 12
PARTIES = ("alice", "bob")
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Kind:
    """A written scalar kind: its grid integers are low..high, times 2^-fraction."""

    text: str
    low: int
    high: int
    fraction: int
    whole: bool

    @property
    def unit(self) -> Fraction:
        return Fraction(1, 1 << self.fraction)

    @property
    def reach(self) -> Fraction:
        return max(-self.low, self.high) * self.unit


@dataclass(frozen=True)
class Piece:
    """An expression: |x| <= reach, and x is a multiple of unit."""

    text: str
    reach: Fraction
    unit: Fraction


@dataclass(frozen=True)
class Variable:
    name: str
    shape: Shape
    whole: bool
    reach: Fraction
    unit: Fraction
    kind: Kind | None = None
    mutable: bool = False
    index: tuple[int, int] | None = None  # least and largest value of a loop index


def program(seed: int) -> str:
    return Writer(random.Random(seed)).program()


APPROXIMATED = sorted(REAL)
FUNCTIONS = {
    "total": "fn total<N>(v: {0}[N]) -> {1} {{ var t: {1} = 0; for i in 0..N {{ t += v[i]; }} t }}",
    "blend": "fn blend<N, M>(m: {0}[N, M], v: {1}[M]) -> {2}[N] {{ m @ v + N - M }}",
    "closest": "fn closest<N, W>(v: uint<W>[N], x: uint<W>) -> uint<W> "
    "{{ let off = abs(v - x); if min(off) == off[0] {{ v[0] }} else {{ max(v) }} }}",
    "swap": "fn swap(p: ({0}, {1})) -> ({1}, {0}) {{ let (a, b) = p; (b, a) }}",
}


@dataclass
class Writer:
    r: random.Random
    names: Iterator[int] = field(default_factory=count)
    scope: list[Variable] = field(default_factory=list[Variable])
    aliases: list[Kind] = field(default_factory=list[Kind])
    functions: dict[str, tuple[Kind, ...]] = field(default_factory=dict[str, tuple[Kind, ...]])
    in_value: int | None = None  # how many variables were in scope where a block with a value began

    # -- the program

    def program(self) -> str:
        lines = [f"party {p};" for p in PARTIES]
        lines += ["param P = 3;", "param Q = P / 8.0;"]
        for position in range(2):
            kind = self.kind()
            self.aliases.append(replace(kind, text=f"T{position}"))
            lines.append(f"type T{position} = {kind.text};")
        for name, template in FUNCTIONS.items():
            if self.chance(0.5):
                kinds = tuple(self.kind() for _ in range(3))
                self.functions[name] = kinds
                lines.append(template.format(*(k.text for k in kinds)))
        for position in range(self.r.randint(2, 4)):
            kind, shape = self.kind(), self.shape()
            self.scope.append(Variable(f"in{position}", shape, kind.whole, kind.reach, kind.unit, kind))
            lines.append(f"input in{position}: {written(kind, shape)} from {PARTIES[position % 2]};")
        for _ in range(self.r.randint(2, 7)):
            lines += self.statement(2)
        for position in range(self.r.randint(1, 3)):
            receivers = self.r.choice(("alice", "bob", "alice, bob"))
            lines.append(f"output out{position} = reveal({self.released()}) to {receivers};")
        return "\n".join(lines) + "\n"

    def released(self) -> str:
        if self.chance(0.15):
            return f"({self.any(2).text}, {self.any(2).text})"
        if self.chance(0.3):
            return self.approximated()
        if self.chance(0.1):
            a, b = self.two(self.shape(), False, 2)
            return f"({a.text} / {self.private(b).text}) as {self.kind().text}"
        return self.any(3).text

    def approximated(self) -> str:
        """A function that is not exact, bound to a kind."""
        name = self.r.choice(APPROXIMATED)
        shape: Shape = (self.r.randint(1, 3), self.r.randint(1, 3)) if name == "softmax" else self.shape(1)
        option = self.r.choice(("", ", axis = 0", ", axis = -1")) if name == "softmax" else ""
        return f"{name}({self.any(2, shape).text} as {self.kind().text}{option}) as {self.kind().text}"

    # -- drawing

    def chance(self, p: float) -> bool:
        return self.r.random() < p

    def fresh(self) -> str:
        return f"v{next(self.names)}"

    def shape(self, most: int = 3) -> Shape:
        rank = self.r.choice((0, 0, 1, 1, 1, 2, 2, 3)[: 2 + 2 * most])
        while True:
            shape = tuple(self.r.randint(1, 4) for _ in range(rank))
            if prod(shape) <= ELEMENTS:
                return shape

    def kind(self, whole: bool | None = None) -> Kind:
        named = [k for k in self.aliases if whole is None or k.whole == whole]
        if named and self.chance(0.15):
            return self.r.choice(named)
        word = self.r.choice(
            ("bit", "uint", "uint", "int", "int")
            if whole
            else ("fix",)
            if whole is False
            else ("bit", "uint", "uint", "int", "fix", "fix", "fix")
        )
        if word == "bit":
            return Kind("bit", 0, 1, 0, True)
        bits = self.r.randint(2, 8)
        low = 0 if word == "uint" else -(1 << (bits - 1))
        if word == "fix":
            fraction = self.r.randint(0, bits)
            return Kind(f"fix<{bits}, {fraction}>", low, low + (1 << bits) - 1, fraction, False)
        return Kind(f"{word}<{bits}>", low, low + (1 << bits) - 1, 0, True)

    # -- statements

    def statements(self, most: int, depth: int) -> list[str]:
        """What they bind is forgotten."""
        outside = len(self.scope)
        lines = [f"    {line}" for _ in range(self.r.randint(1, most)) for line in self.statement(depth)]
        del self.scope[outside:]
        return lines

    def statement(self, depth: int) -> list[str]:
        targets = [v for v in self.scope[self.in_value or 0 :] if v.mutable]
        choices: list[Callable[[int], list[str]]] = [self.let, self.var]
        if targets:
            choices += [self.assign] * 3
        if depth and (targets or self.in_value is None):
            choices += [self.loop, self.when]
        return self.r.choice(choices)(depth)

    def let(self, depth: int) -> list[str]:
        if self.chance(0.15):
            return self.pair()
        shape, whole = self.shape(), self.chance(0.5)
        value = self.number(shape, whole, 2)
        kind = self.kind() if self.chance(0.5) else None
        name = self.fresh()
        if kind is None:
            self.scope.append(Variable(name, shape, whole, value.reach, value.unit))
            return [f"let {name} = {value.text};"]
        self.scope.append(Variable(name, shape, kind.whole, kind.reach, kind.unit, kind))
        return [f"let {name}: {written(kind, shape)} = {value.text};"]

    def pair(self) -> list[str]:
        """A tuple, taken apart."""
        parts = [(self.number(s, w, 2), s, w) for s, w in ((self.shape(1), self.chance(0.5)) for _ in range(2))]
        other = [self.number(s, w, 1) for _, s, w in parts]
        names, condition = [self.fresh(), self.fresh()], self.condition()
        texts = [p.text for p, _, _ in parts]
        kinds = self.functions.get("swap")
        if kinds and self.chance(0.5):
            first, second = self.any(1, ()).text, self.any(1, ()).text
            for name, k in zip(names, (kinds[1], kinds[0]), strict=True):
                self.scope.append(Variable(name, (), k.whole, k.reach, k.unit, k))
            return [f"let ({', '.join(names)}) = swap(({first}, {second}));"]
        if self.chance(0.3):
            return self.tuple_variable(texts, [s for _, s, _ in parts])
        for name, (p, s, w) in zip(names, parts, strict=True):
            self.scope.append(Variable(name, s, w, p.reach, p.unit))
        if self.chance(0.5):
            return [f"let ({', '.join(names)}) = ({', '.join(texts)});"]
        for i, (o, v) in enumerate(zip(other, self.scope[-2:], strict=True)):
            both = joined("", o, parts[i][0])
            self.scope[i - 2] = replace(v, reach=both.reach, unit=both.unit)
        tuples = f"if {condition} {{ ({', '.join(texts)}) }} else {{ ({', '.join(o.text for o in other)}) }}"
        whole = self.fresh()
        return [f"let {whole} = {tuples};", f"let {names[0]} = {whole}.0;", f"let {names[1]} = {whole}.1;"]

    def tuple_variable(self, texts: list[str], shapes: list[Shape]) -> list[str]:
        """Its fields are variables whose names are places."""
        name, kinds = self.fresh(), [self.kind() for _ in shapes]
        for i, (k, shape) in enumerate(zip(kinds, shapes, strict=True)):
            self.scope.append(Variable(f"{name}.{i}", shape, k.whole, k.reach, k.unit, k, mutable=True))
        held_in = ", ".join(written(k, s) for k, s in zip(kinds, shapes, strict=True))
        return [f"var {name}: ({held_in}) = ({', '.join(texts)});"]

    def var(self, depth: int) -> list[str]:
        shape, kind, name = self.shape(), self.kind(), self.fresh()
        value = self.number(shape if (plain := self.chance(0.2)) else self.r.choice((shape, ())), self.chance(0.5), 1)
        self.scope.append(Variable(name, shape, kind.whole, kind.reach, kind.unit, kind, mutable=True))
        if plain:
            return [f"var {name} = ({value.text} as {kind.text});"]
        return [f"var {name}: {written(kind, shape)} = {value.text};"]

    def assign(self, depth: int) -> list[str]:
        v = self.r.choice([v for v in self.scope[self.in_value or 0 :] if v.mutable])
        place, shape = v.name, v.shape
        if shape and self.chance(0.6):
            if self.chance(0.3):
                place, shape = f"{place}[{self.private_index(shape[0])}]", shape[1:]
            else:
                picks, shape = self.picks(shape)
                place = f"{place}[{picks}]"
        value = self.number(self.r.choice((shape, ())), self.chance(0.5), 2)
        return [f"{place} {self.r.choice(('=', '=', '+=', '+=', '-=', '*='))} {value.text};"]

    def loop(self, depth: int) -> list[str]:
        name, start = f"i{next(self.names)}", self.r.randint(0, 2)
        end = start + self.r.randint(1, 4)
        outside = len(self.scope)
        self.scope.append(Variable(name, (), True, Fraction(end), Fraction(1), index=(start, end - 1)))
        body = self.statements(3, depth - 1)
        del self.scope[outside:]
        return [f"for {name} in {start}..{end} {{", *body, "}"]

    def when(self, depth: int) -> list[str]:
        lines = [f"if {self.condition()} {{", *self.statements(2, depth - 1)]
        if self.chance(0.3):
            lines += [f"}} else if {self.condition()} {{", *self.statements(2, depth - 1)]
        if self.chance(0.6):
            lines += ["} else {", *self.statements(2, depth - 1)]
        return [*lines, "}"]

    def condition(self) -> str:
        loops = [v for v in self.scope if v.index]
        if loops and self.chance(0.3):
            return f"{self.r.choice(loops).name} {self.r.choice(('% 2 ==', '<', '>=', '=='))} 1"
        return self.bits((), 1).text

    # -- indices

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

    # -- expressions

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

    def block(self, shape: Shape, whole: bool, depth: int) -> Piece:
        """Arms with statements of their own."""
        if depth < 2:
            return self.chosen(shape, whole, depth)
        condition, arms, pieces = self.condition(), list[str](), list[Piece]()
        for _ in range(2):
            outside, before = len(self.scope), self.in_value
            self.in_value = outside
            lines = [line for _ in range(self.r.randint(0, 2)) for line in self.statement(1)]
            pieces.append(self.number(shape, whole, depth - 1))
            self.in_value = before
            del self.scope[outside:]
            arms.append(" ".join([*lines, pieces[-1].text]))
        return joined(f"(if {condition} {{ {arms[0]} }} else {{ {arms[1]} }})", *pieces)

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


def written(kind: Kind, shape: Shape) -> str:
    return kind.text + (f"[{', '.join(map(str, shape))}]" if shape else "")


def held(text: str, kind: Kind) -> Piece:
    return Piece(text, kind.reach, kind.unit)


def common(*pieces: Piece) -> Fraction:
    """A unit of which all the pieces' are multiples."""
    unit = pieces[0].unit
    for p in pieces[1:]:
        ratio = p.unit / unit
        unit = unit / ratio.denominator
    return unit


def joined(text: str, *pieces: Piece) -> Piece:
    return Piece(text, max(p.reach for p in pieces), common(*pieces))
