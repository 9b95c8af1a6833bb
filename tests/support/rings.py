"""The ideal run of a program whose products go as shares: each Ring reads what it is, and a number more.

Which Ring an entry of the evaluator's belongs to is found by what both carry in honest runs, not by asking the
compiler; so an entry too many, or a Ring that enters twice, is found as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar
from unittest.mock import patch

import numpy as np
from support.reading import Meant, reading

from compiler.joint.locality import Owners, Roles, analyse, roles
from compiler.joint.told import kept
from compiler.schedule.plan import PUBLIC, Carry, Clear, Enter, Plan, Product, Repeat, Step
from compiler.words.evaluate import Sources, evaluate
from compiler.words.integers import Array, as_array
from compiler.words.ir import Block, Loop, Type, Value, Words, full_range
from compiler.words.operations import Bound, Coins, Entry, Ring, View
from runtime.execute import walk as walker
from runtime.execute.clear import ClearBackend

T = TypeVar("T")
Reading = Callable[[int, int, Type], Array]  # (which Ring, how often it has been made before, its type) -> the offset


def nothing(ring: int, time: int, type: Type) -> Array:
    return np.zeros(type.shape, dtype=object)


@dataclass
class Offsets:
    """Offsets, the same whenever asked for: of one size in a run, from ones to the whole ring."""

    rng: np.random.Generator
    chosen: dict[tuple[int, int], Array] = field(default_factory=dict[tuple[int, int], Array])

    def __post_init__(self) -> None:
        self._size = self.rng.random()

    def __call__(self, ring: int, time: int, type: Type) -> Array:
        if (ring, time) not in self.chosen:
            most = int(2 ** (self._size * type.width)) // 2
            ends = self.rng.choice([0, 1, most, -most], type.shape)
            anything = self.rng.integers(-most, most, type.shape, endpoint=True)
            self.chosen[ring, time] = np.where(self.rng.random(type.shape) < 0.5, ends, anything).astype(object)
        return self.chosen[ring, time]


def wrapped(value: Array, type: Type) -> Array:
    """Mod 2^w for w the width of the type."""
    low, high = full_range(type.width, type.signed)
    return as_array((np.asarray(value).astype(object) - low) % (high - low + 1) + low, type)


# -- the words ------------------------------------------------------------------------------------


def joint_rings(words: Words) -> list[Value]:
    """The Rings that one party cannot make on its own, or that the evaluator would make on its own."""
    return list(_rings(words.block, {}, roles(words)))


def _rings(block: Block, owners: Owners, who: Roles) -> Iterator[Value]:
    analyse(block, owners, who)
    for number, item in block.numbered():
        if isinstance(item, Loop):
            carried = [owners[number]] * (len(item.body.params) - 1)
            yield from _rings(item.body, owners | dict(enumerate([PUBLIC, *carried], item.body.first)), who)
        elif isinstance(item, Value) and isinstance(item.op, Ring) and owners[number] not in (PUBLIC, who.garbler):
            yield item


def sums(words: Words) -> set[int]:
    """Which of the joint Rings are sums over the slots: what is clipped has been added up in them."""
    known = {id(item): position for position, item in enumerate(joint_rings(words))}
    found: set[int] = set()

    def inside(block: Block) -> None:
        items = dict(block.numbered())
        for item in block.items:
            if isinstance(item, Loop):
                inside(item.body)
            elif isinstance(item, Value) and isinstance(item.op, Bound):
                source = items.get(item.args[0])
                while isinstance(source, Value) and isinstance(source.op, View):
                    source = items.get(source.args[0])
                found.update({known[id(source)]} & set(known.values()) if id(source) in known else ())

    inside(words.block)
    return found


def told_rings(words: Words) -> set[int]:
    """Which of the joint Rings are told as shares after their step, and do not enter."""
    known = {id(item): position for position, item in enumerate(joint_rings(words))}
    loops = [item.body for item in words.block.items if isinstance(item, Loop)]
    chains = [(n, item) for body in loops for apart in [kept(body)] for n, item in body.numbered() if n in apart]
    return {known[id(item)] for _, item in chains if isinstance(item, Value) and isinstance(item.op, Ring)}


@dataclass
class Ideal:
    """Evaluates words in which each joint Ring reads what it is and its offset; keeps what the Rings were.

    Every value has to lie in the range that its type states.
    """

    words: Words
    reading: Reading = nothing
    ranged: bool = True  # whether that is looked at
    made: dict[int, list[Array]] = field(default_factory=dict[int, list[Array]])

    def __post_init__(self) -> None:
        self._rings = {id(item): position for position, item in enumerate(joint_rings(self.words))}

    def read(self, item: Value, args: list[Array], honest: Meant) -> Array:
        found = honest(args)
        ring = self._rings.get(id(item))
        if ring is not None:
            before = self.made.setdefault(ring, [])
            assert isinstance(item.op, Ring)
            before.append(wrapped(found - item.op.more, item.type))  # that is the owner's to add
            found = wrapped(found + self.reading(ring, len(before) - 1, item.type), item.type)
        low, high = item.type.lo, item.type.hi
        assert not (self.ranged and found.size) or (low <= found.min() and found.max() <= high), f"outside {item}"
        return found

    def during(self, call: Callable[[], T]) -> T:
        """What `call` returns, whatever it evaluates."""
        with reading(self.read):
            return call()

    def run(self, sources: Sources) -> dict[str, Array]:
        """The outputs of all receivers."""
        results = self.during(lambda: evaluate(self.words.block, [], sources))
        return dict(zip([o.name for o in self.words.outputs], results, strict=True))


# -- the plan -------------------------------------------------------------------------------------


def share_entries(steps: Iterable[Step], evaluator: str) -> list[Enter]:
    """What the evaluator enters that is neither an input nor coins."""
    made: dict[int, bool] = {}
    found: list[Enter] = []

    def inside(steps: Iterable[Step]) -> None:
        for step in steps:
            match step:
                case Repeat():
                    inside(step.body)
                case Product():
                    made[step.shares[1]] = True
                case Carry():
                    made.update(dict.fromkeys(step.targets, False))
                case Clear() if step.party == evaluator:
                    items = dict(step.block.numbered())
                    for number, result in zip(step.writes, step.block.results, strict=True):
                        item = items.get(result)
                        made[number] = not (isinstance(item, Value) and isinstance(item.op, Entry | Coins))
                case Enter() if step.party == evaluator and made[step.clear]:
                    found.append(step)
                case _:
                    pass

    inside(steps)
    return found


Lie = Callable[[Enter, int, Array], Array]  # (step, how often it was taken before, what should be entered) -> instead


@dataclass
class Lies:
    """An evaluator that enters something else in place of its shares, wherever it walks."""

    evaluator: str
    entries: set[int]
    lie: Lie
    taken: dict[int, int] = field(default_factory=dict[int, int])

    def walk(self, run: Callable[[], T]) -> T:
        """What `run` returns, whatever walks inside it."""
        honest = walker._Walker._bits

        def bits(walking: Any, steps: list[Enter], word: Any) -> Any:
            for step in steps if self.evaluator in walking._owns else ():
                if id(step) in self.entries:
                    time = self.taken.get(id(step), 0)
                    self.taken[id(step)] = time + 1
                    walking._words[step.clear] = wrapped(self.lie(step, time, walking._words[step.clear]), step.type)
            return honest(walking, steps, word)

        with patch.object(walker._Walker, "_bits", bits):
            return run()


def walk_in_the_clear(plan: Plan, sources: Sources, parties: Iterable[str]) -> dict[str, Array]:
    return walker.walk(plan, ClearBackend(plan.kernels), sources, frozenset(parties))


def matched(words: Words, plan: Plan, trials: Iterable[Sources]) -> dict[int, int]:
    """Entry (by id) -> its Ring.  Raises AssertionError unless each joint Ring enters, and enters once."""
    who = roles(words)
    entries = share_entries(plan.steps, who.evaluator)
    entered: dict[int, list[Array]] = {id(step): [] for step in entries}
    ideal = Ideal(words)

    def keep(step: Enter, time: int, value: Array) -> Array:
        entered[id(step)].append(value)
        return value

    lies = Lies(who.evaluator, set(entered), keep)
    for sources in trials:
        lies.walk(lambda sources=sources: walk_in_the_clear(plan, sources, words.parties))
        ideal.run(sources)
    apart = told_rings(words)
    waiting = {(ring, _seen(values)) for ring, values in ideal.made.items() if ring not in apart}
    assert len(entries) == len(waiting), f"{len(entries)} entries of {len(waiting)} Rings"
    found: dict[int, int] = {}
    for step in entries:
        ring, seen = next((r for r in sorted(waiting) if r[1] == _seen(entered[id(step)])), (None, ()))
        assert ring is not None, f"{step} enters no Ring"
        waiting.remove((ring, seen))
        found[id(step)] = ring
    return found


def _seen(values: list[Array]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(map(int, value.reshape(-1))) for value in values)
