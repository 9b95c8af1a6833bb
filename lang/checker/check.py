"""Text -> checked program: the entry to this package."""

from __future__ import annotations

import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

from lang import typed
from lang.checker.declarations import Declarations, Loader
from lang.checker.failing import GivenUp
from lang.collecting import paused
from lang.problems.names import PartyMissing, UnknownParam, Unused
from lang.problems.problem import Problem, Rejected
from lang.source import Source, Span
from lang.syntax import load
from lang.syntax.parse import parse

_AS_WRITTEN: Mapping[str, str | Fraction] = MappingProxyType({})
_STACK = 20_000  # Python frames: MAX_DEPTH levels of nesting take some ten each


@dataclass(frozen=True, slots=True)
class Checked:
    """A program that means something; `params` are all its params with their values, by name."""

    program: typed.Program
    warnings: tuple[Problem, ...]
    params: tuple[tuple[str, Fraction], ...]


def check(source: Source, overrides: Mapping[str, str | Fraction] = _AS_WRITTEN, loader: Loader = load.read) -> Checked:
    """Parse and check a program; raises Rejected with all its problems.

    `overrides` gives params other values (text as on the command line); `loader` reads imported files.
    """
    checker = Declarations(overrides, loader)
    statements: list[typed.Statement] = []
    with paused(), _deep_stack(), suppress(GivenUp):
        statements = checker.file(parse(source))
    _whole_program(checker, source)
    if checker.problems:
        raise Rejected(list(checker.problems.values()))
    program = typed.Program(
        tuple(name.name for name in checker.parties), tuple(checker.inputs), tuple(checker.datasets), tuple(statements)
    )
    warnings = sorted(checker.warnings.values(), key=lambda problem: problem.span)
    return Checked(program, tuple(warnings), tuple(sorted(checker.params.items())))


def _whole_program(checker: Declarations, source: Source) -> None:
    """What can only be said at the end."""
    start = Span(source, 1, 1, 1, 1)
    for name in checker.overrides:
        if name not in checker.param_names:
            known = ", ".join(f"`{param}`" for param in checker.param_names)
            hint = checker.near(name, checker.param_names) or (
                f"the params are {known}" if known else "this program has none"
            )
            checker.report(UnknownParam(span=start, name=name, hint=hint))
    if len(checker.parties) == 1:
        checker.report(PartyMissing(span=checker.parties[0].span, name=checker.parties[0].name))
    for given in checker.inputs:
        if given.variable.name not in checker.used:
            checker.report(Unused(span=given.variable.span, what="input", name=given.variable.name, owner=given.party))
    for dataset in checker.datasets:
        if dataset.name not in checker.used:
            checker.report(Unused(span=dataset.span, what="data set", name=dataset.name, owner=dataset.party))


@contextmanager
def _deep_stack() -> Generator[None]:
    """Room for the recursion that MAX_DEPTH levels of nesting take."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, _STACK))
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)
