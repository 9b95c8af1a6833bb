"""What the word IR means: a program evaluated in the clear on exact integers of any length (`integers.py`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache, reduce
from math import isqrt
from typing import Any, Protocol, assert_never

import numpy as np
from numpy.lib.stride_tricks import as_strided

from compiler.words.extern import Extern
from compiler.words.integers import END, Array, Dtype, as_array, dtype_of, largest, reach
from compiler.words.ir import Block, Item, Loop, Result, Type, Value
from compiler.words.operations import (
    And,
    Bits,
    Bound,
    Coins,
    Compute,
    Concat,
    Constant,
    Digits,
    Div,
    Dot,
    Draw,
    Enter,
    Entry,
    Equal,
    Exact,
    Held,
    Learn,
    Less,
    Linear,
    Mechanism,
    Mul,
    Noise,
    Or,
    Pieces,
    Pooled,
    Power,
    Put,
    Remainder,
    Ring,
    Round,
    Select,
    Share,
    Sqrt,
    Strided,
    Sum,
    Transfer,
    View,
    Wiring,
    Xor,
)
from compiler.words.sampler import INDEX_BITS, THRESHOLD_BITS, Sampler
from compiler.words.through import through
from compiler.words.triangles import Triangles
from compiler.words.way import furthest, table_reach

Environment = dict[int, Array]
Types = dict[int, Type]


class Sources(Protocol):
    """Where values come from: a party's files, its sampling, its noise."""

    def input(self, at: Entry, type: Type) -> Array: ...
    def sample(self, at: Draw, type: Type, position: tuple[int, ...]) -> Array: ...
    def noise(self, at: Noise, type: Type, position: tuple[int, ...]) -> Array: ...
    def coins(self, at: Coins, type: Type, position: tuple[int, ...]) -> Array: ...
    def pooled(self, at: Pooled, own: Array, position: tuple[int, ...]) -> Array: ...


class NoSources:
    """For blocks that read nothing from outside."""

    def input(self, at: Entry, type: Type) -> Array:
        raise LookupError(f"no value for input {at.name}")

    def sample(self, at: Draw, type: Type, position: tuple[int, ...]) -> Array:
        raise LookupError(f"no records for data set {at.dataset}")

    def noise(self, at: Noise, type: Type, position: tuple[int, ...]) -> Array:
        raise LookupError("no noise")

    def coins(self, at: Coins, type: Type, position: tuple[int, ...]) -> Array:
        raise LookupError("no coins")

    def pooled(self, at: Pooled, own: Array, position: tuple[int, ...]) -> Array:
        raise LookupError("no other owners' sums")


def evaluate(block: Block, arguments: Sequence[Array], sources: Sources) -> list[Array]:
    """The block's results for the given parameters."""
    env: Environment = dict(enumerate(arguments, block.first))
    run(block, env, sources, ())
    return [env[r] for r in block.results]


def run(
    block: Block, env: Environment, sources: Sources, position: tuple[int, ...], outside: Types | None = None
) -> None:
    """Add every item of the block to `env`; `position` holds the indices of the enclosing loops.

    `outside` has the types of what the block reads from there, as far as they are known.
    """
    _run(Ready(block, outside or {}), env, sources, position)


class Ready:
    """A block, and of each item whether its operands' types promise that it is computed in machine words."""

    def __init__(self, block: Block, outside: Types) -> None:
        self.types = {**outside, **dict(enumerate(block.params, block.first))}
        self.items: list[tuple[int, Item, bool]] = []
        for number, item in block.numbered():
            self.items.append((number, item, self._promised(item)))
            if not isinstance(item, Loop):
                self.types[number] = item.type

    def _promised(self, item: Item) -> bool:
        if not isinstance(item, Value) or not isinstance(item.op, Compute):
            return False
        types = [self.types[a] for a in item.args if a in self.types]
        shape = types[0].shape if types else ()
        return len(types) == len(item.args) and furthest(item.op, [reach(t) for t in types], shape) < END


def _run(ready: Ready, env: Environment, sources: Sources, position: tuple[int, ...]) -> None:
    for number, item, promised in ready.items:
        match item:
            case Value():
                env[number] = value(item, [env[a] for a in item.args], sources, position, promised)
            case Loop():
                _loop(number, item, env, sources, position, ready.types)
            case Result():
                env[number] = env[_carried(item.loop, item.position)]


def _carried(loop: int, position: int) -> int:
    return -1 - (loop << 16) - position  # negative numbers are free: values are numbered from 0


def _loop(number: int, loop: Loop, env: Environment, sources: Sources, position: tuple[int, ...], types: Types) -> None:
    carried, body = [env[i] for i in loop.init], Ready(loop.body, types)
    for index in range(loop.count):
        env.update(enumerate([np.asarray(index), *carried], loop.body.first))
        _run(body, env, sources, (*position, index))
        carried = [env[r] for r in loop.body.results]
    env.update((_carried(number, i), v) for i, v in enumerate(carried))


