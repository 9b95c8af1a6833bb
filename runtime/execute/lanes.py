"""Wide launches of words that are entered, some lanes at a time: their labels need not be there all at once.

Of what nobody has to transfer both parties make the labels when a block of lanes is run, in room that stays in the
cache; so are outputs that are opened at once, of which what `Backend.kept` keeps is left.  A label of each wire of such
words would be memory that is found, cleared and passed through many times.

No byte depends on it.  Transfers are asked for whole, before the first block.  Blocks are of whole tiles, and of the
launches of a chain one at most has tables, so these are in the order in which they would be, with the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import assert_never

import numpy as np

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
    View,
    grid,
)
from runtime.execute.backend import Backend, Joint, Next, Progress, Wires
from runtime.execute.joint import JointSteps

AT_ONCE = 1 << 18  # wires of all words of a block: 4 MiB of labels
Run = list[Step] | tuple[Joint, ...]
Cells = dict[int, int]  # wires of a lane, by buffer


@dataclass(frozen=True, slots=True)
class Chain:
    """Launches over the same lanes, behind each other and behind what they read."""

    enters: tuple[Enter, ...]
    launches: tuple[Launch, ...]
    opens: tuple[Open, ...]  # right behind, of buffers that nobody reads otherwise
    cells: Cells  # of buffers that are cut
    gone: frozenset[int]  # those of them that are not there afterwards
    lanes: int
    tile: int  # of which every launch's is a part
    and_gates: int  # of a lane
    tabled: int  # the tile of the launch that has them

    @property
    def at_once(self) -> int:
        """Lanes."""
        return max(1, AT_ONCE // sum(self.cells.values()) // self.tile) * self.tile


def chained(runs: Sequence[Run], plan: Plan) -> list[Run | Chain]:
    """Runs of steps, see `walk`, with a chain for what is one."""
    found: list[Run | Chain] = []
    rest, before = list(runs), set[int]()
    while rest:
        run = rest.pop(0)
        made = None
        if rest and isinstance(run, list) and isinstance(run[0], Enter) and isinstance(rest[0], tuple):
            made = _chain([step for step in run if isinstance(step, Enter)], rest[0], plan)
        if made is not None and not before.isdisjoint(made[0].gone):
            made = None
        if made is None:
            found.append(run)
            before |= _written(run)
            continue
        chain, tail = made
        rest[:1] = [tail] if tail else []
        opened = None if tail else _opened(chain, rest[:2], before)
        if opened is not None:
            del rest[:2]
        found.append(opened or chain)
        before |= _written([*chain.enters, *chain.launches])
    return found


def _chain(enters: Sequence[Enter], steps: tuple[Joint, ...], plan: Plan) -> tuple[Chain, tuple[Joint, ...]] | None:
    """As many of the steps as can be run by lanes, and those behind them; None where that is not worth it."""
    sizes = {step.buffer: step.type.size * step.type.width for step in enters}
    launches, cells, gone = list[Launch](), Cells(), set[int]()
    done = 0
    for step in steps:
        if isinstance(step, Launch) and (more := _cells(step, launches, cells, gone, sizes, plan)) is not None:
            launches.append(step)
            cells = more
        elif not (isinstance(step, Free) and step.buffer in cells):
            break
        else:
            gone.add(step.buffer)
        done += 1
    tables = [launch for launch in launches if plan.kernels[launch.kernel].circuit.and_gates]
    if not launches or len(tables) > 1 or len(sizes) < len(enters):
        return None
    [lanes] = launches[0].lanes
    tiles = [plan.kernels[launch.kernel].tile for launch in launches]
    kernel = plan.kernels[(tables or launches)[0].kernel]
    chain = Chain(
        tuple(enters),
        tuple(launches),
        (),
        cells,
        frozenset(gone),
        lanes,
        max(tiles),
        kernel.circuit.and_gates,
        kernel.tile,
    )
    return (chain, steps[done:]) if chain.at_once < lanes else None


def _cells(
    launch: Launch, before: Sequence[Launch], cells: Cells, gone: Collection[int], entered: Cells, plan: Plan
) -> Cells | None:
    """With the buffers of a launch; None where it does not go through all of them lane by lane."""
    has_tables = [each for each in (*before, launch) if plan.kernels[each.kernel].circuit.and_gates]
    if len(launch.lanes) != 1 or len(has_tables) > 1 or any(each.lanes != launch.lanes for each in before):
        return None
    found, [lanes] = dict(cells), launch.lanes
    for view in (*launch.reads, *launch.writes):
        writes, cell = view in launch.writes, view.lane[0]
        if not cell and not writes and view.buffer in entered and view.buffer not in found:
            continue  # the same for all lanes
        if view.buffer in gone or not _inside(view, cell) or cell * lanes != plan.buffers[view.buffer]:
            return None
        if found.setdefault(view.buffer, cell) != cell or not (
            writes or view.buffer in cells or view.buffer in entered
        ):
            return None
        if entered.get(view.buffer, cell * lanes) != cell * lanes:
            return None
    shared = {view.buffer for each in (*before, launch) for view in each.reads if not view.lane[0]}
    return None if shared & found.keys() else found


def _written(steps: Sequence[Step]) -> set[int]:
    """The buffers."""
    found = set[int]()
    for step in steps:
        match step:
            case Enter():
                found.add(step.buffer)
            case Launch():
                found.update(view.buffer for view in step.writes)
            case Copy():
                found.add(step.target.buffer)
            case Repeat():
                found |= _written(step.body)
            case Clear() | Product() | Open() | Tell() | Disclose() | Hand() | Carry() | Free():
                pass
            case _:
                assert_never(step)
    return found


def _inside(view: View, cell: int) -> bool:
    """Are all of a lane's wires those of its cell?"""
    port = view.offset + grid([n for n, _ in view.port], [s for _, s in view.port])
    return not view.loop and int(port.min()) >= 0 and int(port.max()) < cell


