"""What the word IR means: a program evaluated in the clear on exact integers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, reduce
from math import isqrt
from typing import Any, Protocol

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from compiler.words.ir import (
    Axes,
    Block,
    ByZero,
    Coins,
    Constant,
    Digits,
    Divisor,
    Draw,
    Entry,
    Loop,
    Noise,
    Op,
    Pieces,
    Result,
    Rounding,
    Strided,
    Type,
    Value,
    Weights,
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
    operation = OPERATIONS.get(item.op)
    if operation is None:
        return _given(item, args, sources, position)
    dtype = np.int64 if item.type.width <= SAFE else object
    if dtype is object:
        args = [a.astype(object) for a in args]
    return np.asarray(operation(item, args), dtype=dtype)  # NumPy makes wide scalars plain integers


def _given(item: Value, args: list[Array], sources: Sources, position: tuple[int, ...]) -> Array:
    """What nothing is computed for: a constant, a value from outside, an operand as it is."""
    match item.op, item.at:
        case Op.CONST, Constant(values):
            dtype = np.int64 if item.type.width <= SAFE else object
            if len(values) == 1:
                return np.full(item.type.shape, values[0], dtype=dtype)
            return as_array(values, item.type)
        case Op.INPUT, Entry() as at:
            return as_array(sources.input(at, item.type), item.type)
        case Op.SAMPLE, Draw() as at:
            return as_array(sources.sample(at, item.type, position), item.type)
        case Op.NOISE, Noise() as at:
            return as_array(sources.noise(at, item.type, position), item.type)
        case Op.COINS, Coins() as at:
            return as_array(sources.coins(at, item.type, position), item.type)
        case ((Op.CLIP | Op.DECLASSIFY | Op.ENTER), _):
            return args[0]
        case _:
            raise AssertionError(f"nobody says what {item.op} means")


def _linear(item: Value, args: list[Array]) -> Array:
    assert isinstance(item.at, Weights)
    total: Array = np.full(item.type.shape, item.at.constant, dtype=args[0].dtype if args else np.int64)
    for coefficient, a in zip(item.at.coefficients, args, strict=True):
        total = total + coefficient * a
    return total


def _trailing(item: Value) -> tuple[int, ...]:
    assert isinstance(item.at, Axes)
    return tuple(range(-item.at.count, 0))


def _digits(item: Value, args: list[Array]) -> Array:
    at = item.at
    assert isinstance(at, Digits)
    product = (2 * args[0] + at.left) * (2 * args[1] + at.right)
    return np.asarray(product.sum(axis=tuple(range(-at.count, 0))))


def _exact(item: Value, args: list[Array]) -> Array:
    assert isinstance(item.at, Divisor)
    quotient = args[0] // item.at.by
    if not np.array_equal(quotient * item.at.by, args[0]):
        raise AssertionError("an exact division left a remainder")
    return quotient


def _round(item: Value, args: list[Array]) -> Array:
    at, n = item.at, args[0]
    assert isinstance(at, Rounding)
    p, q = at.numerator, at.denominator
    largest = max(abs(int(n.max())), abs(int(n.min()))) if n.size else 0
    if max(largest.bit_length() + p.bit_length() + q.bit_length(), at.lo.bit_length(), at.hi.bit_length()) > SAFE:
        n = n.astype(object)
    rounded: Array = np.asarray((2 * p * n + q) // (2 * q) if at.nearest else (p * n) // q, dtype=n.dtype)
    if at.wrap:
        rounded = np.asarray((rounded - at.lo) % (at.hi - at.lo + 1) + at.lo, dtype=n.dtype)
    raised = np.asarray(np.maximum(rounded, at.lo), dtype=n.dtype)
    return np.asarray(np.minimum(raised, at.hi), dtype=n.dtype)


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


def _apply(item: Value, args: list[Array]) -> Array:
    assert isinstance(item.at, Pieces)
    return apply_pieces(args[0], item.at, item.type)


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


def _gauss(item: Value, args: list[Array]) -> Array:
    assert isinstance(item.at, Sampler)
    return drawn(reduce(np.bitwise_xor, args), item.at)


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


def _view(item: Value, args: list[Array]) -> Array:
    assert isinstance(item.at, Strided)
    return strided(np.ascontiguousarray(args[0]).reshape(-1), item.at, item.type.shape, args[1:]).copy()


def _put(item: Value, args: list[Array]) -> Array:
    assert isinstance(item.at, Strided)
    result = args[0].copy().reshape(-1)
    strided(result, item.at, args[1].shape, args[2:])[...] = args[1]
    return result.reshape(item.type.shape)


def _div(item: Value, args: list[Array]) -> Array:
    a, b = args
    assert isinstance(item.at, ByZero)
    dtype = np.int64 if item.type.width <= SAFE else object
    low, high = (np.asarray(end, dtype=dtype) for end in (item.at.lo, item.at.hi))
    by_zero = np.where(a >= 0, high, low)
    return np.asarray(np.where(b == 0, by_zero, a // np.where(b == 0, 1, b)))


def _sqrt(item: Value, args: list[Array]) -> Array:
    root = np.frompyfunc(lambda n: isqrt(max(0, int(n))), 1, 1)
    return np.asarray(root(args[0]))


def _bits(item: Value, args: list[Array]) -> Array:
    return np.asarray((args[0][..., None] >> np.arange(item.type.shape[-1])) & 1)


Operation = Callable[[Value, list[Array]], Array]
OPERATIONS: dict[Op, Operation] = {
    Op.LINEAR: _linear,
    Op.MUL: lambda item, args: args[0] * args[1],
    Op.SUM: lambda item, args: np.asarray(args[0].sum(axis=_trailing(item))),
    Op.DOT: lambda item, args: np.asarray((args[0] * args[1]).sum(axis=_trailing(item))),
    Op.DIGITS: _digits,
    Op.EXACT: _exact,
    Op.ROUND: _round,
    Op.LESS: lambda item, args: np.asarray(args[0] < args[1]).astype(np.int64),
    Op.EQUAL: lambda item, args: np.asarray(args[0] == args[1]).astype(np.int64),
    Op.SELECT: lambda item, args: np.where(args[0] != 0, args[1], args[2]),
    Op.AND: lambda item, args: args[0] & args[1],
    Op.OR: lambda item, args: args[0] | args[1],
    Op.XOR: lambda item, args: args[0] ^ args[1],
    Op.DIV: _div,
    Op.SQRT: _sqrt,
    Op.APPLY: _apply,
    Op.GAUSS: _gauss,
    Op.BITS: _bits,
    Op.VIEW: _view,
    Op.PUT: _put,
    Op.CONCAT: lambda item, args: np.concatenate(args),
}
