"""Words -> groups that become kernels: element-wise work of one lane shape, fused as convex groups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from typing import assert_never

from compiler.gates.limits import KERNEL_GATES
from compiler.joint.chunks import term_gates
from compiler.words.extern import Extern
from compiler.words.ir import Type, Value
from compiler.words.operations import (
    NAMES,
    And,
    Digits,
    Div,
    Dot,
    Enter,
    Equal,
    Exact,
    Less,
    Linear,
    Mark,
    Mul,
    Or,
    Pieces,
    Power,
    Remainder,
    Round,
    Select,
    Sharing,
    Source,
    Sqrt,
    Sum,
    Telling,
    Wiring,
    Xor,
)
from compiler.words.sampler import ENTRIES, INDEX_BITS, THRESHOLD_BITS, Sampler
from compiler.words.triangles import Triangles


@dataclass
class Group:
    """Values of one lane shape that one kernel computes, in order."""

    lanes: tuple[int, ...]
    members: dict[int, Value] = field(default_factory=dict[int, Value])
    gates: int = 0
    after: set[int] = field(default_factory=set[int])  # groups that must run before this one, transitively


def cut(
    items: list[tuple[int, Value]], sources: Callable[[int], set[int]], types: Callable[[int], Type]
) -> list[Group]:
    """Each Compute value joins the last group that makes one of its operands, if it fits and no cycle arises.

    `sources(n)` are the values of the block that `n` is a view of or otherwise made from without gates (itself if it
    is computed); they say which groups a group waits for.
    """
    groups: list[Group] = []
    home: dict[int, int] = {}
    for number, item in items:
        direct = {home[a] for a in item.args if a in home}
        wired = {home[s] for a in item.args if a not in home for s in sources(a) if s in home}
        waits = direct | wired
        lanes = item.type.shape[:-1] if isinstance(item.op, Extern) else item.type.shape
        size = estimate(item, [types(a) for a in item.args])
        fitting = [
            g
            for g in sorted(direct - wired, reverse=True)
            if groups[g].lanes == lanes
            and groups[g].gates + size <= KERNEL_GATES
            and not any(g in groups[other].after for other in waits - {g})
        ]
        chosen = fitting[0] if fitting else len(groups)
        if not fitting:
            groups.append(Group(lanes))
        group = groups[chosen]
        group.members[number] = item
        group.gates += size
        group.after |= waits.union(*(groups[g].after for g in waits)) - {chosen}
        home[number] = chosen
        _propagate(groups, chosen)
    return groups


def _propagate(groups: list[Group], changed: int) -> None:
    """Whoever waits for `changed` waits for what it waits for."""
    for group in groups:
        if changed in group.after:
            group.after |= groups[changed].after


def estimate(item: Value, args: list[Type]) -> int:
    """Gates of one lane, from above (XORs counted)."""
    widths, op = [a.width for a in args], item.op
    if isinstance(op, Source | Wiring | Mark | Enter | Telling | Sharing):
        raise AssertionError(f"`{NAMES[type(op)]}` takes no gates")
    match op:
        case Digits(count=count) | Dot(count) | Sum(count) | Triangles(count=count):
            terms = prod(args[0].shape[len(args[0].shape) - count :])
            return terms * term_gates(op, widths)
        case Mul():
            return 6 * (prod(widths) + sum(widths))
        case Pieces(base=base):
            return 20 * (item.type.width + widths[0]) + len(base) * (2 + item.type.width)
        case Extern(circuit=circuit):
            return len(circuit.gates)
        case Sampler():
            return ENTRIES * (4 + INDEX_BITS + THRESHOLD_BITS) + 12 * op.bits + 5 * item.type.width
        case Div():
            return 7 * (widths[0] + 1) * (widths[1] + 1) + 6 * item.type.width
        case Remainder():
            return 7 * (widths[0] + 2) * (widths[1] + 2) + 12 * item.type.width
        case Sqrt():
            return (widths[0] + 4) ** 2
        case Power():
            return 4 * item.type.width + widths[0]
        case Linear() | Less():
            return 5 * (sum(widths) + item.type.width)
        case Round():
            return 12 * (widths[0] + item.type.width)
        case Exact() | Equal() | Select() | And() | Or() | Xor():
            return 3 * (sum(widths) + item.type.width)
        case _:
            assert_never(op)
