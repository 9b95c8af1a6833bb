"""Public indices: words that are sums of multiples of loop indices."""

from __future__ import annotations

from compiler.words.builder import Builder
from compiler.words.ir import Value
from compiler.words.operations import Linear


def linear_parts(b: Builder, word: int) -> tuple[int, dict[int, int]] | None:
    """A word made of block parameters by `Linear`, as (constant, {parameter: coefficient}); None for any other."""
    item = b.item(word)
    if item is None:
        return 0, {word: 1}
    if not (isinstance(item, Value) and isinstance(item.op, Linear)):
        return None
    unit = item.type.scale
    constant, moves = int(item.op.constant * unit), dict[int, int]()
    for coefficient, arg in zip(item.op.coefficients, item.args, strict=True):
        inner = linear_parts(b, arg)
        if inner is None:
            return None
        times = coefficient * unit / b.type(arg).scale
        constant += int(times * inner[0])
        for parameter, factor in inner[1].items():
            moves[parameter] = moves.get(parameter, 0) + int(times * factor)
    return constant, moves
