"""A tree as text: parentheses where the page's table of operators asks for them, and now and then where it does not."""

from __future__ import annotations

import random
from collections.abc import Iterator
from fractions import Fraction
from typing import assert_never

from support.second.tree import (
    Array,
    Assign,
    Binary,
    Block,
    Call,
    Cast,
    Expr,
    Field,
    For,
    Function,
    If,
    IfElse,
    Index,
    Let,
    Name,
    Num,
    Output,
    Program,
    Result,
    Slice,
    Statement,
    TupleOf,
    Unary,
)

TABLE = (("||",), ("&&",), ("==", "!=", "<", "<=", ">", ">="), ("|",), ("^",), ("&",), ("<<", ">>"), ("+", "-"))
BINDS = {sign: level for level, signs in enumerate((*TABLE, ("*", "/", "%", "@")), 1) for sign in signs}
AS, PREFIX, POWER, CALL = 10, 11, 12, 13
COMPARES = BINDS["=="]


class Writer:
    """`spare` is how often a pair of parentheses stands that nobody needs."""

    def __init__(self, garnish: int) -> None:
        self._draw = random.Random(garnish)
        self._spare = self._draw.choice((0.0, 0.0, 0.1, 0.4))

    def expression(self, e: Expr, least: int = 0) -> str:
        text, binds = self._written(e)
        return f"({text})" if binds < least or self._draw.random() < self._spare else text

    def _written(self, e: Expr) -> tuple[str, int]:
        match e:
            case Num():
                return e.spelled, CALL
            case Name():
                return e.name, CALL
            case Unary():
                return e.sign + self.expression(e.of, PREFIX), PREFIX
            case Binary("**", left, right):
                return f"{self.expression(left, CALL)} ** {self.expression(right, CALL)}", POWER
            case Binary(sign, left, right):
                own = BINDS[sign]
                least = own + (own == COMPARES)
                return f"{self.expression(left, least)} {sign} {self.expression(right, own + 1)}", own
            case Cast():
                return " ".join((self.expression(e.of, AS), "as", e.spelled, *e.modes)), AS
            case Call():
                options = [f"{name} = {self.expression(value)}" for name, value in e.options]
                return f"{e.name}({', '.join([*map(self.expression, e.arguments), *options])})", CALL
            case IfElse():
                then, other = self.block(e.then), self.block(e.other)
                return f"if {self.expression(e.condition)} {{ {then} }} else {{ {other} }}", 0
            case Index():
                items = ", ".join(self._slice(i) if isinstance(i, Slice) else self.expression(i) for i in e.items)
                return f"{self.expression(e.of, CALL)}[{items}]", CALL
            case Array():
                return f"[{', '.join(map(self.expression, e.items))}]", CALL
            case TupleOf():
                return f"({', '.join(map(self.expression, e.items))})", CALL
            case Field():
                return f"{self.expression(e.of, CALL)}.{e.number}", CALL
            case _:
                assert_never(e)

    def _slice(self, s: Slice) -> str:
        if s.low is None and s.high is None:
            return ":"
        low, high = (self.expression(e) if e is not None else "" for e in (s.low, s.high))
        return f"{low}..{high}"

    def block(self, b: Block) -> str:
        return " ".join([*(line for s in b.statements for line in self.statement(s)), self.expression(b.value)])

    def statement(self, s: Statement, indent: str = "") -> Iterator[str]:
        match s:
            case Let():
                name = s.names[0] if len(s.names) == 1 else f"({', '.join(s.names)})"
                kind = f": {s.kind}" if s.kind else ""
                yield f"{indent}{'var' if s.variable else 'let'} {name}{kind} = {self.expression(s.value)};"
            case Assign():
                place, _ = self._written(s.place)
                yield f"{indent}{place} {s.sign} {self.expression(s.value)};"
            case If():
                yield f"{indent}if {self.expression(s.condition)} {{"
                yield from self._body(s.then, indent)
                if s.other is not None and len(s.other) == 1 and isinstance(s.other[0], If):
                    first, *rest = self.statement(s.other[0], indent)
                    yield f"{indent}}} else {first.lstrip()}"
                    yield from rest
                    return
                if s.other is not None:
                    yield f"{indent}}} else {{"
                    yield from self._body(s.other, indent)
                yield f"{indent}}}"
            case For():
                yield f"{indent}for {s.name} in {self.expression(s.low)}..{self.expression(s.high)} {{"
                yield from self._body(s.body, indent)
                yield f"{indent}}}"
            case Output():
                value = self.expression(s.value)
                opened = f"reveal({value})" if s.revealed else value
                yield f"{indent}output {s.name} = {opened} to {', '.join(s.receivers)};"
            case _:
                assert_never(s)

    def _body(self, statements: tuple[Statement, ...], indent: str) -> Iterator[str]:
        for s in statements:
            yield from self.statement(s, indent + "    ")

    def function(self, f: Function) -> Iterator[str]:
        sizes = f"<{', '.join(f.sizes)}>" if f.sizes else ""
        parameters = ", ".join(f"{p.name}: {p.spelled}" for p in f.parameters)
        result = f" -> {f.result.spelled if isinstance(f.result, Result) else f.result}" if f.result else ""
        yield f"fn {f.name}{sizes}({parameters}){result} {{"
        yield from self._body(f.body.statements, "")
        yield f"    {self.expression(f.body.value)}"
        yield "}"


def decimal(value: Fraction) -> str:
    """A number as the language writes it, exactly: its denominator is a product of 2s and 5s."""
    digits = 0
    while (value * 10**digits).denominator != 1:
        digits += 1
    whole = str(int(abs(value) * 10**digits)).rjust(digits + 1, "0")
    sign = "-" if value < 0 else ""
    return sign + (f"{whole[:-digits]}.{whole[-digits:]}" if digits else whole)


def written(program: Program) -> str:
    writer = Writer(program.garnish)
    lines = ["party alice;", "party bob;"]
    for p in program.params:
        lines.append(
            f"param {p.name} = {decimal(p.written)}{'.0' if p.pointed and p.written.denominator == 1 else ''};"
        )
    lines += [f"type {name} = {kind};" for name, kind in program.aliases]
    lines += [f"input {i.name}: {i.kind} from {i.owner};" for i in program.inputs]
    functions = [line for f in program.functions for line in writer.function(f)]
    body = [line for s in program.statements for line in writer.statement(s)]
    return "\n".join([*lines, *(body + functions if program.garnish % 2 else functions + body)]) + "\n"
