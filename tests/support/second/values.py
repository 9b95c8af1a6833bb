"""Values and what the operators do with them: docs/language.md on Fractions, element by element."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from support.second.kinds import BIT, Kind

HALF = Fraction(1, 2)


class Unsaid(Exception):
    """The page does not say what this means: the generator should not have written it."""


@dataclass(frozen=True, slots=True)
class Value:
    """Exact numbers of one shape.  `kind` where one is named for them; `integer` decides what `/` and `>>` mean."""

    at: np.ndarray
    integer: bool
    public: bool
    kind: Kind | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        return self.at.shape


def array(numbers: Iterable[Fraction], shape: tuple[int, ...]) -> np.ndarray:
    flat = np.empty(math.prod(shape), dtype=object)
    flat[:] = list(numbers)
    return flat.reshape(shape)


def each(f: Callable[..., Fraction], *arrays: np.ndarray) -> np.ndarray:
    """`f` of each element of arrays that broadcast as in NumPy."""
    wide = np.broadcast_arrays(*arrays)
    return array((f(*numbers) for numbers in zip(*(a.reshape(-1) for a in wide), strict=True)), wide[0].shape)


def exact(f: Callable[..., Fraction], *operands: Value, integer: bool | None = None, kind: Kind | None = None) -> Value:
    whole = all(v.integer for v in operands) if integer is None else integer
    return Value(each(f, *(v.at for v in operands)), whole, all(v.public for v in operands), kind)


def bind(v: Fraction, kind: Kind, modes: tuple[str, ...] = ()) -> Fraction:
    """floor(v + 1/2) at the kind's last bit, or floor(v); then the nearest end of the kind, or its low bits."""
    units = math.floor(v / kind.unit + (0 if "floor" in modes else HALF))
    if "wrap" in modes:
        units %= 2**kind.bits
        if kind.signed and units >= 2 ** (kind.bits - 1):
            units -= 2**kind.bits
        return units * kind.unit
    return min(max(units * kind.unit, kind.least), kind.greatest)


def bound(v: Value, kind: Kind, modes: tuple[str, ...] = ()) -> Value:
    return Value(each(lambda x: bind(x, kind, modes), v.at), kind.integer, v.public, kind)


def filled(v: Value, shape: tuple[int, ...]) -> Value:
    """When a value is bound to a kind, only a scalar fills a shape."""
    if v.shape != shape and v.shape:
        raise Unsaid(f"{v.shape} is bound to {shape}")
    return Value(np.broadcast_to(v.at, shape), v.integer, v.public, v.kind)


def end(p: Fraction, kind: Kind) -> Fraction:
    """p / 0: the end of the kind on the side of p's sign; 0 / 0 is the upper one."""
    return kind.least if p < 0 else kind.greatest


def divided(p: Value, q: Value, target: Kind | None) -> Value:
    if q.public:
        whole = p.integer and q.integer
        return exact(lambda x, y: Fraction(math.floor(x / y)) if whole else x / y, p, q)
    if p.integer and q.integer:
        own = p.kind or target
        if own is None:
            raise Unsaid("a quotient without a kind")
        return exact(lambda x, y: Fraction(math.floor(x / y) if y else int(end(x, own))), p, q)
    if target is not None:
        return exact(lambda x, y: bind(x / y, target, ("floor",)) if y else end(x, target), p, q, kind=target)
    if p.kind is None:
        raise Unsaid("a quotient of fix without a kind")
    own = p.kind
    return exact(lambda x, y: low_bits(x / y if y else end(x, own)), p, q)


def low_bits(v: Fraction) -> Fraction:
    """Bound to no kind, what is not exact has 8 fraction bits."""
    return Fraction(math.floor(v * 256), 256)


def same(operands: Iterable[Value]) -> Kind | None:
    """The kind of all operands, if they have one in common: what only picks or moves them keeps it."""
    kinds = {v.kind for v in operands}
    return kinds.pop() if len(kinds) == 1 else None


