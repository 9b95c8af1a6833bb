"""Blocks: statements in a scope of their own, and perhaps a value."""

from __future__ import annotations

from lang import typed
from lang.checker.context import Context
from lang.problems.syntax import ValueNotLast
from lang.problems.values import UnusedValue
from lang.syntax import tree


def block_value(context: Context, block: tree.Block) -> tuple[list[typed.Statement], typed.Expr | None]:
    """The statements of a block and its value; raises Failed if the value is wrong."""
    with context.block(block.statements):
        statements = context.statements([s for s in block.statements if not _early_value(context, s)])
        value = None
        if block.value is not None:
            value = context.expr(block.value)
        return statements, value


def body(context: Context, block: tree.Block) -> list[typed.Statement]:
    """A block whose value nobody takes."""
    if isinstance(block.value, tree.If):  # an `if` whose arms have values is not checked as one
        context.report(UnusedValue(span=block.value.span))
        with context.block(block.statements):
            return context.statements(block.statements)
    statements, value = block_value(context, block)
    if value is not None and block.value is not None:
        context.report(UnusedValue(span=block.value.span))
    return statements


def _early_value(context: Context, node: tree.Statement) -> bool:
    """An `if` with a value that is not the last thing in its block."""
    if isinstance(node, tree.If) and node.then.value is not None and node.otherwise is not None:
        context.report(ValueNotLast(span=node.then.value.span))
        return True
    return False
