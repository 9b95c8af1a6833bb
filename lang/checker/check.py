"""Text -> checked program: the entry to this package.

`program` goes through the items of a file.  Each construct of the language has a module of functions over a `Context`,
which holds what they share; a construct checks what stands inside it through the context's two hooks, which are put in
here: `expressions` and `statements` know every form, and nothing below them imports them.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

from lang import typed
from lang.checker.context import Context, Hooks, Meanings
from lang.checker.declared import Declared, Formats
from lang.checker.expressions import expression
from lang.checker.failing import GivenUp
from lang.checker.measuring import warn_repeated
from lang.checker.program import at_end, items
from lang.checker.quotients import warn_floored
from lang.checker.statements import statements
from lang.collecting import paused
from lang.problems.problem import Problem, Rejected
from lang.source import Source
from lang.syntax import load
from lang.syntax.files import Loader
from lang.syntax.parse import parse

_AS_WRITTEN: Mapping[str, str | Fraction] = MappingProxyType({})
_NO_FORMATS: Formats = MappingProxyType({})
_STACK = 20_000  # Python frames: MAX_DEPTH levels of nesting take some ten each, here and wherever the tree is walked


@dataclass(frozen=True, slots=True)
class Checked:
    """A program that means something; `params` are all its params with their values, by name."""

    program: typed.Program
    warnings: tuple[Problem, ...]
    params: tuple[tuple[str, Fraction], ...]


def check(
    source: Source,
    overrides: Mapping[str, str | Fraction] = _AS_WRITTEN,
    loader: Loader = load.named,
    formats: Formats = _NO_FORMATS,
    meanings: Meanings | None = None,
) -> Checked:
    """Parse and check a program; raises Rejected with all its problems.

    `overrides` gives params other values (text as on the command line); `loader` reads imported files, and `formats`
    what those of an `extern fn` hold.  What names stand for goes to `meanings`, also where the program is rejected.
    """
    context = Context(Hooks(expr=expression, statements=statements))
    if meanings is not None:
        context.meanings = meanings
    declared = Declared(overrides, loader, formats)
    done: list[typed.Statement] = []
    with paused(), deep_stack(), suppress(GivenUp):
        done = items(context, declared, parse(source))
        warn_floored(context, done)
        warn_repeated(context, done)
    at_end(context, declared, done, source)
    if problems := context.findings.problems:
        raise Rejected(list(problems.values()))
    parties = tuple(name.name for name in declared.parties)
    program = typed.Program(
        parties, tuple(declared.inputs), tuple(declared.datasets), tuple(done), tuple(declared.disjoint)
    )
    warnings = sorted(context.findings.warnings.values(), key=lambda problem: problem.span)
    return Checked(program, tuple(warnings), tuple(sorted(declared.params.items())))


@contextmanager
def deep_stack() -> Generator[None]:
    """Room for the recursion that MAX_DEPTH levels of nesting take."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, _STACK))
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)
