"""One party's words of a block as a step of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from compiler.schedule.plan import Clear
from compiler.words.builder import Builder
from compiler.words.ir import Block, Type
from compiler.words.reads import live, reads
from compiler.words.rewrite import Rewriter


@dataclass
class _Part(Rewriter):
    """Copies the items of a block that some of its values need; of a loop's body, what the loop needs."""

    needed: set[int] | None = field(default=None, kw_only=True)

    def begin(self, block: Block) -> None:
        if self.needed is None:
            self.needed = live(block)

    def wanted(self, number: int) -> bool:
        return self.needed is not None and number in self.needed


def clear_step(
    party: str,
    block: Block,
    wanted: Sequence[int],
    writes: Sequence[int],
    indices: Sequence[int],
    types: Mapping[int, Type],
    clear: Mapping[int, int],
) -> Clear:
    """The step that makes the clear words `writes` of the values `wanted`; `clear` has the words made earlier."""
    needed = _closure(block, wanted, clear)
    read = set[int]().union(*(reads(item) for n, item in block.numbered() if n in needed))
    params = [*indices, *sorted(n for n in read if n in clear)]
    b = Builder([types[n] for n in params])
    part = _Part(b, {n: i for i, n in enumerate(params)}, needed=needed)
    part.block(block)
    return Clear(
        party, b.block([part.place[n] for n in wanted]), tuple(clear[n] for n in params[len(indices) :]), tuple(writes)
    )


def _closure(block: Block, wanted: Sequence[int], known: Mapping[int, int]) -> set[int]:
    """The items that the wanted ones need, stopping at what is known already."""
    needed = set(wanted)
    for number, item in reversed(list(block.numbered())):
        if number in needed:
            needed |= reads(item) - set(known)
    return needed
