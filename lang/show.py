"""Syntax tree -> canonical text: `parse(show(t)) == t`, places aside."""
from __future__ import annotations

from collections.abc import Sequence

from lang import tree

_INDENT = "    "
# operator -> how tightly it binds; the right operand of a left-associative one must bind tighter
_BINDS = {
    "||": 1, "&&": 2, "==": 3, "!=": 3, "<": 3, "<=": 3, ">": 3, ">=": 3, "|": 4, "^": 5, "&": 6,
    "<<": 7, ">>": 7, "+": 8, "-": 8, "*": 9, "/": 9, "%": 9, "@": 9, "as": 10, "prefix": 11, "**": 12,
}
_ATOM = 13
_COMPARE = 3
_OPEN = (tree.Party, tree.Param, tree.TypeAlias, tree.Input, tree.Let, tree.Var, tree.Assign, tree.Output, tree.Import)


def show(file: tree.File) -> str:
    """The program, one statement a line; blocks and data sets stand apart from what is around them."""
    lines: list[str] = []
    before: tree.Item | None = None
    for item in file.items:
        if before is not None and not (isinstance(item, _OPEN) and isinstance(before, _OPEN)
                                       and type(item) is type(before)):
            lines.append("")
        lines += _item(item)
        before = item
    return "\n".join(lines) + "\n" if lines else ""


def _item(item: tree.Item) -> list[str]:
    match item:
        case tree.Import(path=path):
            return [f'import "{path}";']
        case tree.Party(name=name):
            return [f"party {name.name};"]
        case tree.Param(name=name, value=value):
            return [f"param {name.name} = {expr(value)};"]
        case tree.TypeAlias(name=name, kind=kind):
            return [f"type {name.name} = {show_kind(kind)};"]
        case tree.Input(name=name, kind=kind, party=party):
            return [f"input {name.name}: {show_kind(kind)} from {party.name};"]
        case tree.Dataset():
            return _dataset(item)
        case tree.Extern():
            return [f"extern fn {item.name.name}({_parameters(item.parameters)}) -> {show_kind(item.result)}"
                    f' = {item.format.name}("{item.path}");']
        case tree.Fn():
            return _fn(item)
        case tree.Output():
            return [_output(item)]
        case _:
            return _statement(item)


def _dataset(item: tree.Dataset) -> list[str]:
    fields = [f"{_INDENT}{field.name.name}: {show_kind(field.kind)}"
              + (f" where {expr(field.where)}" if field.where else "") + ";" for field in item.fields]
    return [f"dataset {item.name.name} from {item.party.name} {{", *fields, "}"]


def _parameters(parameters: Sequence[tree.Parameter]) -> str:
    return ", ".join(f"{parameter.name.name}: {show_kind(parameter.kind)}" for parameter in parameters)


def _fn(item: tree.Fn) -> list[str]:
    sizes = f"<{', '.join(size.name for size in item.sizes)}>" if item.sizes else ""
    result = f" -> {show_kind(item.result)}" if item.result else ""
    return _block(f"fn {item.name.name}{sizes}({_parameters(item.parameters)}){result}", item.body)


def _output(item: tree.Output) -> str:
    releases = ", ".join((f"{release.name.name} = " if release.name else "") + expr(release.value)
                         for release in item.releases)
    receivers = f" to {', '.join(name.name for name in item.receivers)}" if item.receivers else ""
    return f"output {releases}{receivers};"


# -- statements ---------------------------------------------------------------------------------


def _block(head: str, block: tree.Block) -> list[str]:
    inner = [line for statement in block.statements for line in _statement(statement)]
    if block.value is not None:
        inner += _if(block.value) if isinstance(block.value, tree.If) else [expr(block.value)]
    if not inner:
        return [f"{head} {{ }}"]
    return [f"{head} {{", *(_INDENT + line for line in inner), "}"]


