"""From Lark's reductions to the syntax tree: one method a grammar rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, assert_never

from lark import Token

from lang.source import Source, Span
from lang.syntax import tree
from lang.syntax.tree import MAX_DEPTH

_MEANINGFUL = frozenset({"NAME", "INT", "DECIMAL", "SIZE", "STRING"})
_CHAINS = (tree.Binary, tree.If)
_STATEMENTS = (tree.Let, tree.Var, tree.Assign, tree.For, tree.Dpsgd, tree.Measure, tree.Loss, tree.Grad)

Rule = Callable[["Builder", list[Any]], Any]
Build = Callable[["Builder", Span, list[Any]], Any]


class TooNested(Exception):
    """A tree deeper than MAX_DEPTH was about to be built."""

    def __init__(self, span: Span) -> None:
        super().__init__(str(span))
        self.span = span


def _rule(build: Build, tokens: bool = False, chained: int | None = None) -> Rule:
    """A method over the place of the whole and its parts: nodes, names, numbers, strings, or all `tokens`.

    The part at `chained` nests no deeper than the whole where it is of the same sort and stands without parentheses:
    a + b + c, if .. else if .. else.
    """

    def reduce(self: Builder, children: list[Any]) -> Any:
        span = self.between(children[0], children[-1])
        depths, same = self.depths, None
        if chained is not None and type(children[chained]) in _CHAINS and id(children[chained]) not in self.grouped:
            same = children[chained]
        depth = max((c is not same) + (depths[id(c)][1] if id(c) in depths else 0) for c in children)
        if depth > MAX_DEPTH:
            raise TooNested(span)
        if not tokens:
            children = [c for c in children if not isinstance(c, Token) or c.type in _MEANINGFUL]
        node = build(self, span, children)
        depths[id(node)] = (node, depth)
        return node

    return reduce


def _rule_with_tokens(build: Build) -> Rule:
    return _rule(build, tokens=True)


def _rule_of_operators(build: Build) -> Rule:
    return _rule(build, tokens=True, chained=0)


def _rule_of_arms(build: Build) -> Rule:
    return _rule(build, chained=-1)


@dataclass(frozen=True, slots=True)
class _Option:
    """name = value among the arguments of a call."""

    name: tree.Name
    value: tree.Expr
    span: Span


class Builder:
    """Lark calls the method named after the rule it has recognised; `source` is the file being read."""

    def __init__(self) -> None:
        self.reset(Source("", ""))

    def reset(self, source: Source) -> None:
        self.source = source
        self.depths: dict[int, tuple[Any, int]] = {}  # by identity; holds the node so that no identity is reused
        self.grouped: set[int] = set()  # the nodes in parentheses, by identity

    def between(self, first: Any, last: Any) -> Span:
        if isinstance(first, Token):
            line, column = first.line, first.column
        else:
            line, column = first.span.line, first.span.column
        if isinstance(last, Token):
            return Span(self.source, line or 1, column or 1, last.end_line or 1, last.end_column or 1)
        return Span(self.source, line or 1, column or 1, last.span.end_line, last.span.end_column)

    def named(self, token: Token) -> tree.Name:
        return tree.Name(str(token), self.between(token, token))

    def start(self, children: list[Any]) -> tree.File:
        return tree.File(tuple(children))

    # -- declarations

    @_rule
    def import_(self, span: Span, kept: list[Any]) -> Any:
        return tree.Import(kept[0][1:-1], span)

    @_rule
    def party(self, span: Span, kept: list[Any]) -> Any:
        return tree.Party(self.named(kept[0]), span)

    @_rule
    def param(self, span: Span, kept: list[Any]) -> Any:
        return tree.Param(self.named(kept[0]), kept[1], span)

    @_rule
    def type_(self, span: Span, kept: list[Any]) -> Any:
        return tree.TypeAlias(self.named(kept[0]), kept[1], span)

    @_rule
    def input_(self, span: Span, kept: list[Any]) -> Any:
        return tree.Input(self.named(kept[0]), kept[1], self.named(kept[2]), span)

    @_rule
    def dataset(self, span: Span, kept: list[Any]) -> Any:
        return tree.Dataset(self.named(kept[0]), kept[1], tuple(kept[2:]), span)

    @_rule
    def disjoint(self, span: Span, kept: list[Any]) -> Any:
        return tree.Disjoint(kept[0], span)

    @_rule
    def field(self, span: Span, kept: list[Any]) -> Any:
        return tree.Field(self.named(kept[0]), kept[1], kept[2] if len(kept) > 2 else None, span)

    @_rule
    def extern(self, span: Span, kept: list[Any]) -> Any:
        name, *parameters, result, form, path = kept
        return tree.Extern(self.named(name), tuple(parameters), result, self.named(form), path[1:-1], span)

    @_rule
    def fn(self, span: Span, kept: list[Any]) -> Any:
        sizes: tuple[tree.Name, ...] = ()
        result = None
        parameters: list[tree.Parameter] = []
        for part in kept[1:-1]:
            match part:
                case tree.Parameter():
                    parameters.append(part)
                case tuple():
                    sizes = part
                case tree.Words() | tree.Alias() | tree.TupleKind() | tree.Shaped():
                    result = part
                case _:
                    assert_never(part)
        return tree.Fn(self.named(kept[0]), sizes, tuple(parameters), result, kept[-1], span)

    def generics(self, children: list[Any]) -> tuple[tree.Name, ...]:
        return self.names(children)

    def result(self, children: list[Any]) -> Any:
        return children[1]

    @_rule
    def parameter(self, span: Span, kept: list[Any]) -> Any:
        return tree.Parameter(self.named(kept[0]), kept[1], span)

    @_rule
    def output(self, span: Span, kept: list[Any]) -> Any:
        receivers = kept.pop() if isinstance(kept[-1], tuple) else ()
        return tree.Output(tuple(kept), receivers, span)

    @_rule
    def release(self, span: Span, kept: list[Any]) -> Any:
        return tree.Release(self.named(kept[0]) if len(kept) > 1 else None, kept[-1], span)

    def names(self, children: list[Any]) -> tuple[tree.Name, ...]:
        return tuple(self.named(c) for c in children if c.type == "NAME")

    # -- statements

    @_rule
    def block(self, span: Span, kept: list[Any]) -> Any:
        last = kept[-1] if kept else None
        is_value = _gives_value(last) if isinstance(last, tree.If) else not isinstance(last, (*_STATEMENTS, type(None)))
        value = kept.pop() if is_value else None
        return tree.Block(tuple(kept), value, span)

    @_rule
    def let(self, span: Span, kept: list[Any]) -> Any:
        return tree.Let(kept[0], kept[1] if len(kept) > 2 else None, kept[-1], span)

    def pattern(self, children: list[Any]) -> tuple[tree.Name, ...]:
        return self.names(children)

    @_rule
    def var(self, span: Span, kept: list[Any]) -> Any:
        return tree.Var(self.named(kept[0]), kept[1] if len(kept) > 2 else None, kept[-1], span)

    @_rule_with_tokens
    def assign(self, span: Span, children: list[Any]) -> Any:
        return tree.Assign(children[0], str(children[1]), children[2], span)

    @_rule
    def for_(self, span: Span, kept: list[Any]) -> Any:
        return tree.For(self.named(kept[0]), kept[1], kept[2], kept[3], span)

    @_rule_of_arms
    def if_(self, span: Span, kept: list[Any]) -> Any:
        return tree.If(kept[0], kept[1], kept[2] if len(kept) > 2 else None, span)

    @_rule
    def dpsgd(self, span: Span, kept: list[Any]) -> Any:
        variables, dataset, *clauses, row, body = kept
        return tree.Dpsgd(variables, self.named(dataset), tuple(clauses), self.named(row), body, span)

    @_rule
    def measure(self, span: Span, kept: list[Any]) -> Any:
        name, dataset, *clauses, row, body = kept
        return tree.Measure(self.named(name), self.named(dataset), tuple(clauses), self.named(row), body, span)

    @_rule
    def clause(self, span: Span, kept: list[Any]) -> Any:
        return tree.Clause(self.named(kept[0]), kept[1], self.named(kept[2]) if len(kept) > 2 else None, span)

    @_rule
    def loss(self, span: Span, kept: list[Any]) -> Any:
        return tree.Loss(kept[0], span)

    @_rule
    def grad(self, span: Span, kept: list[Any]) -> Any:
        return tree.Grad(self.named(kept[0]), kept[1], span)

    # -- expressions

    @_rule_of_operators
    def binary(self, span: Span, children: list[Any]) -> Any:
        return tree.Binary(str(children[1]), children[0], children[2], span)

    @_rule_with_tokens
    def unary(self, span: Span, children: list[Any]) -> Any:
        return tree.Unary(str(children[0]), children[1], span)

    @_rule_with_tokens
    def convert(self, span: Span, children: list[Any]) -> Any:
        return tree.Cast(children[0], children[2], tuple(map(str, children[3:])), span)

    @_rule
    def index(self, span: Span, kept: list[Any]) -> Any:
        return tree.Index(kept[0], tuple(kept[1:]), span)

    @_rule
    def member(self, span: Span, kept: list[Any]) -> Any:
        return tree.Member(kept[0], self.named(kept[1]), span)

    @_rule_with_tokens
    def range(self, span: Span, children: list[Any]) -> Any:
        start = children[0] if not isinstance(children[0], Token) else None
        end = children[-1] if not isinstance(children[-1], Token) else None
        return tree.Slice(start, end, span)

    @_rule
    def whole(self, span: Span, kept: list[Any]) -> Any:
        return tree.Slice(None, None, span)

    def name(self, children: list[Any]) -> Any:
        return self.named(children[0])

    def number(self, children: list[Any]) -> Any:
        return tree.Literal(str(children[0]), self.between(children[0], children[0]))

    @_rule
    def call(self, span: Span, kept: list[Any]) -> Any:
        args = tuple(c for c in kept[1:] if not isinstance(c, _Option))
        options = tuple((c.name, c.value) for c in kept[1:] if isinstance(c, _Option))
        return tree.Invoke(self.named(kept[0]), args, options, span)

    @_rule
    def option(self, span: Span, kept: list[Any]) -> Any:
        return _Option(self.named(kept[0]), kept[1], span)

    @_rule
    def reveal(self, span: Span, kept: list[Any]) -> Any:
        return tree.Reveal(kept[0], span)

    @_rule
    def tuple_(self, span: Span, kept: list[Any]) -> Any:
        return tree.TupleOf(tuple(kept), span)

    @_rule
    def array(self, span: Span, kept: list[Any]) -> Any:
        return tree.ArrayOf(tuple(kept), span)

    def group(self, children: list[Any]) -> Any:
        """Parentheses leave no node; the place grows so that the whole is underlined."""
        inner = children[1]
        node = replace(inner, span=self.between(children[0], children[2]))
        self.depths[id(node)] = (node, self.depths.get(id(inner), (inner, 0))[1])
        self.grouped.add(id(node))
        return node

    # -- kinds

    @_rule
    def shaped(self, span: Span, kept: list[Any]) -> Any:
        return tree.Shaped(kept[0], tuple(kept[1:]), span)

    @_rule_with_tokens
    def words(self, span: Span, children: list[Any]) -> Any:
        return tree.Words(str(children[0]), tuple(c for c in children if not isinstance(c, Token)), span)

    @_rule
    def alias(self, span: Span, kept: list[Any]) -> Any:
        return tree.Alias(str(kept[0]), span)

    @_rule
    def tuple_kind(self, span: Span, kept: list[Any]) -> Any:
        return tree.TupleKind(tuple(kept), span)

    size_number = number


def _gives_value(node: tree.If) -> bool:
    """Whether every arm of an `if` has a value."""
    while node.then.value is not None:
        match node.otherwise:
            case tree.If() as arm:
                node = arm
            case tree.Block(value=value):
                return value is not None
            case None:
                return False
            case _:
                assert_never(node.otherwise)
    return False
