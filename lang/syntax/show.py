"""Syntax tree -> canonical text: parsing its lines gives the tree again, places aside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import assert_never

from lang.syntax import tree

_INDENT = "    "
_WIDE = 100  # columns, from which on clauses stand in lines of their own
# operator -> how tightly it binds; the right operand of a left-associative one must bind tighter
_BINDS = {
    "||": 1,
    "&&": 2,
    "==": 3,
    "!=": 3,
    "<": 3,
    "<=": 3,
    ">": 3,
    ">=": 3,
    "|": 4,
    "^": 5,
    "&": 6,
    "<<": 7,
    ">>": 7,
    "+": 8,
    "-": 8,
    "*": 9,
    "/": 9,
    "%": 9,
    "@": 9,
    "as": 10,
    "prefix": 11,
    "**": 12,
}
_ATOM = 13
_COMPARE = 3


@dataclass(frozen=True, slots=True)
class Line:
    """One line of canonical text, and the lines of the source (first..last) that it stands for."""

    text: str
    first: int
    last: int


def lines(file: tree.File) -> list[Line]:
    """The program, one statement a line."""
    return [line for item in file.items for line in _item(item)]


def _item(item: tree.Item) -> list[Line]:
    match item:
        case tree.Import(path=path):
            return _single(item, f'import "{path}";')
        case tree.Party(name=name):
            return _single(item, f"party {name.name};")
        case tree.Param(name=name, value=value):
            return _single(item, f"param {name.name} = {_expr(value)};")
        case tree.TypeAlias(name=name, kind=kind):
            return _single(item, f"type {name.name} = {_kind(kind)};")
        case tree.Input(name=name, kind=kind, party=party):
            return _single(item, f"input {name.name}: {_kind(kind)} from {party.name};")
        case tree.Dataset():
            return _dataset(item)
        case tree.Disjoint(names=names):
            return _single(item, f"disjoint {', '.join(name.name for name in names)};")
        case tree.Extern():
            return _single(
                item,
                f"extern fn {item.name.name}({_parameters(item.parameters)}) -> "
                f'{_kind(item.result)} = {item.format.name}("{item.path}");',
            )
        case tree.Fn():
            return _fn(item)
        case tree.Output():
            return _single(item, _output(item))
        case (
            tree.Let()
            | tree.Var()
            | tree.Assign()
            | tree.For()
            | tree.If()
            | tree.Dpsgd()
            | tree.Measure()
            | tree.Loss()
            | tree.Grad()
        ):
            return _statement(item)
        case _:
            assert_never(item)


def _single(node: tree.Item, text: str) -> list[Line]:
    return [Line(text, node.span.line, node.span.end_line)]


def _dataset(item: tree.Dataset) -> list[Line]:
    fields = [
        Line(
            f"{_INDENT}{field.name.name}: {_kind(field.kind)}"
            + (f" where {_expr(field.where)}" if field.where else "")
            + ";",
            field.span.line,
            field.span.end_line,
        )
        for field in item.fields
    ]
    owners = ", ".join(party.name for party in item.parties)
    head = Line(f"dataset {item.name.name} from {owners} {{", item.span.line, item.parties[-1].span.end_line)
    return [head, *fields, Line("}", item.span.end_line, item.span.end_line)]


def _parameters(parameters: Sequence[tree.Parameter]) -> str:
    return ", ".join(f"{parameter.name.name}: {_kind(parameter.kind)}" for parameter in parameters)


def _fn(item: tree.Fn) -> list[Line]:
    sizes = f"<{', '.join(size.name for size in item.sizes)}>" if item.sizes else ""
    result = f" -> {_kind(item.result)}" if item.result else ""
    return _block(f"fn {item.name.name}{sizes}({_parameters(item.parameters)}){result}", item.span.line, item.body)


def _output(item: tree.Output) -> str:
    releases = ", ".join(
        (f"{release.name.name} = " if release.name else "") + _expr(release.value) for release in item.releases
    )
    receivers = f" to {', '.join(name.name for name in item.receivers)}" if item.receivers else ""
    return f"output {releases}{receivers};"


# -- statements ---------------------------------------------------------------------------------


def _block(head: str, first: int, block: tree.Block) -> list[Line]:
    """A block with what stands before its brace; `first` is the source line where that begins."""
    inner = [line for statement in block.statements for line in _statement(statement)]
    if isinstance(block.value, tree.If):
        inner += _if(block.value)
    elif (value := block.value) is not None:
        inner.append(Line(_expr(value), value.span.line, value.span.end_line))
    if not inner:
        return [Line(f"{head} {{ }}", first, block.span.end_line)]
    return [
        Line(f"{head} {{", first, block.span.line),
        *(Line(_INDENT + line.text, line.first, line.last) for line in inner),
        Line("}", block.span.end_line, block.span.end_line),
    ]


def _statement(node: tree.Statement) -> list[Line]:
    match node:
        case tree.Let(names=names, kind=kind, value=value):
            pattern = names[0].name if len(names) == 1 else f"({', '.join(name.name for name in names)})"
            return _single(node, f"let {pattern}{_of(kind)} = {_expr(value)};")
        case tree.Var(name=name, kind=kind, value=value):
            return _single(node, f"var {name.name}{_of(kind)} = {_expr(value)};")
        case tree.Assign(target=target, op=op, value=value):
            return _single(node, f"{_expr(target, _ATOM)} {op} {_expr(value)};")
        case tree.For(index=index, start=start, end=end, body=body):
            return _block(f"for {index.name} in {_operand(start)}..{_operand(end)}", node.span.line, body)
        case tree.If():
            return _if(node)
        case tree.Dpsgd():
            return _rows(node, "dpsgd " + ", ".join(name.name for name in node.variables))
        case tree.Measure():
            return _rows(node, f"measure {node.name.name}")
        case tree.Loss(value=value):
            return _single(node, f"loss {_expr(value)};")
        case tree.Grad(variable=variable, value=value):
            return _single(node, f"grad {variable.name} = {_expr(value)};")
        case _:
            assert_never(node)


def _of(kind: tree.Kind | None) -> str:
    return f": {_kind(kind)}" if kind else ""


def _rows(node: tree.Dpsgd | tree.Measure, what: str) -> list[Line]:
    clauses = ", ".join(map(_clause, node.clauses))
    head = f"{what} on {node.dataset.name}({clauses}) as {node.row.name}"
    if len(head) <= _WIDE:
        return _block(head, node.span.line, node.body)
    last = node.clauses[-1].span.end_line
    return [
        Line(f"{what} on {node.dataset.name}(", node.span.line, node.dataset.span.end_line),
        *_filled(node.clauses),
        *_block(f") as {node.row.name}", last, node.body),
    ]


def _filled(clauses: Sequence[tree.Clause]) -> Iterator[Line]:
    """As many in a line as fit."""
    line: list[tree.Clause] = []
    for clause in (*clauses, None):
        text = _INDENT + ", ".join(map(_clause, line)) + ","
        if line and (clause is None or len(f"{text} {_clause(clause)},") > _WIDE):
            yield Line(text, line[0].span.line, line[-1].span.end_line)
            line = []
        if clause is not None:
            line.append(clause)


def _clause(clause: tree.Clause) -> str:
    drawn = f" drawn by {clause.drawn_by.name}" if clause.drawn_by else ""
    return f"{clause.name.name} = {_expr(clause.value)}{drawn}"


def _if(node: tree.If) -> list[Line]:
    found = _block(f"if {_operand(node.condition)}", node.span.line, node.then)
    arm = node.otherwise
    while arm is not None:
        match arm:
            case tree.Block():
                rest, arm = _block("else", arm.span.line, arm), None
            case tree.If():
                rest = _block(f"else if {_operand(arm.condition)}", arm.span.line, arm.then)
                arm = arm.otherwise
            case _:
                assert_never(arm)
        before = found.pop()
        found += [Line(f"{before.text} {rest[0].text}", before.first, rest[0].last), *rest[1:]]
    return found


# -- expressions --------------------------------------------------------------------------------


def _operand(node: tree.Expr) -> str:
    """An expression where a bare `if` may not stand."""
    return _expr(node, 1)


def _expr(node: tree.Expr, tightness: int = 0) -> str:
    """The expression, in parentheses if it binds less tightly than its place asks for."""
    text, binds = _bare(node)
    return text if binds >= tightness else f"({text})"


def _bare(node: tree.Expr) -> tuple[str, int]:
    match node:
        case tree.Name(name=name):
            return name, _ATOM
        case tree.Literal(text=text):
            return text, _ATOM
        case tree.Invoke(name=name, args=args, options=options):
            given = [*map(_expr, args), *(f"{option.name} = {_expr(value)}" for option, value in options)]
            return f"{name.name}({', '.join(given)})", _ATOM
        case tree.Reveal(value=value):
            return f"reveal({_expr(value)})", _ATOM
        case tree.TupleOf(items=items):
            return f"({', '.join(map(_expr, items))})", _ATOM
        case tree.ArrayOf(items=items):
            return f"[{', '.join(map(_expr, items))}]", _ATOM
        case tree.Index(base=base, picks=picks):
            return f"{_expr(base, _ATOM)}[{', '.join(map(_pick, picks))}]", _ATOM
        case tree.Member(base=base, part=part):
            shown = f"({_expr(base)})" if isinstance(base, tree.Literal) else _expr(base, _ATOM)
            return f"{shown}.{part.name}", _ATOM
        case tree.Unary(op=op, value=value):
            return f"{op}{_expr(value, _BINDS['prefix'])}", _BINDS["prefix"]
        case tree.Cast(value=value, kind=kind, modes=modes):
            words = "".join(f" {mode}" for mode in modes)
            return f"{_expr(value, _BINDS['as'])} as {_kind(kind)}{words}", _BINDS["as"]
        case tree.Binary(op=op):
            return _binary(node), _BINDS[op]
        case tree.If():
            return " ".join(line.text.strip() for line in _if(node)), 0
        case _:
            assert_never(node)


def _binary(node: tree.Binary) -> str:
    inner, *outer = tree.operations(node)
    opened, found = 0, [_expr(inner.left, _left(inner)), _with_right(inner)]
    for operation in outer:
        if _BINDS[inner.op] < _left(operation):
            opened += 1
            found.append(")")
        found.append(_with_right(operation))
        inner = operation
    return "(" * opened + "".join(found)


def _left(node: tree.Binary) -> int:
    """How tightly the left operand must bind."""
    binds = _BINDS[node.op]
    return _ATOM if node.op == "**" else binds + 1 if binds == _COMPARE else binds


def _with_right(node: tree.Binary) -> str:
    tightness = _BINDS["prefix"] if node.op == "**" else _BINDS[node.op] + 1
    return f" {node.op} {_expr(node.right, tightness)}"


def _pick(node: tree.Expr | tree.Slice) -> str:
    if not isinstance(node, tree.Slice):
        return _operand(node)
    if node.start is None and node.end is None:
        return ":"
    return f"{_operand(node.start) if node.start else ''}..{_operand(node.end) if node.end else ''}"


# -- kinds --------------------------------------------------------------------------------------


def _kind(node: tree.Kind) -> str:
    match node:
        case tree.Words(word=word, sizes=sizes):
            return f"{word}<{', '.join(map(_expr, sizes))}>" if sizes else word
        case tree.Alias(name=name):
            return name
        case tree.TupleKind(fields=fields):
            return f"({', '.join(map(_kind, fields))})"
        case tree.Shaped(base=base, shape=shape):
            return f"{_kind(base)}[{', '.join(map(_expr, shape))}]"
        case _:
            assert_never(node)
