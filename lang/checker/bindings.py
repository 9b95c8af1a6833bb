"""`let` and `var`."""

from __future__ import annotations

from lang import typed
from lang.checker.context import Context
from lang.checker.convert import convert, take_apart
from lang.checker.counters import learn
from lang.checker.failing import Failed
from lang.checker.infer import describe
from lang.checker.kinds import resolve
from lang.checker.public import affine, indices, interval, shortened
from lang.checker.symbols import Public
from lang.kinds import Kind
from lang.problems.values import PatternLength, VarKind
from lang.syntax import tree
from lang.typed import Const, Number, Pair, kind_of, type_of


def let(context: Context, node: tree.Let) -> list[typed.Statement]:
    """One name for a value, or several for the fields of a tuple."""
    value = context.expr(node.value)
    kind = resolve(context, node.kind) if node.kind else None
    if kind is not None:
        value = convert(context, value, kind, node.value.span, f"`{node.names[0].name}`")
    if len(node.names) == 1:
        return bind_let(context, node.names[0], value, kind, "a `let`")
    if not isinstance(value.type, Pair) or len(value.type.fields) != len(node.names):
        raise Failed(PatternLength(span=node.value.span, names=len(node.names), given=describe(value.type)))
    binds, items = take_apart(context, value)
    done = [*binds]
    for name, item in zip(node.names, items, strict=True):
        done += bind_let(context, name, item, kind_of(item.type) if kind else None, "a `let`")
    return done


def bind_let(
    context: Context, name: tree.Name, value: typed.Expr, kind: Kind | None, what: str
) -> list[typed.Statement]:
    """A name for a value; one that is public, or a loop index, needs no variable."""
    if indices(value) is not None and (isinstance(value, Const) or affine(value) is not None):
        context.bind(name, Public(name.span, shortened(value), what))
        return []
    variable = context.fresh(name, kind)
    if isinstance(value.type, Number) and not value.type.shape and value.type.integer:
        bounds = interval(value, context.ranges)
        if bounds is not None:
            context.ranges[variable.number] = bounds
    context.bind_value(name, variable, value.type, what)
    return [typed.Bind(variable, value, name.span)]


def var(context: Context, node: tree.Var) -> list[typed.Statement]:
    """A name for what may be assigned; it has a kind."""
    value = context.expr(node.value)
    kind = resolve(context, node.kind) if node.kind else kind_of(value.type)
    if kind is None:
        raise Failed(VarKind(span=node.name.span, name=node.name.name, example=_example(value.type)))
    value = convert(context, value, kind, node.value.span, f"`{node.name.name}`")
    variable = context.fresh(node.name, kind, mutable=True)
    context.bind_value(node.name, variable, type_of(kind), "a `var`")
    learn(context, variable, value)
    return [typed.Bind(variable, value, node.span)]


def _example(type_: typed.TypeOf) -> str:
    """A kind that might be meant, for a `var` without one."""
    if isinstance(type_, Pair):
        return f"({', '.join(map(_example, type_.fields))})"
    base = str(type_.kind) if type_.kind else "int<32>" if type_.integer else "fix<16, 10>"
    return f"{base}[{', '.join(map(str, type_.shape))}]" if type_.shape else base
