"""What a row's gradient is after it was scaled, as its words stand: no longer than a magnitude times a factor.

The words from the product of magnitude and mantissa, and from the number of places that it moves down, to what is
scaled are evaluated for every product and every such number: that is the proof.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from compiler.training.slots import Moves, Slots, base
from compiler.words.builder import Builder
from compiler.words.evaluate import NoSources, evaluate
from compiler.words.integers import as_array
from compiler.words.ir import Block
from compiler.words.needs import need
from compiler.words.operations import Constant, Linear, Mul, Round, Select, View

FINEST = 16  # bits after the point of a ratio
MOST = 1 << 24  # of products and places that are tried


@dataclass(frozen=True, slots=True)
class Scaled:
    """|element| <= ratio * magnitude * mantissa * 2^(moves - exponent), for each element of what was scaled."""

    magnitude: int
    mantissa: int
    exponent: int
    moves: Moves
    ratio: Fraction


def scaled(slots: Slots, number: int) -> list[Scaled]:
    """All ways in which a value is seen as scaled; none where it is not (two, of one element a row)."""
    core, times = _absolute(slots, number)
    found = _made(slots, core)
    if found is None or slots.types[core].lo < 0:
        return []
    product, amount = found
    places = _places(slots, amount)
    args = slots.items[product].args
    ways = [(a, base(slots, m)) for a, m in (args, args[::-1]) if slots.one_each(base(slots, m))]
    if places is None or not ways or any(slots.types[n].lo < 0 for n in (product, *args)):
        return []
    exponent, moves, up = places
    ratio = times * _ratio(slots, core, product, amount) / (1 << up)
    return [Scaled(a, m, exponent, moves, ratio) for a, m in ways]


def _absolute(slots: Slots, number: int) -> tuple[int, Fraction]:
    """(n, k) with |value| = k |n|: whichever sign is chosen."""
    item = slots.items.get(number)
    if item is None:
        return number, Fraction(1)
    match item.op:
        case Linear((factor,), 0):
            core, times = _absolute(slots, item.args[0])
            return core, times * abs(factor) * item.type.scale / slots.types[item.args[0]].scale
        case Select():
            one, other = (_absolute(slots, a) for a in item.args[1:])
            return one if one == other else (number, Fraction(1))
        case _:
            return number, Fraction(1)


def _made(slots: Slots, number: int) -> tuple[int, int] | None:
    """(product, amount): the product of two numbers that it is made of, and the one of each row that it moves by."""
    products, amounts, waiting = set[int](), set[int](), [number]
    while waiting:
        item = slots.items.get(number := waiting.pop())
        if item is None:
            return None
        match item.op:
            case Mul():
                products.add(number)
            case Round() | Linear((_,)):
                waiting += item.args
            case Select():
                amounts.add(_amount(slots, item.args[0]))
                waiting += item.args[1:]
            case _:
                return None
    return (products.pop(), amounts.pop()) if len(products) == len(amounts) == 1 else None


def _amount(slots: Slots, bit: int) -> int:
    """What a bit is one of."""
    number = base(slots, bit)
    item = slots.items.get(number)
    while item is not None and (isinstance(item.op, Round) or (isinstance(item.op, Linear) and len(item.args) == 1)):
        number = base(slots, item.args[0])
        item = slots.items.get(number)
    return number


def _places(slots: Slots, amount: int) -> tuple[int, Moves, int] | None:
    """(exponent, moves, more) of how far down it goes: exponent - moves + more."""
    item, type = slots.items.get(amount), slots.types[amount]
    if not slots.one_each(amount) or type.scale != 1 or type.lo < 0:
        return None
    if item is None or not isinstance(item.op, Linear):
        return amount, (), 0
    terms = list(zip(item.op.coefficients, item.args, strict=True))
    exponents, bits = [a for c, a in terms if c == 1], [(a, -c) for c, a in terms if c < 0]
    whole = all(slots.types[a].scale == 1 for a in item.args)
    one = all((slots.types[a].lo, slots.types[a].hi) == (0, 1) for a, _ in bits)
    if len(exponents) != 1 or len(bits) + 1 != len(terms) or not whole or not one or item.op.constant < 0:
        return None
    return exponents[0], tuple(sorted(bits)), item.op.constant


def _ratio(slots: Slots, core: int, product: int, amount: int) -> Fraction:
    """The most that a scaled element is of product * 2^-amount, over all that both can be."""
    top, down = slots.types[product].hi, slots.types[amount]
    need(top * (down.hi + 1) <= MOST, "products too long to try them all")
    block, n = between(slots, {product: 0, amount: 1}, [core], top + 1), np.arange(top + 1)
    wide = slots.types[core].width + down.hi + FINEST > 62
    most = 0
    for d in range(down.lo, down.hi + 1):  # one at a time: all of them together would take some 100 MB
        given = [as_array(v, replace(slots.types[k], shape=n.shape)) for v, k in ((n, product), (n * 0 + d, amount))]
        [found] = evaluate(block, given, NoSources())
        need(not found[0], "nothing is scaled to something")
        scaled, by = (v[1:].astype(object if wide else np.int64) for v in (found, n))
        most = max(most, int(np.max(-(-(scaled << (d + FINEST)) // by), initial=0)))
    return Fraction(most, 1 << FINEST) * slots.types[core].scale / slots.types[product].scale


def between(slots: Slots, leaves: dict[int, int], roots: list[int], count: int) -> Block:
    """The words of `roots` from those of the leaves (value -> position), of `count` of each; views only place rows."""
    needed, waiting = set(leaves), [*roots]
    while waiting:
        number = waiting.pop()
        if number not in needed:
            needed.add(number)
            waiting += slots.items[number].args
    order = sorted(leaves, key=leaves.__getitem__)
    b = Builder([replace(slots.types[n], shape=(count,)) for n in order])
    place = dict(zip(order, range(len(order)), strict=True))
    for number in sorted(needed - set(leaves)):
        item, args = slots.items[number], [place[a] for a in slots.items[number].args]
        need(item.claim is None, "a factor that rests on a claim")
        need(not isinstance(item.op, Constant) or len(item.op.values) == 1, "scaled otherwise in one slot")
        core = base(slots, number)
        need(core != number or not isinstance(item.op, View), "a factor of elements in another order")
        type = replace(item.type, shape=(count,))
        place[number] = place[core] if core != number else b.add(item.op, args, type)
    return b.block([place[n] for n in roots])
