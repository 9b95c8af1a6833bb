"""Data sets, their fields and the bounds of these."""

from __future__ import annotations

from lang import typed
from lang.checker.context import Context
from lang.checker.declared import Declared, owner
from lang.checker.failing import Failed
from lang.checker.kinds import resolve
from lang.checker.promises import promised
from lang.checker.symbols import DatasetName
from lang.kinds import TupleKind
from lang.problems.flow import DatasetOwners, DisjointParts
from lang.problems.names import BoundTwice
from lang.problems.shapes import WrongKind
from lang.syntax import tree


def dataset(context: Context, declared: Declared, item: tree.Dataset) -> None:
    """The records of one party; raises Failed."""
    party = None
    with context.attempt():
        party = owner(context, declared, item.party)
    fields: dict[str, typed.Field] = {}
    right = True
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
    kinds = {name: field.kind for name, field in fields.items()}
    for field in item.fields:
        right = right and field.name.name in fields
        if field.where is not None and field.name.name in fields:
            right = False
            with context.attempt():
                fields[field.name.name] = promised(context, fields[field.name.name], field.where, kinds)
                right = len(fields) == len(item.fields)
    if party is None or not right:
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


def disjoint(context: Context, declared: Declared, item: tree.Disjoint) -> None:
    """Data sets that have no person in common; raises Failed."""
    known = {d.name: d for d in declared.datasets}
    taken = {name for names in declared.disjoint for name in names}
    right: list[str] = []
    for name in item.names:
        if name.name not in known:
            context.report(DisjointParts(span=name.span, what=f"`{name.name}`, which is no data set above it"))
        elif name.name in taken:
            context.report(DisjointParts(span=name.span, what=f"`{name.name}` again"))
        else:
            right.append(name.name)
        taken.add(name.name)
    if len(item.names) == 1:
        context.report(DisjointParts(span=item.names[0].span, what="one data set alone"))
    declared.disjoint.append(tuple(right))


def _field(context: Context, field: tree.Field) -> typed.Field:
    """Without its `where`, which may name fields that stand below."""
    kind = resolve(context, field.kind)
    if isinstance(kind, TupleKind):
        raise Failed(WrongKind(span=field.kind.span, what="a field", wanted="numbers", given="a tuple"))
    return typed.Field(field.name.name, kind, None, (), (kind.scalar.lo, kind.scalar.hi), field.name.span)
