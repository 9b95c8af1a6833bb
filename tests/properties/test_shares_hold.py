"""Random programs that train: a run over shares with a lying evaluator is the ideal run with its offsets, bit for bit.

Without a lie it is the run in gates, and `simulate`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import count

import numpy as np
import pytest
from support import in_memory
from support.in_memory import run_both
from support.rings import Ideal, Lies, Offsets, joint_rings, matched, walk_in_the_clear
from support.training_text import Trial, training

from compiler import pipeline
from compiler.joint import verify as cut
from compiler.joint.locality import JOINT, Localise
from compiler.joint.shares import Products, Shares
from compiler.joint.verify import Miscut
from compiler.pipeline import Meaning, understand
from compiler.schedule.plan import Enter, Plan
from compiler.words.integers import Array
from compiler.words.ir import Type, Value, Words
from compiler.words.operations import Linear, Ring
from lang.source import Source
from runtime.crypto.labels import Labels
from runtime.execute.backend import Bits

NUMBERS = range(4)
MORE = range(4, 200)


@cache
def meaning(number: int) -> Meaning:
    return understand(Source("random.ccr", training(number)))


@cache
def plan(number: int, products: Products) -> Plan:
    return pipeline.build(meaning(number), products).plan


def equal(one: dict[str, Array], other: dict[str, Array]) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


def check(number: int) -> int:
    """How many Rings the program has."""
    return holds(meaning(number).words, plan(number, Products.SHARES), plan(number, Products.GATES), number)


def holds(words: Words, shares: Plan, gates: Plan, number: int) -> int:
    """How many Rings a program has, of which everything that is claimed holds."""
    trials = [Trial(words, seed) for seed in range(number * 9, number * 9 + 3)]
    ring_of = matched(words, shares, trials[:2])
    last = trials[2]
    honest = Ideal(words).run(last)
    assert equal(honest, walk_in_the_clear(gates, last, words.parties))
    offsets = Offsets(np.random.default_rng(number))

    def lie(step: Enter, time: int, value: Array) -> Array:
        return value.astype(object) + offsets(ring_of[id(step)], time, step.type)

    ideal = Ideal(words, offsets).run(last)
    for entries, want in ((set[int](), honest), (set(ring_of), ideal)):
        for run in (
            lambda: walk_in_the_clear(shares, last, words.parties),
            lambda: run_both(shares, last).evaluator,
        ):
            assert equal(Lies("vendor", entries, lie).walk(run), want)
    return len(joint_rings(words))


@pytest.mark.parametrize("number", NUMBERS)
def test_a_random_program(number: int) -> None:
    check(number)


def test_they_have_rings() -> None:
    assert sum(len(joint_rings(meaning(number).words)) > 1 for number in NUMBERS) > len(NUMBERS) // 2


# what it enters instead of (its share, all that it might have entered so far)
STRATEGIES: dict[str, Callable[[Array, list[Array]], Array]] = {
    "nothing": lambda share, before: share * 0,
    "garbage": lambda share, before: share * 0 + secrets.randbelow(1 << 60),
    "the opposite": lambda share, before: -share,
    "the share before": lambda share, before: share * 0 + before[-1].reshape(-1)[0],
    "its share squared": lambda share, before: share * share,
    "the top bit flipped": lambda share, before: share + (1 << 14),
}


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("number", [2, 7])
def test_whatever_it_enters_is_an_offset(number: int, strategy: str) -> None:
    """Chosen from all that it has seen: the run is the ideal one, of what was entered less what should have been."""
    words, shares = meaning(number).words, plan(number, Products.SHARES)
    ring_of = matched(words, shares, [Trial(words, 1), Trial(words, 2)])
    offsets, before = Offsets(np.random.default_rng()), list[Array]()

    def lie(step: Enter, time: int, value: Array) -> Array:
        before.append(value.astype(object))
        entered = STRATEGIES[strategy](before[-1], before)
        offsets.chosen[ring_of[id(step)], time] = entered - before[-1]
        return entered

    sources = Trial(words, 3)
    outputs = Lies("vendor", set(ring_of), lie).walk(lambda: run_both(shares, sources).evaluator)
    assert equal(outputs, Ideal(words, offsets).run(sources))


@dataclass
class OneLabel(in_memory.IdealCot):
    """The evaluator has chosen its transfers such that all its labels are one."""

    def send(self, count: int) -> Labels:
        return self.zeros.get(timeout=in_memory.WAIT)

    def receive(self, choices: Bits) -> Labels:
        active = np.full((len(choices), 2), 0x0123456789ABCDEF, dtype=np.uint64)
        self.zeros.put(active ^ self.delta * choices[:, None].astype(np.uint64))
        return active


def test_equal_labels_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    words = meaning(2).words
    monkeypatch.setattr(in_memory, "IdealCot", OneLabel)
    outputs = run_both(plan(2, Products.SHARES), Trial(words, 3)).evaluator
    assert equal(outputs, Ideal(words).run(Trial(words, 3)))


def test_a_ring_that_is_made_again_for_each_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """It enters more than once, and the evaluator may enter something else each time."""
    value, entered, copies = Localise.value, Shares.entered, count()

    def another(self: Shares, halves: tuple[int, int], type: Type) -> int:
        own, other = halves
        for _ in range(next(copies)):  # equal entries would be merged
            other = self.b.add(Linear((1,)), (other,), type)
        return entered(self, (own, other), type)

    def copying(self: Localise, number: int, item: Value) -> int:
        for a in item.args if self.owners[number] == JOINT else ():
            ring = self.items.get(a)
            if isinstance(ring, Value) and isinstance(ring.op, Ring) and self.owners[a] == JOINT:
                self.place[a] = self._ring(a, ring, ring.op)
        return value(self, number, item)

    words = meaning(12).words
    matched(words, plan(12, Products.SHARES), [Trial(words, 1)])
    monkeypatch.setattr(Localise, "value", copying)
    monkeypatch.setattr(Shares, "entered", another)
    with pytest.raises(Miscut):
        pipeline.build(meaning(12), Products.SHARES)
    monkeypatch.setattr(cut, "check", lambda *stages: None)
    copied = pipeline.build(meaning(12), Products.SHARES).plan
    with pytest.raises(AssertionError, match=r"\d+ entries of \d+ Rings"):
        matched(words, copied, [Trial(words, 1)])


@pytest.mark.slow
@pytest.mark.parametrize("number", MORE)
def test_another_random_program(number: int) -> None:
    check(number)
