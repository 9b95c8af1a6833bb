"""The checked tree as text, for golden files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lang import typed
from lang.checker.infer import show_shape


def show(program: typed.Program) -> str:
    lines = [f"input {i.variable.name}_{i.variable.number}: {i.variable.kind} from {i.party}" for i in program.inputs]
    for d in program.datasets:
        lines.append(f"dataset {d.name} from {d.party} {{ {'; '.join(map(field, d.fields))} }}")
    return "\n".join([*lines, *body(program.statements, "")]) + "\n"


def field(f: typed.Field) -> str:
    norm, where = f" norm {f.norm}" if f.norm else "", f" where {' && '.join(map(str, f.where))}" if f.where else ""
    return f"{f.name}: {f.kind}{norm}{where}"


def body(statements: Sequence[typed.Statement], indent: str) -> Iterator[str]:
    for statement in statements:
        yield from (indent + line for line in one(statement))


def one(s: typed.Statement) -> Iterator[str]:
    match s:
        case typed.Bind(variable=v, value=value):
            kind = f": {v.kind}" if v.kind else ""
            yield f"{'var' if v.mutable else 'let'} {name(v)}{kind} = {expr(value)}"
        case typed.Store(variable=v, fields=fields, places=places, value=value, added=added):
            path = "".join(f".{f}" for f in fields) + (f"[{show_places(places)}]" if places else "")
            yield f"{name(v)}{path} = {expr(value)}" + (f"  adds {expr(added)}" if added else "")
        case typed.Repeat(index=index, start=start, count=count, body=inner):
            yield f"repeat {name(index)} from {start} times {count}"
            yield from body(inner, "    ")
        case typed.When(condition=condition, then=then, otherwise=otherwise):
            yield f"when {expr(condition)}"
            yield from body(then, "    ")
            yield "else"
            yield from body(otherwise, "    ")
        case typed.Train():
            drawn = f" drawn by {s.drawn_by}" if s.drawn_by else ""
            yield (
                f"train {', '.join(map(name, s.variables))} on {s.dataset} batch {s.batch} steps {s.steps} "
                f"clip {s.clip} noise {s.noise}{drawn} {show_update(s.update)}"
            )
            yield from body(s.body, "    ")
            if s.loss is not None:
                yield f"    loss {expr(s.loss)}"
            for variable, value in s.grads:
                yield f"    grad {name(variable)} = {expr(value)}"
        case typed.Measure():
            drawn = f" drawn by {s.drawn_by}" if s.drawn_by else ""
            yield f"measure {name(s.variable)} on {s.dataset} rows {s.rows} clip {s.clip} noise {s.noise}{drawn}"
            yield from body(s.body, "    ")
            yield f"    {expr(s.value)}"
        case typed.Release():
            yield f"output {s.name} = {'reveal ' if s.reveal else ''}{expr(s.value)} to {', '.join(s.receivers)}"


def name(v: typed.Variable) -> str:
    return f"{v.name}_{v.number}"


def show_update(update: typed.Update) -> str:
    rates = ", ".join(map(str, update.rates))
    more = "" if update.plain else f" {update.optimizer} average {update.average}"
    return f"rate {rates}{more}"


def show_type(t: typed.TypeOf) -> str:
    if isinstance(t, typed.Pair):
        return f"({', '.join(map(show_type, t.fields))})"
    base = str(t.kind) if t.kind else "int" if t.integer else "exact"
    return base + (show_shape(t.shape) if t.shape else "")


def show_places(places: Sequence[typed.Place]) -> str:
    return ", ".join(
        f"{p.start}+{p.count}" if isinstance(p, typed.Along) else ("private " if p.private else "") + expr(p.index)
        for p in places
    )


def expr(e: typed.Expr) -> str:
    match e:
        case typed.Const(values=values):
            text = ", ".join(map(str, values))
            return f"[{text}]:{show_type(e.type)}" if e.type.shape else f"{text}:{show_type(e.type)}"
        case typed.Read(variable=v) | typed.IndexOf(variable=v):
            return name(v)
        case typed.RowField(name=field):
            return f"row.{field}"
        case typed.Operate(call=call, args=args, axis=axis, within=within):
            options = (f" axis {axis}" if axis is not None else "") + (f" within {within}" if within else "")
            return f"({call.value}{options} {' '.join(map(expr, args))}):{show_type(e.type)}"
        case typed.Through(outside=outside, args=args):
            return f"({outside.name} {' '.join(map(expr, args))}):{show_type(e.type)}"
        case typed.Convert(kind=kind, value=value, floor=floor, wrap=wrap):
            return f"{kind}{' floor' if floor else ''}{' wrap' if wrap else ''}<-{expr(value)}"
        case typed.Choose(condition=condition, then=then, otherwise=otherwise):
            return f"(if {expr(condition)} then {expr(then)} else {expr(otherwise)}):{show_type(e.type)}"
        case typed.Pick(base=base, places=places):
            return f"{expr(base)}[{show_places(places)}]"
        case typed.Part(base=base, position=position):
            return f"{expr(base)}.{position}"
        case typed.Pack(items=items):
            return f"({', '.join(map(expr, items))})"
        case typed.Stack(items=items):
            return f"[{', '.join(map(expr, items))}]:{show_type(e.type)}"
        case typed.Scope(statements=statements, value=value):
            return "{ " + "; ".join(" ".join(one(s)) for s in statements) + f"; {expr(value)} }}"
