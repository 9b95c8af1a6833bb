"""Declarations: every form that they have, and those that only name something."""

from __future__ import annotations

from typing import assert_never

from lang import typed
from lang.checker.context import Context
from lang.checker.datasets import dataset
from lang.checker.declared import Declared, owner
from lang.checker.externs import bind_extern, check_extern
from lang.checker.failing import Failed
from lang.checker.kinds import resolve
from lang.checker.params import param
from lang.checker.symbols import FunctionName, KindName, PartyName, names_bound
from lang.kinds import TupleKind
from lang.problems.shapes import WrongKind
from lang.syntax import tree
from lang.typed import type_of

Declaration = tree.Party | tree.Param | tree.TypeAlias | tree.Input | tree.Dataset | tree.Extern


def declare(context: Context, declared: Declared, item: Declaration) -> None:
    """Give a name its meaning, or poison it where the declaration is wrong."""
    failed = True
    with context.attempt():
        _declare(context, declared, item)
        failed = False
    if failed:
        context.poison(names_bound(item))


def declare_functions(context: Context, declared: Declared, file: tree.File) -> None:
    """Functions may be called before their text."""
    for item in file.items:
        if isinstance(item, tree.Fn):
            context.bind(item.name, FunctionName(item.name.span, item))
            declared.functions.append(item)
        elif isinstance(item, tree.Extern):
            bind_extern(context, declared, item)


def _declare(context: Context, declared: Declared, item: Declaration) -> None:
    match item:
        case tree.Party():
            _party(context, declared, item)
        case tree.Param():
            param(context, declared, item)
        case tree.TypeAlias():
            context.bind(item.name, KindName(item.name.span, resolve(context, item.kind)))
        case tree.Input():
            _input(context, declared, item)
        case tree.Dataset():
            dataset(context, declared, item)
        case tree.Extern():
            check_extern(context, item)
        case _:
            assert_never(item)


def _party(context: Context, declared: Declared, item: tree.Party) -> None:
    context.bind(item.name, PartyName(item.name.span))
    declared.parties.append(item.name)


def _input(context: Context, declared: Declared, item: tree.Input) -> None:
    party = None
    with context.attempt():
        party = owner(context, declared, item.party)
    kind = resolve(context, item.kind)
    if isinstance(kind, TupleKind):
        raise Failed(
            WrongKind(
                span=item.kind.span,
                what="an input",
                wanted="numbers",
                given="a tuple",
                hint="write one `input` for each field",
            )
        )
    if party is None:
        raise Failed
    variable = context.fresh(item.name, kind)
    context.bind_value(item.name, variable, type_of(kind), "an input")
    declared.inputs.append(typed.Input(variable, party, item.span))
