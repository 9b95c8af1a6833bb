"""The generator's statements: variables, assignments to all that can be assigned, branches and loops."""

from __future__ import annotations

from support.second.arranged import Arranged
from support.second.tree import Assign, Binary, Expr, Field, For, If, Index, Let, Name, Statement
from support.second.typed import Typed

BOTH = frozenset({"alice", "bob"})


class Statements(Arranged):
    def __init__(self, seed: int, gates: int) -> None:
        super().__init__(seed, gates)
        self.opened: list[Typed] = []  # names of the top level, opened at the end

    def variable_declared(self, opened: bool = True) -> Statement:
        """A `var` that says its kind, or begins with a value that has one."""
        shape = self.shape()
        value = self.expression(shape, 2)
        name = self.fresh("v")
        if value.kind and self.chance(0.5):
            declared, kind = None, value.kind
        else:
            if self.chance(0.2):
                value = self.plain(())
            declared = self.spell(self.kind_for(value), shape)
            kind = declared.kind
        var = self.variable(name, kind, shape, None, BOTH)
        self.scope.read.append(var)
        self.scope.assigned.append(var)
        if opened:
            self.opened.append(var)
        return Let((name,), declared, value.node, True)

    def control(self, deep: int) -> Statement:
        way = self.draw.random()
        if way < 0.5 or deep == 0 or not self.scope.assigned:
            return self.assignment()
        return self.branch(deep) if way < 0.75 else self.loop(deep)

    def body(self, deep: int) -> tuple[Statement, ...]:
        outer, self.scope = self.scope, self.scope.inner()
        found: list[Statement] = []
        for _ in range(self.draw.randint(1, 3)):
            if self.chance(0.25):
                found.append(self.local(self.shape(), 1))
            elif self.chance(0.08):
                found.append(self.variable_declared(opened=False))
            else:
                found.append(self.control(deep - 1))
        self.scope = outer
        return tuple(found)

    def branch(self, deep: int) -> Statement:
        condition = self.bit((), 1)
        if self.scope.loops and self.chance(0.2):  # public, and it unrolls the loop
            name, low, high = self.draw.choice(self.scope.loops)
            sign = self.draw.choice(("==", "<", ">", "!="))
            node = Binary(sign, Name(name), self.literal(self.draw.randint(max(low, 0), max(high, 0))))
            return If(node, self.body(deep), self.body(deep) if self.chance(0.5) else None)
        other = None
        if self.chance(0.5):
            other = (self.branch(deep - 1),) if deep > 1 and self.chance(0.3) else self.body(deep)
        return If(condition.node, self.body(deep), other)

    def loop(self, deep: int) -> Statement:
        name = self.fresh("k")
        low, count = self.draw.choice((0, 0, 0, 1, 2)), self.draw.choice((1, 2, 3, 3, 4))
        least: Expr = self.literal(low)
        most: Expr = self.literal(low + count)
        high = low + count - 1
        whole = [p for p in self.params if not p.pointed and p.value <= 4 and p.written <= 4]
        if self.chance(0.06):  # a body that never runs
            high, most = low - 1, least
        elif whole and self.chance(0.4):
            p = self.draw.choice(whole)
            low, high, least, most = 0, int(p.value) - 1, self.literal(0), Name(p.name)
        elif self.scope.loops and self.chance(0.2):
            outer, first, last = self.draw.choice(self.scope.loops)
            if first >= 0 and self.chance(0.7):
                low, high, least, most = 0, last, self.literal(0), Binary("+", Name(outer), self.literal(1))
            elif first >= 0:  # whose first round never runs
                low, high, least, most = 0, last - 1, self.literal(0), Name(outer)
        outer_scope, self.scope = self.scope, self.scope.inner()
        self.scope.loops.append((name, low, max(low, high)))
        rounds = max(1, high - low + 1)
        spent, self.gates = self.gates, self.gates // rounds
        body = self.body(deep)
        self.gates = spent - (spent // rounds - self.gates) * rounds
        self.scope = outer_scope
        return For(name, least, most, body)

    def assignment(self) -> Statement:
        if not self.scope.assigned:
            return self.local(self.shape(), 2)
        var = self.draw.choice(self.scope.assigned)
        place = var
        if var.shape and self.chance(0.7):
            rank = self.draw.randint(0, len(var.shape))
            shape = tuple(self.draw.randint(1, s) for s in sorted(self.draw.sample(var.shape, rank)))
            place = self.part(var, shape) or var
        sign = self.draw.choice(("=", "=", "=", "+=", "+=", "-=", "*="))
        value = self.expression(() if self.chance(0.2) else place.shape, 2)
        if sign == "*=" and not value.public:
            value = self.smaller(value, max(2, 600 // (place.bits * place.size)))
            if value.bits * place.bits * place.size > 3000:
                sign = "="
        elif sign == "=" and self.chance(0.1) and (quotient := self.bound_quotient(place)):
            value = quotient
        assert isinstance(place.node, Name | Index | Field)
        return Assign(place.node, sign, value.node)

    def bound_quotient(self, place: Typed) -> Typed | None:
        """A quotient by a private number that the place's kind is bound to: the bare one, without its conversion."""
        p, q = self.smaller(self.plain(place.shape), 24), self.smaller(self.plain(()), 16)
        if q.public is not False or p.integer is None or q.integer is None or place.bits > 40 or place.size > 4:
            return None
        if p.integer and q.integer and not (p.kind or p.exact):
            return None
        self.gates -= (p.bits + place.bits) * q.bits * place.size * 2
        return Typed(Binary("/", p.node, q.node), place.shape, place.low, place.high, place.unit, None, False)
