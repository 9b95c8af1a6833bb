"""A whole program: its items in text order, and what can only be said at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from lang import typed
from lang.checker.context import Context
from lang.checker.datasets import disjoint
from lang.checker.declarations import declare, declare_functions
from lang.checker.declared import Declared
from lang.checker.imports import import_
from lang.checker.inlining import check_uncalled
from lang.checker.outputs import output, reserve_names
from lang.checker.owners import check_parties
from lang.checker.symbols import names_bound
from lang.problems.names import UnknownParam, Unused
from lang.source import Source, Span
from lang.syntax import tree


def items(context: Context, declared: Declared, file: tree.File) -> list[typed.Statement]:
    """All of the main program; records what is wrong."""
    context.scopes.stack[0].later = {name.name: name.span for item in file.items for name in names_bound(item)}
    declare_functions(context, declared, file)
    reserve_names(context, declared, file)
    done: list[typed.Statement] = []
    for item in file.items:
        done += _item(context, declared, item)
    check_uncalled(context, declared.functions)
    return done


def _item(context: Context, declared: Declared, item: tree.Item) -> list[typed.Statement]:
    match item:
        case tree.Fn():
            return []
        case tree.Import():
            import_(context, declared, item, (item.span.source.name,))
            return []
        case tree.Party() | tree.Param() | tree.TypeAlias() | tree.Input() | tree.Dataset() | tree.Extern():
            declare(context, declared, item)
            return []
        case tree.Disjoint():
            with context.attempt():
                disjoint(context, declared, item)
            return []
        case tree.Output():
            with context.attempt():
                return output(context, declared, item)
            return []
        case (
            tree.Let()
            | tree.Var()
            | tree.Assign()
            | tree.For()
            | tree.If()
            | tree.Dpsgd()
            | tree.Measure()
            | tree.Loss()
            | tree.Grad()
        ):
            return context.statements((item,))
        case _:
            assert_never(item)


def at_end(context: Context, declared: Declared, done: Sequence[typed.Statement], source: Source) -> None:
    """Params that are not there, a party that is missing, inputs and data sets that nothing reads."""
    start = Span(source, 1, 1, 1, 1)
    for name in declared.overrides:
        if name not in declared.param_names:
            known = ", ".join(f"`{param}`" for param in declared.param_names)
            hint = context.near(name, declared.param_names) or (
                f"the params are {known}" if known else "this program has none"
            )
            context.report(UnknownParam(span=start, name=name, hint=hint))
    check_parties(context, declared, done)
    for given in declared.inputs:
        if given.variable.name not in context.used:
            context.report(Unused(span=given.variable.span, what="input", name=given.variable.name, owner=given.party))
    for dataset in declared.datasets:
        if dataset.name not in context.used:
            context.report(Unused(span=dataset.span, what="data set", name=dataset.name, owner=dataset.party))
