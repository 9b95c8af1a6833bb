"""Random programs: statements at top level, and every name of them opened at the end."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
from support.second.kinds import Kind, TupleKind
from support.second.own import Own
from support.second.statements import BOTH
from support.second.tree import Call, Function, Input, Let, Name, Output, Param, Program, Statement, TupleOf
from support.second.typed import Typed, everyone
from support.second.values import array

GATES = (6_000, 12_000, 12_000, 25_000)  # of one program, roughly


class Programs(Own):
    def program(self) -> Program:
        for _ in range(self.draw.randint(0, 2)):
            self.param()
        inputs = self.inputs()
        for _ in range(self.draw.choice((0, 0, 1, 2))):
            self.function()
        statements: list[Statement] = []
        for _ in range(self.draw.randint(3, 9)):
            statements += self.at_top()
        outputs = [self.output(t, t.node.name if isinstance(t.node, Name) else "") for t in self.opened]
        outputs += [self.output(self.expression(self.shape(), 2)) for _ in range(self.draw.randint(0, 2))]
        aliases = tuple((name, str(kind)) for name, kind in self.aliases.items())
        garnish = self.draw.randrange(10**6)
        return Program(tuple(self.params), aliases, inputs, tuple(self.functions), (*statements, *outputs), garnish)

    def param(self) -> None:
        pointed = self.chance(0.3)
        value = Fraction(self.draw.randint(1, 9)) + (Fraction(self.draw.randint(0, 3), 4) if pointed else 0)
        written = value if self.chance(0.6) else value + 1
        self.params.append(Param(self.fresh("P"), written, value, pointed))

    def inputs(self) -> tuple[Input, ...]:
        found = []
        for owner in ("alice", "bob", self.draw.choice(("alice", "bob"))):
            kind, shape = self.kind(), self.shape()
            name = self.fresh("a" if owner == "alice" else "b")
            found.append(Input(name, self.spell(kind, shape), owner))
            self.scope.read.append(self.variable(name, kind, shape, False, frozenset({owner})))
        return tuple(found)

    def output(self, t: Typed, name: str = "") -> Output:
        """To somebody; without `reveal` where all that it depends on is theirs."""
        receivers = self.draw.choice((("alice",), ("bob",), ("alice", "bob"), ("bob", "alice")))
        free = all(t.owners <= {r} for r in receivers) and self.chance(0.7)
        return Output(name or self.fresh("out"), t.node, not free, receivers)

    def at_top(self) -> list[Statement]:
        if self.chance(0.04):
            return [self.measured()]
        if self.chance(0.5):
            shape = self.shape()
            let = self.local(shape, self.draw.randint(1, 3))
            self.opened.append(self.scope.read[-1])
            return [let]
        if self.chance(0.12):
            return [self.pair()]
        tuples = [f for f in self.functions if isinstance(f.result, TupleKind)]
        if tuples and self.chance(0.3):
            return [self.taken_apart(self.draw.choice(tuples))]
        if self.chance(0.45) or not self.scope.assigned:
            return [self.variable_declared()]
        return [self.control(2)]

    def taken_apart(self, f: Function) -> Statement:
        """What a function gives, as two names."""
        assert isinstance(f.result, TupleKind)
        arguments = [self.expression(tuple(int(s) for s in p.shape), 1) for p in f.parameters]
        names = self.fresh("q"), self.fresh("q")
        for name, kind in zip(names, f.result.fields, strict=True):
            self.scope.read.append(self.variable(name, kind.kind, kind.shape, None, everyone(arguments)))
            self.opened.append(self.scope.read[-1])
        return Let(names, None, Call(f.name, tuple(a.node for a in arguments), own=True))

    def pair(self) -> Statement:
        """A tuple, whole or taken apart at once."""
        shapes = [self.shape(), self.shape()]
        values = [self.expression(shape, 2) for shape in shapes]
        kinds = [self.spell(self.kind_for(v), v.shape) for v in values]
        tuple_of = TupleOf(tuple(v.node for v in values))
        if self.chance(0.4):
            names = self.fresh("q"), self.fresh("q")
            for name, value in zip(names, values, strict=True):
                self.scope.read.append(value.put(Name(name)))
                self.opened.append(self.scope.read[-1])
            return Let(names, None, tuple_of)
        name, var = self.fresh("w"), self.chance(0.6)
        for number, kind in enumerate(kinds):
            t = self.field(name, number, kind.kind, kind.shape, BOTH if var else everyone(values))
            self.scope.read.append(t)
            self.opened.append(t)
            if var:
                self.scope.assigned.append(t)
        return Let((name,), TupleKind(tuple(kinds)), tuple_of, var)


def program(seed: int) -> Program:
    return Programs(seed, GATES[seed % len(GATES)]).program()


def numbers(program: Program, seed: int) -> dict[str, np.ndarray]:
    """Inputs: the ends of the kinds, small numbers and 0 often."""
    draw = random.Random(seed)

    def one(kind: Kind) -> Fraction:
        least, most = int(kind.least / kind.unit), int(kind.greatest / kind.unit)
        way = draw.random()
        if way < 0.25:
            return draw.choice((least, most, 0)) * kind.unit
        if way < 0.5:
            return min(max(draw.randint(-3, 3), least), most) * kind.unit
        return draw.randint(least, most) * kind.unit

    return {
        i.name: array((one(i.kind.kind) for _ in range(int(np.prod(i.kind.shape)))), i.kind.shape)
        for i in program.inputs
    }
