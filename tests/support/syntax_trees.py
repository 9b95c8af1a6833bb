"""Random syntax trees, for `parse(show(tree)) == tree`."""

from __future__ import annotations

from hypothesis import strategies as st

from lang.source import Source, Span
from lang.syntax import tree

NOWHERE = Span(Source("", ""), 1, 1, 1, 1)
NAMES = st.sampled_from(["a", "b", "w0", "FEATURES", "row", "x_1", "matrix", "ifs"])
name = NAMES.map(lambda text: tree.Name(text, NOWHERE))
literal = st.sampled_from(["0", "7", "1_000", "0x1F", "0b101", "1.5", "2e-3", "1.0e+2"]).map(
    lambda text: tree.Literal(text, NOWHERE)
)
size = st.recursive(
    name | st.sampled_from(["1", "16", "1_0"]).map(lambda text: tree.Literal(text, NOWHERE)),
    lambda inner: st.builds(tree.Binary, st.sampled_from("+-*/"), inner, inner, st.just(NOWHERE)),
    max_leaves=4,
)


def some(items: st.SearchStrategy, least: int = 1, most: int = 3) -> st.SearchStrategy:
    return st.lists(items, min_size=least, max_size=most).map(tuple)


def node(kind: type, *parts: object) -> st.SearchStrategy:
    return st.builds(kind, *parts, span=st.just(NOWHERE))


words = (
    node(tree.Words, st.just("bit"), st.just(()))
    | node(tree.Words, st.sampled_from(["uint", "int"]), some(size, 1, 1))
    | node(tree.Words, st.just("fix"), some(size, 2, 2))
)
kind = st.recursive(words | node(tree.Alias, NAMES), lambda inner: node(tree.TupleKind, some(inner, 2)), max_leaves=4)
# a shape belongs to a kind without one: `bit[2][3]` is not written
kind = kind | node(tree.Shaped, kind, some(size))

OPERATORS = [
    "||",
    "&&",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "|",
    "^",
    "&",
    "<<",
    ">>",
    "+",
    "-",
    "*",
    "/",
    "%",
    "@",
    "**",
]


def expressions(block: st.SearchStrategy) -> st.SearchStrategy:
    def bigger(inner: st.SearchStrategy) -> st.SearchStrategy:
        pick = inner | node(tree.Slice, st.none() | inner, st.none() | inner)
        option = st.tuples(name, inner)
        return st.one_of(
            node(tree.Binary, st.sampled_from(OPERATORS), inner, inner),
            node(tree.Unary, st.sampled_from("-!"), inner),
            node(tree.Invoke, name, some(inner, 0), some(option, 0, 2)),
            node(tree.Reveal, inner),
            node(tree.TupleOf, some(inner, 2)),
            node(tree.ArrayOf, some(inner)),
            node(tree.Index, inner, some(pick)),
            node(tree.Member, inner, name | st.just(tree.Name("0", NOWHERE))),
            node(tree.Cast, inner, kind, some(st.sampled_from(["wrap", "saturate", "floor", "nearest"]), 0)),
            node(tree.If, inner, valued(inner), valued(inner)),
        )

    return st.recursive(name | literal, bigger, max_leaves=8)


def valued(value: st.SearchStrategy) -> st.SearchStrategy:
    return node(tree.Block, st.just(()), value)


expression = expressions(st.nothing())
simple = (
    node(tree.Let, some(name), st.none() | kind, expression)
    | node(tree.Var, name, st.none() | kind, expression)
    | node(
        tree.Assign,
        name | node(tree.Index, name, some(expression)),
        st.sampled_from(["=", "+=", "-=", "*="]),
        expression,
    )
    | node(tree.Loss, expression)
    | node(tree.Grad, name, expression)
)


def blocks(statement: st.SearchStrategy) -> st.SearchStrategy:
    return node(tree.Block, some(statement, 0), st.none() | expression)


def plain(statement: st.SearchStrategy) -> st.SearchStrategy:
    return node(tree.Block, some(statement, 0), st.none())


clause = node(tree.Clause, name, expression, st.none() | name)
statement = st.recursive(
    simple,
    lambda inner: (
        node(tree.For, name, expression, expression, plain(inner))
        | node(tree.If, expression, plain(inner), st.none() | plain(inner))
        | node(tree.Dpsgd, some(name), name, some(clause), name, plain(inner))
        | node(tree.Measure, name, name, some(clause), name, blocks(inner))
    ),
    max_leaves=4,
)
parameter = node(tree.Parameter, name, kind)
field = node(tree.Field, name, kind, st.none() | expression)
item = st.one_of(
    statement,
    node(tree.Import, st.sampled_from(["a.ccr", "../b/c.ccr"])),
    node(tree.Party, name),
    node(tree.Param, name, expression),
    node(tree.TypeAlias, name, kind),
    node(tree.Input, name, kind, name),
    node(tree.Dataset, name, some(name), some(field, 0)),
    node(tree.Disjoint, some(name)),
    node(tree.Extern, name, some(parameter, 0), kind, name, st.just("f.txt")),
    node(tree.Fn, name, some(name, 0), some(parameter, 0), st.none() | kind, blocks(statement)),
    node(tree.Output, some(node(tree.Release, st.none() | name, expression)), some(name, 0)),
)
file = some(item, 0, 4).map(tree.File)
