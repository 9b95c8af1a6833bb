"""A smaller program that still fails: statements, inputs and functions are left out while it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from support.second.tree import For, If, Program, Statement

Fails = Callable[[Program], bool]


def shrunk(program: Program, fails: Fails) -> Program:
    """Nothing of it can be left out without mending it; `fails` is False also of what does not compile."""
    smaller = True
    while smaller:
        smaller = False
        for candidate in candidates(program):
            if fails(candidate):
                program, smaller = candidate, True
                break
    return program


def candidates(program: Program) -> Iterator[Program]:
    for statements in without_one(program.statements):
        yield replace(program, statements=statements)
    for i in range(len(program.functions)):
        yield replace(program, functions=program.functions[:i] + program.functions[i + 1 :])
    for i in range(len(program.inputs)):
        yield replace(program, inputs=program.inputs[:i] + program.inputs[i + 1 :])


def without_one(statements: tuple[Statement, ...]) -> Iterator[tuple[Statement, ...]]:
    """One left out, the last ones first, or a block in place of what holds it."""
    for i in reversed(range(len(statements))):
        before, s, after = statements[:i], statements[i], statements[i + 1 :]
        yield before + after
        match s:
            case If():
                yield before + s.then + after
                yield before + (s.other or ()) + after
                yield from ((*before, replace(s, then=then), *after) for then in without_one(s.then))
                yield from ((*before, replace(s, other=other), *after) for other in without_one(s.other or ()))
            case For():
                yield from ((*before, replace(s, body=body), *after) for body in without_one(s.body))
            case _:
                pass
