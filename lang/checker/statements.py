"""Statements: every form that they have, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from lang import typed
from lang.checker.assignment import assign
from lang.checker.bindings import let, var
from lang.checker.conditions import when
from lang.checker.context import Context
from lang.checker.failing import Failed
from lang.checker.loops import repeat
from lang.checker.measuring import measure
from lang.checker.symbols import names_bound
from lang.checker.training import dpsgd
from lang.problems.flow import LossPlace
from lang.syntax import tree


def statements(context: Context, nodes: Sequence[tree.Statement]) -> list[typed.Statement]:
    """Statements in order; after a wrong one the names that it would have bound are poisoned."""
    done: list[typed.Statement] = []
    for node in nodes:
        failed = True
        with context.attempt():
            done += _statement(context, node)
            failed = False
        if failed:
            context.poison(names_bound(node))
    return done


def _statement(context: Context, node: tree.Statement) -> list[typed.Statement]:
    match node:
        case tree.Let():
            return let(context, node)
        case tree.Var():
            return var(context, node)
        case tree.Assign():
            return [assign(context, node)]
        case tree.For():
            return repeat(context, node)
        case tree.If():
            return when(context, node)
        case tree.Dpsgd():
            return [dpsgd(context, node)]
        case tree.Measure():
            return [measure(context, node)]
        case tree.Loss():
            raise Failed(LossPlace(span=node.span, word="loss"))
        case tree.Grad():
            raise Failed(LossPlace(span=node.span, word="grad"))
        case _:
            assert_never(node)
