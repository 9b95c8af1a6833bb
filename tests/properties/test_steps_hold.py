"""Random programs each of whose steps is told: all readings agree, and a lying vendor runs the ideal run of its lies.

The ideal run is reactive: behind every step it tells the noisy sum, and goes on from whatever weights the vendor
chooses of what it was told, with whatever offset it chooses for every Ring.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from support.in_memory import run_both
from support.rings import Ideal, Lies, Offsets, matched, told_rings, walk_in_the_clear
from support.training_text import UPDATES, Trial, by_step, training

from compiler import pipeline
from compiler.joint.shares import Products
from compiler.pipeline import Meaning, understand
from compiler.schedule.plan import Carry, Enter, Plan
from compiler.words import evaluate
from compiler.words.integers import Array
from compiler.words.ir import Loop, Type
from lang.source import Source
from runtime.execute import walk as walker

NUMBERS = range(5)
MORE = range(5, 100)


@cache
def meaning(number: int) -> Meaning:
    return understand(Source("random.ccr", by_step(number, UPDATES)))


@cache
def plan(number: int, products: Products) -> Plan:
    return pipeline.build(meaning(number), products).plan


def equal(one: dict[str, Array], other: dict[str, Array]) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


def check(number: int) -> None:
    words = meaning(number).words
    sources = Trial(words, number)
    meant = Ideal(words).run(sources)
    for products in Products:
        made = plan(number, products)
        assert equal(walk_in_the_clear(made, sources, words.parties), meant)
        assert equal(run_both(made, sources).evaluator, meant)


@pytest.mark.parametrize("number", NUMBERS)
def test_all_readings_agree(number: int) -> None:
    check(number)


@pytest.mark.parametrize("number", NUMBERS)
def test_plain_descent_ends_where_it_ends_without_being_told(number: int) -> None:
    """With the same noise, drawn by the owner."""
    text = training(number).replace("noise = 1.0,", "noise = 1.0 drawn by hospital,")
    text = text.replace("noise = 2.5,", "noise = 2.5 drawn by hospital,")
    told = understand(Source("told.ccr", text.replace(") as row {", ", release = step) as row {"))).words
    ended = understand(Source("ended.ccr", text)).words
    assert equal(Ideal(told).run(Trial(told, 5)), Ideal(ended).run(Trial(ended, 5)))


ALONE = {
    "of the row alone": "grad w = row.x; grad v = row.x;",
    "of no row": "grad w = [0.5, 0]; grad v = [0, 0.25];",
    "one of no row": "loss logistic(dot(w, row.x), row.y) + 0.0 * dot(v, row.x);",
    "of the weights alone": "grad w = v; grad v = w;",
    "of a number of two weights": "let a: fix<8, 4> = dot(w, v); loss logistic(a * row.x[0], row.y);",
}


@pytest.mark.parametrize("drawn", ["", " drawn by both"])
@pytest.mark.parametrize("name", ALONE)
def test_sums_that_one_party_makes_alone_are_told(name: str, drawn: str) -> None:
    text = f"""party vendor; party hospital;
input w0: fix<8, 4>[2] from vendor;
dataset rows from hospital {{ x: fix<6, 3>[2]; y: bit; }}
var w = w0; var v = w0;
dpsgd w, v on rows(batch = 2, steps = 2, clip = 1.0, noise = 1.0{drawn}, rate = 1.0, release = step) as row {{
    {ALONE[name]}
}}
output w, v to vendor;
"""
    made = understand(Source("alone.ccr", text))
    sources = Trial(made.words, 1)
    meant = Ideal(made.words).run(sources)
    for products in Products:
        built = pipeline.build(made, products).plan
        assert equal(walk_in_the_clear(built, sources, made.words.parties), meant)
        assert equal(run_both(built, sources).evaluator, meant)


def test_some_are_told_as_shares_and_some_are_opened() -> None:
    shares = [bool(told_rings(meaning(number).words)) for number in NUMBERS]
    assert any(shares) and not all(shares)


# -- a vendor that goes on from what it likes -------------------------------------------------------


def chosen(value: Array, type: Type) -> Array:
    """What the vendor carries on, a function of what the program would, and so of all that was told: extremes often."""
    rng = np.random.default_rng([*(int(n) % (1 << 32) for n in value.reshape(-1))])
    ends = rng.choice([-1, 0, 1], type.shape)
    low, high = (max(min(end, 1 << 60), -(1 << 60)) for end in (type.lo, type.hi))
    anything = rng.integers(low, high, type.shape, endpoint=True)
    extremes = np.where(ends == 0, 0, np.where(ends < 0, low, high))
    return np.asarray(np.where(rng.random(type.shape) < 0.3, extremes, anything))


@contextmanager
def reacting() -> Generator[None]:
    """While it lasts the loops of words carry on what the vendor chooses."""

    def loop(number: int, loop: Loop, env: dict[int, Array], sources: Any, at: tuple[int, ...], types: Any) -> None:
        body, carried = evaluate.Ready(loop.body, types), [env[i] for i in loop.init]
        for index in range(loop.count):
            env.update(enumerate([np.asarray(index), *carried], loop.body.first))
            evaluate._run(body, env, sources, (*at, index))
            going = zip(loop.body.results, loop.body.params[1:], strict=True)
            carried = [chosen(env[result], type) for result, type in going]
        env.update((evaluate._carried(number, i), value) for i, value in enumerate(carried))

    with patch.object(evaluate, "_loop", loop):
        yield


@contextmanager
def choosing() -> Generator[None]:
    """While it lasts the vendor carries on what it chooses, wherever it walks."""
    honest = walker._Walker._step

    def step(walking: Any, step: Any, iteration: tuple[int, ...], base: int) -> None:
        honest(walking, step, iteration, base)
        if isinstance(step, Carry) and iteration and "vendor" in walking._owns:
            for target, type in zip(step.targets, step.types, strict=True):
                walking._words[target] = chosen(walking._words[target], type)

    with patch.object(walker._Walker, "_step", step):
        yield


def lying(number: int) -> None:
    words, shares = meaning(number).words, plan(number, Products.SHARES)
    ring_of = matched(words, shares, [Trial(words, seed) for seed in (1, 2)])
    sources, apart = Trial(words, 3), told_rings(words)
    made = Offsets(np.random.default_rng(number))

    def offsets(ring: int, time: int, type: Type) -> Array:
        """Of what is told as shares the vendor enters nothing: it adds its own to what it hears."""
        return np.zeros(type.shape, dtype=object) if ring in apart else made(ring, time, type)

    def lie(step: Enter, time: int, value: Array) -> Array:
        return value.astype(object) + offsets(ring_of[id(step)], time, step.type)

    with reacting():
        want = Ideal(words, offsets).run(sources)
    assert not equal(want, Ideal(words, offsets).run(sources))
    for run in (
        lambda: walk_in_the_clear(shares, sources, words.parties),
        lambda: run_both(shares, sources).evaluator,
    ):
        with choosing():
            assert equal(Lies("vendor", set(ring_of), lie).walk(run), want)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_vendor_that_goes_on_from_what_it_likes(number: int) -> None:
    lying(number)


@pytest.mark.slow
@pytest.mark.parametrize("number", MORE)
def test_another_random_program(number: int) -> None:
    check(number)
    lying(number)
