"""Random programs of several owners: every reading of them comes to the same, which is the pooled update in numpy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from support.in_memory import run_both
from support.owners_text import UPDATES, Drawn, Owned, Told, drawn, read_by_all

from compiler import pipeline
from compiler.joint.shares import Products
from compiler.pipeline import Meaning, understand
from compiler.program import Compiled
from compiler.words.evaluate import evaluate
from compiler.words.integers import Array
from compiler.words.ir import Loop, Result, Value, Words
from compiler.words.operations import Pooled
from lang.source import Source
from runtime import api
from runtime.execute.backend import Roles
from runtime.execute.clear import ClearBackend
from runtime.execute.pool import Pool
from runtime.execute.walk import walk

NUMBERS = range(4)
MORE = range(4, 60)
POINT = 2.0**-16  # of w and b
Floats = NDArray[np.float64]


@cache
def meanings(number: int) -> dict[str, Meaning]:
    made = drawn(number)
    return {owner: understand(Source("random.ccr", made.text), party=owner) for owner in made.owners}


@cache
def built(number: int, owner: str, products: Products) -> Compiled:
    return pipeline.built(meanings(number)[owner], products)


def same(found: Mapping[str, Mapping[str, Array]], wanted: Mapping[str, Array]) -> bool:
    return all(
        outputs.keys() == wanted.keys() and all(np.array_equal(outputs[name], wanted[name]) for name in wanted)
        for outputs in found.values()
    )


def in_words(number: int) -> tuple[dict[str, Mapping[str, Array]], Told]:
    def reading(owner: str, sources: Owned) -> Mapping[str, Array]:
        words = meanings(number)[owner].words
        return dict(zip([o.name for o in words.outputs], evaluate(words.block, [], sources), strict=True))

    return read_by_all({owner: meant.words for owner, meant in meanings(number).items()}, reading)


def check(number: int) -> None:
    words = {owner: meant.words for owner, meant in meanings(number).items()}
    meant, told = in_words(number)
    wanted = next(iter(meant.values()))
    assert same(meant, wanted)
    by_hand(drawn(number), words, told, wanted)
    for products in Products:

        def clear(owner: str, sources: Owned, products: Products = products) -> Mapping[str, Array]:
            made = built(number, owner, products)
            return walk(made.plan, ClearBackend(made.plan.kernels), sources, frozenset(made.parties))

        def garbled(owner: str, sources: Owned, products: Products = products) -> Mapping[str, Array]:
            return run_both(built(number, owner, products).plan, sources, roles=Roles(owner, "vendor")).evaluator

        for reading in (clear, garbled):
            found, again = read_by_all(words, reading)
            assert same(found, wanted)
            assert again.keys() == told.keys() and all(np.array_equal(again[key], told[key]) for key in told)


def pools(words: Words) -> dict[tuple[int, int], tuple[float, int]]:
    """By draw and variable: the point of the sum's grid, and what it is cut to."""
    found = {}
    for loop in words.block.items:
        for item in loop.body.items if isinstance(loop, Loop) else ():
            if isinstance(item, Value) and isinstance(item.op, Pooled):
                found[item.op.draw, item.op.variable] = float(item.type.scale), item.op.most
    return found


def by_hand(made: Drawn, words: Mapping[str, Words], told: Told, wanted: Mapping[str, Array]) -> None:
    """The update of the language page, in floating point, of what each owner told by itself."""
    first = next(iter(words.values()))
    grids, size = pools(first), made.batch * len(made.owners)
    assert all(pools(other) == grids for other in words.values())

    def pooled(draw: int, variable: int, step: int) -> Floats:
        point, most = grids[draw, variable]
        each = [np.clip(told[owner, draw, variable, step].astype(float), -most, most) for owner in made.owners]
        return np.asarray(sum(each) * point)

    start = {
        entry.name[0]: Owned(first, 1, pool=None, owner="", told={}).input(entry, type) * POINT  # type: ignore[arg-type]  # is not asked
        for entry, type in first.inputs
    }
    for variable, name in enumerate(("w", "b")):
        gradients = [pooled(0, variable, step) / size for step in range(made.steps)]
        found = np.asarray(wanted[name]) * POINT
        assert np.abs(found - followed(made.update, start[name], gradients)).max() <= made.steps * POINT, made.update
    [correct] = [pooled(draw, 0, 0) for draw, _ in grids if draw != 0]
    scale = next(o for o in first.outputs if o.name == "correct")
    assert np.allclose(np.asarray(wanted["correct"]) * float(scale_of(first, scale.value)), correct)


def scale_of(words: Words, number: int) -> float:
    item = words.block.items[number - words.block.first]
    assert isinstance(item, Value | Result)
    return float(item.type.scale)


