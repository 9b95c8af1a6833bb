"""A block for one example -> the same words for a batch: an axis of slots in front of what depends on the row."""

from __future__ import annotations

from dataclasses import replace

from compiler.words.builder import Builder
from compiler.words.ir import Block, Loop, Value
from compiler.words.operations import Concat, Constant, Put, Strided, View
from compiler.words.strides import row_major
from lang.problems import NotYet
from lang.problems.problem import Rejected


def vmap(b: Builder, example: Block, args: list[int], batched: list[bool], slots: int) -> list[tuple[int, bool]]:
    """Emit the example's items into `b`; each result's number and whether it has the axis of slots.

    An argument that a view is indexed with, and that differs by slot, must be the slots' numbers 0, 1, 2, ..
    """
    place = dict(enumerate(zip(args, batched, strict=True), example.first))
    for number, item in example.numbered():
        if isinstance(item, Loop) and item.span:
            raise Rejected([NotYet(span=item.span, what="a loop inside `dpsgd`")])
        assert isinstance(item, Value)
        operands = [place.get(a, (a, False)) for a in item.args]
        place[number] = _item(b, item, operands, slots)
    return [place.get(r, (r, False)) for r in example.results]


def _item(b: Builder, item: Value, operands: list[tuple[int, bool]], slots: int) -> tuple[int, bool]:
    if not any(batched for _, batched in operands):
        return b.emit(replace(item, args=tuple(n for n, _ in operands))), False
    shape = (slots, *item.type.shape)
    if isinstance(item.op, View | Put):
        return _wiring(b, item, item.op, operands, slots), True
    if isinstance(item.op, Concat):
        return _concat(b, [_stretched(b, n, was, slots) for n, was in operands]), True
    args = tuple(_stretched(b, n, was, slots) for n, was in operands)
    return b.emit(replace(item, args=args, type=replace(item.type, shape=shape))), True


def _stretched(b: Builder, number: int, batched: bool, slots: int) -> int:
    return number if batched else b.broadcast(number, (slots, *b.type(number).shape))


def _wiring(b: Builder, item: Value, op: View | Put, operands: list[tuple[int, bool]], slots: int) -> int:
    """An index that differs by slot is 0, 1, 2, ..: the view moves with the slot instead."""
    at, (whole, was) = op.at, operands[0]
    indices = list(zip(at.steps, operands[1 if isinstance(op, View) else 2 :], strict=True))
    lead = sum(step for step, (_, batched) in indices if batched)
    if was or isinstance(op, Put) or not lead:
        whole = _stretched(b, whole, was, slots)
        lead += row_major(b.type(whole).shape)[0]
    moved = Strided(at.offset, (lead, *at.strides), tuple(step for step, (_, batched) in indices if not batched))
    fixed = [n for _, (n, batched) in indices if not batched]
    if isinstance(op, View):
        return b.view(whole, moved, (slots, *item.type.shape), fixed)
    return b.put(whole, _stretched(b, *operands[1], slots), moved, fixed)


def _concat(b: Builder, parts: list[int]) -> int:
    """Along what was axis 0 of the example and is axis 1 now."""
    rank = len(b.type(parts[0]).shape)
    swap = [1, 0, *range(2, rank)]
    return b.transpose(b.concat([b.transpose(p, swap) for p in parts]), swap)


def sum_slots(b: Builder, number: int) -> int:
    """Over the axis of slots; a sum of products becomes one dot product."""
    item = b.item(number)
    if isinstance(item, Value) and isinstance(item.op, View) and len(item.args) == 1:
        row = b.type(item.args[0]).size // b.type(number).shape[0]
        if item.op.at.strides[0] == row and b.type(item.args[0]).shape[:1] == b.type(number).shape[:1]:
            total = sum_slots(b, item.args[0])  # the view moves elements within a slot: it may come after
            return b.view(total, Strided(item.op.at.offset, item.op.at.strides[1:]), b.type(number).shape[1:])
    if isinstance(item, Value) and isinstance(item.op, Constant):
        return b.sum(number, 1)
    return b.contract(number, [*range(1, len(b.type(number).shape)), 0], 1)
