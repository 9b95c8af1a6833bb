"""The word IR: SSA over tensors of exact numbers.

A value is an integer times a public rational scale; the integer lies in `lo..hi`.  Nothing here
rounds, clamps or wraps but ROUND and APPLY.  The same IR serves the whole program (tensors), one
party's local steps, and one lane of a kernel (the shapes left when the lane axes are taken away).
What each operation means is written down once, in `evaluate.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from math import prod

from compiler.words.sampler import Sampler
from lang.source import Span


@dataclass(frozen=True, slots=True)
class Type:
    """A tensor of numbers n * scale with integers n in lo..hi."""

    shape: tuple[int, ...]
    scale: Fraction
    lo: int
    hi: int

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def signed(self) -> bool:
        return self.lo < 0

    @property
    def width(self) -> int:
        """Bits of one element in two's complement (unsigned where lo >= 0); at least 1."""
        if self.lo >= 0:
            return max(1, self.hi.bit_length())
        return 1 + max((~self.lo).bit_length(), self.hi.bit_length() if self.hi > 0 else 0)

    def __str__(self) -> str:
        shape = "x".join(map(str, self.shape)) or "scalar"
        return f"{shape} {self.lo}..{self.hi} * {self.scale}"


def full_range(width: int, signed: bool) -> tuple[int, int]:
    """All integers of a two's complement word."""
    return (-(1 << (width - 1)), (1 << (width - 1)) - 1) if signed else (0, (1 << width) - 1)


class Op(Enum):
    # sources
    CONST = "const"  # at: Constant
    INPUT = "input"  # at: Entry
    SAMPLE = "sample"  # at: Draw; one field of one batch, an axis of slots first
    NOISE = "noise"  # at: Noise
    COINS = "coins"  # at: Coins; uniform bits
    # exact arithmetic, element by element, all operands of the result's shape
    LINEAR = "linear"  # at: Weights; sum of coefficient * operand, plus a constant (integers)
    MUL = "mul"
    # contractions of the trailing axes (at: Axes)
    SUM = "sum"
    DOT = "dot"  # sum of products
    DIGITS = "digits"  # at: Digits; sum of D(a) * D(b); only made by the digits pass
    EXACT = "exact"  # at: Divisor; integer division known to leave no remainder
    # back to a kind
    ROUND = "round"  # at: Rounding
    # bits and choices
    DIV = "div"  # at: ByZero; floor(a / b) of integers
    SQRT = "sqrt"  # floor(sqrt(a)) of integers; 0 for a < 0
    LESS = "less"  # a < b, both of one scale
    EQUAL = "equal"
    SELECT = "select"  # condition (bit), then, else
    AND = "and"  # on two's complement words, unbounded sign extension
    OR = "or"
    XOR = "xor"
    APPLY = "apply"  # at: Pieces; a non-linear function of one variable
    GAUSS = "gauss"  # at: Sampler; the noise that the XOR of its operands' bits, a last axis, stands for
    # wiring
    BITS = "bits"  # of each element, least significant first, along a new last axis
    VIEW = "view"  # at: Strided; operand, then public indices
    PUT = "put"  # at: Strided; tensor, element(s), then public indices -> new tensor
    CONCAT = "concat"  # along axis 0
    # meaning for privacy, no work
    CLIP = "clip"  # at: Bound
    DECLASSIFY = "declassify"  # at: Mechanism; what drops a data set from the sources of a value
    ENTER = "enter"  # at: Owner; a party's local value becomes a joint one


@dataclass(frozen=True, slots=True)
class Constant:
    values: tuple[int, ...]  # row-major; a single one fills the shape


@dataclass(frozen=True, slots=True)
class Entry:
    name: str
    party: str


@dataclass(frozen=True, slots=True)
class Draw:
    """Field `name` of the `draw`-th sampled batch of `dataset`: Poisson with rate batch / n into `slots` slots."""

    dataset: str
    name: str  # "" is the valid bit of each slot
    party: str
    draw: int  # which `dpsgd` of the program
    batch: int
    slots: int


@dataclass(frozen=True, slots=True)
class Noise:
    """round(N(0, sigma^2)) on the integer grid, drawn by `party`; sigma in grid units."""

    party: str
    draw: int
    sigma: Fraction
    variable: int  # which of the variables that `dpsgd` trains


@dataclass(frozen=True, slots=True)
class Coins:
    """Uniform bits that `party` draws on its own, of one noise; nobody's noise until the other party's are added."""

    party: str
    draw: int
    variable: int  # as of Noise


@dataclass(frozen=True, slots=True)
class Weights:
    coefficients: tuple[int, ...]
    constant: int = 0


@dataclass(frozen=True, slots=True)
class Axes:
    count: int  # how many trailing axes are contracted


@dataclass(frozen=True, slots=True)
class Digits:
    """D(n) = 2n + offset, one offset for each factor (`digit_offset` of its type)."""

    count: int  # how many trailing axes are contracted
    left: int
    right: int


@dataclass(frozen=True, slots=True)
class Divisor:
    by: int


@dataclass(frozen=True, slots=True)
class ByZero:
    """What a / 0 is: `lo` for a < 0, else `hi`."""

    lo: int
    hi: int


