"""Data sets, their fields and the bounds of these."""

from __future__ import annotations

from fractions import Fraction

from lang import typed
from lang.checker.context import Context
from lang.checker.declared import Declared, owner
from lang.checker.failing import Failed
from lang.checker.kinds import resolve
from lang.checker.public import constant
from lang.checker.symbols import DatasetName
from lang.kinds import TupleKind
from lang.problems.flow import DatasetOwners, WhereForm
from lang.problems.names import BoundTwice
from lang.problems.shapes import WrongKind
from lang.syntax import tree


def dataset(context: Context, declared: Declared, item: tree.Dataset) -> None:
    """The records of one party; raises Failed."""
    party = None
    with context.attempt():
        party = owner(context, declared, item.party)
    fields: dict[str, typed.Field] = {}
    for field in item.fields:
        with context.attempt():
            if field.name.name in fields:
                raise Failed(
                    BoundTwice(
                        span=field.name.span,
                        name=field.name.name,
                        related=((fields[field.name.name].span, "first bound here"),),
                    )
                )
            fields[field.name.name] = _field(context, field)
    if party is None or len(fields) < len(item.fields):
        raise Failed
    if declared.datasets and declared.datasets[0].party != party:
        raise Failed(
            DatasetOwners(
                span=item.party.span,
                first=declared.datasets[0].party,
                second=party,
                related=((declared.datasets[0].span, "the first owner"),),
            )
        )
    checked = typed.Dataset(item.name.name, party, tuple(fields.values()), item.name.span)
    context.bind(item.name, DatasetName(item.name.span, checked))
    declared.datasets.append(checked)


def _field(context: Context, field: tree.Field) -> typed.Field:
    kind = resolve(context, field.kind)
    if isinstance(kind, TupleKind):
        raise Failed(WrongKind(span=field.kind.span, what="a field", wanted="numbers", given="a tuple"))
    norm = _norm(context, field.name.name, field.where) if field.where is not None else None
    return typed.Field(field.name.name, kind, norm, field.name.span)


def _norm(context: Context, field: str, where: tree.Expr) -> Fraction:
    """The bound of `where norm2(field) <= c`."""
    match where:
        case tree.Binary(op="<=", left=tree.Invoke(name=function, args=(tree.Name(name=arg),)), right=bound) if (
            function.name == "norm2" and arg == field
        ):
            value = constant(context.expr(bound), "a bound")
            if not value.type.shape and value.values[0] > 0:
                return value.values[0]
            raise Failed(WhereForm(span=bound.span, field=field))
        case _:
            raise Failed(WhereForm(span=where.span, field=field))
