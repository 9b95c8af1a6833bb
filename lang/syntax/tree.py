"""The syntax tree: what was written, with places; nothing is resolved here.

Places do not take part in comparison, so two trees are equal when they say the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lang.source import Span

MAX_DEPTH = 200  # levels of nesting that a program may have

# -- expressions --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Name:
    """A name, used or declared."""

    name: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Literal:
    """A number as written: decimal, hexadecimal or binary digits, perhaps with a point or an exponent."""

    text: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Invoke:
    """name(args, option = value)."""

    name: Name
    args: tuple[Expr, ...]
    options: tuple[tuple[Name, Expr], ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Reveal:
    value: Expr
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class TupleOf:
    items: tuple[Expr, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class ArrayOf:
    items: tuple[Expr, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Slice:
    """start..end of one axis; `:` has neither."""

    start: Expr | None
    end: Expr | None
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Index:
    base: Expr
    picks: tuple[Expr | Slice, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Member:
    """base.field of a row, base.0 of a tuple."""

    base: Expr
    part: Name
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Unary:
    op: str
    value: Expr
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Binary:
    op: str
    left: Expr
    right: Expr
    span: Span = field(compare=False)


def operations(node: Binary) -> list[Binary]:
    """The operations of a chain such as a + b + c, innermost first: each is the left operand of the next.

    A chain may be of any length, so whoever goes through a tree goes along it in a loop.
    """
    found = [node]
    while isinstance(node.left, Binary):
        node = node.left
        found.append(node)
    return found[::-1]


@dataclass(frozen=True, slots=True)
class Cast:
    """value as kind, with words like `wrap`."""

    value: Expr
    kind: Kind
    modes: tuple[str, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Block:
    """Statements, then perhaps a value."""

    statements: tuple[Statement, ...]
    value: Expr | None
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class If:
    """A statement, or a value when every arm has one."""

    condition: Expr
    then: Block
    otherwise: Block | If | None
    span: Span = field(compare=False)


Expr = Name | Literal | Invoke | Reveal | TupleOf | ArrayOf | Index | Member | Unary | Binary | Cast | If

# -- kinds --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Words:
    """bit, uint<N>, int<N> or fix<T, F>."""

    word: str
    sizes: tuple[Expr, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Alias:
    name: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class TupleKind:
    fields: tuple[Kind, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Shaped:
    """base[shape]."""

    base: Kind
    shape: tuple[Expr, ...]
    span: Span = field(compare=False)


Kind = Words | Alias | TupleKind | Shaped

# -- statements ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Let:
    """One name, or several for a tuple."""

    names: tuple[Name, ...]
    kind: Kind | None
    value: Expr
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Var:
    name: Name
    kind: Kind | None
    value: Expr
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Assign:
    target: Expr
    op: str  # "=", "+=", "-=" or "*="
    value: Expr
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class For:
    index: Name
    start: Expr
    end: Expr
    body: Block
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Clause:
    name: Name
    value: Expr
    drawn_by: Name | None
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Dpsgd:
    variables: tuple[Name, ...]
    dataset: Name
    clauses: tuple[Clause, ...]
    row: Name
    body: Block
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Measure:
    name: Name  # of what it binds
    dataset: Name
    clauses: tuple[Clause, ...]
    row: Name
    body: Block
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Loss:
    value: Expr
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Grad:
    variable: Name
    value: Expr
    span: Span = field(compare=False)


Statement = Let | Var | Assign | For | If | Dpsgd | Measure | Loss | Grad

# -- declarations -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Import:
    path: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Party:
    name: Name
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Param:
    name: Name
    value: Expr
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class TypeAlias:
    name: Name
    kind: Kind
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Input:
    name: Name
    kind: Kind
    party: Name
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Field:
    name: Name
    kind: Kind
    where: Expr | None
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Dataset:
    name: Name
    parties: tuple[Name, ...]  # its owners
    fields: tuple[Field, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Disjoint:
    """Data sets of which no person is in two."""

    names: tuple[Name, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Parameter:
    name: Name
    kind: Kind
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Fn:
    name: Name
    sizes: tuple[Name, ...]
    parameters: tuple[Parameter, ...]
    result: Kind | None
    body: Block
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Extern:
    """extern fn name(parameters) -> result = format("path");"""

    name: Name
    parameters: tuple[Parameter, ...]
    result: Kind
    format: Name
    path: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Release:
    name: Name | None
    value: Expr
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Output:
    releases: tuple[Release, ...]
    receivers: tuple[Name, ...]
    span: Span = field(compare=False)


Item = Import | Party | Param | TypeAlias | Input | Dataset | Disjoint | Extern | Fn | Output | Statement


@dataclass(frozen=True, slots=True)
class File:
    items: tuple[Item, ...]