@dataclass(frozen=True, slots=True)
class Rounding:
    """floor(n * numerator / denominator + 1/2), or without the half, then clamp to lo..hi or keep the low bits."""

    numerator: int  # the operand's scale over the result's, in lowest terms
    denominator: int
    lo: int  # the kind's own bounds (the type's may be narrower)
    hi: int
    nearest: bool = True
    wrap: bool = False


@dataclass(frozen=True, slots=True)
class Pieces:
    """A non-linear function of one integer, in four steps of integer arithmetic.

    u = clamp(floor(n / 2^drop), -limit, limit - 1); m = u if u >= 0 else -1 - u, so 0 <= m < limit;
    h = (base[m >> shift] + slope[m >> shift] * (m mod 2^shift)) >> guard;
    result = center + h if u >= 0 else center - h, clamped to the type's lo..hi.

    If `whole`, m = u + limit, so 0 <= m < 2 limit, and result = center + h, clamped.

    `limit` is a power of two, the tables have an entry for every 2^shift values of m, and an h that stands for
    operands of both signs is >= 0.
    shift = 0 is a plain table.  `name` and `error` are for reports: |result * scale - f| <= error.
    """

    name: str
    drop: int
    limit: int
    shift: int
    base: tuple[int, ...]
    slope: tuple[int, ...]
    guard: int
    center: int
    error: Fraction
    whole: bool = False  # not odd about its centre: a table entry for every value of u


@dataclass(frozen=True, slots=True)
class Strided:
    """Element i of the result is flat element offset + i . strides + indices . steps of the operand."""

    offset: int
    strides: tuple[int, ...]
    steps: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Bound:
    """Each example's gradient has Euclidean norm at most `norm`, for all weights; `argument` says why."""

    norm: Fraction
    argument: str


@dataclass(frozen=True, slots=True)
class Mechanism:
    """The Gaussian mechanism that lets `dataset` out of a `dpsgd` block.

    Clipping bounds the norm over all trained variables together, each counted in its own unit.  Noise that both parties
    draw has one sampler for each variable, whose `sigma` counts points of that variable's noise grid: the grid's scale
    is clip * noise_multiplier / sigma, and the sum it is added to is a multiple of it.
    """

    dataset: str
    draw: int
    batch: int
    slots: int
    steps: int
    clip: Fraction
    noise_multiplier: Fraction
    drawn_by: str  # the owner of the data set; "": both parties together
    samplers: tuple[Sampler, ...] = ()  # of each trained variable where both draw; else rounded Gaussians
    sizes: tuple[int, ...] = ()  # elements of each trained variable, every one with a noise of its own
    argument: str = ""  # why each row's gradient has norm at most `clip`: that of its Bound


PUBLIC = ""  # the owner of what both parties know


@dataclass(frozen=True, slots=True)
class Owner:
    party: str  # or PUBLIC


At = (
    Constant
    | Entry
    | Draw
    | Noise
    | Coins
    | Sampler
    | Weights
    | Axes
    | Digits
    | Divisor
    | ByZero
    | Rounding
    | Pieces
    | Strided
    | Bound
    | Mechanism
    | Owner
    | None
)


@dataclass(frozen=True, slots=True)
class Value:
    op: Op
    args: tuple[int, ...]
    type: Type
    at: At = None
    span: Span | None = field(default=None, compare=False)  # else equal words from two places never share


@dataclass(frozen=True, slots=True)
class Loop:
    """`count` times the body; carried values keep their types, which are declared kinds' ranges."""

    count: int
    init: tuple[int, ...]
    body: Block  # parameters: index, then one for each carried value
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Result:
    """The `position`-th carried value of a finished loop (an item of its own, so every item has one type)."""

    loop: int
    position: int
    type: Type


Item = Value | Loop | Result


@dataclass(frozen=True, slots=True)
class Block:
    """A straight line of items.

    Values are numbered through all enclosing blocks: the block's parameters are first .. first +
    len(params) - 1, then its items; an item may read any earlier number of its own block and of the
    enclosing blocks up to the loop.  (A Loop item has a number too, which only Result reads.)
    """

    first: int
    params: tuple[Type, ...]
    items: tuple[Item, ...]
    results: tuple[int, ...]

    def numbered(self) -> Iterator[tuple[int, Item]]:
        return enumerate(self.items, self.first + len(self.params))


@dataclass(frozen=True, slots=True)
class Output:
    name: str
    value: int
    receivers: tuple[str, ...]
    revealed: bool
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    type: Type  # of one row
    norm: Fraction | None  # where norm2(field) <= norm


@dataclass(frozen=True, slots=True)
class Dataset:
    name: str
    party: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """A whole program after lowering."""

    parties: tuple[str, ...]
    inputs: tuple[tuple[Entry, Type], ...]
    datasets: tuple[Dataset, ...]
    block: Block
    outputs: tuple[Output, ...]


def digit_offset(type: Type) -> int:
    """k with D(n) = 2n + k: the value of n's bits read as digits +1 / -1 (top digit negated when signed).

    Signed, w bits: 2n + 1.  Unsigned, w bits: 2n + 1 - 2^w.
    """
    return 1 if type.signed else 1 - (1 << type.width)
