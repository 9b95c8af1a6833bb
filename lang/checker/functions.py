"""The built-in functions: how they are called, and which operation of the core they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lang.typed import Call


@dataclass(frozen=True, slots=True)
class Builtin:
    """`call` takes `args` arguments; `over` is the form with one argument that goes over an axis (sum, min of)."""

    args: tuple[str, ...]
    call: Call | None = None
    over: Call | None = None
    options: tuple[str, ...] = ()
    only_in_loss: bool = False
    variadic: bool = False  # the last argument may be repeated

    def usage(self, name: str) -> str:
        shown = ", ".join(self.args) + (", ..." if self.variadic else "")
        return f"{name}({shown})"


_X = ("x",)
_AB = ("a", "b")

BUILTINS: Mapping[str, Builtin] = {
    "dot": Builtin(_AB, Call.DOT),
    "matmul": Builtin(_AB, Call.MATMUL),
    "transpose": Builtin(_X, Call.TRANSPOSE),
    "reshape": Builtin(("x", "size"), Call.RESHAPE, variadic=True),
    "sum": Builtin(_X, over=Call.SUM, options=("axis",)),
    "mean": Builtin(_X, over=Call.MEAN, options=("axis",)),
    "min": Builtin(_AB, Call.MIN, Call.MIN_OF, ("axis",)),
    "max": Builtin(_AB, Call.MAX, Call.MAX_OF, ("axis",)),
    "abs": Builtin(_X, Call.ABS),
    "relu": Builtin(_X, Call.RELU),
    "sign": Builtin(_X, Call.SIGN),
    "clamp": Builtin(("x", "lo", "hi"), Call.CLAMP),
    "sigmoid": Builtin(_X, Call.SIGMOID, options=("within",)),
    "logistic": Builtin(("score", "bit"), Call.LOGISTIC, only_in_loss=True),
    "squared": Builtin(_AB, Call.SQUARED, only_in_loss=True),
    "cross_entropy": Builtin(("scores", "class"), Call.CROSS_ENTROPY, only_in_loss=True),
    "argmax": Builtin(_X, over=Call.ARGMAX, options=("axis",)),
    "sqrt": Builtin(_X, Call.SQRT, options=("within",)),
    "rsqrt": Builtin(_X, Call.RSQRT, options=("within",)),
    "exp": Builtin(_X, Call.EXP, options=("within",)),
    "log": Builtin(_X, Call.LOG, options=("within",)),
    "tanh": Builtin(_X, Call.TANH, options=("within",)),
    "softmax": Builtin(_X, Call.SOFTMAX, options=("axis", "within")),
    "norm2": Builtin(_X, Call.NORM2, options=("within",)),
    "conv2d": Builtin(("x", "kernel"), Call.CONV2D),
    "avgpool": Builtin(("x", "size"), Call.AVGPOOL),
    "maxpool": Builtin(("x", "size"), Call.MAXPOOL),
    "sort": Builtin(_X, Call.SORT),
    "popcount": Builtin(_X, Call.POPCOUNT),
}
