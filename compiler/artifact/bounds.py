"""How large a program may be that is written down and read: beyond this no run comes to an end.

The bounds also keep what reading costs small.  They are asked before anything is verified, and by arithmetic alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from math import prod
from typing import assert_never

from compiler.gates.limits import KERNEL_GATES, PROGRAM_GATES
from compiler.program import Compiled
from compiler.schedule.plan import (
    Carry,
    Clear,
    Copy,
    Disclose,
    Enter,
    Free,
    Hand,
    Launch,
    Open,
    Plan,
    Product,
    Repeat,
    Step,
    Tell,
)
from compiler.words.ir import Block, Loop, Type
from lang.source import Source

STEPS = 1 << 14  # of the plan, and of the clear words in it
LOOPS = 16  # one in the other
CARRIED = 1 << 21  # values that clear loops carry, times all clear words: what it takes to verify them
COMPARED = 1 << 16  # pairs of views of a launch, over all launches
WIRES = 1 << 32  # of a buffer: 64 GiB of labels
LANES = 1 << 40  # of one launch or copy; elements of one clear word
GATES = 1 << 50  # AND and XOR of a run together
TIMES = 1 << 40  # that a step runs
SHRINKING = 16  # times fewer gates after the passes; real programs lose one in ten
TEXT = 1 << 17  # characters of all files but circuits
CIRCUITS = 1 << 21  # characters of the circuits among them, whose lines are read at once
CIRCUIT = re.compile(r"[0-9A-Z \t\n]*")  # all that such a text has, and no program has so little
FILES = 64
OTHER_WAY = frozenset(  # characters that turn the direction of what stands beside them, or end a line on some screens
    map(chr, (0x61C, 0x200E, 0x200F, 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A)))
)


class TooLarge(ValueError):
    """What there is too much of."""


def made_gates(program: Compiled) -> int:
    """How many gates its compilation has made before the passes, as it says."""
    return sum(p.and_before + p.xor_before for p in program.passes[:1])


def check(program: Compiled) -> None:
    """Raises TooLarge."""
    files(program.files)
    kept = sum(len(kernel.circuit.gates) for kernel in program.plan.kernels)
    _most("gates before the passes", made_gates(program), min(PROGRAM_GATES, SHRINKING * kept + KERNEL_GATES))
    _plan(program.plan)
    for type in (*(t for _, t, _ in program.inputs), *(o.type for o in program.outputs)):
        _type(type)


def files(found: Sequence[Source]) -> None:
    """Raises TooLarge, also for characters that a screen takes as orders."""
    _most("files", len(found), FILES)
    circuits = [f for f in found if CIRCUIT.fullmatch(f.text)]
    _most("characters of circuits", sum(len(f.text) for f in circuits), CIRCUITS)
    _most("characters of text", sum(len(f.text) for f in found if f not in circuits), TEXT)
    for file in found:
        if len(file.name) > 1000 or not file.name.isprintable():
            raise TooLarge("a name that cannot be printed")
        for number, line in enumerate(file.text.split("\n"), 1):
            odd = next((c for c in line if (c < " " and c != "\t") or "\x7f" <= c < "\xa0" or c in OTHER_WAY), None)
            if odd is not None:
                raise TooLarge(f"{file.name}:{number} holds the control character U+{ord(odd):04X}")


def _plan(plan: Plan) -> None:
    work = [len(k.circuit.gates) for k in plan.kernels]
    found = list(_steps(plan.steps, (), plan))
    _most("steps", len(found), STEPS)
    for wires in plan.buffers:
        _most("wires in a buffer", wires, WIRES)
    gates = compared = words = carried = 0
    for step, times in found:
        match step:
            case Launch(lanes=lanes, reads=reads, writes=writes):
                gates += times * prod(lanes) * (work[step.kernel] if 0 <= step.kernel < len(work) else 0)
                compared += len(writes) * (len(reads) + len(writes))
                _lanes(lanes)
            case Copy(lanes=lanes):
                _lanes(lanes)
            case Product():
                _lanes(step.extents)
            case Clear(block=block):
                counted = list(_blocks(block, 0))
                words += sum(len(b.items) + len(b.params) for b in counted)
                carried += sum(len(b.params) + 1 for b in counted[1:])
            case Enter() | Free() | Open() | Repeat() | Tell() | Disclose() | Hand() | Carry():
                pass
            case _:
                assert_never(step)
    _most("gates in a run", gates, GATES)
    _most("pairs of views", compared, COMPARED)
    _most("clear words", words, STEPS)
    _most("clear words in loops", carried * words, CARRIED)


def _steps(steps: Sequence[Step], counts: tuple[int, ...], plan: Plan) -> Iterator[tuple[Step, int]]:
    """Every step, and how many times it runs."""
    times = prod(counts)
    _most("loops one in the other", len(counts), LOOPS)
    _most("times that a step runs", times, TIMES)
    for step in steps:
        yield step, times
        if isinstance(step, Repeat):
            yield from _steps(step.body, (*counts, step.count), plan)


def _blocks(block: Block, depth: int) -> Iterator[Block]:
    """The block and those of its loops; every type in them has been asked."""
    _most("loops one in the other", depth, LOOPS)
    yield block
    for type in block.params:
        _type(type)
    for item in block.items:
        if isinstance(item, Loop):
            _most("times that a step runs", item.count, TIMES)
            yield from _blocks(item.body, depth + 1)
        else:
            _type(item.type)


def _type(type: Type) -> None:
    _lanes(type.shape)


def _lanes(extents: Sequence[int]) -> None:
    _most("elements", prod(max(1, abs(n)) for n in extents), LANES)


def _most(what: str, count: int, most: int) -> None:
    if count > most:
        raise TooLarge(f"{count if count < 1 << 64 else '2^64 and more'} {what}, more than {most}")
