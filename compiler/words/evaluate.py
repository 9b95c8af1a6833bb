"""What the word IR means: a program evaluated in the clear on exact integers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache, reduce
from math import isqrt
from typing import Any, Protocol, assert_never

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from compiler.words.ir import Block, Loop, Result, Type, Value
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
    Less,
    Linear,
    Mechanism,
    Mul,
    Noise,
    Or,
    Pieces,
    Put,
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

Array = NDArray[Any]  # int64 where every value of the type fits, else Python integers (dtype object)
Environment = dict[int, Array]
SAFE = 62  # bits that int64 holds with room for a sign and one addition


class Sources(Protocol):
    """Where values come from: a party's files, its sampling, its noise."""

    def input(self, at: Entry, type: Type) -> Array: ...
    def sample(self, at: Draw, type: Type, position: tuple[int, ...]) -> Array: ...
    def noise(self, at: Noise, type: Type, position: tuple[int, ...]) -> Array: ...
    def coins(self, at: Coins, type: Type, position: tuple[int, ...]) -> Array: ...


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


def as_array(values: Any, type: Type) -> Array:
    """Integers in the type's shape and in the cheapest dtype that holds them."""
    return np.asarray(values, dtype=np.int64 if type.width <= SAFE else object).reshape(type.shape)


def evaluate(block: Block, arguments: Sequence[Array], sources: Sources) -> list[Array]:
    """The block's results for the given parameters."""
    env: Environment = dict(enumerate(arguments, block.first))
    run(block, env, sources, ())
    return [env[r] for r in block.results]


def run(block: Block, env: Environment, sources: Sources, position: tuple[int, ...]) -> None:
    """Add every item of the block to `env`; `position` holds the indices of the enclosing loops."""
    for number, item in block.numbered():
        match item:
            case Value():
                env[number] = value(item, [env[a] for a in item.args], sources, position)
            case Loop():
                _loop(number, item, env, sources, position)
            case Result():
                env[number] = env[_carried(item.loop, item.position)]


def _carried(loop: int, position: int) -> int:
    return -1 - (loop << 16) - position  # negative numbers are free: values are numbered from 0


def _loop(number: int, loop: Loop, env: Environment, sources: Sources, position: tuple[int, ...]) -> None:
    carried = [env[i] for i in loop.init]
    for index in range(loop.count):
        env.update(enumerate([np.asarray(index), *carried], loop.body.first))
        run(loop.body, env, sources, (*position, index))
        carried = [env[r] for r in loop.body.results]
    env.update((_carried(number, i), v) for i, v in enumerate(carried))


def value(item: Value, args: list[Array], sources: Sources, position: tuple[int, ...]) -> Array:
    """One operation on tensors; broadcasting over extra leading axes of the operands is allowed."""
    type = item.type
    match item.op:
        case Constant((one,)):
            return np.full(type.shape, one, dtype=_dtype(type))
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
        case Bound() | Mechanism() | Enter():
            return args[0]
        case Ring(count, more):
            return _ring(count, more, type, *args)
        case Transfer(count):
            return _ring(count, 0, type, *args)
        case Share(first=first):
            return np.zeros_like(args[0]) if first else args[0]
        case op:
            dtype = _dtype(type)
            if dtype is object:
                args = [a.astype(object) for a in args]
            return np.asarray(computed(op, type, args), dtype=dtype)  # NumPy makes wide scalars plain integers


def _ring(count: int, more: int, type: Type, left: Array, right: Array) -> Array:
    """Mod 2^64 by the hardware where that is enough, and then mod 2^width."""
    if type.width > SAFE or left.dtype == object or right.dtype == object:
        total = (left.astype(object) * right.astype(object)).sum(axis=_trailing(count)) + more
        wrapped = (total - type.lo) % (1 << type.width) + type.lo
        return np.asarray(wrapped, dtype=_dtype(type))
    product = left.astype(np.uint64) * right.astype(np.uint64)
    total = product.sum(axis=_trailing(count), dtype=np.uint64) + np.uint64(more % (1 << 64))
    return np.asarray((total << np.uint64(64 - type.width)).astype(np.int64) >> np.int64(64 - type.width))


