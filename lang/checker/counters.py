"""Variables whose value is public: what they hold at each place, and which of them a loop only counts on.

`Context.known` holds, by the number of a variable, its value there: a constant or a sum of multiples of loop indices;
or the index of the loop that must be unrolled for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from lang import typed
from lang.checker.context import Context, Value
from lang.checker.operators import operate
from lang.checker.public import affine, indices, interval, shortened
from lang.checker.symbols import Bound, ParamName, Public
from lang.source import Span
from lang.syntax import tree
from lang.typed import Call, Const, Number

STEPS = {"+=": 1, "-=": -1}


def learn(context: Context, variable: typed.Variable, value: typed.Expr) -> None:
    """A variable as a whole holds a value from here on."""
    loops = indices(value) if isinstance(value.type, Number) and not value.type.shape else None
    context.known.pop(variable.number, None)
    if loops is not None and (isinstance(value, Const) or affine(value) is not None):
        context.known[variable.number] = shortened(value)
    elif loops:
        context.known[variable.number] = replace(loops[-1])  # a new one: it may be another value


def changed_in(context: Context, block: tree.Block) -> dict[str, typed.Variable]:
    """The variables, bound before a loop, that its body assigns and of which something is known there."""
    found: dict[str, typed.Variable] = {}
    for name in _assigned(block.statements):
        symbol = context.scopes.find(name)
        if isinstance(symbol, Bound) and symbol.variable.number in context.known:
            found[name] = symbol.variable
    return found


def entered(
    context: Context, node: tree.For, changed: Mapping[str, typed.Variable], index: typed.IndexOf, start: int
) -> dict[int, int | None]:
    """What is known of them in any iteration: of those that count, by the step given; of those with None, once the loop
    is unrolled."""
    steps: dict[int, int | None] = {}
    for name, variable in changed.items():
        first, step = context.known.pop(variable.number), _step(context, node.body.statements, name)
        if variable.number in context.uncounted:
            continue
        if step is not None and not isinstance(first, typed.Variable):
            steps[variable.number] = step
            context.known[variable.number] = _moved(first, step, index, start)
        elif all(map(_public(context, name, changed), _values(node.body.statements, name))):
            steps[variable.number] = None
            context.known[variable.number] = index.variable
    return steps


def counted(
    context: Context, before: Mapping[int, Value], steps: Mapping[int, int | None], index: typed.IndexOf, start: int
) -> bool:
    """Whether one iteration moves every counter by its step, and no end of its kind is in the way; else it is noted."""
    wrong = {number for number, step in steps.items() if not _counts(context, before, number, step, index, start)}
    context.uncounted |= wrong
    return not wrong


def _counts(
    context: Context, before: Mapping[int, Value], number: int, step: int | None, index: typed.IndexOf, start: int
) -> bool:
    first, now = before[number], context.known.get(number)
    if step is None:
        return now is not None
    if now is None or isinstance(first, typed.Variable) or isinstance(now, typed.Variable):
        return False
    moved, found = affine(_moved(first, step, index, start - 1)), affine(now)
    if moved is None or found is None or moved.plus(found.times(-1)).within(context.ranges) != (0, 0):
        return False
    bounds = interval(_moved(first, step, index, start), context.ranges)
    kind = first.type.kind if isinstance(first.type, Number) else None
    return kind is not None and bounds is not None and kind.lo <= bounds[0] and bounds[1] <= kind.hi


def left(
    context: Context,
    before: Mapping[int, Value],
    changed: Mapping[str, typed.Variable],
    steps: Mapping[int, int | None],
    count: int,
) -> None:
    """What is known after the loop."""
    for variable in changed.values():
        context.known.pop(variable.number, None)
        first, step = before[variable.number], steps.get(variable.number)
        if step is not None and not isinstance(first, typed.Variable):
            last = operate(Call.ADD, (first, _whole(step * count, first.span)), first.span)
            assert isinstance(last, Const | typed.Operate) and isinstance(first.type, Number)
            context.known[variable.number] = replace(last, type=first.type)  # within the kind, as the last iteration is


def _moved(first: typed.Expr, step: int, index: typed.IndexOf, start: int) -> typed.Expr:
    """first + step * (index - start)."""
    span = first.span
    base = operate(Call.ADD, (first, _whole(-step * start, span)), span)
    times = operate(Call.MUL, (index, _whole(step, span)), span)
    total = operate(Call.ADD, (base, times), span)
    assert isinstance(total, typed.Operate)
    return replace(total, type=first.type) if isinstance(first.type, Number) else total


def _whole(value: int, span: Span) -> Const:
    return Const(Number((), True), (Fraction(value),), span)


def _assigned(statements: Sequence[tree.Statement]) -> Iterator[str]:
    """The names of what statements assign, in whole or in part."""
    for statement in statements:
        if isinstance(statement, tree.Assign):
            target = statement.target
            while isinstance(target, tree.Index | tree.Member):
                target = target.base
            if isinstance(target, tree.Name):
                yield target.name
        elif isinstance(statement, tree.Dpsgd):
            yield from (name.name for name in statement.variables)
        elif isinstance(statement, tree.For):
            yield from _assigned(statement.body.statements)
        elif isinstance(statement, tree.If):
            for block in _blocks(statement):
                yield from _assigned(block.statements)


def _blocks(node: tree.If) -> Iterator[tree.Block]:
    arm: tree.If | tree.Block | None = node
    while isinstance(arm, tree.If):
        yield arm.then
        if isinstance(arm.then.value, tree.If):
            yield from _blocks(arm.then.value)
        arm = arm.otherwise
    if arm is not None:
        yield arm


def _step(context: Context, statements: Sequence[tree.Statement], name: str) -> int | None:
    """What all assignments to a variable add to it, if they only add public whole numbers, each under loops alone."""
    total = 0
    for statement in statements:
        if name not in _assigned([statement]):
            continue
        more = None
        if isinstance(statement, tree.Assign) and isinstance(statement.target, tree.Name) and statement.op in STEPS:
            by = _number(context, statement.value)
            more = by and by * STEPS[statement.op]
        elif isinstance(statement, tree.For):
            inner = _step(context, statement.body.statements, name)
            first, last = _number(context, statement.start), _number(context, statement.end)
            more = None if inner is None or first is None or last is None else inner * max(last - first, 0)
        if more is None:
            return None
        total += more
    return total


def _number(context: Context, node: tree.Expr) -> int | None:
    """A whole number, or the name of one."""
    if isinstance(node, tree.Literal):
        return int(node.text) if node.text.isdecimal() else None
    symbol = context.scopes.find(node.name) if isinstance(node, tree.Name) else None
    value = symbol.value if isinstance(symbol, ParamName | Public) else None
    if isinstance(value, Const) and value.type == Number((), True) and value.values[0].denominator == 1:
        return int(value.values[0])
    return None


def _values(statements: Sequence[tree.Statement], name: str) -> Iterator[tree.Expr | None]:
    """What a variable is assigned as a whole; None for what depends on a condition, or is only a part."""
    for statement in statements:
        if isinstance(statement, tree.Assign) and isinstance(statement.target, tree.Name):
            if statement.target.name == name:
                yield statement.value
        elif isinstance(statement, tree.For):
            yield from _values(statement.body.statements, name)
        elif name in _assigned([statement]):
            yield None


def _public(context: Context, name: str, changed: Mapping[str, typed.Variable]) -> Callable[[tree.Expr | None], bool]:
    """Whether a text reads nothing but public names and, of what the loop changes, the variable `name`."""

    def public(node: tree.Expr | None) -> bool:
        if isinstance(node, tree.Name):
            symbol = context.scopes.find(node.name)
            if isinstance(symbol, Bound):
                known = symbol.variable.number in context.known
                return node.name == name or (node.name not in changed and known)
            return isinstance(symbol, ParamName | Public)
        if isinstance(node, tree.Unary):
            return public(node.value)
        if isinstance(node, tree.Binary):
            chain = tree.operations(node)
            return public(chain[0].left) and all(public(operation.right) for operation in chain)
        return isinstance(node, tree.Literal)

    return public