def remainder(x: Fraction, y: Fraction) -> Fraction:
    return x - y * math.floor(x / y) if y else x


def bits(f: Callable[[int, int], int]) -> Callable[[Fraction, Fraction], Fraction]:
    return lambda x, y: Fraction(f(int(x), int(y)))


COMPARE: dict[str, Callable[[Fraction, Fraction], bool]] = {
    "==": lambda x, y: x == y,
    "!=": lambda x, y: x != y,
    "<": lambda x, y: x < y,
    "<=": lambda x, y: x <= y,
    ">": lambda x, y: x > y,
    ">=": lambda x, y: x >= y,
}
ARITHMETIC: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    "%": remainder,
    "&": bits(lambda x, y: x & y),
    "|": bits(lambda x, y: x | y),
    "^": bits(lambda x, y: x ^ y),
}
ON_BITS: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "&&": bits(lambda x, y: x & y),
    "||": bits(lambda x, y: x | y),
}


def binary(sign: str, p: Value, q: Value, target: Kind | None) -> Value:
    if sign in ARITHMETIC:
        return exact(ARITHMETIC[sign], p, q, kind=same((p, q)) if sign in "&|^" else None)
    if sign in COMPARE:
        compare = COMPARE[sign]
        return exact(lambda x, y: Fraction(compare(x, y)), p, q, integer=True, kind=BIT)
    if sign in ON_BITS:
        return exact(ON_BITS[sign], p, q, integer=True, kind=BIT)
    match sign:
        case "/":
            return divided(p, q, target)
        case "@":
            return matmul(p, q)
        case "**":
            return exact(lambda x, y: x ** int(y), p, q)
        case "<<":
            return exact(lambda x, y: x * 2 ** int(y), p, q)
        case ">>":
            whole = p.integer
            return exact(lambda x, y: floored(x / 2 ** int(y), whole), p, q)
        case _:
            raise Unsaid(sign)


def floored(x: Fraction, really: bool) -> Fraction:
    return Fraction(math.floor(x)) if really else x


def inverted(v: Value) -> Value:
    """All bits of a named kind turned over: of two's complement that is -1 - v."""
    if v.kind is None or not v.kind.integer:
        raise Unsaid("! without a named kind")
    top = Fraction(-1) if v.kind.signed else v.kind.greatest
    return exact(lambda x: top - x, v, kind=v.kind)


def batched(p: Value, q: Value) -> Value:
    left = p.at if p.at.ndim > 1 else p.at[None]
    right = q.at if q.at.ndim > 1 else q.at[:, None]
    places = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    lefts = np.broadcast_to(left, (*places, *left.shape[-2:]))
    rights = np.broadcast_to(right, (*places, *right.shape[-2:]))
    plain = [matmul(replace(p, at=lefts[at]), replace(q, at=rights[at])) for at in np.ndindex(*places)]
    shape = (*places, *([left.shape[-2]] if p.at.ndim > 1 else []), *([right.shape[-1]] if q.at.ndim > 1 else []))
    return replace(plain[0], at=array((x for one in plain for x in one.at.reshape(-1)), shape))


def matmul(p: Value, q: Value) -> Value:
    """[I, K] @ [K, J], [K] @ [K, J], [I, K] @ [K], and a vector by a vector, which is `dot`; one for each place of the
    axes before these."""
    if max(p.at.ndim, q.at.ndim) > 2:
        return batched(p, q)
    left = p.at if p.at.ndim == 2 else p.at.reshape(1, -1)
    right = q.at if q.at.ndim == 2 else q.at.reshape(-1, 1)
    inner, shape = left.shape[1], p.shape[:-1] + q.shape[1:]
    cells = itertools.product(range(left.shape[0]), range(right.shape[1]))
    sums = (sum((left[i, k] * right[k, j] for k in range(inner)), Fraction(0)) for i, j in cells)
    return Value(array(sums, shape), p.integer and q.integer, p.public and q.public)
