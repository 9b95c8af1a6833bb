"""Imports: the functions, params and types of other files."""

from __future__ import annotations

import posixpath
from typing import assert_never

from lang.checker.context import Context
from lang.checker.declarations import declare, declare_functions
from lang.checker.declared import Declared
from lang.checker.failing import Failed
from lang.problems.names import ImportCircular, ImportHolds, ImportMissing
from lang.problems.problem import Rejected
from lang.problems.syntax import FileMissing
from lang.syntax import tree
from lang.syntax.files import imported
from lang.syntax.parse import parse


def import_(context: Context, declared: Declared, item: tree.Import, way: tuple[str, ...]) -> None:
    """What a file holds, once; `way` are the files that lead to it.  Records what is wrong."""
    with context.attempt():
        path = imported(item.span.source.name, item.path)
        if path in way or path in map(posixpath.normpath, way):
            raise Failed(ImportCircular(span=item.span, path=item.path, way=" → ".join((*way, path))))
        if path in declared.imported:
            return
        declared.imported.add(path)
        file = _loaded(declared, item, path)
        declare_functions(context, declared, file)
        for inner in file.items:
            _item(context, declared, inner, item, (*way, path))


def _loaded(declared: Declared, item: tree.Import, path: str) -> tree.File:
    try:
        return parse(declared.loader(path))
    except Rejected as rejected:
        if isinstance(first := rejected.problems[0], FileMissing):
            raise Failed(ImportMissing(span=item.span, path=item.path, reason=first.reason)) from None
        raise Failed(*rejected.problems) from None


def _item(context: Context, declared: Declared, inner: tree.Item, item: tree.Import, way: tuple[str, ...]) -> None:
    if isinstance(inner, tree.Import):
        import_(context, declared, inner, way)
    elif isinstance(inner, tree.Param | tree.TypeAlias | tree.Extern):
        declare(context, declared, inner)
    elif not isinstance(inner, tree.Fn):
        context.report(ImportHolds(span=inner.span, what=_held(inner), related=((item.span, "imported here"),)))


Held = tree.Party | tree.Input | tree.Dataset | tree.Disjoint | tree.Output | tree.Statement


def _held(item: Held) -> str:
    """What may not be imported, in words."""
    match item:
        case tree.Party():
            return "a `party`"
        case tree.Input():
            return "an `input`"
        case tree.Dataset():
            return "a `dataset`"
        case tree.Disjoint():
            return "a `disjoint`"
        case tree.Output():
            return "an `output`"
        case tree.Let():
            return "a `let`"
        case tree.Var():
            return "a `var`"
        case tree.Assign():
            return "an assignment"
        case tree.For():
            return "a `for`"
        case tree.If():
            return "an `if`"
        case tree.Dpsgd():
            return "a `dpsgd`"
        case tree.Measure():
            return "a `measure`"
        case tree.Loss():
            return "a `loss`"
        case tree.Grad():
            return "a `grad`"
        case _:
            assert_never(item)
