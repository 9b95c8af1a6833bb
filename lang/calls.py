"""The operations of the core: what an `Operate` of the checked tree does."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal, Protocol, get_args


class Call(Enum):
    """Operations of the core, with rules in lang/checker/functions.py.  Shapes broadcast as in NumPy, mostly."""

    ADD = "+"
    SUB = "-"
    MUL = "*"
    NEG = "neg"
    DIVIDE = "/"  # integers round down; with a fix operand exact by a public number, else not
    MODULO = "%"
    MATMUL = "@"
    DOT = "dot"  # two vectors of one length -> scalar
    SUM = "sum"  # option axis (absent: all axes)
    MEAN = "mean"
    MIN = "min"  # of two, element by element
    MAX = "max"
    MIN_OF = "min of"  # over option axis (absent: all)
    MAX_OF = "max of"
    ABS = "abs"
    RELU = "relu"
    SIGN = "sign"
    CLAMP = "clamp"  # (x, lo, hi)
    LESS = "<"  # a < b; the checker turns the other five comparisons into LESS, EQUAL and NOT
    EQUAL = "=="
    NOT = "!"  # of a named kind: all its bits; of a comparison: the other truth value
    AND = "&"
    OR = "|"
    XOR = "^"
    SHL = "<<"  # by a public number
    SHR = ">>"
    TRANSPOSE = "transpose"
    RESHAPE = "reshape"  # to the result type's shape
    BROADCAST = "broadcast"  # to the result type's shape
    ZEROS = "zeros"  # of the result type's shape; its operand is 0
    CONCAT = "concat"  # any number of them, along option axis (always given)
    ARGMAX = "argmax"  # over option axis (absent: all); the first of equal ones
    SORT = "sort"  # a vector, ascending
    SORT_BY = "sort by"  # (x, keys): along axis 0, by ascending keys; those of equal keys stay in order
    ARGSORT = "argsort"  # of a vector; the first of equal ones first
    POPCOUNT = "popcount"  # of a named kind: how many of its bits are 1
    CONV2D = "conv2d"  # (image, kernel), option window; shapes in `layers.py`
    AVGPOOL = "avgpool"  # (image, n): squares of n by n, n a public Const
    MAXPOOL = "maxpool"
    SIGMOID = "sigmoid"  # option within
    EXP = "exp"  # these take option within, too
    LOG = "log"
    SQRT = "sqrt"
    RSQRT = "rsqrt"
    TANH = "tanh"
    SOFTMAX = "softmax"  # along option axis (always given)
    NORM2 = "norm2"  # the Euclidean norm over all axes; the checker turns comparisons of it into squares
    LOGISTIC = "logistic"  # (score, bit): the loss log(1 + exp(score)) - bit * score; only under `loss`
    SQUARED = "squared"  # (a, b): (a - b)^2 / 2 summed; only under `loss`
    CROSS_ENTROPY = "cross_entropy"  # (scores, class): -log(softmax(scores)[class]); only under `loss`


Inexact = Literal[  # approximated; compiler/functions/inexact.py says how
    Call.SIGMOID, Call.EXP, Call.LOG, Call.SQRT, Call.RSQRT, Call.TANH, Call.SOFTMAX, Call.NORM2
]
INEXACT: frozenset[Call] = frozenset(get_args(Inexact))
Loss = Literal[Call.LOGISTIC, Call.SQUARED, Call.CROSS_ENTROPY]
LOSSES: frozenset[Call] = frozenset(get_args(Loss))


class Body(Protocol):
    """What an `extern fn` computes, which the language does not say: of so many bits so many."""

    @property
    def inputs(self) -> tuple[int, ...]: ...  # bits of each

    @property
    def outputs(self) -> tuple[int, ...]: ...


@dataclass(frozen=True, slots=True)
class Outside:
    """What an `extern fn` stands for."""

    name: str
    body: Body
    axes: tuple[int, ...]  # of each parameter's kind
