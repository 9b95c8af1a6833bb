"""Functions whose body is in a file of another format: what they are declared as, and their calls."""

from __future__ import annotations

from math import prod
from typing import NoReturn

from lang import typed
from lang.calls import Body
from lang.checker.context import Context
from lang.checker.convert import fill, rounded
from lang.checker.declared import Declared
from lang.checker.failing import Failed
from lang.checker.infer import broadcast, number, show_shape
from lang.checker.kinds import MAX_ELEMENTS, resolve
from lang.checker.symbols import ExternName
from lang.kinds import Tensor, TupleKind
from lang.numerals import counted
from lang.problems.circuits import CircuitFormat, CircuitMissing, CircuitWidths
from lang.problems.names import ArgumentCount
from lang.problems.problem import Rejected
from lang.problems.shapes import ShapeRange, WrongKind, WrongShape
from lang.problems.syntax import FileMissing
from lang.source import Span
from lang.syntax import tree
from lang.syntax.files import imported
from lang.typed import Number, Outside, type_of


def bind_extern(context: Context, declared: Declared, item: tree.Extern) -> None:
    """Its name, with the body in its file; it may be called before its text.  Records what is wrong."""
    found = None
    with context.attempt():
        found = _read(declared, item)
    if found is None:
        context.poison((item.name,))
    else:
        context.bind(item.name, ExternName(item.name.span, item, found))


def _read(declared: Declared, item: tree.Extern) -> Body:
    read = declared.formats.get(item.format.name)
    if read is None:
        raise Failed(CircuitFormat(span=item.format.span, format=item.format.name))
    path = imported(item.span.source.name, item.path)
    if path in declared.bodies:
        if (known := declared.bodies[path]) is None:
            raise Failed  # it has been told why
        return known
    declared.bodies[path] = None
    try:
        made = declared.bodies[path] = read(declared.loader(path))
        return made
    except Rejected as rejected:
        if isinstance(first := rejected.problems[0], FileMissing):
            raise Failed(CircuitMissing(span=item.span, path=item.path, reason=first.reason)) from None
        raise Failed(*(problem.beside((item.span, "read here")) for problem in rejected.problems)) from None


def check_extern(context: Context, item: tree.Extern) -> None:
    """Raises Failed where the kinds are not of as many bits as the body has."""
    symbol = context.scopes.find(item.name.name)
    if isinstance(symbol, ExternName) and symbol.extern is item:
        _kinds(context, symbol)


def through(context: Context, node: tree.Invoke, symbol: ExternName) -> typed.Expr:
    """A call: axes in front of a parameter's own run along, broadcast as those of other operations are."""
    args, (parameters, result) = context.all_of(node.args), _kinds(context, symbol)
    name = node.name.name
    if len(args) != len(parameters):
        usage = f"{name}({', '.join(p.name.name for p in symbol.extern.parameters)})"
        wanted = counted(len(parameters), "argument")
        related = ((symbol.span, "defined here"),)
        raise Failed(
            ArgumentCount(span=node.span, name=name, wanted=wanted, given=len(args), usage=usage, related=related)
        )
    values = tuple(_argument(context, arg, kind, name) for arg, kind in zip(args, parameters, strict=True))
    axes = tuple(len(kind.shape) for kind in parameters)
    lead = _lead(values, axes, node.span)
    shape = (*lead, *result.shape)
    if prod(shape) > MAX_ELEMENTS:
        raise Failed(ShapeRange(span=node.span, elements=str(prod(shape)), limit=MAX_ELEMENTS))
    kind = type_of(result)
    assert isinstance(kind, Number)
    outside = Outside(name, symbol.body, axes)
    return typed.Through(Number(shape, kind.integer, kind.kind), outside, values, node.span)


def _argument(context: Context, arg: typed.Expr, kind: Tensor, name: str) -> typed.Expr:
    """Rounded to the parameter's kind; a scalar fills its shape."""
    type_ = number(arg, f"`{name}`")
    value = rounded(context, arg, kind.scalar, arg.span)
    if not type_.shape:
        return fill(value, kind.shape, arg.span)
    own = len(type_.shape) - len(kind.shape)
    if own < 0 or type_.shape[own:] != kind.shape:
        wanted = show_shape(kind.shape)
        hint = "a scalar fills it, and axes in front of it run along"
        raise Failed(
            WrongShape(span=arg.span, what=f"`{name}`", wanted=wanted, given=show_shape(type_.shape), hint=hint)
        )
    return value


def _lead(values: tuple[typed.Expr, ...], axes: tuple[int, ...], span: Span) -> tuple[int, ...]:
    fronts: list[Number] = []
    for value, own in zip(values, axes, strict=True):
        assert isinstance(value.type, Number)
        fronts.append(Number(value.type.shape[: len(value.type.shape) - own], True))
    return broadcast("the call", span, *fronts)


def _kinds(context: Context, symbol: ExternName) -> tuple[list[Tensor], Tensor]:
    """Of the parameters and of the result; raises Failed where they have not as many bits as the body."""
    extern, found = symbol.extern, symbol.body
    kinds = [_kind(context, p.kind, f"`{p.name.name}`") for p in extern.parameters]
    result = _kind(context, extern.result, "the result")
    if len(kinds) != len(found.inputs):
        declared = f"`{extern.name.name}` has {counted(len(kinds), 'parameter')}"
        _differ(extern, extern.name.span, declared, counted(len(found.inputs), "input"))
    for parameter, kind, bits in zip(extern.parameters, kinds, found.inputs, strict=True):
        if _bits(kind) != bits:
            declared = f"`{parameter.name.name}` has {counted(_bits(kind), 'bit')}"
            _differ(extern, parameter.span, declared, f"{bits} there")
    if _bits(result) != sum(found.outputs):
        declared = f"the result has {counted(_bits(result), 'bit')}"
        _differ(extern, extern.result.span, declared, f"{sum(found.outputs)} of outputs")
    return kinds, result


def _kind(context: Context, node: tree.Kind, what: str) -> Tensor:
    kind = resolve(context, node)
    if isinstance(kind, TupleKind):
        raise Failed(WrongKind(span=node.span, what=what, wanted="numbers", given="a tuple", hint="a circuit has bits"))
    return kind


def _bits(kind: Tensor) -> int:
    return prod(kind.shape) * kind.scalar.bits


def _differ(extern: tree.Extern, span: Span, declared: str, wanted: str) -> NoReturn:
    raise Failed(CircuitWidths(span=span, declared=declared, wanted=wanted, path=extern.path))