def value(item: Value, args: list[Array], sources: Sources, position: tuple[int, ...], promised: bool = False) -> Array:
    """One operation on tensors; broadcasting over extra leading axes of the operands is allowed.

    `promised`: where no operand is an object, int64 holds all that is computed on the way.
    """
    type = item.type
    match item.op:
        case Constant((one,)) | Linear((), one):
            return np.full(type.shape, one, dtype=dtype_of(type))
        case Constant(values):
            return as_array(values, type)
        case Entry() as op:
            return as_array(sources.input(op, type), type)
        case Draw() as op:
            return as_array(sources.sample(op, type, position), type)
        case Noise() as op:
            return as_array(sources.noise(op, type, position), type)
        case Coins() as op:
            return as_array(sources.coins(op, type, position), type)
        case Learn() if len(args) == 2:
            return _round(Round(1, 1, type.lo, type.hi, nearest=False, wrap=True), args[0] + args[1])
        case Bound() | Mechanism() | Enter() | Learn() | Held():
            return args[0]
        case Pooled() as op:
            return as_array(sources.pooled(op, args[0], position), type)
        case Ring(count, more):
            return _ring(count, more, type, *args)
        case Transfer(count):
            return _ring(count, 0, type, *args)
        case Share(first=first):
            return np.zeros_like(args[0]) if first else args[0]
        case View() | Put() | Bits() | Concat() as op:
            return np.asarray(_wired(op, type, args), dtype=dtype_of(type))
        case op:
            return _held(op, type, args, promised)


def _held(op: Compute, type: Type, args: list[Array], promised: bool) -> Array:
    """The result, in the dtype of its type, computed in one that holds all that comes up."""
    short = "O" not in [a.dtype.kind for a in args]
    if short and (promised or furthest(op, [*map(largest, args)], _first(args)) < END):
        return np.asarray(computed(op, type, args)).astype(dtype_of(type), copy=False)  # not NumPy's scalars as objects
    lifted = [np.asarray(a, dtype=object)[None] for a in args]  # with no axis NumPy would make floats of long integers
    found = computed(op, type, lifted)
    return np.asarray(found, dtype=dtype_of(type)).reshape(found.shape[1:])


def _first(args: Sequence[Array]) -> tuple[int, ...]:
    return args[0].shape if args else ()


def _ring(count: int, more: int, type: Type, left: Array, right: Array) -> Array:
    """Mod 2^64 by the hardware where that is enough, and then mod 2^width."""
    if object in (dtype_of(type), left.dtype, right.dtype):
        total = (left.astype(object) * right.astype(object)).sum(axis=_trailing(count)) + more
        wrapped = (total - type.lo) % (1 << type.width) + type.lo
        return np.asarray(wrapped, dtype=dtype_of(type))
    product = left.astype(np.uint64) * right.astype(np.uint64)
    total = product.sum(axis=_trailing(count), dtype=np.uint64) + np.uint64(more % (1 << 64))
    return np.asarray((total << np.uint64(64 - type.width)).astype(np.int64) >> np.int64(64 - type.width))


