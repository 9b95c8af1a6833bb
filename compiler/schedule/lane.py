"""One lane of a group as a block of its own: the program that becomes a kernel's circuit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from compiler.schedule.cut import Group
from compiler.words.ir import Block, Type, Value
from compiler.words.operations import NAMES, Constant, Contraction
from lang.source import Span


@dataclass(frozen=True, slots=True)
class Lane:
    """`reads[i]` is the value that parameter i shows one lane of, `writes[i]` the value that result i is.

    Equal work from two places is one block, so the places of its items stand beside it.
    """

    block: Block
    reads: tuple[int, ...]
    writes: tuple[int, ...]
    places: tuple[Span | None, ...]


def lane(
    group: Group, wanted: Callable[[int], bool], types: Callable[[int], Type], constant: Callable[[int], Value | None]
) -> Lane:
    """The block of one lane; `wanted` values leave it, uniform constants are folded into it."""
    rank = len(group.lanes)
    reads: dict[int, int] = {}
    constants: dict[int, Value] = {}
    for item in group.members.values():
        for arg in item.args:
            known = constant(arg)
            if known is not None:
                constants[arg] = known
            elif arg not in group.members:
                reads.setdefault(arg, len(reads))
    params = tuple(_one_lane(types(n), rank) for n in reads)
    place = dict(reads)
    items: list[Value] = []
    for number, known in constants.items():
        place[number] = len(params) + len(items)
        items.append(replace(known, type=_one_lane(known.type, rank), span=None))
    for number, item in group.members.items():
        place[number] = len(params) + len(items)
        args = tuple(place[a] for a in item.args)
        items.append(replace(item, args=args, type=_one_lane(item.type, rank), span=None))
    writes = tuple(n for n in group.members if wanted(n))
    places = (*(None for _ in constants), *(item.span for item in group.members.values()))
    return Lane(Block(0, params, tuple(items), tuple(place[n] for n in writes)), tuple(reads), writes, places)


def _one_lane(type: Type, rank: int) -> Type:
    return replace(type, shape=type.shape[rank:])


def kernel_name(block: Block) -> str:
    """What it does, for people: its operations in order, contractions with their extents and widths."""
    names: list[str] = []
    for item in block.items:
        assert isinstance(item, Value)
        name = NAMES[type(item.op)]
        if isinstance(item.op, Contraction):
            first = block.params[item.args[0]] if item.args[0] < len(block.params) else None
            name += f" {'x'.join(map(str, first.shape))}" if first else ""
        if not isinstance(item.op, Constant) and name not in names:
            names.append(name)
    return ", ".join(names)
