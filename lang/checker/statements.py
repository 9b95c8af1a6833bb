"""Bindings and assignments."""

from __future__ import annotations

from lang import typed
from lang.checker.control import Control
from lang.checker.failing import Failed
from lang.checker.infer import describe
from lang.checker.symbols import Bound, ParamName, Public
from lang.problems.flow import DpsgdAssigns, LossPlace
from lang.problems.names import AssignInValue, NotAPlace, NotAssignable
from lang.problems.shapes import WrongKind
from lang.problems.values import PatternLength, VarKind
from lang.syntax import tree
from lang.traverse import reads
from lang.typed import Call, Pair, Place, kind_of, type_of


class Statements(Control):
    """Checks statements; `dpsgd` is checked by the class below this one."""

    def statement(self, node: tree.Statement) -> list[typed.Statement]:
        match node:
            case tree.Let():
                return self._let(node)
            case tree.Var():
                return self._var(node)
            case tree.Assign():
                return [self._assign(node)]
            case tree.For():
                return self.repeat(node)
            case tree.If():
                return self.when(node)
            case tree.Dpsgd():
                return [self.dpsgd(node)]
            case tree.Loss():
                raise Failed(LossPlace(span=node.span, word="loss"))
            case tree.Grad():
                raise Failed(LossPlace(span=node.span, word="grad"))

    def dpsgd(self, node: tree.Dpsgd) -> typed.Statement:
        raise NotImplementedError

    # -- let and var

    def _let(self, node: tree.Let) -> list[typed.Statement]:
        value = self.expr(node.value)
        kind = self.kind(node.kind) if node.kind else None
        if kind is not None:
            value = self.convert(value, kind, node.value.span, f"`{node.names[0].name}`")
        done: list[typed.Statement] = []
        if len(node.names) == 1:
            self.bind_let(node.names[0], value, kind, "a `let`", done)
            return done
        if not isinstance(value.type, Pair) or len(value.type.fields) != len(node.names):
            raise Failed(PatternLength(span=node.value.span, names=len(node.names), given=describe(value.type)))
        binds, items = self.take_apart(value)
        done += binds
        for name, item in zip(node.names, items, strict=True):
            self.bind_let(name, item, kind_of(item.type) if kind else None, "a `let`", done)
        return done

    def _var(self, node: tree.Var) -> list[typed.Statement]:
        value = self.expr(node.value)
        kind = self.kind(node.kind) if node.kind else kind_of(value.type)
        if kind is None:
            raise Failed(VarKind(span=node.name.span, name=node.name.name, example=_example(value.type)))
        value = self.convert(value, kind, node.value.span, f"`{node.name.name}`")
        variable = self.fresh(node.name, kind, mutable=True)
        self.bind_value(node.name, variable, type_of(kind), "a `var`")
        return [typed.Bind(variable, value, node.span)]

    # -- assignment

    def _assign(self, node: tree.Assign) -> typed.Statement:
        variable, fields, place, places = self._place(node.target)
        value = self.expr(node.value)
        added = None
        if node.op != "=":
            if node.op in ("+=", "-=") and not reads(value, variable):
                added = value if node.op == "+=" else self.operate(Call.NEG, (value,), node.value.span)
            value = self.binary(node.op[0], place, value, node.span)
        kind = kind_of(place.type)
        assert kind is not None
        value = self.convert(value, kind, node.value.span, "the assignment")
        return typed.Store(variable, fields, places, value, node.span, added)

    def _place(self, target: tree.Expr) -> tuple[typed.Variable, tuple[int, ...], typed.Expr, tuple[Place, ...]]:
        """What is assigned: the variable, a path into tuples, the value that it has now, and the elements."""
        match target:
            case tree.Name():
                symbol = self._assignable(target)
                return symbol.variable, (), typed.Read(symbol.type, symbol.variable, target.span), ()
            case tree.Member(base=base, part=part):
                variable, fields, value, places = self._place(base)
                if places:
                    raise Failed(
                        WrongKind(span=part.span, what=f"`.{part.name}`", wanted="a tuple", given=describe(value.type))
                    )
                inner = self.field(value, part, target.span)
                return variable, (*fields, int(part.name)), inner, ()
            case tree.Index(base=base, picks=picks):
                variable, fields, value, places = self._place(base)
                inner_places = self.places(picks, value, target.span)
                inner = self.pick(value, inner_places, target.span)
                whole = self.compose(places, inner_places, target.span) if places else inner_places
                return variable, fields, inner, whole
            case _:
                raise Failed(NotAPlace(span=target.span))

    def _assignable(self, target: tree.Name) -> Bound:
        symbol = self.find(target.name, target.span)
        if not isinstance(symbol, Bound) or not symbol.variable.mutable:
            hint = (
                "bind it with `var` instead of `let`"
                if symbol.what == "a `let`"
                else f"copy it: `var NAME = {target.name};`"
                if isinstance(symbol, Bound | ParamName | Public)
                else "only a `var` can be assigned"
            )
            raise Failed(
                NotAssignable(
                    span=target.span,
                    name=target.name,
                    what=symbol.what,
                    hint=hint,
                    related=((symbol.span, "bound here"),),
                )
            )
        if self.train_level is not None and symbol.level <= self.train_level:
            raise Failed(DpsgdAssigns(span=target.span, name=target.name, related=((symbol.span, "bound here"),)))
        if self.value_level is not None and symbol.level <= self.value_level:
            raise Failed(AssignInValue(span=target.span, name=target.name, related=((symbol.span, "bound here"),)))
        return symbol


def _example(type_: typed.TypeOf) -> str:
    """A kind that might be meant, for a `var` without one."""
    if isinstance(type_, Pair):
        return f"({', '.join(map(_example, type_.fields))})"
    base = str(type_.kind) if type_.kind else "int<32>" if type_.integer else "fix<16, 10>"
    return f"{base}[{', '.join(map(str, type_.shape))}]" if type_.shape else base
