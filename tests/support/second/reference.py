"""What a program means by docs/language.md: its tree, read statement by statement on exact numbers.

A function that is not exact has many right results.  One stands only as the value of a `let` at top level which an
output opens: what the program gave is held against the page's bound, and what follows is computed from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import assert_never

import numpy as np
from support.second.functions import called, norm_at_most
from support.second.inexact import close, norm, softmax, true
from support.second.kinds import AnyKind, Kind, TupleKind
from support.second.tree import (
    Array,
    Assign,
    Binary,
    Block,
    Call,
    Cast,
    Expr,
    Field,
    For,
    Function,
    If,
    IfElse,
    Index,
    Let,
    Name,
    Num,
    Output,
    Parameter,
    Program,
    Slice,
    Statement,
    TupleOf,
    Unary,
)
from support.second.values import Unsaid, Value, array, binary, bound, exact, filled, inverted, same

INEXACT = {"sqrt", "rsqrt", "exp", "log", "sigmoid", "tanh", "softmax", "norm2"}
Many = Value | tuple[Value, ...]
Observed = Mapping[str, np.ndarray]  # what the program gave for each output


class Outside(Exception):
    """A result of a function that is not exact lies outside its bound."""


def whole(number: int) -> Value:
    return Value(array([Fraction(number)], ()), True, True)


def meant(program: Program, given: Mapping[str, np.ndarray], observed: Observed) -> dict[str, np.ndarray]:
    """Each output's exact numbers.  Raises Outside."""
    env: dict[str, Many] = {
        i.name: Value(given[i.name], i.kind.kind.integer, False, i.kind.kind) for i in program.inputs
    }
    params: dict[str, Many] = {p.name: Value(array([p.value], ()), not p.pointed, True) for p in program.params}
    reader = Reader({f.name: f for f in program.functions}, params, observed)
    reader.run(program.statements, env | params)
    return reader.outputs


