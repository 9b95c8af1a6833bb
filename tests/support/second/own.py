"""The functions that a generated program declares, and its calls of what is not exact."""

from __future__ import annotations

from fractions import Fraction

from support.second.kinds import Kind, Shaped, TupleKind
from support.second.leaves import Scope
from support.second.statements import Statements
from support.second.tree import (
    Assign,
    Binary,
    Block,
    Call,
    Expr,
    For,
    Function,
    Index,
    Let,
    Name,
    Num,
    Parameter,
    Result,
    Statement,
    TupleOf,
    Unary,
)
from support.second.typed import Typed, of_kind

INNER = 1500  # gates that a body may cost, roughly


class Own(Statements):
    def function(self) -> None:
        if self.chance(0.4):
            self.functions.append(self.generic())
        else:
            self.functions.append(self.plain_function())

    def plain_function(self) -> Function:
        """Of kinds that it names; its body is as any other text, but sees nothing outside."""
        outer, spent = self.scope, self.gates
        self.scope, self.gates = Scope(), INNER
        parameters = []
        for _ in range(self.draw.randint(1, 3)):
            kind, shape, name = self.kind(64), self.shape(), self.fresh("p")
            parameters.append(Parameter(name, kind, shape, str(self.spell(kind, shape))))
            self.scope.read.append(of_kind(Name(name), shape, kind, None, frozenset()))
        statements: list[Statement] = []
        for _ in range(self.draw.randint(0, 3)):
            if self.chance(0.5):
                statements.append(self.local(self.shape(), 2))
            elif not self.scope.assigned:
                statements.append(self.variable_declared(opened=False))
            else:
                statements.append(self.control(1))
        shape = self.shape(self.draw.choice((0, 0, 1, 2)))
        value = self.expression(shape, 2)
        kind = self.kind_for(value, 80)
        result = Result(kind, shape, str(self.spell(kind, shape)))
        name, body = self.fresh("f"), Block(tuple(statements), value.node)
        given: Result | TupleKind | None = result
        if self.chance(0.2):
            given, body = None, Block(body.statements, self.narrow_to(value, kind).node)
            self.plainly[name] = Shaped(kind, shape)
        elif self.chance(0.2):
            other = self.expression(self.shape(), 1)
            kinds = TupleKind((self.spell(kind, shape), self.spell(self.kind(40), other.shape)))
            given, body = kinds, Block(body.statements, TupleOf((value.node, other.node)))
        self.scope, self.gates = outer, spent
        return Function(name, (), tuple(parameters), given, body)

    def generic(self) -> Function:
        """Of sizes that are read off the arguments: lengths, sides, widths."""
        form = self.draw.choice((self._by_length, self._by_width, self._by_sides))
        return form(self.fresh("f"), self.fresh("p"), self.fresh("S"))

    def _by_length(self, name: str, p: str, size: str) -> Function:
        """A loop over all of a vector, last one first."""
        kind, wide = self.kind(20), self.kind(40)
        k, v = self.fresh("k"), self.fresh("v")
        at = Binary("-", Binary("-", Name(size), self.literal(1)), Name(k))
        element = Index(Name(p), (at,))
        weight = self.draw.choice((Name(k), Name(size), Binary("+", Name(k), self.literal(1))))
        start = self.number()
        body: tuple[Statement, ...] = (Assign(Name(v), "+=", Binary("*", element, weight)),)
        if self.chance(0.5):
            body = (Assign(Name(v), "=", Binary("-", element, Binary("*", Name(v), self.literal(3)))),)
        parameters = (Parameter(p, kind, (size,), f"{kind}[{size}]"),)
        loop = For(k, self.literal(0), Name(size), body)
        var = Let((v,), self.spell(wide), start.node, True)
        result = self.kind(30)
        return Function(name, (size,), parameters, Result(result, (), str(result)), Block((var, loop), Name(v)))

    def _by_width(self, name: str, p: str, size: str) -> Function:
        """A sum that is a bit wider than its operands."""
        sort = self.draw.choice(("uint", "int"))
        q = self.fresh("p")
        more = self.draw.randint(0, 3)
        parameters = tuple(Parameter(n, Kind(sort, 8), (), f"{sort}<{size}>", size) for n in (p, q))
        value: Expr = Binary(self.draw.choice("+-*^"), Name(p), Name(q))
        result = Result(Kind(sort, 8), (), f"{sort}<{size} + {more}>", size, more)
        return Function(name, (size,), parameters, result, Block((), value))

    def _by_sides(self, name: str, p: str, size: str) -> Function:
        """A matrix and a vector of two lengths."""
        other, q, kind = self.fresh("S"), self.fresh("p"), self.kind(16)
        weight = self.kind(12)
        result = self.kind(40)
        parameters = (
            Parameter(p, kind, (size, other), f"{kind}[{size}, {other}]"),
            Parameter(q, weight, (other,), f"{weight}[{other}]"),
        )
        value: Expr = Binary("@", Name(p), Name(q))
        if self.chance(0.4):
            value = Call("relu", (Binary("-", value, Call("sum", (Name(p),), (("axis", self.literal(1)),))),))
        spelled = f"{result}[{size}]"
        return Function(name, (size, other), parameters, Result(result, (size,), spelled), Block((), value))

    def measured(self) -> Let:
        """A `let` of a function that is not exact, at top level; the program opens it."""
        calls = ("sqrt", "rsqrt", "exp", "log", "sigmoid", "tanh", "softmax", "norm2")
        call = self.draw.choice(calls)
        rank = {"softmax": self.draw.choice((1, 1, 2)), "norm2": self.draw.choice((1, 2))}
        shape = self.shape(rank.get(call, self.draw.choice((0, 0, 1))))
        argument = self.argument(shape)
        options: tuple[tuple[str, Num | Unary], ...] = ()
        if call == "softmax" and len(shape) == 2 and self.chance(0.5):
            options = (("axis", self.literal(self.draw.randint(0, 1))),)
        point = self.draw.randint(0, 9)
        kind = Kind("fix", point + self.draw.randint(1, 6), point)
        if self.chance(0.3):
            within = kind.unit * self.draw.choice((1, 2, 3, 4))
            options = (*options, ("within", self.spelled(within, within.denominator > 1)))
        name = self.fresh("r")
        node = Call(call, (argument.node,), options)
        result_shape = () if call == "norm2" else shape
        unbound = call in ("sigmoid", "tanh", "softmax", "sqrt", "log", "rsqrt") and self.chance(0.2)
        self.gates -= 3000 * max(1, len(shape) and argument.size)
        found = of_kind(Name(name), result_shape, kind, False, argument.owners)
        if unbound and not any(option == "within" for option, _ in options):
            ends = Fraction(-1), Fraction(2**8), Fraction(1, 2**8)
            found = Typed(Name(name), result_shape, *ends, False, False, None, False, argument.owners)
            self.opened.append(found)
            return Let((name,), None, node)
        self.scope.read.append(found)
        self.opened.append(found)
        return Let((name,), self.spell(kind, result_shape), node)

    def argument(self, shape: tuple[int, ...]) -> Typed:
        """A private number of few bits."""
        found = self.leaf(shape)
        if found is None or found.public is not False:
            sources = [t for t in self.scope.read if t.public is False and not t.shape]
            found = self.expression(shape, 1)
            if sources:
                node = Binary("+", found.node, sources[0].node)
                found = Typed(
                    node,
                    shape,
                    found.low,
                    found.high,
                    found.unit,
                    found.integer,
                    False,
                    owners=found.owners | sources[0].owners,
                )
        point = self.draw.randint(0, 6)
        return self.narrow_to(found, Kind("fix", point + self.draw.randint(1, 6), point))
