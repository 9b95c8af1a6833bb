"""The one table of operations: what each is to the checker, and how a text calls those that have a name."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from lang.checker import fold, infer, ranges
from lang.source import Span
from lang.typed import Call, Const, Expr, Number


@dataclass(frozen=True, slots=True)
class Name:
    """How a text calls an operation; what has none is written as an operator, or made by the checker."""

    name: str
    args: tuple[str, ...]
    options: tuple[str, ...] = ()
    over: bool = False  # the form with one argument of a name that has another form, or goes over an axis
    only_in_loss: bool = False
    variadic: bool = False  # the last argument may be repeated


@dataclass(frozen=True, slots=True)
class Rule:
    """Of one operation: the type of its result; its value where all operands are public, and its range where they are
    private integers, or None where these are left to the compiler and to the kind."""

    type: infer.Typing
    value: fold.Folding | None
    range: ranges.Ranging | None
    name: Name | None = None


_X = ("x",)
_AB = ("a", "b")
_AXIS = ("axis",)
_WITHIN = ("within",)
_WINDOW = ("stride", "padding")


def _approximated(name: str, options: tuple[str, ...] = _WITHIN) -> Rule:
    return Rule(infer.approximated, None, None, Name(name, _X, options))


RULES: Mapping[Call, Rule] = {
    # operators, and what the checker makes of them
    Call.ADD: Rule(infer.arithmetic, fold.pairwise(operator.add), ranges.of_two(lambda a, b, c, d: (a + c, b + d))),
    Call.SUB: Rule(infer.arithmetic, fold.pairwise(operator.sub), ranges.of_two(lambda a, b, c, d: (a - d, b - c))),
    Call.MUL: Rule(infer.arithmetic, fold.pairwise(operator.mul), ranges.of_two(ranges.corners(operator.mul))),
    Call.NEG: Rule(infer.exact, fold.each(operator.neg), ranges.negated),
    Call.DIVIDE: Rule(infer.quotient, fold.divided, ranges.quotient),
    Call.MODULO: Rule(infer.remainder, fold.pairwise(fold.remainder), ranges.remainder),
    Call.SHL: Rule(infer.shifted, fold.pairwise(fold.shifted_left), None),
    Call.SHR: Rule(infer.shifted, fold.shifted_right, None),
    Call.LESS: Rule(infer.truth, fold.compared(operator.lt), None),
    Call.EQUAL: Rule(infer.truth, fold.compared(operator.eq), None),
    Call.NOT: Rule(infer.inverted, fold.inverted, None),
    Call.AND: Rule(infer.bitwise, fold.bitwise(operator.and_), None),
    Call.OR: Rule(infer.bitwise, fold.bitwise(operator.or_), None),
    Call.XOR: Rule(infer.bitwise, fold.bitwise(operator.xor), None),
    Call.BROADCAST: Rule(infer.given, fold.repeated, None),
    # exact functions
    Call.DOT: Rule(infer.dot, fold.multiplied, None, Name("dot", _AB)),
    Call.MATMUL: Rule(infer.matmul, fold.multiplied, None, Name("matmul", _AB)),
    Call.TRANSPOSE: Rule(infer.turned, fold.transposed, None, Name("transpose", _X)),
    Call.RESHAPE: Rule(infer.given, fold.same, None, Name("reshape", ("x", "size"), variadic=True)),
    Call.ZEROS: Rule(infer.given, None, None, Name("zeros", ("size",), variadic=True)),
    Call.CONCAT: Rule(infer.joined, fold.joined, None, Name("concat", _AB, _AXIS, variadic=True)),
    Call.SUM: Rule(infer.total, fold.over(fold.total), None, Name("sum", _X, _AXIS, over=True)),
    Call.MEAN: Rule(infer.average, fold.over(fold.mean), None, Name("mean", _X, _AXIS, over=True)),
    Call.MIN: Rule(
        infer.alike,
        fold.pairwise(min),
        ranges.of_two(lambda a, b, c, d: (min(a, c), min(b, d))),
        Name("min", _AB, _AXIS),
    ),
    Call.MAX: Rule(
        infer.alike,
        fold.pairwise(max),
        ranges.of_two(lambda a, b, c, d: (max(a, c), max(b, d))),
        Name("max", _AB, _AXIS),
    ),
    Call.MIN_OF: Rule(infer.one_of, fold.over(min), None, Name("min", _X, _AXIS, over=True)),
    Call.MAX_OF: Rule(infer.one_of, fold.over(max), None, Name("max", _X, _AXIS, over=True)),
    Call.ARGMAX: Rule(infer.position, None, ranges.position, Name("argmax", _X, _AXIS, over=True)),
    Call.ABS: Rule(infer.exact, fold.each(abs), None, Name("abs", _X)),
    Call.RELU: Rule(infer.kept, fold.each(lambda x: max(x, Fraction(0))), None, Name("relu", _X)),
    Call.SIGN: Rule(infer.small, fold.each(fold.sign), None, Name("sign", _X)),
    Call.CLAMP: Rule(infer.clamped, fold.clamped, ranges.clamped, Name("clamp", ("x", "lo", "hi"))),
    Call.CONV2D: Rule(infer.given, None, None, Name("conv2d", ("x", "kernel"), _WINDOW)),
    Call.AVGPOOL: Rule(infer.given, None, None, Name("avgpool", ("x", "size"), _WINDOW)),
    Call.MAXPOOL: Rule(infer.given, None, None, Name("maxpool", ("x", "size"), _WINDOW)),
    Call.SORT: Rule(infer.ordered, None, None, Name("sort", _X, over=True)),
    Call.SORT_BY: Rule(infer.ordered_by, None, None, Name("sort", ("x", "keys"))),
    Call.ARGSORT: Rule(infer.places, None, ranges.position, Name("argsort", _X)),
    Call.POPCOUNT: Rule(infer.counted, None, None, Name("popcount", _X)),
    # functions that are not exact
    Call.SQRT: _approximated("sqrt"),
    Call.RSQRT: _approximated("rsqrt"),
    Call.EXP: _approximated("exp"),
    Call.LOG: _approximated("log"),
    Call.SIGMOID: _approximated("sigmoid"),
    Call.TANH: _approximated("tanh"),
    Call.SOFTMAX: _approximated("softmax", ("axis", "within")),
    Call.NORM2: Rule(infer.length, None, None, Name("norm2", _X, _WITHIN)),
    # losses
    Call.LOGISTIC: Rule(infer.judged_each, None, None, Name("logistic", ("score", "bit"), _WITHIN, only_in_loss=True)),
    Call.SQUARED: Rule(infer.judged, None, None, Name("squared", _AB, _WITHIN, only_in_loss=True)),
    Call.CROSS_ENTROPY: Rule(
        infer.judged_class, None, None, Name("cross_entropy", ("scores", "class"), _WITHIN, only_in_loss=True)
    ),
}


def infer_type(call: Call, args: Sequence[Expr], span: Span, axis: int | None = None) -> Number:
    """The type of an operation; raises Failed if it cannot be applied."""
    types = [infer.number(arg, f"`{call.value}`") for arg in args]
    return RULES[call].type(infer.Use(call, args, types, axis, span))


def public_value(call: Call, args: tuple[Const, ...], type_: Number, axis: int | None) -> fold.Values | None:
    """The elements of the result, or None if this operation is not evaluated here."""
    value = RULES[call].value
    if value is None or any(fold.type_size(t) > fold.MAX_ELEMENTS for t in (type_, *(a.type for a in args))):
        return None
    return value(args, type_, axis)


@dataclass(frozen=True, slots=True)
class Builtin:
    """`call` takes `args` arguments; `over` is the form with one argument that goes over an axis (sum, min of)."""

    args: tuple[str, ...]
    call: Call | None = None
    over: Call | None = None
    options: tuple[str, ...] = ()
    only_in_loss: bool = False
    variadic: bool = False

    def usage(self, name: str) -> str:
        shown = ", ".join(self.args) + (", ..." if self.variadic else "")
        return f"{name}({shown})"


def _by_name() -> dict[str, Builtin]:
    """Both forms of a name together; its arguments are then those of the form that is not `over`."""
    named = [(call, rule.name) for call, rule in RULES.items() if rule.name is not None]
    found = {n.name: Builtin(n.args, c, None, n.options, n.only_in_loss, n.variadic) for c, n in named if not n.over}
    for call, n in named:
        if n.over:
            found[n.name] = replace(found.get(n.name, Builtin(n.args, options=n.options)), over=call)
    return found


BUILTINS: Mapping[str, Builtin] = _by_name()
