"""What names stand for, and the scopes that hold them."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import assert_never

from lang import typed
from lang.calls import Body
from lang.kinds import Kind
from lang.source import Span
from lang.syntax import tree


@dataclass(frozen=True, slots=True)
class PartyName:
    span: Span
    what = "a party"


@dataclass(frozen=True, slots=True)
class ParamName:
    """A param, or a size of a function found at a call."""

    span: Span
    value: typed.Const
    what = "a param"


@dataclass(frozen=True, slots=True)
class KindName:
    span: Span
    kind: Kind
    what = "a type"


@dataclass(frozen=True, slots=True)
class DatasetName:
    span: Span
    dataset: typed.Dataset
    what = "a data set"


@dataclass(frozen=True, slots=True)
class RowName:
    span: Span
    dataset: typed.Dataset
    what = "a row of a data set"


@dataclass(frozen=True, slots=True)
class FunctionName:
    span: Span
    function: tree.Fn
    what = "a function"


@dataclass(frozen=True, slots=True)
class ExternName:
    """A function whose body is in a file."""

    span: Span
    extern: tree.Extern
    body: Body
    what = "a function"


@dataclass(frozen=True, slots=True)
class Bound:
    """A variable of the running program."""

    span: Span
    variable: typed.Variable
    type: typed.TypeOf
    level: int  # number of scopes around its declaration
    what: str


@dataclass(frozen=True, slots=True)
class Public:
    """A `let` whose value both parties know, or the index of a loop."""

    span: Span
    value: typed.Expr
    what: str


@dataclass(frozen=True, slots=True)
class Poison:
    """A name whose declaration was wrong: its uses are not reported again."""

    span: Span
    what = "unknown"


Known = PartyName | ParamName | KindName | DatasetName | RowName | FunctionName | ExternName | Bound | Public
Symbol = Known | Poison
_SEEN_BY_FUNCTIONS = (ParamName, KindName, FunctionName, ExternName, Poison)


@dataclass(slots=True)
class Scope:
    names: dict[str, Symbol] = field(default_factory=dict[str, Symbol])
    later: dict[str, Span] = field(default_factory=dict[str, Span])  # declared somewhere in this block


class Scopes:
    """The scopes around the place being checked, outermost first."""

    def __init__(self) -> None:
        self.stack: list[Scope] = [Scope()]
        self.in_function = False

    def __len__(self) -> int:
        return len(self.stack)

    def find(self, name: str) -> Symbol | None:
        """What a name stands for here; nothing if it lies outside the function being checked."""
        symbol = self.anywhere(name)
        return None if symbol is not None and self._outside(name, symbol) else symbol

    def anywhere(self, name: str) -> Symbol | None:
        """What a name stands for, seen from here or not."""
        for scope in reversed(self.stack):
            if (symbol := scope.names.get(name)) is not None:
                return symbol
        return None

    def _outside(self, name: str, symbol: Symbol) -> bool:
        return (
            self.in_function and not isinstance(symbol, _SEEN_BY_FUNCTIONS) and self.stack[0].names.get(name) is symbol
        )

    def outermost(self, sort: type[Known]) -> list[str]:
        """The names of one sort that the program declares outside of any block."""
        return [name for name, symbol in self.stack[0].names.items() if isinstance(symbol, sort)]

    def later(self, name: str) -> Span | None:
        return next((scope.later[name] for scope in reversed(self.stack) if name in scope.later), None)

    @contextmanager
    def inner(self) -> Generator[Scope]:
        """One more scope inside the present ones."""
        scope = Scope()
        self.stack.append(scope)
        try:
            yield scope
        finally:
            self.stack.pop()

    @contextmanager
    def function(self) -> Generator[Scope]:
        """The scope of a function body: the outermost one and its own."""
        stack, before = self.stack, self.in_function
        scope = Scope()
        self.stack, self.in_function = [stack[0], scope], True
        try:
            yield scope
        finally:
            self.stack, self.in_function = stack, before


def names_bound(item: tree.Item) -> tuple[tree.Name, ...]:
    """The names that a declaration or statement binds in the block that holds it; functions are bound before it."""
    match item:
        case tree.Let(names=names):
            return names
        case (
            tree.Var(name=name)
            | tree.Party(name=name)
            | tree.Param(name=name)
            | tree.TypeAlias(name=name)
            | tree.Input(name=name)
            | tree.Dataset(name=name)
            | tree.Measure(name=name)
        ):
            return (name,)
        case (
            tree.Assign()
            | tree.For()
            | tree.If()
            | tree.Dpsgd()
            | tree.Loss()
            | tree.Grad()
            | tree.Disjoint()
            | tree.Import()
            | tree.Extern()
            | tree.Fn()
            | tree.Output()
        ):
            return ()
        case _:
            assert_never(item)
