"""What checking carries along: scopes, problems, the loops around, fresh variables."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from difflib import get_close_matches

from lang import typed
from lang.checker.failing import Failed, GivenUp
from lang.checker.functions import BUILTINS
from lang.checker.ranges import Range
from lang.checker.symbols import Bound, Poison, Scope, Scopes, Symbol
from lang.kinds import Kind
from lang.problems import names, syntax, values
from lang.problems.problem import Problem
from lang.source import Span
from lang.syntax import tree

MAX_DEPTH = 200
MAX_UNROLLED = 4096
MAX_CALLS = 5_000

# Problems that an arm has whether it is taken or not.
_OF_TEXT = (
    names.UnknownName,
    names.UsedBeforeBound,
    names.BoundTwice,
    names.BuiltinName,
    names.NotAValue,
    names.OutsideFunction,
    names.NotAssignable,
    names.NotAPlace,
    names.UnknownKind,
    names.NotAKind,
    names.UnknownFunction,
    names.NotAFunction,
    names.ArgumentCount,
    names.UnknownOption,
    names.UnknownField,
    names.Recursion,
    names.CallsNeeded,
    syntax.TooDeep,
    values.IfWithoutElse,
    values.ArmWithoutValue,
)


class Attempt:
    """A `with` that records what fails inside it and goes on after it."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, failure: BaseException | None, trace: object) -> bool:
        if not isinstance(failure, Failed):
            return False
        for problem in failure.problems:
            self.context.report(problem)
        return True


class Untaken(Attempt):
    """An attempt of which only problems of the text are kept, those that do not depend on values."""

    def __enter__(self) -> None:
        context = self.context
        self.before, self.warned = set(context.problems), dict(context.warnings)

    def __exit__(self, kind: object, failure: BaseException | None, trace: object) -> bool:
        stopped = super().__exit__(kind, failure, trace)
        context = self.context
        context.problems = {
            key: problem
            for key, problem in context.problems.items()
            if key in self.before or isinstance(problem, _OF_TEXT)
        }
        context.warnings = self.warned
        return stopped


class Context:
    """The state shared by the parts of the checker."""

    def __init__(self) -> None:
        self.scopes = Scopes()
        self.problems: dict[tuple[str, Span], Problem] = {}  # one of a kind at a place
        self.warnings: dict[tuple[str, Span], Problem] = {}
        self.variables = 0
        self.loops: dict[int, Range] = {}  # first and last value of each index around
        self.known: dict[int, Range] = {}  # bounds of `let`s that are whole numbers
        self.depth = 0
        self.unrolled = 0
        self.inlined = 0
        self.inlined_names: set[str] = set()  # functions that are called
        self.used: set[str] = set()  # inputs and data sets that are read
        self.calling: list[tuple[str, Span | None]] = []  # functions being inlined, with the places of the calls
        self.private = 0  # private conditions around
        self.in_loss = False
        self.train_level: int | None = None  # scopes around the body of the present `dpsgd`
        self.value_level: int | None = None  # scopes around the present block that gives a value

    # -- problems

    def report(self, problem: Problem) -> None:
        target = self.warnings if problem.severity == "warning" else self.problems
        if self.calling and not problem.related and problem.severity == "error":
            name, place = self.calling[-1]
            if place is not None:
                problem = replace(problem, related=((place, f"in this call of `{name}`"),))
        target.setdefault((problem.code, problem.span), problem)

    def attempt(self) -> Attempt:
        """What fails inside is recorded, and checking goes on after it."""
        return Attempt(self)

    def untaken(self) -> Untaken:
        """An arm that a public condition excludes: it must make sense, but its values never arise."""
        return Untaken(self)

    def count_call(self, span: Span) -> None:
        self.inlined += 1
        if self.inlined > MAX_CALLS:
            self.report(values.TooLarge(span=span, limit=MAX_CALLS))
            raise GivenUp

    # -- names

    def fresh(self, name: tree.Name, kind: Kind | None, mutable: bool = False) -> typed.Variable:
        self.variables += 1
        return typed.Variable(self.variables, name.name, kind, mutable, name.span)

    def bind(self, name: tree.Name, symbol: Symbol) -> None:
        """Give a name its meaning in the innermost scope; no name hides another."""
        other = self.scopes.find(name.name)
        if name.name in BUILTINS:
            self.report(names.BuiltinName(span=name.span, name=name.name))
        elif other is not None:
            if not isinstance(other, Poison) or other.span != name.span:
                self.report(
                    names.BoundTwice(span=name.span, name=name.name, related=((other.span, "first bound here"),))
                )
            return
        self.scopes.stack[-1].names[name.name] = symbol

    def bind_value(self, name: tree.Name, variable: typed.Variable, type_: typed.TypeOf, what: str) -> None:
        self.bind(name, Bound(name.span, variable, type_, len(self.scopes), what))

    def find(self, name: str, span: Span) -> Symbol:
        """What a name stands for; raises Failed if it is unknown, not bound yet, or outside the function."""
        symbol = self.scopes.find(name)
        if isinstance(symbol, Poison):
            raise Failed
        if symbol is not None:
            return symbol
        if (outside := self.scopes.anywhere(name)) is not None:
            raise Failed(
                names.OutsideFunction(span=span, name=name, what=outside.what, related=((outside.span, "bound here"),))
            )
        if (later := self.scopes.later(name)) is not None:
            raise Failed(names.UsedBeforeBound(span=span, name=name, related=((later, "bound only here"),)))
        hint = self.near(name) or f"declare it above: `let {name} = ...;`"
        raise Failed(names.UnknownName(span=span, name=name, hint=hint))

    def near(self, name: str, among: Sequence[str] | None = None) -> str:
        """A help line with the nearest known name."""
        if among is None:
            among = [n for scope in self.scopes.stack for n in scope.names if self.scopes.find(n)] + list(BUILTINS)
        match = get_close_matches(name, sorted(among), 1, 0.6)
        return f"did you mean `{match[0]}`?" if match else ""

    @contextmanager
    def block(self, statements: Sequence[tree.Item]) -> Generator[Scope]:
        """The scope of a block, knowing what it will declare."""
        with self.scopes.inner() as scope:
            scope.later = {name.name: name.span for s in statements for name in declared(s)}
            yield scope


def declared(item: tree.Item) -> tuple[tree.Name, ...]:
    """The names that a declaration or statement binds in the block that holds it."""
    match item:
        case tree.Let(names=bound):
            return bound
        case (
            tree.Var(name=name)
            | tree.Party(name=name)
            | tree.Param(name=name)
            | tree.TypeAlias(name=name)
            | tree.Input(name=name)
            | tree.Dataset(name=name)
        ):
            return (name,)
        case _:
            return ()
