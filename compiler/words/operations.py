"""The operations of words: each is a record of its own, with what it needs to know beside its operands.

Nothing here rounds, clamps or wraps but Round and Pieces.  What each means is written down once, in `evaluate.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from compiler.words.crossing import PUBLIC as PUBLIC
from compiler.words.crossing import Enter as Enter
from compiler.words.crossing import Held as Held
from compiler.words.crossing import Learn as Learn
from compiler.words.crossing import Pooled as Pooled
from compiler.words.crossing import Ring as Ring
from compiler.words.crossing import Share as Share
from compiler.words.crossing import Transfer as Transfer
from compiler.words.extern import Extern
from compiler.words.sampler import Sampler
from compiler.words.triangles import Triangles

# sources


@dataclass(frozen=True, slots=True)
class Constant:
    values: tuple[int, ...]  # row-major; a single one fills the shape


@dataclass(frozen=True, slots=True)
class Entry:
    """An input."""

    name: str
    party: str


@dataclass(frozen=True, slots=True)
class Draw:
    """Field `name` of the `draw`-th sampled batch of `dataset`: Poisson with rate batch / n into `slots` slots.

    If `whole`, of all rows, as many as there are slots: each in a slot of its own.  An axis of slots comes first.
    """

    dataset: str
    name: str  # "" is the valid bit of each slot
    party: str
    draw: int  # which `dpsgd` or `measure` of the program
    batch: int
    slots: int
    whole: bool = False


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


# exact arithmetic, element by element, all operands of the result's shape


@dataclass(frozen=True, slots=True)
class Linear:
    """The sum of coefficient * operand, plus a constant (integers)."""

    coefficients: tuple[int, ...]
    constant: int = 0


@dataclass(frozen=True, slots=True)
class Mul:
    pass


# contractions of the `count` trailing axes


@dataclass(frozen=True, slots=True)
class Sum:
    count: int


@dataclass(frozen=True, slots=True)
class Dot:
    """The sum of products."""

    count: int


@dataclass(frozen=True, slots=True)
class Digits:
    """The sum of D(a) * D(b) for D(n) = 2n + offset, one offset for each factor (`digit_offset` of its type).

    Only made by the digits pass.
    """

    count: int
    left: int
    right: int


@dataclass(frozen=True, slots=True)
class Exact:
    """Integer division known to leave no remainder."""

    by: int


# back to a kind


@dataclass(frozen=True, slots=True)
class Round:
    """floor(n * numerator / denominator + 1/2), or without the half, then clamp to lo..hi or keep the low bits."""

    numerator: int  # the operand's scale over the result's, in lowest terms
    denominator: int
    lo: int  # the kind's own bounds (the type's may be narrower)
    hi: int
    nearest: bool = True
    wrap: bool = False


# bits and choices


@dataclass(frozen=True, slots=True)
class Div:
    """floor(a / b) of integers.  a / 0 is `lo` for a < 0, else `hi`."""

    lo: int
    hi: int


@dataclass(frozen=True, slots=True)
class Remainder:
    """a - b floor(a / b) of integers of one scale, between 0 and b; a where b = 0."""


@dataclass(frozen=True, slots=True)
class Sqrt:
    """floor(sqrt(a)) of integers; 0 for a < 0."""


@dataclass(frozen=True, slots=True)
class Less:
    """a < b, both of one scale."""


@dataclass(frozen=True, slots=True)
class Equal:
    """a = b, both of one scale."""


@dataclass(frozen=True, slots=True)
class Power:
    """2^a of an integer a >= 0: its bits are 0 but for that at a."""


@dataclass(frozen=True, slots=True)
class Select:
    """Operands: condition (a bit), then, else."""


@dataclass(frozen=True, slots=True)
class And:
    """On two's complement words, unbounded sign extension; so are Or and Xor."""


@dataclass(frozen=True, slots=True)
class Or:
    pass


@dataclass(frozen=True, slots=True)
class Xor:
    pass


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


# `Sampler` is one too: the noise that the XOR of its operands' bits, a last axis, stands for; and `Extern`

# wiring


@dataclass(frozen=True, slots=True)
class Bits:
    """Of each element, least significant first, along a new last axis."""


@dataclass(frozen=True, slots=True)
class Strided:
    """Element i of the result is flat element offset + i . strides + indices . steps of the operand."""

    offset: int
    strides: tuple[int, ...]
    steps: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """Operands: a tensor, then public indices."""

    at: Strided


@dataclass(frozen=True, slots=True)
class Put:
    """The tensor with the elements of a view of it replaced.  Operands: tensor, those elements, public indices."""

    at: Strided


@dataclass(frozen=True, slots=True)
class Concat:
    """Along axis 0."""


# meaning for privacy, no work


@dataclass(frozen=True, slots=True)
class Bound:
    """Each example's gradient has Euclidean norm at most `norm`, for all weights; `argument` says why."""

    norm: Fraction
    argument: str


@dataclass(frozen=True, slots=True)
class Mechanism:
    """The Gaussian mechanism that lets `dataset` out of a `dpsgd` or `measure` block: what drops it from the sources of
    a value.  That of a `measure` is of all rows, `whole`: batch and slots are their number, and nothing is sampled.

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
    argument: str = ""  # why each row's gradient or value has norm at most `clip`: that of its Bound
    whole: bool = False
    to: str = ""  # who is told the noisy sums after each step; "": nobody, before the end


Source = Constant | Entry | Draw | Noise | Coins
Sharing = Ring | Transfer | Share
Contraction = Sum | Dot | Digits | Triangles
Logic = And | Or | Xor
Quotient = Div | Remainder | Sqrt
Compute = (  # what takes gates, where it is joint
    Linear
    | Mul
    | Contraction
    | Exact
    | Round
    | Less
    | Equal
    | Power
    | Select
    | Logic
    | Pieces
    | Sampler
    | Quotient
    | Extern
)
Wiring = View | Put | Bits | Concat
Mark = Bound | Mechanism  # the operand as it is, with something said of it
Telling = Learn | Held | Pooled  # known to the party; the operand as it is, unless it is pooled
Op = Source | Compute | Wiring | Mark | Enter | Telling | Sharing

NAMES: Mapping[type[Op], str] = {
    Constant: "const",
    Entry: "input",
    Draw: "sample",
    Noise: "noise",
    Coins: "coins",
    Linear: "linear",
    Mul: "mul",
    Sum: "sum",
    Dot: "dot",
    Digits: "digits",
    Triangles: "triangles",
    Exact: "exact",
    Round: "round",
    Div: "div",
    Remainder: "rem",
    Sqrt: "sqrt",
    Less: "less",
    Equal: "equal",
    Power: "power",
    Select: "select",
    And: "and",
    Or: "or",
    Xor: "xor",
    Pieces: "apply",
    Sampler: "gauss",
    Extern: "extern",
    Bits: "bits",
    View: "view",
    Put: "put",
    Concat: "concat",
    Bound: "clip",
    Mechanism: "declassify",
    Enter: "enter",
    Learn: "learn",
    Held: "held",
    Pooled: "pooled",
    Ring: "ring",
    Transfer: "transfer",
    Share: "share",
}
