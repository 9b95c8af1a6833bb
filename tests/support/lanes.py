"""Random well-typed lane blocks and their ports' values, and what a circuit must agree with."""

from __future__ import annotations

import random
from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.vectors import run_vectors

from compiler.gates.circuit import Circuit, Gate, GateOp
from compiler.words.evaluate import NoSources, as_array, evaluate
from compiler.words.ir import Block, Item, Type, Value, digit_offset, full_range
from compiler.words.operations import (
    And,
    Constant,
    Contraction,
    Digits,
    Dot,
    Equal,
    Exact,
    Less,
    Linear,
    Mul,
    Op,
    Or,
    Pieces,
    Round,
    Select,
    Strided,
    Sum,
    View,
    Xor,
)

ONE = Fraction(1)
PLAIN: dict[type[Op], Op] = {Mul: Mul(), Less: Less(), Equal: Equal(), And: And(), Or: Or(), Xor: Xor()}
KINDS: list[type[Op]] = [
    *(Linear, Linear, Sum, Dot, Digits, Exact, Round, Round, Select, Pieces, View, Constant),
    *PLAIN,
]


def number(lo: int, hi: int, *shape: int) -> Type:
    return Type(shape, ONE, lo, hi)


def whole(width: int, signed: bool, *shape: int) -> Type:
    return number(*full_range(width, signed), *shape)


def block(params: Sequence[Type], *items: Item, results: Sequence[int] = ()) -> Block:
    """A lane; by default its last item is the result."""
    return Block(0, tuple(params), items, tuple(results) or (len(params) + len(items) - 1,))


def applied(type: Type, pieces: Pieces) -> Value:
    """A function of the first parameter."""
    return Value(pieces, (0,), type)


