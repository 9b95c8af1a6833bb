"""Blocks, `if` as a value and as a statement, and loops."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from lang import typed
from lang.checker.calls import Calls
from lang.checker.context import MAX_UNROLLED, Attempt
from lang.checker.convert import fill
from lang.checker.failing import Failed, NeedsIndex
from lang.checker.infer import broadcast_shapes, describe, number
from lang.checker.public import indices
from lang.checker.symbols import Poison, Public
from lang.problems.shapes import SliceBackwards
from lang.problems.syntax import ValueNotLast
from lang.problems.values import (
    ArmsDiffer,
    ArmWithoutValue,
    ConditionKind,
    IfWithoutElse,
    UnrolledTooFar,
    UnusedValue,
)
from lang.source import Span
from lang.syntax import tree
from lang.typed import Const, Number, Pair

Statements = tuple[typed.Statement, ...]


class Control(Calls):
    """Checks blocks and what steers them."""

    def statement(self, node: tree.Statement) -> list[typed.Statement]:
        """What a statement becomes; raises Failed."""
        raise NotImplementedError

    # -- blocks

    def statements(self, nodes: Sequence[tree.Statement]) -> list[typed.Statement]:
        """Statements in order; after a wrong one the names it would have bound are poisoned."""
        done: list[typed.Statement] = []
        for node in nodes:
            done += self.one_statement(node)
        return done

    def one_statement(self, node: tree.Statement) -> list[typed.Statement]:
        with self.attempt():
            return self.statement(node)
        match node:
            case tree.Let(names=names):
                self.poison(names)
            case tree.Var(name=name):
                self.poison((name,))
            case _:
                pass
        return []

    def poison(self, names: Sequence[tree.Name]) -> None:
        for name in names:
            self.scopes.stack[-1].names.setdefault(name.name, Poison(name.span))

    def block_value(self, block: tree.Block) -> tuple[list[typed.Statement], typed.Expr | None]:
        with self.block(block.statements):
            statements = self.statements([s for s in block.statements if not self._early_value(s)])
            value = None
            if block.value is not None:
                value = self.expr(block.value)
            return statements, value

    def body(self, block: tree.Block) -> list[typed.Statement]:
        """A block that has no value."""
        statements, value = (
            self.block_value(block) if not isinstance(block.value, tree.If) else (self._body_ending_in_if(block), None)
        )
        if value is not None and block.value is not None:
            self.report(UnusedValue(span=block.value.span))
        return statements

    def _body_ending_in_if(self, block: tree.Block) -> list[typed.Statement]:
        """`{ ... if c { a } else { b } }` where nobody takes the value."""
        assert block.value is not None
        self.report(UnusedValue(span=block.value.span))
        with self.block(block.statements):
            return self.statements(block.statements)

    def _early_value(self, node: tree.Statement) -> bool:
        """An `if` with a value that is not the last thing in its block."""
        if isinstance(node, tree.If) and node.then.value is not None and node.otherwise is not None:
            self.report(ValueNotLast(span=node.then.value.span))
            return True
        return False

    # -- conditions

    def condition(self, node: tree.Expr) -> typed.Expr:
        """A scalar bit; raises NeedsIndex where a loop must be unrolled to decide it."""
        expr = self.expr(node)
        type_ = number(expr, "a condition")
        if type_.shape:
            raise Failed(ConditionKind(span=node.span, given=describe(type_)))
        if isinstance(expr, Const):
            if expr.values[0] not in (0, 1) or not type_.integer:
                raise Failed(ConditionKind(span=node.span, given=describe(type_)))
            return expr
        if loops := indices(expr):
            raise NeedsIndex(loops[-1])
        if type_.kind is None or type_.kind.bits != 1 or type_.kind.signed:
            raise Failed(ConditionKind(span=node.span, given=describe(type_)))
        return expr

    def arm(self, taken: bool) -> Attempt:
        """One arm of an `if`; of one that a public condition excludes only the text counts."""
        return self.attempt() if taken else self.untaken()

    # -- if as a value

    def choose(self, node: tree.If) -> typed.Expr:
        if node.otherwise is None:
            raise Failed(IfWithoutElse(span=node.span))
        condition = self.condition(node.condition)
        public = condition.values[0] != 0 if isinstance(condition, Const) else None
        level, self.value_level = self.value_level, len(self.scopes)
        self.private += public is None
        then = otherwise = None
        try:
            with self.arm(public is not False):
                then = self._arm(node.then)
            with self.arm(public is not True):
                otherwise = self._arm(node.otherwise)
        finally:
            self.value_level = level
            self.private -= public is None
        if public is not None:
            then = otherwise = then if public else otherwise
        if then is None or otherwise is None:
            raise Failed
        return then if public is not None else self._chosen(condition, then, otherwise, node.span)

    def _arm(self, arm: tree.Block | tree.If) -> typed.Expr:
        if isinstance(arm, tree.If):
            return self.expr(arm)
        statements, value = self.block_value(arm)
        if value is None:
            raise Failed(ArmWithoutValue(span=arm.span))
        return typed.Scope(value.type, tuple(statements), value, arm.span) if statements else value

    def _chosen(self, condition: typed.Expr, then: typed.Expr, otherwise: typed.Expr, span: Span) -> typed.Expr:
        first, second = then.type, otherwise.type
        if isinstance(first, Number) and isinstance(second, Number):
            shape = broadcast_shapes(first.shape, second.shape)
            if shape is None or shape not in (first.shape, second.shape):
                raise Failed(
                    ArmsDiffer(
                        span=otherwise.span,
                        first=describe(first),
                        second=describe(second),
                        related=((then.span, f"{describe(first)} here"),),
                    )
                )
            if () in (first.shape, second.shape):
                then, otherwise = fill(then, shape, span), fill(otherwise, shape, span)
            kind = first.kind if first.kind == second.kind else None
            return typed.Choose(Number(shape, first.integer and second.integer, kind), condition, then, otherwise, span)
        if isinstance(first, Pair) and isinstance(second, Pair) and len(first.fields) == len(second.fields):
            return self._chosen_tuple(condition, then, otherwise, span)
        raise Failed(
            ArmsDiffer(
                span=otherwise.span,
                first=describe(first),
                second=describe(second),
                related=((then.span, f"{describe(first)} here"),),
            )
        )

    def _chosen_tuple(self, condition: typed.Expr, then: typed.Expr, otherwise: typed.Expr, span: Span) -> typed.Expr:
        """Tuples are chosen field by field."""
        binds, condition = self.once(condition)
        first_binds, first = self.take_apart(then)
        second_binds, second = self.take_apart(otherwise)
        items = tuple(self._chosen(condition, a, b, span) for a, b in zip(first, second, strict=True))
        packed = typed.Pack(Pair(tuple(item.type for item in items)), items, span)
        statements = (*binds, *first_binds, *second_binds)
        return typed.Scope(packed.type, statements, packed, span) if statements else packed

    # -- if as a statement

    def when(self, node: tree.If) -> list[typed.Statement]:
        condition = self.condition(node.condition)
        public = condition.values[0] != 0 if isinstance(condition, Const) else None
        self.private += public is None
        then: list[typed.Statement] = []
        otherwise: list[typed.Statement] = []
        try:
            with self.arm(public is not False):
                then = self.body(node.then)
            with self.arm(public is not True):
                otherwise = self._otherwise(node.otherwise)
        finally:
            self.private -= public is None
        if public is not None:
            return then if public else otherwise
        return [typed.When(condition, tuple(then), tuple(otherwise), node.span)]

    def _otherwise(self, arm: tree.Block | tree.If | None) -> list[typed.Statement]:
        match arm:
            case tree.Block():
                return self.body(arm)
            case tree.If():
                return self.one_statement(arm)
            case None:
                return []

    # -- loops

    def repeat(self, node: tree.For) -> list[typed.Statement]:
        """A loop stays a loop unless its body needs the value of the index."""
        start = self.whole(self.expr(node.start), "a loop bound")
        end = self.whole(self.expr(node.end), "a loop bound")
        if end < start:
            raise Failed(
                SliceBackwards(
                    span=Span(
                        node.start.span.source,
                        node.start.span.line,
                        node.start.span.column,
                        node.end.span.end_line,
                        node.end.span.end_column,
                    ),
                    start=start,
                    end=end,
                )
            )
        index = self.fresh(node.index, None)
        before = (dict(self.problems), dict(self.warnings), self.unrolled)
        try:
            body = self._iteration(
                node,
                typed.IndexOf(Number((), True), index, node.index.span),
                index.number,
                (start, max(start, end - 1)),
            )
        except NeedsIndex as needed:
            if needed.index != index:
                raise
            self.problems, self.warnings, self.unrolled = before
            return self._unroll(node, start, end)
        return [typed.Repeat(index, start, end - start, tuple(body), node.span)] if end > start else []

    def _iteration(
        self, node: tree.For, value: typed.Expr, number_of: int = 0, bounds: tuple[int, int] = (0, 0)
    ) -> list[typed.Statement]:
        with self.scopes.inner():
            self.bind(node.index, Public(node.index.span, value, "a loop index"))
            self.loops[number_of] = bounds
            return self.body(node.body)

    def _unroll(self, node: tree.For, start: int, end: int) -> list[typed.Statement]:
        done: list[typed.Statement] = []
        for value in range(start, end):
            self.unrolled += 1
            if self.unrolled > MAX_UNROLLED:
                raise Failed(UnrolledTooFar(span=node.index.span, limit=MAX_UNROLLED))
            done += self._iteration(node, Const(Number((), True), (Fraction(value),), node.index.span))
        return done
