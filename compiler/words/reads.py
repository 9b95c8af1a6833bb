"""What items read: their operands, and what a loop's body reads of the blocks around it."""

from __future__ import annotations

from compiler.words.ir import Block, Item, Loop, Result, Value


def live(block: Block) -> set[int]:
    """The items of the block, and what its loops read of it, that its results need."""
    needed = set(block.results)
    for number, item in reversed(list(block.numbered())):
        if number in needed:
            needed.update(reads(item))
    return needed


def reads(item: Item) -> set[int]:
    """Every number of the item's own and enclosing blocks that it reads."""
    match item:
        case Value():
            return set(item.args)
        case Result():
            return {item.loop}
        case Loop():
            return set(item.init) | {n for n in live(item.body) if n < item.body.first}
