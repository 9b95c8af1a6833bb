"""What a program of the language means, in exact fractions: a plain reading of its syntax tree.

It shares only the parser with the compiler.  An expression is an exact number; only a named kind rounds it.  Sampled
training is not here: what is between the inputs and `reveal` is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
from support import real
from support.exact import (
    BIT,
    HAIR,
    Kind,
    KindOf,
    Number,
    Numbers,
    Word,
    along,
    binary,
    bits_set,
    conv2d,
    each,
    inverted,
    kind_of,
    pooled,
    whole,
)

from lang.source import Source
from lang.syntax import tree
from lang.syntax.parse import parse


def meaning(text: str, inputs: Mapping[str, Numbers]) -> dict[str, Word]:
    """Each output's value; `inputs` are numbers (not grid integers) in their shapes."""
    reader = Reader(parse(Source("random.ccr", text)), inputs)
    return reader.outputs


class Reader:
    """Runs a program; `env` holds what names mean at this point of the text."""

    def __init__(self, file: tree.File, inputs: Mapping[str, Numbers]) -> None:
        self.env: dict[str, Word] = {}
        self.kinds: dict[str, KindOf] = {}
        self.functions: dict[str, tree.Fn] = {}
        self.public: dict[str, Word] = {}  # params, which functions see too
        self.outputs: dict[str, Word] = {}
        for item in file.items:
            match item:
                case tree.Param():
                    self.public[item.name.name] = self.env[item.name.name] = self.value(item.value)
                case tree.TypeAlias():
                    self.kinds[item.name.name] = self.kind(item.kind)
                case tree.Fn():
                    self.functions[item.name.name] = item
                case tree.Input():
                    kind = self.kind(item.kind)
                    assert isinstance(kind, Kind)
                    self.env[item.name.name] = Number(inputs[item.name.name], kind.whole, kind)
                case tree.Output():
                    self.release(item)
                case tree.Let() | tree.Var() | tree.Assign() | tree.For() | tree.If():
                    self.execute(item)
                case _:
                    pass

    def release(self, output: tree.Output) -> None:
        for r in output.releases:
            assert r.name is not None
            value = self.value(r.value.value if isinstance(r.value, tree.Reveal) else r.value)
            if isinstance(value, tuple):
                self.outputs |= {f"{r.name.name}.{i}": v for i, v in enumerate(value)}
            else:
                self.outputs[r.name.name] = value

    # -- kinds

    def kind(self, node: tree.Kind) -> KindOf:
        match node:
            case tree.Words(word="bit"):
                return BIT
            case tree.Words(word=word, sizes=sizes):
                bits, fraction = (*(self.number(s).integer for s in sizes), 0)[:2]
                return Kind(word != "uint", bits, fraction, word != "fix")
            case tree.Alias(name=name):
                return self.kinds[name]
            case tree.TupleKind(fields=fields):
                return tuple(map(self.kind, fields))
            case tree.Shaped(base=base, shape=shape):
                inner = self.kind(base)
                assert isinstance(inner, Kind)
                return replace(inner, shape=(*(self.number(s).integer for s in shape), *inner.shape))

    def bind(self, value: Word, kind: KindOf, down: bool = False, wrap: bool = False) -> Word:
        if isinstance(kind, tuple):
            assert isinstance(value, tuple)
            return tuple(self.bind(v, k) for v, k in zip(value, kind, strict=True))
        assert isinstance(value, Number)
        rounded = each(lambda x: kind.bind(x, down, wrap), value.at)
        within = Fraction(1, 2**kind.fraction) if value.within else Fraction(0)
        return Number(np.broadcast_to(rounded, kind.shape or value.shape), kind.whole, kind, within)

    # -- statements

    def execute(self, s: tree.Statement) -> None:
        match s:
            case tree.Let(names=names):
                value = self.value(s.value)
                if s.kind is not None:
                    value = self.bind(value, self.kind(s.kind))
                parts = value if len(names) > 1 else (value,)
                assert isinstance(parts, tuple)
                self.env |= {name.name: part for name, part in zip(names, parts, strict=True)}
            case tree.Var(name=name):
                value = self.value(s.value)
                self.env[name.name] = self.bind(value, self.kind(s.kind) if s.kind else kind_of(value))
            case tree.Assign():
                old, value = self.value(s.target), self.value(s.value)
                if s.op != "=":
                    assert isinstance(old, Number) and isinstance(value, Number)
                    value = binary(s.op[0], old, value)
                self.store(s.target, self.bind(value, kind_of(old)))
            case tree.For():
                for i in range(self.number(s.start).integer, self.number(s.end).integer):
                    self.env[s.index.name] = whole(i)
                    self.block(s.body)
                self.env.pop(s.index.name, None)
            case tree.If():
                arm: tree.If | tree.Block | None = s
                while isinstance(arm, tree.If):
                    arm = arm.then if self.number(arm.condition).integer else arm.otherwise
                if arm is not None:
                    self.block(arm)
            case _:
                raise NotImplementedError(s)  # a `dpsgd`, a type or a function: not read here

    def block(self, block: tree.Block) -> Word | None:
        """What it binds is forgotten at its end."""
        outside = set(self.env)
        for s in block.statements:
            self.execute(s)
        value = self.value(block.value) if block.value is not None else None
        self.env = {name: word for name, word in self.env.items() if name in outside}
        return value

    def store(self, target: tree.Expr, value: Word) -> None:
        match target:
            case tree.Name(name=name):
                self.env[name] = value
            case tree.Member(base=base, part=part):
                old = self.value(base)
                assert isinstance(old, tuple)
                self.store(base, (*old[: int(part.name)], value, *old[int(part.name) + 1 :]))
            case tree.Index(base=base, picks=picks):
                whole_of = self.number(base)
                assert isinstance(value, Number)
                changed = whole_of.at.copy()
                changed[self.places(picks)] = value.at if value.shape else value.at.item()
                self.store(base, replace(whole_of, at=changed))
            case _:
                raise NotImplementedError(target)  # nothing else is assigned to

    def places(self, picks: Sequence[tree.Expr | tree.Slice]) -> tuple[int | slice, ...]:
        def bound(e: tree.Expr | None) -> int | None:
            return self.number(e).integer if e is not None else None

        return tuple(
            slice(bound(p.start), bound(p.end)) if isinstance(p, tree.Slice) else self.number(p).integer for p in picks
        )

    # -- expressions

    def number(self, e: tree.Expr) -> Number:
        value = self.value(e)
        assert isinstance(value, Number)
        return value

    def value(self, e: tree.Expr) -> Word:
        match e:
            case tree.Name(name=name):
                return self.env[name]
            case tree.Literal(text=text):
                point = "." in text or "e" in text.lower()
                return Number(Fraction(text) if point else Fraction(int(text, 0)), not point)
            case tree.Unary(op="-", value=inner):
                x = self.number(inner)
                return Number(-x.at, x.whole)
            case tree.Unary(value=inner):
                return inverted(self.number(inner))
            case tree.Binary():
                chain = [e]
                while isinstance(chain[-1].left, tree.Binary):
                    chain.append(chain[-1].left)
                found = self.number(chain[-1].left)
                for each in reversed(chain):
                    found = self.operation(each, found)
                return found
            case tree.Cast(value=inner, kind=kind, modes=modes):
                return self.bind(self.value(inner), self.kind(kind), "floor" in modes, "wrap" in modes)
            case tree.If():
                arm: tree.If | tree.Block | None = e
                while isinstance(arm, tree.If):
                    arm = arm.then if self.number(arm.condition).integer else arm.otherwise
                assert arm is not None
                chosen = self.block(arm)
                assert chosen is not None
                return chosen
            case tree.Index(base=base, picks=picks):
                x = self.number(base)
                return replace(x, at=x.at[self.places(picks)])
            case tree.Member(base=base, part=part):
                of = self.value(base)
                assert isinstance(of, tuple)
                field: Word = of[int(part.name)]
                return field
            case tree.TupleOf(items=items):
                return tuple(map(self.value, items))
            case tree.ArrayOf(items=items):
                numbers = [self.number(i) for i in items]
                return Number(np.stack([n.at for n in numbers]), all(n.whole for n in numbers))
            case tree.Invoke(name=name) if name.name in self.functions:
                return self.call(self.functions[name.name], [self.value(a) for a in e.args])
            case tree.Invoke():
                return self.builtin(e)
            case _:
                raise NotImplementedError(e)  # a part of a `dpsgd`

    def operation(self, e: tree.Binary, left: Number) -> Number:
        result = binary(e.op, left, self.number(e.right))
        exact = e.op != "/" or result.whole or isinstance(e.right, (tree.Literal, tree.Unary))
        return result if exact else replace(result, within=HAIR)

    def call(self, function: tree.Fn, args: list[Word]) -> Word:
        """A function sees params, its sizes and its arguments, which are bound to their kinds."""
        outer, self.env = self.env, dict(self.public)
        for parameter, arg in zip(function.parameters, args, strict=True):
            self.sizes(parameter.kind, arg, {n.name for n in function.sizes})
        for parameter, arg in zip(function.parameters, args, strict=True):
            self.env[parameter.name.name] = self.bind(arg, self.kind(parameter.kind))
        value = self.block(function.body)
        assert value is not None
        if function.result is not None:
            value = self.bind(value, self.kind(function.result))
        self.env = outer
        return value

    def sizes(self, kind: tree.Kind, arg: Word, names: set[str]) -> None:
        """The sizes that an argument's shape and width give."""
        match kind, arg:
            case tree.Shaped(base=base, shape=shape), Number():
                found = [*zip(shape, arg.shape, strict=False)]
                self.sizes(base, arg, names)
            case tree.Words(sizes=sizes), Number(kind=Kind() as own):
                found = [*zip(sizes, (own.bits, own.fraction), strict=False)]
            case _:
                found = []
        for size, n in found:
            if isinstance(size, tree.Name) and size.name in names:
                self.env[size.name] = whole(n)

    def builtin(self, e: tree.Invoke) -> Number:
        args = [self.number(a) for a in e.args]
        options = {name.name: self.number(value) for name, value in e.options}
        axis = options["axis"].integer if "axis" in options else None
        stride, padding = (options[name].integer if name in options else 0 for name in ("stride", "padding"))
        x, every = args[0], all(a.whole for a in args)
        match e.name.name, len(args):
            case "dot", _:
                return Number((x.at * args[1].at).sum(), every)
            case "matmul", _:
                return binary("@", *args)
            case "transpose", _:
                return replace(x, at=x.at.transpose())
            case "reshape", _:
                return replace(x, at=x.at.reshape([a.integer for a in args[1:]]))
            case "sum", _:
                return Number(along(lambda v: sum(v, Fraction(0)), x.at, axis), x.whole)
            case "mean", _:
                return Number(along(lambda v: sum(v, Fraction(0)) / len(v), x.at, axis), False)
            case ("min" | "max") as name, 1:
                return Number(along(min if name == "min" else max, x.at, axis), x.whole)
            case ("min" | "max") as name, _:
                return Number(each(min if name == "min" else max, x.at, args[1].at), every)
            case "argmax", _:
                return Number(along(lambda v: Fraction(v.index(max(v))), x.at, axis), True)
            case "abs", _:
                return Number(each(abs, x.at), x.whole)
            case "relu", _:
                return replace(x, at=each(lambda n: max(n, Fraction(0)), x.at))
            case "sign", _:
                return Number(each(lambda n: Fraction((n > 0) - (n < 0)), x.at), True)
            case "clamp", _:
                return Number(each(lambda n, lo, hi: min(max(n, lo), hi), *(a.at for a in args)), every)
            case "sort", 1:
                return replace(x, at=np.array(sorted(x.at), dtype=object))
            case "sort", _:
                return replace(x, at=x.at[np.argsort(args[1].at, kind="stable")])
            case "argsort", _:
                return Number(np.array([Fraction(int(i)) for i in np.argsort(x.at, kind="stable")], dtype=object), True)
            case "concat", _:
                kinds = {a.kind and replace(a.kind, shape=()) for a in args}
                joined = np.concatenate([a.at for a in args], axis or 0)
                return Number(joined, every, kinds.pop() if len(kinds) == 1 else None)
            case "zeros", _:
                return Number(np.full([a.integer for a in args], Fraction(0)), True)
            case "popcount", _:
                return bits_set(x)
            case name, _ if name in real.REAL:
                return Number(real.of(name, x.at, axis), False, within=HAIR)
            case "conv2d", _:
                return conv2d(*args, stride or 1, padding)
            case ("avgpool" | "maxpool") as name, _:
                side = args[1].integer
                return pooled(x, side, name == "avgpool", stride or side, padding)
            case name, _:
                raise NotImplementedError(name)  # a loss
