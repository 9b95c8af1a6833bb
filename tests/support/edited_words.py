"""Damage to the first item of its sort, wherever in the words it stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from compiler.words.ir import Block, Claim, Item, Loop, Output, Value, Words
from compiler.words.operations import (
    Op,
    Put,
    View,
)

Damage = Callable[[Words], Words]


def edited(block: Block, change: Callable[[int, Item], Item | None]) -> Block | None:
    """The block with the first item replaced for which `change` gives another one."""
    for position, (number, item) in enumerate(block.numbered()):
        new = change(number, item)
        if new is None and isinstance(item, Loop):
            inner = edited(item.body, change)
            new = None if inner is None else replace(item, body=inner)
        if new is not None:
            return replace(block, items=(*block.items[:position], new, *block.items[position + 1 :]))
    return None


def item(change: Callable[[int, Item], Item | None]) -> Damage:
    def damage(words: Words) -> Words:
        block = edited(words.block, change)
        assert block is not None, "nothing to damage"
        return replace(words, block=block)

    return damage


def value(kind: type[Op], change: Callable[[Value], Value], such: Callable[[Value], bool] = lambda v: True) -> Damage:
    """The first value of a kind, changed."""
    return item(lambda _, i: change(i) if isinstance(i, Value) and isinstance(i.op, kind) and such(i) else None)


def op(kind: type[Op], **fields: object) -> Damage:
    """The first operation of a kind with other fields."""
    return value(kind, lambda v: replace(v, op=replace(v.op, **fields)))  # type: ignore[type-var, arg-type]  # any one


def typed(kind: type[Op], **fields: object) -> Damage:
    """The first value of a kind with another type."""
    return value(kind, lambda v: replace(v, type=replace(v.type, **fields)))  # type: ignore[arg-type]  # any field


def loop(**fields: Callable[[Loop], object]) -> Damage:
    return item(lambda _, i: replace(i, **{n: f(i) for n, f in fields.items()}) if isinstance(i, Loop) else None)


def body(**fields: Callable[[Block], object]) -> Damage:
    return loop(body=lambda i: replace(i.body, **{n: f(i.body) for n, f in fields.items()}))


def at(kind: type[View] | type[Put], such: Callable[[Value], bool] = lambda v: True, **fields: object) -> Damage:
    def moved(v: Value) -> Value:
        assert isinstance(v.op, View | Put)
        return replace(v, op=replace(v.op, at=replace(v.op.at, **fields)))  # type: ignore[arg-type]  # any field

    return value(kind, moved, such)


def unclaimed(claim: Claim) -> Damage:
    return item(lambda _, i: replace(i, claim=None) if isinstance(i, Value) and i.claim is claim else None)


def outputs(**fields: object) -> Damage:
    def damage(words: Words) -> Words:
        first: Output = replace(words.outputs[0], **fields)  # type: ignore[arg-type]  # any field
        return replace(words, outputs=(first, *words.outputs[1:]))

    return damage


def indexed(v: Value) -> bool:
    return len(v.args) > (1 if isinstance(v.op, View) else 2)
