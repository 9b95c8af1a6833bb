"""Expressions: what they are, what type they have, and what of them is public."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from lang import typed
from lang.checker import fold
from lang.checker.context import MAX_DEPTH
from lang.checker.convert import MAX_WIDTH, Kinds, fill
from lang.checker.failing import Failed, NeedsIndex
from lang.checker.functions import infer_type, public_value
from lang.checker.infer import describe, number, show_shape
from lang.checker.public import indices
from lang.checker.symbols import Bound, DatasetName, FunctionName, ParamName, Public, RowName
from lang.kinds import BIT, Tensor
from lang.numerals import show_number
from lang.problems.flow import DatasetOutside, RevealPlace, RowOutside
from lang.problems.names import CallsNeeded, NotAValue, UnknownField
from lang.problems.shapes import ItemsDiffer, LiteralTooLarge, ValueTooLarge, WrongKind
from lang.problems.syntax import TooDeep
from lang.problems.values import ExponentRange, ModesClash, NotATuple, ShiftRange
from lang.source import Span
from lang.syntax import tree
from lang.typed import Call, Const, Number, Pair, type_of

MAX_EXPONENT = 64
_ARITHMETIC = {
    "+": Call.ADD,
    "-": Call.SUB,
    "*": Call.MUL,
    "/": Call.DIVIDE,
    "%": Call.MODULO,
    "@": Call.MATMUL,
    "&": Call.AND,
    "|": Call.OR,
    "^": Call.XOR,
}
_TRUTH = {"&&": Call.AND, "||": Call.OR}
# operator -> (operation, operands swapped, result turned over)
_COMPARE = {
    "<": (Call.LESS, False, False),
    ">": (Call.LESS, True, False),
    ">=": (Call.LESS, False, True),
    "<=": (Call.LESS, True, True),
    "==": (Call.EQUAL, False, False),
    "!=": (Call.EQUAL, False, True),
}


class Expressions(Kinds):
    """Checks expressions; indices, calls and `if` are checked by the classes below this one."""

    def expr(self, node: tree.Expr) -> typed.Expr:
        """The checked expression; raises Failed."""
        self.depth += 1
        try:
            if self.depth > MAX_DEPTH:
                raise Failed(TooDeep(span=node.span, limit=MAX_DEPTH))
            return self._expr(node)
        finally:
            self.depth -= 1

    def _expr(self, node: tree.Expr) -> typed.Expr:
        match node:
            case tree.Name():
                return self._name(node)
            case tree.Literal():
                return literal(node)
            case tree.Binary():
                return self._binary(node)
            case tree.Index():
                return self.index(node)
            case tree.Invoke():
                return self.invoke(node)
            case tree.Member():
                return self._member(node)
            case tree.Unary():
                return self._unary(node)
            case tree.If():
                return self.choose(node)
            case tree.Cast():
                return self._cast(node)
            case tree.TupleOf():
                items = self.all_of(node.items)
                return typed.Pack(Pair(tuple(item.type for item in items)), items, node.span)
            case tree.ArrayOf():
                return self._array(node)
            case tree.Reveal():
                raise Failed(RevealPlace(span=node.span))

    def index(self, node: tree.Index) -> typed.Expr:
        raise NotImplementedError

    def invoke(self, node: tree.Invoke) -> typed.Expr:
        raise NotImplementedError

    def choose(self, node: tree.If) -> typed.Expr:
        raise NotImplementedError

    def all_of(self, nodes: Sequence[tree.Expr]) -> tuple[typed.Expr, ...]:
        """Several expressions, each checked whatever is wrong with the others."""
        done: list[typed.Expr] = []
        for node in nodes:
            with self.attempt():
                done.append(self.expr(node))
        if len(done) < len(nodes):
            raise Failed
        return tuple(done)

    # -- names and fields

    def _name(self, node: tree.Name) -> typed.Expr:
        match self.find(node.name, node.span):
            case ParamName(value=value):
                return replace(value, span=node.span)
            case Public(value=value):
                return replace(value, span=node.span)
            case Bound(variable=variable, type=type_):
                self.used.add(node.name)
                return typed.Read(type_, variable, node.span)
            case DatasetName():
                self.used.add(node.name)
                raise Failed(DatasetOutside(span=node.span, name=node.name))
            case RowName(dataset=dataset):
                raise Failed(
                    RowOutside(span=node.span, name=node.name, dataset=dataset.name, fields=_fields(node.name, dataset))
                )
            case FunctionName():
                raise Failed(CallsNeeded(span=node.span, name=node.name))
            case symbol:
                raise Failed(NotAValue(span=node.span, name=node.name, what=symbol.what))

    def _member(self, node: tree.Member) -> typed.Expr:
        if isinstance(node.base, tree.Name):
            symbol = self.find(node.base.name, node.base.span)
            if isinstance(symbol, RowName):
                for field in symbol.dataset.fields:
                    if field.name == node.part.name:
                        type_ = type_of(field.kind)
                        assert isinstance(type_, Number)
                        return typed.RowField(type_, field.name, node.span)
                raise Failed(
                    UnknownField(
                        span=node.part.span,
                        dataset=symbol.dataset.name,
                        name=node.part.name,
                        fields=_fields(node.base.name, symbol.dataset),
                    )
                )
        base = self.expr(node.base)
        return self.field(base, node.part, node.span)

    def field(self, base: typed.Expr, part: tree.Name, span: Span) -> typed.Expr:
        """One field of a tuple."""
        if isinstance(base.type, Pair) and part.name.isdecimal() and int(part.name) < len(base.type.fields):
            position = int(part.name)
            if isinstance(base, typed.Pack):
                return base.items[position]
            return typed.Part(base.type.fields[position], base, position, span)
        if isinstance(base.type, Pair):
            raise Failed(
                NotATuple(
                    span=part.span,
                    what=describe(base.type),
                    field=part.name,
                    hint=f"its fields are 0 to {len(base.type.fields) - 1}",
                )
            )
        raise Failed(NotATuple(span=part.span, what=describe(base.type), field=part.name))

    def _array(self, node: tree.ArrayOf) -> typed.Expr:
        items = self.all_of(node.items)
        types = [number(item, "an array") for item in items]
        for item, type_ in zip(items, types, strict=True):
            if type_.shape != types[0].shape:
                raise Failed(
                    ItemsDiffer(span=item.span, first=show_shape(types[0].shape), given=show_shape(type_.shape))
                )
        kinds = {type_.kind for type_ in types}
        stacked = Number(
            (len(items), *types[0].shape), all(t.integer for t in types), kinds.pop() if len(kinds) == 1 else None
        )
        constants = [item for item in items if isinstance(item, Const)]
        if len(constants) == len(items):
            return Const(stacked, tuple(v for item in constants for v in item.values), node.span)
        return typed.Stack(stacked, items, node.span)

    # -- operators

    def operate(
        self,
        call: Call,
        args: Sequence[typed.Expr],
        span: Span,
        axis: int | None = None,
        within: Fraction | None = None,
        type_: Number | None = None,
    ) -> typed.Expr:
        """An operation, evaluated if all of it is public; raises Failed."""
        args = tuple(args)
        type_ = type_ or infer_type(call, args, span, axis)
        if call in (Call.DIVIDE, Call.MODULO) and (loops := indices(args[1])):
            raise NeedsIndex(loops[-1])
        constants = tuple(arg for arg in args if isinstance(arg, Const))
        if len(constants) == len(args):
            values = public_value(call, constants, type_, axis)
            if values is not None:
                if fold.too_large(values):
                    raise Failed(ValueTooLarge(span=span, limit=fold.MAX_BITS))
                return Const(type_, values, span)
        return typed.Operate(type_, call, args, span, axis, within)

    def _binary(self, node: tree.Binary) -> typed.Expr:
        left, right = self.all_of((node.left, node.right))
        return self.binary(node.op, left, right, node.span)

    def binary(self, op: str, left: typed.Expr, right: typed.Expr, span: Span) -> typed.Expr:
        """left op right, for every operator of the language."""
        if op in _ARITHMETIC:
            return self.operate(_ARITHMETIC[op], (left, right), span)
        if op in _COMPARE:
            call, swapped, turned = _COMPARE[op]
            left, right = self._squares(left, right)
            result = self.operate(call, (right, left) if swapped else (left, right), span)
            return self.operate(Call.NOT, (result,), span) if turned else result
        if op in _TRUTH:
            return self.operate(_TRUTH[op], (self.bit(left, f"`{op}`"), self.bit(right, f"`{op}`")), span)
        if op == "**":
            return self._power(left, right, span)
        return self._shift(op, left, right, span)

    def _squares(self, left: typed.Expr, right: typed.Expr) -> tuple[typed.Expr, typed.Expr]:
        """A norm compared with a public number: both squared (a negative number stays below every norm)."""
        if isinstance(left, Const) and isinstance(right, typed.Operate) and right.call is Call.NORM2:
            right, left = self._squares(right, left)
            return left, right
        if not (isinstance(left, typed.Operate) and left.call is Call.NORM2 and isinstance(right, Const)):
            return left, right
        binds, x = self.once(left.args[0])
        total = self.operate(Call.SUM, (self.operate(Call.MUL, (x, x), left.span),), left.span)
        if binds:
            total = typed.Scope(total.type, binds, total, left.span)
        squared = tuple(value * abs(value) for value in right.values)
        return total, Const(replace(right.type, kind=None), squared, right.span)

    def bit(self, expr: typed.Expr, what: str) -> typed.Expr:
        """An operand that must be a bit."""
        type_ = number(expr, what)
        if type_.kind == BIT:
            return expr
        if isinstance(expr, Const) and all(v in (0, 1) for v in expr.values):
            return replace(expr, type=replace(type_, kind=BIT, integer=True))
        raise Failed(
            WrongKind(span=expr.span, what=what, wanted="a bit", given=describe(type_), hint="compare it: `x != 0`")
        )

    def _power(self, base: typed.Expr, exponent: typed.Expr, span: Span) -> typed.Expr:
        """base ** n as a product of squares."""
        number(base, "`**`")
        power = self.constant(exponent, "an exponent")
        n = power.values[0]
        if power.type.shape or n.denominator != 1 or not 0 <= n <= MAX_EXPONENT:
            raise Failed(
                ExponentRange(
                    span=exponent.span,
                    limit=MAX_EXPONENT,
                    given=f"is {describe(power.type)}" if power.type.shape else f"is {show_number(n)}",
                )
            )
        statements: list[typed.Statement] = []
        result: typed.Expr | None = None
        bits = n.numerator
        while bits:
            if bits & 1:
                result = base if result is None else self.operate(Call.MUL, (result, base), span)
            bits >>= 1
            if bits:
                binds, base = self.once(base)
                statements += binds
                base = self.operate(Call.MUL, (base, base), span)
        if result is None:
            type_ = number(base, "`**`")
            return fill(Const(Number((), type_.integer), (Fraction(1),), span), type_.shape, span)
        return typed.Scope(result.type, tuple(statements), result, span) if statements else result

    def _shift(self, op: str, left: typed.Expr, right: typed.Expr, span: Span) -> typed.Expr:
        amount = self.constant(right, "a shift")
        n = amount.values[0]
        if amount.type.shape or n.denominator != 1 or not 0 <= n <= MAX_WIDTH:
            raise Failed(
                ShiftRange(
                    span=right.span,
                    limit=MAX_WIDTH,
                    given=f"is {describe(amount.type) if amount.type.shape else show_number(n)}",
                )
            )
        return self.operate(Call.SHL if op == "<<" else Call.SHR, (left, amount), span)

    def _unary(self, node: tree.Unary) -> typed.Expr:
        value = self.expr(node.value)
        return self.operate(Call.NEG if node.op == "-" else Call.NOT, (value,), node.span)

    def _cast(self, node: tree.Cast) -> typed.Expr:
        value = self.expr(node.value)
        modes = dict.fromkeys(node.modes)
        for first, second in (("wrap", "saturate"), ("floor", "nearest")):
            if first in modes and second in modes:
                raise Failed(ModesClash(span=node.span, first=first, second=second))
        kind = self.kind(node.kind)
        down, wrap = "floor" in modes, "wrap" in modes
        if isinstance(kind, Tensor) and not kind.shape and isinstance(value.type, Number):
            return self.rounded(value, kind.scalar, node.span, down, wrap)  # element by element
        if (down or wrap) and isinstance(kind, Tensor):
            number(value, "`as`")
            value = self.rounded(value, kind.scalar, node.span, down, wrap)
        return self.convert(value, kind, node.span, "`as`")


def literal(node: tree.Literal) -> Const:
    """A number as written; one without a point is an integer."""
    text = node.text.replace("_", "")
    whole = text.isdecimal() or text[:2] in ("0x", "0b")
    exponent = re.search(r"[eE]([+-]?\d+)$", text) if not text.startswith("0x") else None
    if len(text) > 400 or (exponent and abs(int(exponent[1])) > 320):
        raise Failed(LiteralTooLarge(span=node.span, limit=MAX_WIDTH, reason="too long or too far from 1"))
    value = Fraction(int(text, 0) if text[:2] in ("0x", "0b") else int(text)) if whole else Fraction(text)
    if value.numerator.bit_length() > MAX_WIDTH or (value and value < Fraction(1, 1 << MAX_WIDTH)):
        raise Failed(LiteralTooLarge(span=node.span, limit=MAX_WIDTH, reason="too far from 1"))
    return Const(Number((), whole), (value,), node.span)


def _fields(row: str, dataset: typed.Dataset) -> str:
    return ", ".join(f"`{row}.{field.name}`" for field in dataset.fields)
