"""Random well-typed programs of the language, as text; the same number gives the same program.

Every expression is written with its shape, whether it is an integer, and a bound on its size, which keeps numbers
below `WIDEST` bits by converting them to a kind.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from support.random_kinds import Piece, Shape, Variable, joined, written
from support.random_numbers import Numbers
from support.real import REAL

PARTIES = ("alice", "bob")


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


class Writer(Numbers):
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
