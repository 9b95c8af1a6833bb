"""What a `where` promises of a row: a bound on its field's norm, and comparisons of fields with numbers and each other.

The owner of the records holds each row to it before anything is sent.  Only the norm is believed where privacy is at
stake; what comparisons leave of a field says what a label can be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from math import ceil, floor
from typing import assert_never

from lang import typed
from lang.checker.context import Context
from lang.checker.failing import Failed
from lang.checker.public import constant
from lang.kinds import Comparison, Relation, Scalar, Tensor
from lang.problems.flow import WhereForm
from lang.syntax import tree

_TURNED = {
    Relation.LESS: Relation.MORE,
    Relation.AT_MOST: Relation.AT_LEAST,
    Relation.AT_LEAST: Relation.AT_MOST,
    Relation.MORE: Relation.LESS,
}
_RELATIONS = {relation.value for relation in Relation}


def promised(context: Context, field: typed.Field, where: tree.Expr, kinds: Mapping[str, Tensor]) -> typed.Field:
    """The field with what its `where` says of it and of others; raises Failed."""
    for part in _parts(where):
        match part:
            case tree.Binary(op="<=", left=tree.Invoke(name=function, args=(tree.Name(name=arg),)), right=bound) if (
                function.name == "norm2" and arg == field.name
            ):
                norm = _bound(context, field, bound)
                field = replace(field, norm=norm if field.norm is None else min(norm, field.norm))
            case tree.Binary(op=op) if op in _RELATIONS:
                comparison = _comparison(context, field, part, kinds)
                field = replace(field, where=(*field.where, comparison))
            case _:
                raise Failed(WhereForm(span=part.span, field=field.name))
    return replace(field, ends=_ends(field))


def _parts(where: tree.Expr) -> Iterator[tree.Expr]:
    """What stands between `&&`."""
    if isinstance(where, tree.Binary) and where.op == "&&":
        yield from _parts(where.left)
        yield from _parts(where.right)
    else:
        yield where


def _bound(context: Context, field: typed.Field, bound: tree.Expr) -> Fraction:
    value = constant(context.expr(bound), "a bound")
    if value.type.shape or value.values[0] <= 0:
        raise Failed(WhereForm(span=bound.span, field=field.name))
    return value.values[0]


def _comparison(context: Context, field: typed.Field, part: tree.Binary, kinds: Mapping[str, Tensor]) -> Comparison:
    """Of one field at least, which then stands on the left."""
    relation, left, right = Relation(part.op), part.left, part.right
    if not (isinstance(left, tree.Name) and left.name in kinds):
        relation, left, right = _TURNED.get(relation, relation), right, left
    if not (isinstance(left, tree.Name) and left.name in kinds):
        raise Failed(WhereForm(span=part.span, field=field.name))
    if isinstance(right, tree.Name) and right.name in kinds:
        shapes = kinds[left.name].shape, kinds[right.name].shape
        if shapes[0] != shapes[1] and () not in shapes:
            raise Failed(WhereForm(span=part.span, field=field.name))
        return Comparison(left.name, relation, right.name, Fraction(0))
    value = constant(context.expr(right), "a bound")
    if value.type.shape:
        raise Failed(WhereForm(span=right.span, field=field.name))
    return Comparison(left.name, relation, "", value.values[0])


def _ends(field: typed.Field) -> tuple[int, int]:
    """Of the field's own values, by those comparisons that stand at itself and name a number."""
    lo, hi = field.kind.scalar.lo, field.kind.scalar.hi
    for c in field.where:
        if c.field == field.name and not c.other:
            least, most = _left(c, field.kind.scalar)
            lo, hi = max(lo, least), min(hi, most)
    return (lo, hi) if lo <= hi else (field.kind.scalar.lo, field.kind.scalar.hi)


def _left(c: Comparison, kind: Scalar) -> tuple[int, int]:
    """The last bits of a kind between which a comparison with a number holds."""
    n = c.number / kind.scale
    match c.relation:
        case Relation.LESS:
            return kind.lo, ceil(n) - 1
        case Relation.AT_MOST:
            return kind.lo, floor(n)
        case Relation.EQUAL:
            return ceil(n), floor(n)
        case Relation.AT_LEAST:
            return ceil(n), kind.hi
        case Relation.MORE:
            return floor(n) + 1, kind.hi
        case Relation.OTHER:
            return kind.lo + (n == kind.lo), kind.hi - (n == kind.hi)
        case _:
            assert_never(c.relation)
