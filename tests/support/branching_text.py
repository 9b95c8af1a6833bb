"""Random programs that are all private branches, as text: nested arms that write parts of tensors and of tuples."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

HEAD = """party alice;
party bob;
input a: uint<3> from alice;
input b: uint<2> from bob;
input c: bit[5] from bob;
input x: uint<4>[5] from alice;
fn written(p: uint<4>[5], k: uint<4>) -> uint<4>[5] { var q = p; q[1] = k; q[k % 3] += 1; q }
var v: uint<4>[5] = x;
var w: uint<4>[5] = 0;
var m: int<5>[3, 4] = 1;
var t: (uint<4>[5], int<6>) = (x, 0);
var s: int<6> = a - b;
"""
TAIL = "".join(
    f"output {name} = reveal({value}) to bob, alice;\n"
    for name, value in zip("vwmpqs", ("v", "w", "m", "t.0", "t.1", "s"), strict=True)
)


@dataclass
class Branches:
    draw: st.DrawFn
    indices: list[tuple[str, int]]  # loop indices in scope, and how often their loops run
    loops: int = 0

    def one(self, *choices: str) -> str:
        return self.draw(st.sampled_from(choices))

    def number(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))

    def statements(self, depth: int) -> str:
        return " ".join(self.statement(depth) for _ in range(self.number(1, 3)))

    def statement(self, depth: int) -> str:
        match self.one("assign", "assign", "assign", "whole", *["if"] * 4 * (depth > 0), *["for"] * (depth > 0)):
            case "assign":
                return f"{self.place()} {self.one('=', '=', '+=', '-=')} {self.value()};"
            case "whole":
                return self.whole()
            case "if":
                return self.branch(depth)
            case _:
                name, count = f"i{self.loops}", self.number(1, 3)
                self.loops += 1
                self.indices.append((name, count))
                body = self.statements(depth - 1)
                self.indices.pop()
                return f"for {name} in 0..{count} {{ {body} }}"

    def branch(self, depth: int) -> str:
        text = f"if {self.condition()} {{ {self.statements(depth - 1)} }}"
        if self.one("alone", "else-if", "else") == "else-if":
            text += f" else if {self.condition()} {{ {self.statements(depth - 1)} }}"
        if self.one("alone", "else") == "else":
            text += f" else {{ {self.statements(depth - 1)} }}"
        return text

    def whole(self) -> str:
        vector, other = self.one("v", "w", "t.0"), self.one("v", "w", "x", "t.0")
        value = self.value()
        return self.one(
            f"{vector} = {other};",
            f"{vector} = written({other}, {value});",
            f"{vector} = if {self.condition()} {{ written({vector}, {value}) }} else {{ {vector} }};",
            f"{vector} = if {self.condition()} {{ {other} }} else {{ {vector} }};",
            f"{vector} = max({vector}, {value});",
            f"t = (max(t.0, {value}), t.1 - 1);",
            f"s = {value};",
        )

    def condition(self) -> str:
        return self.one("c[0]", "c[1]", f"{self.value()} > {self.value()}", f"c[{self.index(5)}]", "a > b")

    def index(self, extent: int) -> str:
        """A public one: of a loop where one is in scope and fits."""
        fitting = [
            text
            for name, count in self.indices
            for text, last in ((name, count - 1), (f"{name} + 1", count), (f"2 * {name}", 2 * count - 2))
            if last < extent
        ]
        return self.one(*map(str, range(extent)), *fitting * 3)

    def private(self, extent: int) -> str:
        return self.one(f"a % {extent}", "b" if extent > 3 else "b % 3", f"(a + b) % {extent}")

    def slice(self, extent: int) -> str:
        start = self.number(0, extent - 1)
        return f"{start}..{self.number(start + 1, extent)}"

    def place(self) -> str:
        vector = self.one("v", "w", "t.0")
        return self.one(
            *[f"{vector}[{self.index(5)}]"] * 3,
            f"{vector}[{self.slice(5)}]",
            *[f"{vector}[{self.private(5)}]"] * 2,
            f"m[{self.index(3)}]",
            f"m[{self.index(3)}, {self.index(4)}]",
            f"m[:, {self.index(4)}]",
            f"m[{self.slice(3)}, {self.slice(4)}]",
            f"m[{self.private(3)}]",
            "t.1",
            "s",
        )

    def value(self) -> str:
        return self.one(
            "a",
            "b",
            str(self.number(0, 9)),
            "s",
            "t.1",
            f"{self.one('v', 'w', 'x', 't.0')}[{self.index(5)}]",
            f"v[{self.private(5)}]",
            f"m[{self.index(3)}, {self.index(4)}]",
        )


@st.composite
def programs(draw: st.DrawFn, depth: int) -> str:
    writer = Branches(draw, [])
    return HEAD + "\n".join(writer.branch(depth) for _ in range(writer.number(1, 3))) + "\n" + TAIL