class Reader:
    def __init__(self, functions: Mapping[str, Function], params: Mapping[str, Many], observed: Observed) -> None:
        self._functions = functions
        self._params = params
        self._observed = observed
        self.outputs: dict[str, np.ndarray] = {}

    def run(self, statements: Sequence[Statement], env: dict[str, Many]) -> None:
        for s in statements:
            match s:
                case Let():
                    self._declare(s, env)
                case Assign():
                    self._assign(s, env)
                case If():
                    taken = s.then if self._number(s.condition, env) else s.other
                    self.run(taken or (), env)
                case For():
                    for k in range(self._number(s.low, env), self._number(s.high, env)):
                        env[s.name] = whole(k)
                        self.run(s.body, env)
                case Output():
                    self.outputs[s.name] = self._one(s.value, env).at
                case _:
                    assert_never(s)

    def _declare(self, s: Let, env: dict[str, Many]) -> None:
        if isinstance(s.value, Call) and s.value.name in INEXACT:
            env[s.names[0]] = self._measured(s, s.value, env)
            return
        target = s.kind.kind if s.kind and not isinstance(s.kind, TupleKind) else None
        value = self.of(s.value, env, target)
        if s.kind:
            value = bound_to(value, s.kind)
        if len(s.names) == 1:
            env[s.names[0]] = value
        else:
            assert isinstance(value, tuple)
            env.update(zip(s.names, value, strict=True))

    def _measured(self, s: Let, call: Call, env: dict[str, Many]) -> Value:
        """What the program gave, once it is known to lie within the bound."""
        argument = self._one(call.arguments[0], env)
        assert s.kind is None or not isinstance(s.kind, TupleKind)
        kind = s.kind.kind if s.kind else None
        options = {name: self._one(value, env).at[()] for name, value in call.options}
        within = options.pop("within", None)
        wanted = approximated(call.name, argument, kind, options)
        found = self._observed[s.names[0]]
        if found.shape != wanted.shape:
            raise Outside(f"{s.names[0]} has the shape {found.shape}, not {wanted.shape}")
        for f, w in zip(found.reshape(-1), wanted.reshape(-1), strict=True):
            if not close(f, w, kind, within):
                raise Outside(f"{s.names[0]} is {float(f)}, the true value is {float(w)}")
        return Value(found, False, False, kind)

    def _assign(self, s: Assign, env: dict[str, Many]) -> None:
        root, field, index = self._place(s.place, env)
        held = env[root]
        old = held[field] if isinstance(held, tuple) and field is not None else held
        assert isinstance(old, Value) and old.kind is not None
        part = Value(
            old.at[index] if old.at[index].__class__ is np.ndarray else array([old.at[index]], ()),
            old.integer,
            False,
            old.kind,
        )
        value = self._one(s.value, env, old.kind if s.sign == "=" else None)
        if s.sign != "=":
            value = binary(s.sign[0], part, value, None)
        at = old.at.copy()
        at[index] = (
            filled(bound(value, old.kind), part.shape).at if part.shape else filled(bound(value, old.kind), ()).at[()]
        )
        new = replace(old, at=at, public=False)
        env[root] = (*held[:field], new, *held[field + 1 :]) if isinstance(held, tuple) and field is not None else new

    def _place(self, e: Expr, env: dict[str, Many]) -> tuple[str, int | None, tuple[int | slice, ...]]:
        match e:
            case Name():
                return e.name, None, ()
            case Field(Name(name), number):
                return name, number, ()
            case Index():
                root, field, _ = self._place(e.of, env)
                return root, field, self._index(e, env)
            case _:
                raise Unsaid("a place")

    def _index(self, e: Index, env: dict[str, Many]) -> tuple[int | slice, ...]:
        found: list[int | slice] = []
        for item in e.items:
            if isinstance(item, Slice):
                ends = [None if end is None else self._number(end, env) for end in (item.low, item.high)]
                found.append(slice(*ends))
            else:
                found.append(self._number(item, env))
                assert found[-1] >= 0
        return tuple(found)

    def _number(self, e: Expr, env: dict[str, Many]) -> int:
        number = self._one(e, env).at[()]
        assert number.denominator == 1
        return int(number)

    def _one(self, e: Expr, env: dict[str, Many], target: Kind | None = None) -> Value:
        value = self.of(e, env, target)
        assert isinstance(value, Value)
        return value

    def of(self, e: Expr, env: dict[str, Many], target: Kind | None = None) -> Many:
        """The value of an expression; `target` is the kind that it is directly bound to."""
        match e:
            case Num():
                return Value(array([e.value], ()), not e.pointed, True)
            case Name():
                return env[e.name]
            case Unary("-", of):
                return exact(lambda x: -x, self._one(of, env))
            case Unary():
                return inverted(self._one(e.of, env))
            case Binary("<=", Call("norm2", (vector,)), limit):
                return norm_at_most(self._one(vector, env), self._one(limit, env))
            case Binary():
                return binary(e.sign, self._one(e.left, env), self._one(e.right, env), target)
            case Cast():
                return bound(self._one(e.of, env, e.kind), e.kind, e.modes)
            case Call():
                return self._call(e, env)
            case IfElse():
                return self._chosen(e, env)
            case Index():
                return self._indexed(e, env)
            case Array():
                items = [self._one(item, env) for item in e.items]
                at = array((x for item in items for x in item.at.reshape(-1)), (len(items), *items[0].shape))
                return Value(at, all(i.integer for i in items), all(i.public for i in items), same(items))
            case TupleOf():
                return tuple(self._one(item, env) for item in e.items)
            case Field():
                value = self.of(e.of, env)
                assert isinstance(value, tuple)
                return value[e.number]
            case _:
                assert_never(e)

    def block(self, b: Block, env: dict[str, Many]) -> Many:
        self.run(b.statements, env)
        return self.of(b.value, env)

    def _chosen(self, e: IfElse, env: dict[str, Many]) -> Value:
        """The arm taken; of an integer and a number with a point neither is an integer."""
        bit = self._one(e.condition, env)
        arms = [self.block(arm, dict(env)) for arm in (e.then, e.other)]
        then, other = arms
        assert isinstance(then, Value) and isinstance(other, Value)
        taken = then if bit.at[()] else other
        public = bit.public and taken.public
        return Value(taken.at, then.integer and other.integer, public, same((then, other)))

    def _indexed(self, e: Index, env: dict[str, Many]) -> Value:
        value = self._one(e.of, env)
        found = value.at[self._index(e, env)]
        public = value.public and all(isinstance(i, Slice) or self._one(i, env).public for i in e.items)
        return Value(found if isinstance(found, np.ndarray) else array([found], ()), value.integer, public, value.kind)

    def _call(self, e: Call, env: dict[str, Many]) -> Many:
        if not e.own:
            arguments = [self._one(a, env) for a in e.arguments]
            return called(e.name, arguments, {name: self._number(value, env) for name, value in e.options})
        f = self._functions[e.name]
        bare = [self._one(a, env, None if p.width else p.kind) for a, p in zip(e.arguments, f.parameters, strict=True)]
        sizes = sizes_of(f.parameters, bare)
        inner: dict[str, Many] = dict(self._params) | {name: whole(size) for name, size in sizes.items()}
        for p, value in zip(f.parameters, bare, strict=True):
            kind = replace(p.kind, bits=sizes[p.width]) if p.width else p.kind
            inner[p.name] = filled(bound(value, kind), shape_of(p.shape, sizes))
        self.run(f.body.statements, inner)
        if f.result is None:
            return self.of(f.body.value, inner)
        if isinstance(f.result, TupleKind):
            return bound_to(self.of(f.body.value, inner), f.result)
        kind = replace(f.result.kind, bits=sizes[f.result.width] + f.result.more) if f.result.width else f.result.kind
        value = self._one(f.body.value, inner, kind)
        return filled(bound(value, kind), shape_of(f.result.shape, sizes))