def followed(update: str, w: Floats, gradients: list[Floats]) -> Floats:
    """The weights after these mean gradients."""
    steps = range(len(gradients))
    rates = {UPDATES[0]: [0.5], UPDATES[1]: [2 / (1 + t) for t in steps], UPDATES[2]: [0.25], UPDATES[3]: [0.5]}
    m, v, after = np.zeros_like(w), np.zeros_like(w), list[Floats]()
    for t, gradient in enumerate(gradients):
        if update == UPDATES[4]:
            m, v = 0.8 * m + 0.2 * gradient, 0.9 * v + 0.1 * gradient**2
            w = w - 0.05 * m / (1 - 0.8 ** (t + 1)) / (np.sqrt(v / (1 - 0.9 ** (t + 1))) + 0.001)
        else:
            m = (0.5 if update == UPDATES[2] else 0.0) * m + gradient
            w = w - np.broadcast_to(rates[update], len(gradients))[t] * m
        after.append(w)
    return np.asarray(np.mean(after[-2:], axis=0)) if update == UPDATES[3] else w


@pytest.mark.parametrize("number", NUMBERS)
def test_all_readings_agree(number: int) -> None:
    check(number)


@pytest.mark.slow
@pytest.mark.parametrize("number", MORE)
def test_another_random_program(number: int) -> None:
    check(number)


def test_every_update_and_number_of_owners_is_among_them() -> None:
    made = [drawn(number) for number in (*NUMBERS, *MORE)]
    assert {m.update for m in made} == set(UPDATES)
    assert {len(drawn(number).owners) for number in NUMBERS} == {2, 3}


# -- a vendor that brings a bank what it likes ------------------------------------------------------------


@dataclass
class Lying(Owned):
    """It goes on from anything: extremes often, and always a function of what this bank has told."""

    def pooled(self, at: Pooled, own: Array, position: tuple[int, ...]) -> Array:
        self.told[self.owner, at.draw, at.variable, position[-1]] = own
        rng = np.random.default_rng([*(int(n) % (1 << 32) for n in own.reshape(-1)), position[-1]])
        return rng.choice([-at.together, at.together, 0, 17], own.shape)


@pytest.mark.parametrize("number", NUMBERS[:2])
def test_what_one_bank_is_brought_of_another_s_sums_changes_nothing_that_it_proves(number: int) -> None:
    """Its run is the ideal one with whatever weights the vendor makes of all that it knows."""
    for owner, meant in meanings(number).items():
        heard: list[Told] = []

        def sources(owner: str = owner, words: Words = meant.words, heard: list[Told] = heard) -> Lying:
            heard.append(Told())
            return Lying(words, 9, pool=Pool((owner,), 1), owner=owner, told=heard[-1])

        wanted = dict(
            zip([o.name for o in meant.words.outputs], evaluate(meant.words.block, [], sources()), strict=True)
        )
        for products in Products:
            made = built(number, owner, products).plan
            assert same({owner: run_both(made, sources(), roles=Roles(owner, "vendor")).evaluator}, wanted)
        assert all(np.array_equal(told[key], heard[0][key]) for told in heard for key in heard[0])


# -- four processes -----------------------------------------------------------------------------------


def given(made: Drawn, folder: Path) -> dict[str, str]:
    """Three rows at each owner, no two files alike."""
    found: dict[str, str] = {}
    for name, value in (("w0", np.array([0.25, -0.5])), ("b0", np.array(0.125))):
        np.save(folder / f"{name}.npy", value)
        found[name] = str(folder / f"{name}.npy")
    for number, owner in enumerate(made.owners):
        rows = [f"{(i - number) / 4},{(number - 1) / 2},{(i + number) % 2}" for i in range(3)]
        (folder / f"{owner}.csv").write_text("x0,x1,y\n" + "\n".join(rows) + "\n")
        found[f"{owner}.rows"] = str(folder / f"{owner}.csv")
    return found


def processes(number: int, products: Products, folder: Path) -> None:
    made = drawn(number)
    (folder / "owners.ccr").write_text(made.text)
    program = api.compile(folder / "owners.ccr", products=products)
    inputs = given(made, folder)
    wanted = api.simulate(program, inputs, seed=number)
    reports = api.run(program, inputs, seed=number, not_private=True).reports
    assert set(reports) == {"vendor", *made.owners}
    assert same({"vendor": reports["vendor"].outputs}, wanted)
    assert all(reports[owner].outputs == {} for owner in made.owners)
    other: Any = api.simulate(program, inputs, seed=number + 1)
    assert not same({"vendor": other}, wanted)  # the noise decides


def test_four_processes(tmp_path: Path) -> None:
    number = next(n for n in NUMBERS if len(drawn(n).owners) == 3)
    processes(number, Products.SHARES, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("products", Products)
@pytest.mark.parametrize("number", NUMBERS)
def test_more_processes(number: int, products: Products, tmp_path: Path) -> None:
    processes(number, products, tmp_path)
