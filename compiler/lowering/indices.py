"""Public indices: words that are sums of multiples of loop indices."""

from __future__ import annotations

from fractions import Fraction

from compiler.words.builder import Builder
from compiler.words.ir import Value
from compiler.words.operations import Linear


def linear_parts(b: Builder, word: int) -> tuple[int, dict[int, int]] | None:
    """A word made of block parameters by `Linear`, as (constant, {parameter: coefficient}); None for any other."""
    constant, moves = Fraction(0), dict[int, int]()
    stack = [(word, Fraction(1))]
    while stack:
        number, times = stack.pop()
        item = b.item(number)
        if item is None:
            moves[number] = moves.get(number, 0) + int(times)
        elif isinstance(item, Value) and isinstance(item.op, Linear):
            unit = times * item.type.scale
            constant += unit * item.op.constant
            terms = zip(item.op.coefficients, item.args, strict=True)
            stack += [(arg, unit * n / b.type(arg).scale) for n, arg in terms][::-1]
        else:
            return None
    return int(constant), moves