def _statement(node: tree.Statement) -> list[str]:
    match node:
        case tree.Let(names=names, kind=kind, value=value):
            pattern = names[0].name if len(names) == 1 else f"({', '.join(name.name for name in names)})"
            return [f"let {pattern}{_of(kind)} = {expr(value)};"]
        case tree.Var(name=name, kind=kind, value=value):
            return [f"var {name.name}{_of(kind)} = {expr(value)};"]
        case tree.Assign(target=target, op=op, value=value):
            return [f"{expr(target, _ATOM)} {op} {expr(value)};"]
        case tree.For(index=index, start=start, end=end, body=body):
            return _block(f"for {index.name} in {operand(start)}..{operand(end)}", body)
        case tree.If():
            return _if(node)
        case tree.Dpsgd():
            variables = ", ".join(name.name for name in node.variables)
            clauses = ", ".join(map(_clause, node.clauses))
            return _block(f"dpsgd {variables} on {node.dataset.name}({clauses}) as {node.row.name}", node.body)
        case tree.Loss(value=value):
            return [f"loss {expr(value)};"]
        case tree.Grad(variable=variable, value=value):
            return [f"grad {variable.name} = {expr(value)};"]


def _of(kind: tree.Kind | None) -> str:
    return f": {show_kind(kind)}" if kind else ""


def _clause(clause: tree.Clause) -> str:
    drawn = f" drawn by {clause.drawn_by.name}" if clause.drawn_by else ""
    return f"{clause.name.name} = {expr(clause.value)}{drawn}"


def _if(node: tree.If) -> list[str]:
    lines = _block(f"if {operand(node.condition)}", node.then)
    match node.otherwise:
        case tree.Block():
            rest = _block("else", node.otherwise)
        case tree.If():
            rest = _if(node.otherwise)
            rest[0] = f"else {rest[0]}"
        case None:
            return lines
    return [*lines[:-1], f"{lines[-1]} {rest[0]}", *rest[1:]]


# -- expressions --------------------------------------------------------------------------------


def operand(node: tree.Expr) -> str:
    """An expression where a bare `if` may not stand."""
    return expr(node, 1)


def expr(node: tree.Expr, tightness: int = 0) -> str:
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
            given = [*map(expr, args), *(f"{option.name} = {expr(value)}" for option, value in options)]
            return f"{name.name}({', '.join(given)})", _ATOM
        case tree.Reveal(value=value):
            return f"reveal({expr(value)})", _ATOM
        case tree.TupleOf(items=items):
            return f"({', '.join(map(expr, items))})", _ATOM
        case tree.ArrayOf(items=items):
            return f"[{', '.join(map(expr, items))}]", _ATOM
        case tree.Index(base=base, picks=picks):
            return f"{expr(base, _ATOM)}[{', '.join(map(_pick, picks))}]", _ATOM
        case tree.Member(base=base, part=part):
            shown = f"({expr(base)})" if isinstance(base, tree.Literal) else expr(base, _ATOM)
            return f"{shown}.{part.name}", _ATOM
        case tree.Unary(op=op, value=value):
            return f"{op}{expr(value, _BINDS['prefix'])}", _BINDS["prefix"]
        case tree.Cast(value=value, kind=kind, modes=modes):
            words = "".join(f" {mode}" for mode in modes)
            return f"{expr(value, _BINDS['as'])} as {show_kind(kind)}{words}", _BINDS["as"]
        case tree.Binary(op=op):
            return _binary(node), _BINDS[op]
        case tree.If():
            return " ".join(line.strip() for line in _if(node)), 0


def _binary(node: tree.Binary) -> str:
    binds = _BINDS[node.op]
    if node.op == "**":
        return f"{expr(node.left, _ATOM)} ** {expr(node.right, _BINDS['prefix'])}"
    left = binds + 1 if binds == _COMPARE else binds
    return f"{expr(node.left, left)} {node.op} {expr(node.right, binds + 1)}"


def _pick(node: tree.Expr | tree.Slice) -> str:
    if not isinstance(node, tree.Slice):
        return operand(node)
    if node.start is None and node.end is None:
        return ":"
    return f"{operand(node.start) if node.start else ''}..{operand(node.end) if node.end else ''}"


# -- kinds --------------------------------------------------------------------------------------


def show_kind(node: tree.Kind) -> str:
    match node:
        case tree.Words(word=word, sizes=sizes):
            return f"{word}<{', '.join(map(expr, sizes))}>" if sizes else word
        case tree.Alias(name=name):
            return name
        case tree.TupleKind(fields=fields):
            return f"({', '.join(map(show_kind, fields))})"
        case tree.Shaped(base=base, shape=shape):
            return f"{show_kind(base)}[{', '.join(map(expr, shape))}]"
