"""What a program of the language means, in exact fractions: a plain reading of its syntax tree.

It shares only the parser with the compiler.  An expression is an exact number; only a named kind rounds it.  Sampled
training is not here: what is between the inputs and `reveal` is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from support import real

from lang.source import Source
from lang.syntax import tree
from lang.syntax.parse import parse

Numbers = NDArray[Any]  # Fractions, dtype object
HAIR = Fraction(1, 2**64)  # what is not exact may be off by more than nothing


@dataclass(frozen=True)
class Kind:
    """`bits` bits, `fraction` of them after the point; `whole` for bit, uint and int."""

    signed: bool
    bits: int
    fraction: int
    whole: bool
    shape: tuple[int, ...] = ()

    def bind(self, x: Fraction, down: bool = False, wrap: bool = False) -> Fraction:
        """floor(x + 1/2) at the kind's scale, then clamped; `down` drops the half, `wrap` keeps the low bits."""
        low = -(1 << (self.bits - 1)) if self.signed else 0
        high = low + (1 << self.bits) - 1
        n = floor(x * 2**self.fraction + (0 if down else Fraction(1, 2)))
        n = (n - low) % (1 << self.bits) + low if wrap else max(low, min(high, n))
        return Fraction(n, 2**self.fraction)


BIT = Kind(False, 1, 0, True)


@dataclass(frozen=True)
class Number:
    """A tensor; `kind` where a declared one holds it, `within` what an inexact function may be off by."""

    at: Any  # Numbers
    whole: bool
    kind: Kind | None = None
    within: Fraction = Fraction(0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", np.asarray(self.at, dtype=object))  # NumPy makes scalars plain Fractions

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.at.shape)

    @property
    def integer(self) -> int:
        """A public whole number."""
        assert self.shape == () and self.at.item().denominator == 1
        return int(self.at.item())


Word = Number | tuple[Any, ...]  # a tuple for a value of tuple kind
KindOf = Kind | tuple[Any, ...]


def meaning(text: str, inputs: Mapping[str, Numbers]) -> dict[str, Word]:
    """Each output's value; `inputs` are numbers (not grid integers) in their shapes."""
    reader = Reader(parse(Source("random.ccr", text)), inputs)
    return reader.outputs


def each(function: Callable[..., Fraction], *arrays: Numbers) -> Numbers:
    """Element by element, shapes broadcast."""
    return np.asarray(np.frompyfunc(function, len(arrays), 1)(*arrays), dtype=object)


def along(function: Callable[[list[Fraction]], Fraction], x: Numbers, axis: int | None) -> Numbers:
    """Over one axis, or over all elements."""
    if axis is None:
        return np.asarray(function(list(x.reshape(-1))), dtype=object)
    moved = np.moveaxis(x, axis, -1)
    result = np.empty(moved.shape[:-1], dtype=object)
    for place in np.ndindex(result.shape):
        result[place] = function(list(moved[place]))
    return result


COMPARE: dict[str, Callable[[Fraction, Fraction], bool]] = {
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}
LOGIC: dict[str, Callable[[int, int], int]] = {
    "&": lambda a, b: a & b,
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
    "&&": lambda a, b: a & b,
    "||": lambda a, b: a | b,
}


def binary(op: str, a: Number, b: Number) -> Number:
    x, y, whole = a.at, b.at, a.whole and b.whole
    match op:
        case "+" | "-" | "*":
            return Number(x + y if op == "+" else x - y if op == "-" else x * y, whole)
        case "@":
            return Number(x @ y, whole)
        case "/" if whole:
            return Number(each(lambda p, q: Fraction(floor(p / q)) if q else end(a.kind, p), x, y), True)
        case "/":
            return quotient(a, b)
        case "%":
            return Number(each(lambda p, q: p - q * floor(p / q) if q else p, x, y), True)
        case "**":
            return Number(each(lambda p: p**b.integer, x), a.whole)
        case "<<":
            return Number(each(lambda p, q: p * 2 ** int(q), x, y), a.whole)
        case ">>":
            shifted = each(lambda p, q: p / 2 ** int(q), x, y)
            return Number(each(lambda p: Fraction(floor(p)), shifted) if a.whole else shifted, a.whole)
        case _ if op in COMPARE:
            return Number(each(lambda p, q: Fraction(COMPARE[op](p, q)), x, y), True, BIT)
        case _:
            kind = BIT if a.kind == b.kind == BIT else None
            return Number(each(lambda p, q: Fraction(LOGIC[op](int(p), int(q))), x, y), True, kind)


def end(kind: Kind | None, x: Fraction) -> Fraction:
    """x / 0: the end of the kind's range on x's side."""
    assert kind is not None
    return kind.bind(Fraction(1 << kind.bits if x >= 0 else -(1 << kind.bits)))


def quotient(a: Number, b: Number) -> Number:
    """x / 0 lies beyond every kind."""
    beyond = Fraction(1 << 128)
    return Number(each(lambda p, q: p / q if q else beyond if p >= 0 else -beyond, a.at, b.at), False)


def inverted(x: Number) -> Number:
    """All bits of the named kind."""
    kind = x.kind
    assert kind is not None and kind.whole
    top = -1 if kind.signed else (1 << kind.bits) - 1
    return Number(top - x.at, True, kind)


def bits_set(x: Number) -> Number:
    kind = x.kind
    assert kind is not None
    return Number(each(lambda n: Fraction((int(n) % (1 << kind.bits)).bit_count()), x.at), True)


def padded(x: Numbers, by: int, value: Fraction = Fraction(0)) -> Numbers:
    return np.pad(x, [(0, 0)] * (x.ndim - 2) + [(by, by)] * 2, constant_values=value)


def conv2d(image: Number, kernel: Number, stride: int, padding: int) -> Number:
    """[C, H, W] by [O, C, K, L], or without C, or without both."""
    x, k = padded(image.at, padding), kernel.at
    inner = k.shape[-x.ndim :] if k.ndim >= x.ndim else k.shape
    outputs = k.shape[: -x.ndim]
    height, width = (x.shape[-2] - inner[-2]) // stride + 1, (x.shape[-1] - inner[-1]) // stride + 1
    result = np.empty((*outputs, height, width), dtype=object)
    for place in np.ndindex(result.shape):
        i, j = stride * place[-2], stride * place[-1]
        result[place] = (x[..., i : i + inner[-2], j : j + inner[-1]] * k[place[:-2]]).sum()
    return Number(result, image.whole and kernel.whole)


def pooled(x: Number, side: int, mean: bool, stride: int, padding: int) -> Number:
    least = Fraction(0) if mean else -Fraction(1 << 200)
    image = padded(x.at, padding, least)
    height, width = ((n - side) // stride + 1 for n in image.shape[-2:])
    result = np.empty((*x.shape[:-2], height, width), dtype=object)
    for place in np.ndindex(result.shape):
        i, j = stride * place[-2], stride * place[-1]
        square = [*image[place[:-2]][i : i + side, j : j + side].reshape(-1)]
        result[place] = sum(square, Fraction(0)) / len(square) if mean else max(square)
    return Number(result, x.whole and not mean)


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
                raise NotImplementedError(s)

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
                raise NotImplementedError(target)

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
                raise NotImplementedError(e)

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
                raise NotImplementedError(name)


def whole(n: int) -> Number:
    return Number(Fraction(n), True)


def kind_of(value: Word) -> KindOf:
    """The kind that holds a variable (or part of one) now."""
    if isinstance(value, tuple):
        return tuple(map(kind_of, value))
    assert value.kind is not None
    return replace(value.kind, shape=value.shape)