def sizes_of(parameters: Sequence[Parameter], arguments: Sequence[Value]) -> dict[str, int]:
    """Read off the shapes and widths of the arguments."""
    sizes: dict[str, int] = {}
    for p, value in zip(parameters, arguments, strict=True):
        if p.width:
            assert value.kind is not None
            sizes[p.width] = value.kind.bits
        sizes |= {axis: size for axis, size in zip(p.shape, value.shape, strict=False) if isinstance(axis, str)}
    return sizes


def shape_of(shape: Sequence[int | str], sizes: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(sizes[axis] if isinstance(axis, str) else axis for axis in shape)


def bound_to(value: Many, kind: AnyKind) -> Many:
    if isinstance(kind, TupleKind):
        assert isinstance(value, tuple)
        return tuple(filled(bound(v, f.kind), f.shape) for v, f in zip(value, kind.fields, strict=True))
    assert isinstance(value, Value)
    return filled(bound(value, kind.kind), kind.shape)


def approximated(name: str, argument: Value, kind: Kind | None, options: Mapping[str, Fraction]) -> np.ndarray:
    """The true values, to more digits than matter."""
    if name == "norm2":
        return array([norm(list(argument.at.reshape(-1)))], ())
    if name == "softmax":
        axis = int(options.get("axis", Fraction(-1)))
        rows = np.moveaxis(argument.at, axis, -1)
        found = array((p for at in np.ndindex(rows.shape[:-1]) for p in softmax(list(rows[at]))), rows.shape)
        return np.moveaxis(found, -1, axis)
    ends = (kind.least, kind.greatest) if kind else (Fraction(0), Fraction(0))
    unit = None if kind or argument.kind is None else argument.kind.unit
    return array((true(name, x, ends, unit) for x in argument.at.reshape(-1)), argument.shape)
