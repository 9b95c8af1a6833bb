"""Words of a training with one thing changed at random: operands, types, claims and what an operation holds."""

from __future__ import annotations

import random
from dataclasses import fields, replace
from typing import Any

from compiler.words.ir import Block, Claim, Loop, Value, Words


def broken(words: Words, chance: random.Random) -> Words:
    """Raises ValueError, TypeError or ArithmeticError for words that cannot even be made."""
    return replace(words, block=_block(words.block, chance))


def _block(block: Block, chance: random.Random) -> Block:
    items = list(block.items)
    loops = [i for i, item in enumerate(items) if isinstance(item, Loop)]
    if loops and chance.random() < 0.95:
        at = chance.choice(loops)
        loop = items[at]
        assert isinstance(loop, Loop)
        items[at] = replace(loop, body=_block(loop.body, chance))
        return replace(block, items=tuple(items))
    at = chance.randrange(len(items))
    item = items[at]
    if chance.random() < 0.1:
        del items[at]
    elif isinstance(item, Value):
        items[at] = _value(item, block.first + len(block.params) + len(items), chance)
    return replace(block, items=tuple(items))


def _value(item: Value, numbers: int, chance: random.Random) -> Value:
    args, way = list(item.args), chance.randrange(5)
    match way:
        case 0 | 1 if args:
            at = chance.randrange(len(args))
            args[at : at + 1] = [chance.randrange(numbers + 1)] if way else []
            return replace(item, args=tuple(args))
        case 2:
            end = chance.choice((0, 1, -1, item.type.lo * 2, item.type.hi // 2))
            return replace(item, type=replace(item.type, **{chance.choice(("lo", "hi")): end}))
        case 3:
            return replace(item, claim=chance.choice((None, *Claim)))
        case _:
            return replace(item, op=_operation(item.op, chance))


def _operation(op: Any, chance: random.Random) -> Any:
    if not (names := [f.name for f in fields(op)]):
        return op
    name = chance.choice(names)
    match getattr(op, name):
        case bool(value):
            changed: object = not value
        case int(value):
            changed = chance.choice((0, -1, value + 1, 1 << 40))
        case tuple(value) if value:
            changed = chance.choice(((), value[:-1], value + value[:1], value[::-1]))
        case value:
            changed = value
    return replace(op, **{name: changed})