def computed(op: Compute, type: Type, args: list[Array]) -> Array:
    """What `op` makes of its operands, which are all int64 or all objects."""
    match op:
        case Linear():
            return _linear(op, args)
        case Mul():
            return np.asarray(args[0] * args[1])
        case Sum(count):
            return np.asarray(args[0].sum(axis=_trailing(count)))
        case Dot(count):
            return np.asarray((args[0] * args[1]).sum(axis=_trailing(count)))
        case Digits(count, left, right):
            return np.asarray(((2 * args[0] + left) * (2 * args[1] + right)).sum(axis=_trailing(count)))
        case Triangles(count, offset, pair):
            n = args[0] + args[1] if pair else args[0]
            return np.asarray((n * (n + offset) // 2).sum(axis=_trailing(count)))
        case Exact(by):
            return _exact(by, args[0])
        case Round():
            return _round(op, args[0])
        case Div():
            return _div(op, *args)
        case Remainder():
            return np.asarray(np.where(args[1] == 0, args[0], args[0] % np.where(args[1] == 0, 1, args[1])))
        case Sqrt():
            return np.asarray(np.frompyfunc(lambda n: isqrt(max(0, int(n))), 1, 1)(args[0]))
        case Less():
            return np.asarray(args[0] < args[1]).astype(np.int64)
        case Equal():
            return np.asarray(args[0] == args[1]).astype(np.int64)
        case Power():
            return np.asarray(np.ones_like(args[0]) << args[0])
        case Select():
            return np.where(args[0] != 0, args[1], args[2])
        case And():
            return np.asarray(args[0] & args[1])
        case Or():
            return np.asarray(args[0] | args[1])
        case Xor():
            return np.asarray(args[0] ^ args[1])
        case Pieces():
            return apply_pieces(args[0], op, type)
        case Sampler():
            return drawn(reduce(np.bitwise_xor, args), op)
        case Extern():
            return through(op, args)
        case _:
            assert_never(op)


def _wired(op: Wiring, type: Type, args: list[Array]) -> Array:
    match op:
        case Bits():
            return np.asarray((args[0][..., None] >> np.arange(type.shape[-1])) & 1)
        case View(at):
            return strided(np.ascontiguousarray(args[0]).reshape(-1), at, type.shape, args[1:]).copy()
        case Put(at):
            return _put(at, args)
        case Concat():
            return np.concatenate(args)
        case _:
            assert_never(op)


def _linear(op: Linear, args: list[Array]) -> Array:
    first, *others = zip(op.coefficients, args, strict=True)
    total: Array = np.asarray(first[0] * first[1] + op.constant)
    for coefficient, a in others:
        total = total + coefficient * a
    return total


def _trailing(count: int) -> tuple[int, ...]:
    return tuple(range(-count, 0))


def _exact(by: int, n: Array) -> Array:
    quotient = n // by
    if not np.array_equal(quotient * by, n):
        raise AssertionError("an exact division left a remainder")
    return quotient


def _round(op: Round, n: Array) -> Array:
    p, q = op.numerator, op.denominator
    rounded: Array = (2 * p * n + q) // (2 * q) if op.nearest else (p * n) // q
    if op.wrap:
        rounded = (rounded - op.lo) % (op.hi - op.lo + 1) + op.lo
    return _clamped(rounded, op.lo, op.hi)


def _clamped(n: Array, lo: int, hi: int) -> Array:
    """Faster than np.clip, also to ends that int64 does not hold."""
    if n.dtype != object:
        lo, hi = max(lo, -END), min(hi, END - 1)
    return np.asarray(np.minimum(np.maximum(n, lo), hi))


@lru_cache(maxsize=256)
def _table(entries: tuple[int, ...], long: bool = False) -> Array:
    table = np.asarray(entries, dtype=object if long else np.int64)
    table.flags.writeable = False
    return table


def apply_pieces(n: Array, at: Pieces, type: Type) -> Array:
    long = table_reach(at) >= END
    drop = at.drop if n.dtype == object else min(at.drop, 63)
    u = _clamped(n >> drop, -at.limit, at.limit - 1).astype(object if long else np.int64)
    m = u + at.limit if at.whole else np.where(u >= 0, u, -1 - u)
    index = (m >> at.shift).astype(np.int64)
    base, slope = _table(at.base, long)[index], _table(at.slope, long)[index]
    h = (base + slope * (m & ((1 << at.shift) - 1))) >> at.guard
    result = np.where((u >= 0) | at.whole, at.center + h, at.center - h)
    return _clamped(result, type.lo, type.hi)


def drawn(bits: Array, at: Sampler) -> Array:
    """The integers that `at.bits` bits along the last axis stand for."""
    dtype: Dtype = np.int64 if at.furthest < END else object
    ends = np.cumsum((INDEX_BITS, THRESHOLD_BITS, 1))
    index, word, sign, coins = np.split(bits, ends, axis=-1)
    first = _unsigned(index).astype(np.int64)
    kept = _unsigned(word) < _table(at.thresholds)[first]
    chosen = np.where(kept, first, first ^ _table(at.aliases)[first]).astype(dtype)
    scale = 1 << len(at.coins)
    half = (2 * chosen + 1) * (scale // 2)  # 2^m (k + 1/2)
    weights = np.repeat(np.array([1 << j for j in range(len(at.coins))], dtype=dtype), at.coins)
    heads = (coins * weights).sum(axis=-1) - sum(n << j for j, n in enumerate(at.coins)) // 2
    return np.asarray(np.where(sign[..., 0] != 0, -half, half) + heads)


def _unsigned(bits: Array) -> Array:
    return np.asarray((bits << np.arange(bits.shape[-1])).sum(axis=-1))


def view_offset(at: Strided, indices: Iterable[Any]) -> int:
    return at.offset + sum(step * int(i) for step, i in zip(at.steps, indices, strict=True))


def strided(flat: Array, at: Strided, shape: tuple[int, ...], indices: Iterable[Any]) -> Array:
    """The view of a flat array that `at` describes (no copy)."""
    unit = flat.strides[0]
    start = view_offset(at, indices)
    last = start + sum(s * (n - 1) for s, n in zip(at.strides, shape, strict=True) if s > 0)
    first = start + sum(s * (n - 1) for s, n in zip(at.strides, shape, strict=True) if s < 0)
    if first < 0 or last >= len(flat):
        raise IndexError(f"a view reaches {first}..{last} of {len(flat)} elements")
    return as_strided(flat[start:], shape, [s * unit for s in at.strides])


def _put(at: Strided, args: list[Array]) -> Array:
    result = args[0].copy().reshape(-1)
    strided(result, at, args[1].shape, args[2:])[...] = args[1]
    return result.reshape(args[0].shape)


def _div(op: Div, a: Array, b: Array) -> Array:
    low, high = (np.asarray(end, dtype=a.dtype) for end in (op.lo, op.hi))
    by_zero = np.where(a >= 0, high, low)
    return np.asarray(np.where(b == 0, by_zero, a // np.where(b == 0, 1, b)))
