"""What checking carries along: the ways back in, what was found, what names mean, what stands around."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from lang import typed
from lang.checker.failing import Failed, GivenUp
from lang.checker.findings import Attempt, Findings
from lang.checker.functions import BUILTINS
from lang.checker.ranges import Range
from lang.checker.symbols import Bound, Known, Poison, Scope, Scopes, Symbol, names_bound
from lang.kinds import Kind
from lang.problems import names
from lang.problems.problem import Problem
from lang.problems.syntax import TooDeep
from lang.problems.values import TooLarge
from lang.source import Span
from lang.syntax import tree
from lang.syntax.tree import MAX_DEPTH

MAX_VALUES = 1 << 17  # as many as a text that is written out can have
Meant = Symbol | typed.Field
Meanings = dict[Span, Meant]  # of the names of a text, by place, those that are bound there among them
Value = typed.Expr | typed.Variable  # of a variable: public, or the index of the loop to unroll for it


@dataclass(frozen=True, slots=True)
class Hooks:
    """How a construct checks what stands inside it without knowing which constructs there are.

    `expr` raises Failed; `statements` checks them in order, recording what is wrong.
    """

    expr: Callable[[Context, tree.Expr], typed.Expr]
    statements: Callable[[Context, Sequence[tree.Statement]], list[typed.Statement]]


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around the present place and limits what may stand there.  A level is a number of scopes."""

    calls: tuple[tuple[str, Span | None], ...] = ()  # functions being inlined, with the places of the calls
    private: bool = False  # a condition that is not public
    never: bool = False  # code that never runs
    loss: bool = False
    train_level: int | None = None  # around the body of a `dpsgd` or `measure`
    rows: str = "dpsgd"  # which of the two
    value_level: int | None = None  # around an `if` that gives a value


@dataclass(slots=True)
class Context:
    """The state that the parts of the checker share."""

    hooks: Hooks
    # of the whole program
    findings: Findings = field(default_factory=Findings)
    variables: int = 0
    ranges: dict[int, Range] = field(default_factory=dict[int, Range])  # of loop indices and `let`s, by variable
    uncounted: set[int] = field(default_factory=set[int])  # variables that loops change in other ways than by counting
    used: set[str] = field(default_factory=set[str])  # inputs and data sets that are read
    called: set[str] = field(default_factory=set[str])  # functions
    meanings: Meanings = field(default_factory=dict[Span, Meant])
    inlined: int = 0  # calls
    unrolled: int = 0  # iterations
    values: int = 0  # of expressions, in functions and loops as often as they are written into the program
    # of the present place
    known: dict[int, Value] = field(default_factory=dict[int, Value])  # what `var`s hold, by variable: counters.py
    scopes: Scopes = field(default_factory=Scopes)
    around: Around = Around()
    depth: int = 0  # of expressions and blocks in one another, through calls too

    # -- what stands inside

    def expr(self, node: tree.Expr) -> typed.Expr:
        """The checked expression; raises Failed, or GivenUp where the program has too many."""
        with self._deeper(node.span):
            return self.counted(self.hooks.expr(self, node), node.span)

    def counted(self, value: typed.Expr, span: Span) -> typed.Expr:
        """One value more of the program; raises GivenUp where these are too many."""
        self.values += typed.leaves(value.type)
        if self.values > MAX_VALUES:
            hint = "calls and unrolled loops are written into the program each time: use loops and arrays instead"
            self.report(TooLarge(span=span, limit=MAX_VALUES, what="values of expressions", hint=hint))
            raise GivenUp
        return value

    def all_of(self, nodes: Sequence[tree.Expr]) -> tuple[typed.Expr, ...]:
        """Several expressions, each checked whatever is wrong with the others."""
        done: list[typed.Expr] = []
        for node in nodes:
            with self.attempt():
                done.append(self.expr(node))
        if len(done) < len(nodes):
            raise Failed
        return tuple(done)

    def statements(self, nodes: Sequence[tree.Statement]) -> list[typed.Statement]:
        """Statements in order, in the present scope; raises Failed where they stand too deep."""
        if not nodes:
            return []
        with self._deeper(nodes[0].span):
            return self.hooks.statements(self, nodes)

    @contextmanager
    def _deeper(self, span: Span) -> Generator[None]:
        self.depth += 1
        try:
            if self.depth > MAX_DEPTH:
                raise Failed(TooDeep(span=span, limit=MAX_DEPTH))
            yield
        finally:
            self.depth -= 1

    # -- problems

    def report(self, problem: Problem) -> None:
        """Record a problem; one inside a function says from which call."""
        if self.around.calls and not problem.related and problem.severity == "error":
            name, place = self.around.calls[-1]
            if place is not None:
                problem = problem.beside((place, f"in this call of `{name}`"))
        self.findings.add(problem)

    def attempt(self) -> Attempt:
        """What fails inside is recorded, and checking goes on after it."""
        return Attempt(self.report)

    def never_run(self, judged: Callable[[Problem], bool]) -> Attempt:
        """Code that no run goes through: it must make sense, and what is judged to be a problem even so is told.

        An index in it is any one of its values: no loop is unrolled for what never runs.
        """
        return _NeverRun(self, judged)

    # -- places

    @contextmanager
    def inside(self, around: Around) -> Generator[None]:
        """A place with something else around it."""
        before, self.around = self.around, around
        try:
            yield
        finally:
            self.around = before

    @contextmanager
    def block(self, statements: Sequence[tree.Statement]) -> Generator[Scope]:
        """The scope of a block, knowing what it will declare."""
        with self.scopes.inner() as scope:
            scope.later = {name.name: name.span for s in statements for name in names_bound(s)}
            yield scope

    # -- names

    def held(self, variable: typed.Variable, type_: typed.TypeOf, span: Span) -> typed.Expr:
        """The value of a variable here."""
        value = self.known.get(variable.number)
        if value is None or isinstance(value, typed.Variable):
            return typed.Read(type_, variable, span, value)
        return replace(value, span=span)

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
        self.meanings.setdefault(name.span, symbol)

    def bind_value(self, name: tree.Name, variable: typed.Variable, type_: typed.TypeOf, what: str) -> None:
        self.bind(name, Bound(name.span, variable, type_, len(self.scopes), what))

    def poison(self, bound: Sequence[tree.Name]) -> None:
        """Names whose declaration was wrong are known, but not what they mean."""
        for name in bound:
            self.scopes.stack[-1].names.setdefault(name.name, Poison(name.span))

    def meaning(self, name: tree.Name) -> Symbol | None:
        """What a name stands for here, if it is for anything."""
        if (symbol := self.scopes.find(name.name)) is not None:
            self.meanings.setdefault(name.span, symbol)
        return symbol

    def find(self, node: tree.Name) -> Known:
        """What a name stands for; raises Failed if it is unknown, not bound yet, or outside the function."""
        symbol = self.meaning(node)
        if isinstance(symbol, Poison):
            raise Failed
        if symbol is not None:
            return symbol
        name, span = node.name, node.span
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


class _NeverRun(Attempt):
    def __init__(self, context: Context, judged: Callable[[Problem], bool]) -> None:
        super().__init__(context.report)
        self._context, self._judged = context, judged

    def __enter__(self) -> None:
        self._saved, self._around = self._context.findings.saved(), self._context.around
        self._context.around = replace(self._around, never=True)

    def __exit__(self, kind: object, failure: BaseException | None, trace: object) -> bool:
        stopped = super().__exit__(kind, failure, trace)
        self._context.around = self._around
        if stopped or failure is None:
            self._context.findings.keep(self._saved, self._judged)
        return stopped