def _dtype(type: Type) -> Any:
    return np.int64 if type.width <= SAFE else object


def computed(op: Compute | Wiring, type: Type, args: list[Array]) -> Array:
    """What `op` makes of its operands."""
    match op:
        case Linear():
            return _linear(op, type, args)
        case Mul():
            return np.asarray(args[0] * args[1])
        case Sum(count):
            return np.asarray(args[0].sum(axis=_trailing(count)))
        case Dot(count):
            return np.asarray((args[0] * args[1]).sum(axis=_trailing(count)))
        case Digits(count, left, right):
            return np.asarray(((2 * args[0] + left) * (2 * args[1] + right)).sum(axis=_trailing(count)))
        case Exact(by):
            return _exact(by, args[0])
        case Round():
            return _round(op, args[0])
        case Div():
            return _div(op, type, *args)
        case Sqrt():
            return np.asarray(np.frompyfunc(lambda n: isqrt(max(0, int(n))), 1, 1)(args[0]))
        case Less():
            return np.asarray(args[0] < args[1]).astype(np.int64)
        case Equal():
            return np.asarray(args[0] == args[1]).astype(np.int64)
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


def _linear(op: Linear, type: Type, args: list[Array]) -> Array:
    total: Array = np.full(type.shape, op.constant, dtype=args[0].dtype if args else np.int64)
    for coefficient, a in zip(op.coefficients, args, strict=True):
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
    largest = max(abs(int(n.max())), abs(int(n.min()))) if n.size else 0
    if max(largest.bit_length() + p.bit_length() + q.bit_length(), op.lo.bit_length(), op.hi.bit_length()) > SAFE:
        n = n.astype(object)
    rounded: Array = np.asarray((2 * p * n + q) // (2 * q) if op.nearest else (p * n) // q, dtype=n.dtype)
    if op.wrap:
        rounded = np.asarray((rounded - op.lo) % (op.hi - op.lo + 1) + op.lo, dtype=n.dtype)
    raised = np.asarray(np.maximum(rounded, op.lo), dtype=n.dtype)
    return np.asarray(np.minimum(raised, op.hi), dtype=n.dtype)


@lru_cache(maxsize=256)
def _table(entries: tuple[int, ...]) -> Array:
    table = np.asarray(entries)
    table.flags.writeable = False
    return table


def apply_pieces(n: Array, at: Pieces, type: Type) -> Array:
    u = np.minimum(np.maximum(n >> at.drop, -at.limit), at.limit - 1).astype(np.int64)  # faster than np.clip
    m = u + at.limit if at.whole else np.where(u >= 0, u, -1 - u)
    index = m >> at.shift
    h = (_table(at.base)[index] + _table(at.slope)[index] * (m & ((1 << at.shift) - 1))) >> at.guard
    result = np.where((u >= 0) | at.whole, at.center + h, at.center - h)
    return np.asarray(np.minimum(np.maximum(result, type.lo), type.hi))


def drawn(bits: Array, at: Sampler) -> Array:
    """The integers that `at.bits` bits along the last axis stand for."""
    ends = np.cumsum((INDEX_BITS, THRESHOLD_BITS, 1))
    index, word, sign, coins = np.split(bits, ends, axis=-1)
    first = _unsigned(index).astype(np.int64)
    kept = _unsigned(word) < _table(at.thresholds)[first]
    chosen = np.where(kept, first, first ^ _table(at.aliases)[first]).astype(bits.dtype)
    scale = 1 << len(at.coins)
    half = (2 * chosen + 1) * (scale // 2)  # 2^m (k + 1/2)
    weights = np.repeat(np.array([1 << j for j in range(len(at.coins))], dtype=bits.dtype), at.coins)
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


def _div(op: Div, type: Type, a: Array, b: Array) -> Array:
    low, high = (np.asarray(end, dtype=_dtype(type)) for end in (op.lo, op.hi))
    by_zero = np.where(a >= 0, high, low)
    return np.asarray(np.where(b == 0, by_zero, a // np.where(b == 0, 1, b)))