def _opened(chain: Chain, behind: Sequence[Run], before: Collection[int]) -> Chain | None:
    """With what is opened right behind it, if the buffers then go, which have nothing from before."""
    if len(behind) < 2 or not isinstance(behind[0], list):
        return None
    opens = [step for step in behind[0] if isinstance(step, Open)]
    frees = [step for step in behind[1] if isinstance(step, Free)]
    freed = {step.buffer for step in frees}
    if len(opens) < len(behind[0]) or len(frees) < len(behind[1]):
        return None
    left = chain.cells.keys() - chain.gone
    if not freed == left == {step.buffer for step in opens} or not left.isdisjoint(before):
        return None
    if any(step.type.size * step.type.width != chain.cells[step.buffer] * chain.lanes for step in opens):
        return None
    return replace(chain, opens=tuple(opens), gone=chain.gone | freed)


class Lanes:
    """Of one time that a chain is run."""

    def __init__(self, chain: Chain, plan: Plan, backend: Backend, progress: Progress | None) -> None:
        self.chain, self._plan, self._backend, self._progress = chain, plan, backend, progress

    def run(self, words: dict[int, Next], allocate: Callable[[int], Wires], base: int) -> list[Wires]:
        """With what gives the wires of each buffer that is entered, and the buffers that outlive it; what is kept of
        each output."""
        chain = self.chain
        whole = {buffer: allocate(buffer) for buffer in (*words, *chain.cells) if buffer not in chain.gone}
        for step in chain.enters:
            if step.buffer not in chain.cells:
                size = step.type.size * step.type.width
                whole[step.buffer][:size] = words.pop(step.buffer)(size)
        scratch = {buffer: self._backend.empty(chain.cells[buffer] * chain.at_once) for buffer in chain.gone}
        kept: list[list[Wires]] = [[] for _ in chain.opens]
        made = cache(self._steps)
        for at in _blocks(chain):
            count = at.stop - at.start
            steps, launches = made(count)
            steps.buffers = dict(whole)
            for buffer, cell in chain.cells.items():
                room = scratch[buffer][: cell * count] if buffer in scratch else whole[buffer][cell * at.start :]
                steps.buffers[buffer] = room[: cell * count]
            for buffer, word in words.items():
                steps.buffers[buffer][:] = word(len(steps.buffers[buffer]))
            steps.run(launches, (), base + at.start // chain.tabled * chain.and_gates)
            for output, pieces in zip(chain.opens, kept, strict=True):
                pieces.append(self._backend.kept(output, steps.buffers[output.buffer]))
        return [np.concatenate(pieces) for pieces in kept]

    def _steps(self, lanes: int) -> tuple[JointSteps, tuple[Launch, ...]]:
        """All of it for so many lanes."""
        cells = self.chain.cells
        sizes = [cells[i] * lanes if i in cells else size for i, size in enumerate(self._plan.buffers)]
        launches = tuple(replace(launch, lanes=(lanes,)) for launch in self.chain.launches)
        return JointSteps(replace(self._plan, buffers=tuple(sizes)), self._backend, self._progress), launches


def _blocks(chain: Chain) -> Iterator[slice]:
    for start in range(0, chain.lanes, chain.at_once):
        yield slice(start, min(start + chain.at_once, chain.lanes))
