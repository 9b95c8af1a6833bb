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
from lang.checker.public import affine, indices, interval
from lang.checker.symbols import Bound, ParamName, Public
from lang.source import Span
from lang.syntax import tree
from lang.typed import Call, Const, Number


def learn(context: Context, variable: typed.Variable, value: typed.Expr) -> None:
    """A variable as a whole holds a value from here on."""
    loops = indices(value) if isinstance(value.type, Number) and not value.type.shape else None
    context.known.pop(variable.number, None)
    if loops is not None and (isinstance(value, Const) or affine(value) is not None):
        context.known[variable.number] = value
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
        match statement:
            case tree.Assign(target=target):
                while isinstance(target, tree.Index | tree.Member):
                    target = target.base
                if isinstance(target, tree.Name):
                    yield target.name
            case tree.Dpsgd(variables=names):
                yield from (name.name for name in names)
            case tree.For(body=body):
                yield from _assigned(body.statements)
            case tree.If():
                for block in _blocks(statement):
                    yield from _assigned(block.statements)
            case _:
                pass


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
        match statement:
            case tree.Assign(target=tree.Name(), op="+=" | "-=" as op, value=value):
                by = _number(context, value)
                more = by if by is None or op == "+=" else -by
            case tree.For(start=start, end=end, body=body):
                inner = _step(context, body.statements, name)
                first, last = _number(context, start), _number(context, end)
                more = None if inner is None or first is None or last is None else inner * max(last - first, 0)
            case _:
                more = None
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
        match statement:
            case tree.Assign(target=tree.Name(name=other), value=value):
                if name == other:
                    yield value
            case tree.For(body=body):
                yield from _values(body.statements, name)
            case _:
                if name in _assigned([statement]):
                    yield None


def _public(context: Context, name: str, changed: Mapping[str, typed.Variable]) -> Callable[[tree.Expr | None], bool]:
    """Whether a text reads nothing but public names and, of what the loop changes, the variable `name`."""

    def public(node: tree.Expr | None) -> bool:
        match node:
            case tree.Literal():
                return True
            case tree.Name(name=other):
                symbol = context.scopes.find(other)
                if isinstance(symbol, Bound):
                    return other == name or (other not in changed and symbol.variable.number in context.known)
                return isinstance(symbol, ParamName | Public)
            case tree.Unary(value=inner):
                return public(inner)
            case tree.Binary():
                chain = tree.operations(node)
                return public(chain[0].left) and all(public(operation.right) for operation in chain)
            case _:
                return False

    return public
