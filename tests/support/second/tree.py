"""The generator's own tree of a program; nothing of the compiler's."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from support.second.kinds import AnyKind, Kind, Shaped, TupleKind


@dataclass(frozen=True, slots=True)
class Num:
    value: Fraction
    spelled: str
    pointed: bool


@dataclass(frozen=True, slots=True)
class Name:
    name: str


@dataclass(frozen=True, slots=True)
class Unary:
    sign: str  # - !
    of: Expr


@dataclass(frozen=True, slots=True)
class Binary:
    sign: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Cast:
    of: Expr
    kind: Kind
    spelled: str
    modes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """Of a built-in or, where `own`, of a function of the program."""

    name: str
    arguments: tuple[Expr, ...]
    options: tuple[tuple[str, Num | Unary], ...] = ()
    own: bool = False


@dataclass(frozen=True, slots=True)
class IfElse:
    condition: Expr
    then: Block
    other: Block


@dataclass(frozen=True, slots=True)
class Slice:
    low: Expr | None
    high: Expr | None


@dataclass(frozen=True, slots=True)
class Index:
    of: Expr
    items: tuple[Expr | Slice, ...]


@dataclass(frozen=True, slots=True)
class Array:
    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class TupleOf:
    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Field:
    of: Expr
    number: int


Expr = Num | Name | Unary | Binary | Cast | Call | IfElse | Index | Array | TupleOf | Field


@dataclass(frozen=True, slots=True)
class Let:
    """`let` or `var`; several names take a tuple apart."""

    names: tuple[str, ...]
    kind: AnyKind | None
    value: Expr
    variable: bool = False


@dataclass(frozen=True, slots=True)
class Assign:
    place: Name | Index | Field
    sign: str  # = += -= *=
    value: Expr


@dataclass(frozen=True, slots=True)
class If:
    condition: Expr
    then: tuple[Statement, ...]
    other: tuple[Statement, ...] | None


@dataclass(frozen=True, slots=True)
class For:
    name: str
    low: Expr
    high: Expr
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Output:
    name: str
    value: Expr
    revealed: bool
    receivers: tuple[str, ...]


Statement = Let | Assign | If | For | Output


@dataclass(frozen=True, slots=True)
class Block:
    statements: tuple[Statement, ...]
    value: Expr


@dataclass(frozen=True, slots=True)
class Input:
    name: str
    kind: Shaped
    owner: str


@dataclass(frozen=True, slots=True)
class Param:
    name: str
    written: Fraction  # in the text
    value: Fraction  # that it has in the end: the text's, or what -D says
    pointed: bool


@dataclass(frozen=True, slots=True)
class Parameter:
    """`width` and the names in `shape` are sizes of the function, read off the arguments."""

    name: str
    kind: Kind
    shape: tuple[int | str, ...]
    spelled: str
    width: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """The kind of a result, whose bits are those of the size `width` and `more`."""

    kind: Kind
    shape: tuple[int | str, ...]
    spelled: str
    width: str | None = None
    more: int = 0


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    sizes: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    result: Result | TupleKind | None
    body: Block


@dataclass(frozen=True, slots=True)
class Program:
    params: tuple[Param, ...]
    aliases: tuple[tuple[str, str], ...]
    inputs: tuple[Input, ...]
    functions: tuple[Function, ...]
    statements: tuple[Statement, ...]
    garnish: int = field(default=0)  # how the text is laid out