class Growing:
    """A block that grows item by item; ranges come from the operands' by interval arithmetic."""

    def __init__(self, params: Sequence[Type]) -> None:
        self.params = tuple(params)
        self.items: list[Value] = []

    @property
    def types(self) -> list[Type]:
        return [*self.params, *(item.type for item in self.items)]

    def add(self, op: Op, args: Sequence[int], type: Type) -> int:
        self.items.append(Value(op, tuple(args), type))
        return len(self.params) + len(self.items) - 1

    def of(self, op: Op, *args: int) -> int:
        """Add an operation whose type follows from its operands."""
        types = [self.types[a] for a in args]
        corners = list(product(*((t.lo, t.hi) for t in types)))
        shape, terms = types[0].shape, 1
        match op:
            case Linear(coefficients, constant):
                values = [constant + sum(c * x for c, x in zip(coefficients, xs, strict=True)) for xs in corners]
            case Mul() | Dot():
                values = [a * b for a, b in corners]
                if isinstance(op, Mul) and args[0] == args[1]:
                    values = [a * b for a, b in corners if a == b] + ([0] if types[0].lo <= 0 <= types[0].hi else [])
            case Sum():
                values = [types[0].lo, types[0].hi]
            case Digits(_, left, right):
                values = [(2 * a + left) * (2 * b + right) for a, b in corners]
            case Exact(by):
                values = [types[0].lo // by, -(-types[0].hi // by)]
            case Round(p, q, lo, hi, nearest, wrap):
                values = [(2 * p * x + q) // (2 * q) if nearest else p * x // q for [x] in corners]
                outside = min(values) < lo or max(values) > hi
                values = [lo, hi] if wrap and outside else [max(lo, min(hi, v)) for v in values]
            case Less() | Equal():
                values = [0, 1]
            case Select():
                values = [x for t in types[1:] for x in (t.lo, t.hi)]
            case And() | Or() | Xor():
                width = max(t.width + (not t.signed) for t in types)
                values = list(full_range(width, True)) if any(t.signed for t in types) else [0, 2 ** (width - 1) - 1]
            case _:
                raise AssertionError(op)
        if isinstance(op, Contraction):
            terms, shape = shape[-1], shape[:-1]
        return self.add(op, args, number(terms * min(values), terms * max(values), *shape))

    def finish(self, *results: int) -> Block:
        return block(self.params, *self.items, results=results)


def vectors(params: Sequence[Type], count: int, seed: int = 0) -> list[NDArray[Any]]:
    """Values for each port, (count, *shape): random ones, extremes often."""
    draw = random.Random(seed)
    arrays: list[NDArray[Any]] = []
    for t in params:
        values = [
            draw.choice((t.lo, t.hi, min(t.lo + 1, t.hi), min(max(t.lo, 0), t.hi)))
            if draw.random() < 0.2
            else draw.randint(t.lo, t.hi)
            for _ in range(count * t.size)
        ]
        arrays.append(as_array(values, Type((count, *t.shape), t.scale, t.lo, t.hi)))
    return arrays


def every_vector(params: Sequence[Type]) -> list[NDArray[Any]]:
    """All values of scalar ports."""
    rows = np.array(list(product(*(range(t.lo, t.hi + 1) for t in params))), dtype=np.int64)
    return [rows[:, i] for i in range(len(params))]


def expected(lane: Block, arrays: Sequence[NDArray[Any]]) -> list[list[Any]]:
    count = len(arrays[0])
    return [[r.tolist() for r in evaluate(lane, [np.asarray(a[v]) for a in arrays], NoSources())] for v in range(count)]


def assert_agrees(circuit: Circuit, lane: Block, arrays: Sequence[NDArray[Any]]) -> None:
    actual = run_vectors(circuit, lane, arrays)
    for v, want in enumerate(expected(lane, arrays)):
        got = [a[v].tolist() if isinstance(a[v], np.ndarray) else int(a[v]) for a in actual]
        assert got == want, (lane, [a[v] for a in arrays])


def assert_agree(circuit: Circuit, lane: Block, arrays: Sequence[NDArray[Any]]) -> None:
    """As `assert_agrees`, for element-wise work on scalars: evaluated at once."""
    for want, got in zip(evaluate(lane, arrays, NoSources()), run_vectors(circuit, lane, arrays), strict=True):
        wrong = np.flatnonzero(np.asarray(want) != got)
        assert not wrong.size, (lane, [a[wrong[0]] for a in arrays], want[wrong[0]], got[wrong[0]])


def types(max_width: int = 6, shape: tuple[int, ...] = ()) -> st.SearchStrategy[Type]:
    return st.tuples(st.integers(-(2 ** (max_width - 1)), 2 ** (max_width - 1)), st.integers(0, 2**max_width - 1)).map(
        lambda pair: number(pair[0], pair[0] + pair[1], *shape)
    )


def pieces(draw: st.DrawFn) -> Pieces:
    shift = draw(st.integers(0, 3))
    limit = 2 ** draw(st.integers(shift, 5))
    whole = draw(st.booleans())
    entries = 2 * limit >> shift if whole else limit >> shift
    slope = draw(st.lists(st.integers(-3, 7), min_size=entries, max_size=entries))
    if draw(st.booleans()):
        slope[0] = slope[-1] = 0
    least = -min(slope) * (2**shift - 1) if min(slope) < 0 else 0
    base = draw(st.lists(st.integers(least, least + 40), min_size=entries, max_size=entries))
    return Pieces(
        "f",
        draw(st.integers(0, 4)),
        limit,
        shift,
        tuple(base),
        tuple(slope),
        draw(st.integers(0, 3)),
        draw(st.integers(-20, 40)),
        Fraction(0),
        whole,
    )


@st.composite
def lanes(draw: st.DrawFn, steps: int = 6, width: int = 6) -> Block:
    """A lane with scalars (of at most `width` bits) and vectors of one length, over all operations."""
    length = draw(st.integers(1, 4))
    count = draw(st.integers(1, 3))
    params = [draw(types(width)) for _ in range(count)] + [draw(types(4, (length,))) for _ in range(2)]
    g = Growing(params)
    for _ in range(draw(st.integers(1, steps))):
        grow(draw, g, length)
    number_of = len(g.types)
    results = draw(st.lists(st.integers(len(params), number_of - 1), min_size=1, max_size=3))
    return g.finish(number_of - 1, *results)


def grow(draw: st.DrawFn, g: Growing, length: int) -> None:
    """Add one random operation."""
    narrow = [i for i, t in enumerate(g.types) if t.width <= 24]
    scalars = [i for i in narrow if g.types[i].shape == ()]
    tensors = [i for i in narrow if g.types[i].shape == (length,)]
    pool = draw(st.sampled_from([scalars, tensors]))
    one = st.sampled_from(pool)
    kind = draw(st.sampled_from(KINDS))
    if kind is Linear:
        args = draw(st.lists(one, min_size=1, max_size=3))
        weights = tuple(draw(st.integers(-9, 9)) for _ in args)
        g.of(Linear(weights, draw(st.integers(-20, 20))), *args)
    elif kind is Sum:
        g.of(Sum(1), draw(st.sampled_from(tensors)))
    elif kind in (Dot, Digits):
        a, b = draw(st.sampled_from(tensors)), draw(st.sampled_from(tensors))
        g.of(Dot(1) if kind is Dot else Digits(1, digit_offset(g.types[a]), digit_offset(g.types[b])), a, b)
    elif kind is Exact:
        by = draw(st.integers(1, 12))
        a = g.of(Linear((by * draw(st.integers(1, 3)),), by * draw(st.integers(-2, 2))), draw(one))
        g.of(Exact(by), a)
    elif kind is Round:
        g.of(rounding(draw), draw(one))
    elif kind is Select:
        bit = g.of(Less(), draw(one), draw(one))
        then = draw(one)
        other = g.of(Linear((-1,)), then) if draw(st.booleans()) else draw(one)
        g.of(Select(), bit, then, other)
    elif kind is Pieces:
        function, a = pieces(draw), draw(one)
        lo = draw(st.integers(-30, 30))
        g.add(function, [a], number(lo, lo + draw(st.integers(0, 80)), *g.types[a].shape))
    elif kind is View:
        t = g.types[a := draw(st.sampled_from(tensors))]
        g.add(View(Strided(draw(st.integers(0, length - 1)), ())), [a], Type((), t.scale, t.lo, t.hi))
    elif kind is Constant:
        shape = g.types[pool[0]].shape
        size = length if shape else 1
        values = draw(st.lists(st.integers(-20, 20), min_size=size, max_size=size))
        g.add(Constant(tuple(values)), [], number(min(values), max(values), *shape))
    else:
        g.of(PLAIN[kind], draw(one), draw(one))


def rounding(draw: st.DrawFn) -> Round:
    ratio = Fraction(draw(st.integers(1, 6)), draw(st.sampled_from([1, 2, 4, 8, 16, 3, 5, 6, 7, 12, 100])))
    wrap = draw(st.booleans())
    lo, hi = full_range(draw(st.integers(1, 8)), draw(st.booleans()))
    if not wrap and draw(st.booleans()):
        hi -= draw(st.integers(0, (hi - lo) // 2))
    return Round(ratio.numerator, ratio.denominator, lo, hi, draw(st.booleans()), wrap)


@st.composite
def circuits(draw: st.DrawFn, inputs: int = 5) -> Circuit:
    """Any well-formed circuit, with constants, repeats and dead gates."""
    gates: list[Gate] = []
    for number in range(draw(st.integers(0, 25))):
        literal = st.integers(0, 2 * (1 + inputs + number) - 1)
        gates.append(Gate(draw(st.sampled_from(GateOp)), draw(literal), draw(literal)))
    literal = st.integers(0, 2 * (1 + inputs + len(gates)) - 1)
    return Circuit(inputs, tuple(gates), tuple(draw(st.lists(literal, max_size=4))))
