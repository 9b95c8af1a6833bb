"""Random programs that train: a run over shares with a lying evaluator is the ideal run with its offsets, bit for bit.

Without a lie it is the run in gates, and `simulate`.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from support.in_memory import run_both
from support.rings import Ideal, Lies, Offsets, joint_rings, matched, walk_in_the_clear
from support.training_text import Trial, training

from compiler import pipeline
from compiler.joint.shares import Products
from compiler.pipeline import Meaning, understand
from compiler.schedule.plan import Enter, Plan
from compiler.words.evaluate import Array
from lang.source import Source

NUMBERS = range(6)
MORE = range(6, 200)


@cache
def meaning(number: int) -> Meaning:
    return understand(Source("random.ccr", training(number)))


def plan(number: int, products: Products) -> Plan:
    return pipeline.build(meaning(number), products).plan


def equal(one: dict[str, Array], other: dict[str, Array]) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


def check(number: int) -> int:
    """How many Rings the program has."""
    words, shares = meaning(number).words, plan(number, Products.SHARES)
    trials = [Trial(words, seed) for seed in range(number * 9, number * 9 + 3)]
    ring_of = matched(words, shares, trials[:2])
    last = trials[2]
    honest = Ideal(words).run(last)
    gates = plan(number, Products.GATES)
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


@pytest.mark.slow
@pytest.mark.parametrize("number", MORE)
def test_another_random_program(number: int) -> None:
    check(number)
