"""Words that nobody reads, taken out; the builder's sharing is applied once more on the way."""
from __future__ import annotations

from dataclasses import replace

from compiler.words.build import Builder
from compiler.words.ir import Block, Loop, Result, Value, Words


def prune(program: Words) -> Words:
    b = Builder()
    place = copy(b, program.block, {}, live(program.block))
    outputs = tuple(replace(o, value=place[o.value]) for o in program.outputs)
    return replace(program, block=b.block([o.value for o in outputs]), outputs=outputs)


def live(block: Block) -> set[int]:
    """The items of the block (and of those in it) that its results need."""
    needed = set(block.results)
    for number, item in reversed(list(block.numbered())):
        if number in needed:
            needed.update(reads(item))
    return needed


def reads(item: Value | Loop | Result) -> set[int]:
    """Every number of the item's own and enclosing blocks that it reads."""
    match item:
        case Value():
            return set(item.args)
        case Result():
            return {item.loop}
        case Loop():
            return set(item.init) | {n for n in live(item.body) if n < item.body.first}


def copy(b: Builder, block: Block, place: dict[int, int], needed: set[int]) -> dict[int, int]:
    """Emit the needed items into `b`; `place` maps old numbers to new ones and is added to."""
    loops: dict[int, list[int]] = {}
    for number, item in block.numbered():
        if number not in needed:
            continue
        match item:
            case Value():
                place[number] = b.emit(replace(item, args=tuple(place[a] for a in item.args)))
            case Loop():
                inner = Builder(item.body.params, b)
                inside = dict(place)
                inside.update(zip(range(item.body.first, item.body.first + len(item.body.params)),
                                  range(inner.first, inner.first + len(item.body.params)), strict=True))
                inside = copy(inner, item.body, inside, live(item.body))
                b.span = item.span
                loops[number] = b.loop(item.count, [place[i] for i in item.init],
                                       inner.block([inside[r] for r in item.body.results]))
                b.span = None
            case Result():
                place[number] = loops[item.loop][item.position]
    return place
