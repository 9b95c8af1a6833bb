"""Data sets, their fields and the bounds of these."""

from __future__ import annotations

from collections.abc import Iterator

from lang import typed
from lang.checker.context import Context
from lang.checker.declared import Declared, owner
from lang.checker.failing import Failed
from lang.checker.kinds import resolve
from lang.checker.owners import owned
from lang.checker.promises import promised
from lang.checker.symbols import DatasetName
from lang.kinds import TupleKind
from lang.problems.flow import DatasetOwners, DisjointParts
from lang.problems.names import BoundTwice
from lang.problems.owners import SeveralOwners
from lang.problems.shapes import WrongKind
from lang.syntax import tree


def dataset(context: Context, declared: Declared, item: tree.Dataset) -> None:
    """The records of one party, or of several, each its own; raises Failed."""
    owners: list[str] = []
    declared.several |= len(item.parties) > 1
    for name in item.parties:
        with context.attempt():
            owners.append(owner(context, declared, name))
            if owners[-1] in owners[:-1]:
                raise Failed(SeveralOwners(span=name.span, what=f"`{name.name}` twice", advice="name each owner once"))
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
    context.meanings.update({field.span: field for field in fields.values()})
    for field in item.fields:
        right = right and field.name.name in fields
        if field.where is not None and field.name.name in fields:
            right = False
            context.meanings.update({n.span: fields[n.name] for n in _names(field.where) if n.name in fields})
            with context.attempt():
                fields[field.name.name] = promised(context, fields[field.name.name], field.where, kinds)
                right = len(fields) == len(item.fields)
    if len(owners) < len(item.parties) or not right:
        raise Failed
    several = tuple(owners) if len(owners) > 1 else ()
    checked = typed.Dataset(item.name.name, owners[0], tuple(fields.values()), item.name.span, several)
    if declared.datasets and owned(declared.datasets[0]) != owned(checked):
        raise Failed(_of_others(declared.datasets[0], checked, item))
    context.bind(item.name, DatasetName(item.name.span, checked))
    declared.datasets.append(checked)


def _of_others(first: typed.Dataset, second: typed.Dataset, item: tree.Dataset) -> DatasetOwners | SeveralOwners:
    span = item.parties[0].span
    if first.owners or second.owners:
        related = ((first.span, "owned by " + " and ".join(f"`{party}`" for party in owned(first))),)
        advice = "name the same owners for every data set, in the same order"
        return SeveralOwners(span=span, what="a data set of other owners", advice=advice, related=related)
    return DatasetOwners(span=span, first=first.party, second=second.party, related=((first.span, "the first owner"),))


def disjoint(context: Context, declared: Declared, item: tree.Disjoint) -> None:
    """Data sets that have no person in common; raises Failed."""
    known = {d.name: d for d in declared.datasets}
    taken = {name for names in declared.disjoint for name in names}
    right: list[str] = []
    for name in item.names:
        context.meaning(name)
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


def _names(where: tree.Expr) -> Iterator[tree.Name]:
    """Those that a `where` may hold, each of a field or of something else."""
    waiting = [where]
    while waiting:
        part = waiting.pop()
        if isinstance(part, tree.Name):
            yield part
        elif isinstance(part, tree.Binary):
            waiting += (part.left, part.right)
        elif isinstance(part, tree.Invoke):
            waiting += part.args


def _field(context: Context, field: tree.Field) -> typed.Field:
    """Without its `where`, which may name fields that stand below."""
    kind = resolve(context, field.kind)
    if isinstance(kind, TupleKind):
        raise Failed(WrongKind(span=field.kind.span, what="a field", wanted="numbers", given="a tuple"))
    return typed.Field(field.name.name, kind, None, (), (kind.scalar.lo, kind.scalar.hi), field.name.span)
