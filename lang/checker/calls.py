"""Calls: built-ins by their table, functions inlined with the sizes found at the call."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from lang import typed
from lang.checker.failing import Failed
from lang.checker.functions import BUILTINS, Builtin
from lang.checker.indexing import Indexing
from lang.checker.infer import describe, number, show_shape
from lang.checker.layers import convolved, pooled
from lang.checker.public import affine, indices, interval
from lang.checker.symbols import FunctionName, ParamName, Public
from lang.kinds import Kind
from lang.numerals import show_number
from lang.problems.names import (
    ArgumentCount,
    MissingResult,
    NotAFunction,
    OptionTwice,
    OptionValue,
    Recursion,
    SizeConflict,
    SizeUnknown,
    UnknownFunction,
    UnknownOption,
)
from lang.problems.shapes import WrongShape
from lang.problems.values import LossOnly
from lang.source import Span
from lang.syntax import tree
from lang.typed import Call, Const, Number


class Calls(Indexing):
    """Checks calls."""

    def invoke(self, node: tree.Invoke) -> typed.Expr:
        builtin = BUILTINS.get(node.name.name)
        if builtin is not None:
            return self._builtin(node, builtin)
        symbol = self.scopes.find(node.name.name)
        if symbol is None:
            functions = [n for n, s in self.scopes.stack[0].names.items() if isinstance(s, FunctionName)]
            raise Failed(
                UnknownFunction(
                    span=node.name.span,
                    name=node.name.name,
                    hint=self.near(node.name.name, [*functions, *BUILTINS])
                    or f"declare it: `fn {node.name.name}(...) -> KIND {{ ... }}`",
                )
            )
        if not isinstance(symbol, FunctionName):
            symbol = self.find(node.name.name, node.name.span)
            raise Failed(NotAFunction(span=node.name.span, name=node.name.name, what=symbol.what))
        for name, _ in node.options:
            self.report(
                UnknownOption(
                    span=name.span,
                    name=node.name.name,
                    option=name.name,
                    hint="arguments of functions are written without names",
                )
            )
        return self._function(node, symbol.function, self.all_of(node.args))

    # -- built-ins

    def _builtin(self, node: tree.Invoke, builtin: Builtin) -> typed.Expr:
        name = node.name.name
        args = self.all_of(node.args)
        over = builtin.over is not None and len(args) == 1
        wanted = 1 if over else len(builtin.args)
        if not (len(args) == wanted or (builtin.variadic and len(args) >= wanted)):
            raise Failed(
                ArgumentCount(
                    span=node.span,
                    name=name,
                    wanted=count(wanted, "argument"),
                    given=len(args),
                    usage=builtin.usage(name),
                )
            )
        axis, within = self._options(node, builtin, args)
        if builtin.only_in_loss and not self.in_loss:
            raise Failed(LossOnly(span=node.span, name=name))
        call = builtin.over if over else builtin.call
        match call:
            case Call.RESHAPE:
                return self._reshape(args, node.span)
            case Call.CONV2D:
                image, kernel = (number(arg, f"`{name}`") for arg in args)
                type_ = Number(convolved(image, kernel, node.span), image.integer and kernel.integer)
                return self.operate(call, args, node.span, type_=type_)
            case Call.AVGPOOL | Call.MAXPOOL:
                return self._pool(call, args, node.span)
            case Call.SOFTMAX if axis is None:
                axis = len(number(args[0], "`softmax`").shape) - 1
            case _:
                assert call is not None
        return self.operate(call, args, node.span, axis, within)

    def _pool(self, call: Call, args: tuple[typed.Expr, ...], span: Span) -> typed.Expr:
        image = number(args[0], f"`{call.value}`")
        shape = pooled(call.value, image, self.whole(args[1], "the side of a pool"), span)
        type_ = Number(shape, False) if call is Call.AVGPOOL else Number(shape, image.integer, image.kind)
        return self.operate(call, args, span, type_=type_)

    def _options(
        self, node: tree.Invoke, builtin: Builtin, args: Sequence[typed.Expr]
    ) -> tuple[int | None, Fraction | None]:
        axis: int | None = None
        within: Fraction | None = None
        given: set[str] = set()
        for name, value in node.options:
            if name.name in given:
                raise Failed(OptionTwice(span=name.span, option=name.name))
            given.add(name.name)
            if name.name not in builtin.options:
                known = ", ".join(f"`{option}`" for option in builtin.options)
                raise Failed(
                    UnknownOption(
                        span=name.span,
                        name=node.name.name,
                        option=name.name,
                        hint=f"its options are {known}" if known else "it has none",
                    )
                )
            if name.name == "axis":
                axis = self.whole(self.expr(value), "`axis`")
                rank = len(number(args[0], f"`{node.name.name}`").shape)
                axis = axis + rank if -rank <= axis < 0 else axis
            else:
                within = self.constant(self.expr(value), "`within`").values[0]
                if within <= 0:
                    raise Failed(
                        OptionValue(span=value.span, option="within", wanted="above 0", value=show_number(within))
                    )
        return axis, within

    def _reshape(self, args: tuple[typed.Expr, ...], span: Span) -> typed.Expr:
        type_ = number(args[0], "`reshape`")
        shape = tuple(self.whole(size, "a size") for size in args[1:])
        size, wanted = 1, 1
        for n in type_.shape:
            size *= n
        for n in shape:
            wanted *= n
        if min(shape) < 1 or size != wanted:
            raise Failed(
                WrongShape(
                    span=span,
                    what="`reshape`",
                    wanted=show_shape(shape),
                    given=describe(type_),
                    hint=f"{wanted} elements from {size}",
                )
            )
        return self.operate(Call.RESHAPE, args[:1], span, type_=Number(shape, type_.integer, type_.kind))

    # -- functions

    def block_value(self, block: tree.Block) -> tuple[list[typed.Statement], typed.Expr | None]:
        """The statements of a block and its value, checked in the present scope."""
        raise NotImplementedError

    def _function(self, node: tree.Invoke, function: tree.Fn, args: tuple[typed.Expr, ...]) -> typed.Expr:
        name = function.name.name
        if any(name == other for other, _ in self.calling):
            raise Failed(
                Recursion(
                    span=node.span,
                    name=name,
                    related=tuple(
                        (place, f"`{other}` called here") for other, place in self.calling if place is not None
                    ),
                )
            )
        if len(args) != len(function.parameters):
            usage = f"{name}({', '.join(p.name.name for p in function.parameters)})"
            raise Failed(
                ArgumentCount(
                    span=node.span,
                    name=name,
                    wanted=count(len(function.parameters), "argument"),
                    given=len(args),
                    usage=usage,
                    related=((function.name.span, "defined here"),),
                )
            )
        self.count_call(node.span)
        self.inlined_names.add(name)
        return self.inline(function, args, node.span, node.span)

    def inline(self, function: tree.Fn, args: tuple[typed.Expr, ...], span: Span, call: Span | None) -> typed.Expr:
        """The body of a function in place of its call; without a call it is only checked."""
        statements: list[typed.Statement] = []
        outer = (self.train_level, self.value_level)
        with self.scopes.function() as scope:
            scope.later = {n.name: n.span for n in (*function.sizes, *(p.name for p in function.parameters))}
            self._bind_sizes(function, args, span)
            self._bind_parameters(function, args, statements)
            self.calling.append((function.name.name, call))
            self.train_level, self.value_level = None, None
            try:
                body, value = self.block_value(function.body)
                if value is None:
                    raise Failed(MissingResult(span=function.body.span, name=function.name.name))
                if function.result is not None:
                    kind = self.kind(function.result)
                    value = self.convert(value, kind, value.span, f"the result of `{function.name.name}`")
            finally:
                self.calling.pop()
                self.train_level, self.value_level = outer
        statements += body
        name = function.name.name
        return typed.Scope(value.type, tuple(statements), value, span, name) if statements else value

    def _bind_sizes(self, function: tree.Fn, args: tuple[typed.Expr, ...], span: Span) -> None:
        found: dict[str, int] = {}
        names = {name.name for name in function.sizes}
        for parameter, arg in zip(function.parameters, args, strict=True):
            self._match(parameter.kind, arg.type, names, found, arg.span, function.name.name)
        for size in function.sizes:
            if size.name not in found:
                raise Failed(
                    SizeUnknown(span=span, size=size.name, name=function.name.name, related=((size.span, "this size"),))
                )
            value = Const(Number((), True), (Fraction(found[size.name]),), size.span)
            self.bind(size, ParamName(size.span, value))

    def _match(
        self, kind: tree.Kind, type_: typed.TypeOf, names: set[str], found: dict[str, int], span: Span, function: str
    ) -> None:
        """Sizes that are written as a name alone are read off the argument's shape or width."""
        match kind, type_:
            case tree.Shaped(base=base, shape=shape), Number(shape=given) if given:
                own = len(given) - len(shape)
                if own < 0 or (own and isinstance(base, tree.Words)):
                    wanted = f"[{', '.join(s.name if isinstance(s, tree.Name) else '·' for s in shape)}]"
                    raise Failed(WrongShape(span=span, what=f"`{function}`", wanted=wanted, given=show_shape(given)))
                for size, length in zip(shape, given, strict=False):
                    self._found(size, length, names, found, span)
                self._match(base, type_, names, found, span, function)
            case tree.Words(sizes=sizes), Number(kind=scalar) if scalar is not None:
                for size, width in zip(sizes, (scalar.bits, scalar.fraction), strict=False):
                    self._found(size, width, names, found, span)
            case tree.TupleKind(fields=fields), typed.Pair(fields=types) if len(fields) == len(types):
                for field, field_type in zip(fields, types, strict=True):
                    self._match(field, field_type, names, found, span, function)
            case _:
                pass

    def _found(self, size: tree.Expr, value: int, names: set[str], found: dict[str, int], span: Span) -> None:
        if isinstance(size, tree.Name) and size.name in names:
            first = found.setdefault(size.name, value)
            if first != value:
                raise Failed(SizeConflict(span=span, size=size.name, first=first, second=value))

    def _bind_parameters(
        self, function: tree.Fn, args: tuple[typed.Expr, ...], statements: list[typed.Statement]
    ) -> None:
        for parameter, arg in zip(function.parameters, args, strict=True):
            kind = self.kind(parameter.kind)
            what = f"`{parameter.name.name}` of `{function.name.name}`"
            value = self.convert(arg, kind, arg.span, what)
            self.bind_let(parameter.name, value, kind, "a parameter", statements)

    def bind_let(
        self, name: tree.Name, value: typed.Expr, kind: Kind | None, what: str, statements: list[typed.Statement]
    ) -> None:
        """A name for a value; one that is public, or a loop index, needs no variable."""
        if indices(value) is not None and (isinstance(value, Const) or affine(value) is not None):
            self.bind(name, Public(name.span, value, what))
            return
        variable = self.fresh(name, kind)
        if isinstance(value.type, Number) and not value.type.shape and value.type.integer:
            bounds = interval(value, self.loops, self.known)
            if bounds is not None:
                self.known[variable.number] = bounds
        statements.append(typed.Bind(variable, value, name.span))
        self.bind_value(name, variable, value.type, what)


def count(number_of: int, noun: str) -> str:
    return f"{number_of} {noun}" + ("" if number_of == 1 else "s")
