"""Random integer programs over inputs of 1 to 130 bits, as text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import strategies as st

WIDEST = 130  # bits of a kind
MOST = 400  # bits of an expression, about: what makes a circuit large is a product


@dataclass(frozen=True)
class Piece:
    """An expression of one integer, and about how many bits it has."""

    text: str
    bits: int


@dataclass
class Writer:
    draw: st.DrawFn
    scalars: list[Piece] = field(default_factory=list[Piece])
    vectors: list[tuple[str, int, int]] = field(default_factory=list[tuple[str, int, int]])  # name, elements, bits

    def whole(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))

    def width(self) -> int:
        """Those around a machine word often."""
        return self.draw(st.sampled_from([1, 8, 31, 32, 33, 61, 62, 63, 64, 65, 127, 128]) | st.integers(1, WIDEST))

    def kind(self) -> tuple[str, int]:
        width = self.width()
        return f"{self.draw(st.sampled_from(['uint', 'int']))}<{width}>", width

    def program(self) -> str:
        lines = ["party alice;", "party bob;"]
        for number in range(self.whole(2, 3)):
            kind, width = self.kind()
            self.scalars.append(Piece(f"s{number}", width))
            lines.append(f"input s{number}: {kind} from {('alice', 'bob')[number % 2]};")
        for number in range(2):
            kind, width = self.kind()
            count = self.whole(1, 4)
            self.vectors.append((f"v{number}", count, width))
            lines.append(f"input v{number}: {kind}[{count}] from {('alice', 'bob')[number % 2]};")
        for number in range(self.whole(1, 3)):
            lines.append(f"output o{number} = reveal({self.number(self.whole(1, 4)).text}) to alice, bob;")
        return "\n".join(lines) + "\n"

    def number(self, depth: int) -> Piece:
        if depth == 0:
            return self.leaf()
        ways: list[Callable[[int], Piece]] = [
            *(self.arithmetic, self.arithmetic, self.divided, self.shifted, self.logic, self.function, self.function),
            *(self.chosen, self.bound, self.vector, self.vector, self.inverted),
        ]
        return self.draw(st.sampled_from(ways))(depth - 1)

    def leaf(self) -> Piece:
        if self.draw(st.integers(0, 4)):
            return self.draw(st.sampled_from(self.scalars))
        return self.literal(self.draw(st.booleans()))

    def literal(self, negative: bool = False) -> Piece:
        n = self.draw(st.sampled_from([0, 1, 2, 5, 1 << 62, 1 << 63, 1 << 64]) | st.integers(0, 1 << self.width()))
        return Piece(f"(-{n})" if negative else str(n), max(1, n.bit_length()))

    def arithmetic(self, depth: int) -> Piece:
        a, b, op = self.number(depth), self.number(depth), self.draw(st.sampled_from("+-*"))
        if op == "*" and a.bits + b.bits <= MOST:
            return Piece(f"({a.text} * {b.text})", a.bits + b.bits)
        return Piece(f"({a.text} {'-' if op == '*' else op} {b.text})", max(a.bits, b.bits) + 1)

    def divided(self, depth: int) -> Piece:
        a = self.number(depth)
        n = self.draw(st.sampled_from([1, 2, 3, 5, 100, 1 << 32, (1 << 64) - 1]) | st.integers(1, 1 << 70))
        by = f"{n}" if self.draw(st.booleans()) else f"(-{n})"
        match self.draw(st.sampled_from(["/", "%", "private /", "private %"])):
            case "private /":
                kind, width = self.kind()
                return Piece(f"(({a.text} as {kind}) / {self.draw(st.sampled_from(self.scalars)).text})", width + 1)
            case "private %":
                return Piece(f"({a.text} % {self.draw(st.sampled_from(self.scalars)).text})", max(a.bits, WIDEST))
            case op:
                return Piece(f"({a.text} {op} {by})", a.bits)

    def shifted(self, depth: int) -> Piece:
        a, by = self.number(depth), self.whole(0, 140)
        if self.draw(st.booleans()) and a.bits + by <= MOST:
            return Piece(f"({a.text} << {by})", a.bits + by)
        return Piece(f"({a.text} >> {by})", a.bits)

    def logic(self, depth: int) -> Piece:
        a, b = self.number(depth), self.number(depth)
        op = self.draw(st.sampled_from(["&", "|", "^", "<", "<=", ">", ">=", "==", "!="]))
        return Piece(f"({a.text} {op} {b.text})", max(a.bits, b.bits) if op in "&|^" else 1)

    def function(self, depth: int) -> Piece:
        a, b = self.number(depth), self.number(depth)
        both = max(a.bits, b.bits)
        match self.draw(st.sampled_from(["min", "max", "abs", "sign", "relu", "clamp", "popcount", "**", "-"])):
            case "clamp":
                low, high = sorted(self.whole(-(1 << 66), 1 << 66) for _ in range(2))
                return Piece(f"clamp({a.text}, {low}, {high})", 67)
            case "popcount":
                kind, width = self.kind()
                return Piece(f"popcount({a.text} as {kind} wrap)", width.bit_length())
            case "**":
                power = self.whole(0, 3)
                return Piece(f"({a.text} ** {power})", a.bits * power + 1) if a.bits * power < MOST else a
            case "-":
                return Piece(f"(-{a.text})", a.bits + 1)
            case ("min" | "max") as name:
                return Piece(f"{name}({a.text}, {b.text})", both)
            case name:
                return Piece(f"{name}({a.text})", a.bits + 1)

    def chosen(self, depth: int) -> Piece:
        a, b, c = (self.number(depth) for _ in range(3))
        return Piece(f"(if {a.text} < {b.text} {{ {b.text} }} else {{ {c.text} }})", max(b.bits, c.bits))

    def bound(self, depth: int) -> Piece:
        kind, width = self.kind()
        return Piece(f"({self.number(depth).text} as {kind}{self.draw(st.sampled_from(['', ' wrap']))})", width)

    def inverted(self, depth: int) -> Piece:
        kind, width = self.kind()
        return Piece(f"(!({self.number(depth).text} as {kind}))", width)

    def vector(self, depth: int) -> Piece:
        """Of a vector: an input, or numbers put together."""
        name, count, bits = self.draw(st.sampled_from(self.vectors))
        if self.draw(st.booleans()):
            items = [self.number(depth) for _ in range(count)]
            name, bits = f"[{', '.join(i.text for i in items)}]", max(i.bits for i in items)
        n = self.number(0)
        match self.draw(st.sampled_from(["sum", "dot", "min", "max", "sort", "at", "argmax", "slice"])):
            case "dot":
                return Piece(f"dot({name}, {name} - {n.text})", 2 * max(bits, n.bits) + 4)
            case "sort":
                return Piece(f"sort({name})[{self.whole(0, count - 1)}]", bits)
            case "at":
                return Piece(f"{name}[{n.text} % {count}]" if n.text[0] == "s" else f"{name}[0]", bits)
            case "slice":
                return Piece(f"sum({name}[{self.whole(0, count - 1)}..])", bits + 2)
            case function:
                return Piece(f"{function}({name})", bits + 2)


@st.composite
def programs(draw: st.DrawFn) -> str:
    return Writer(draw).program()
