"""One program, four readings: what its text means, its words, its circuits, and both parties garbling them."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from support.exact import Number
from support.in_memory import Inputs
from support.in_memory import run_both as run_in_memory
from support.meaning import meaning

from compiler.joint.locality import Evaluator
from compiler.pipeline import Meaning, build, understand
from compiler.program import Compiled, outside
from compiler.schedule.verify import verify
from compiler.words.evaluate import evaluate
from compiler.words.ir import Loop
from lang.source import Source
from runtime.execute.backend import Roles
from runtime.execute.clear import ClearBackend
from runtime.execute.walk import walk

DRAWS = 3  # inputs tried for each program
Values = dict[str, NDArray[Any]]


def values(meaning: Meaning, seed: int) -> Values:
    """Grid integers for each input, extremes often."""
    draw = random.Random(seed)
    found: Values = {}
    for entry, type in meaning.words.inputs:
        numbers = [
            draw.choice((type.lo, type.hi, 0)) if draw.random() < 0.25 else draw.randint(type.lo, type.hi)
            for _ in range(type.size)
        ]
        found[entry.name] = np.array(numbers, dtype=object).reshape(type.shape)
    return found


def clear(meant: Meaning, given: Values) -> Values:
    outputs = evaluate(meant.words.block, [], Inputs(given))
    return dict(zip([o.name for o in meant.words.outputs], outputs, strict=True))


def words_agree(text: str, evaluator: Evaluator = Evaluator.MALICIOUS) -> tuple[Meaning, Compiled]:
    """The evaluator gives what the text means."""
    meant = understand(Source("random.ccr", text))
    compiled = build(meant, evaluator=evaluator)
    for seed in range(DRAWS):
        given = values(meant, seed)
        numbers = {e.name: np.asarray(given[e.name] * type.scale, dtype=object) for e, type in meant.words.inputs}
        want, found = meaning(text, numbers), clear(meant, given)
        in_range(meant, given)
        assert list(want) == list(found)
        for output in compiled.outputs:
            word = want[output.name]
            assert isinstance(word, Number)
            same(word, found[output.name] * output.type.scale, output.name)
    return meant, compiled


def in_range(meant: Meaning, given: Values) -> None:
    """Every value of the outermost block lies in the range that its type states: widths are made of these."""
    block = meant.words.block
    types = {n: i.type for n, i in block.numbered() if not isinstance(i, Loop)}
    everything = replace(block, results=tuple(types))
    for type, value in zip(types.values(), evaluate(everything, [], Inputs(given)), strict=True):
        assert np.all(value >= type.lo) and np.all(value <= type.hi)


def same(want: Number, found: Any, name: str) -> None:
    assert np.shape(found) == want.shape, name
    for w, f in zip(want.at.reshape(-1), np.reshape(found, -1), strict=True):
        assert abs(w - f) <= want.within, (name, w, f)


def circuits_agree(meant: Meaning, compiled: Compiled, garbled: bool) -> None:
    """The schedule is sound, and on clear bits and garbled in memory it gives what the evaluator gives."""
    verify(compiled.plan, outside(compiled))
    given: Values = {}
    want: Values = {}
    for seed in range(DRAWS):
        given = values(meant, seed)
        want = clear(meant, given)
        found = walk(compiled.plan, ClearBackend(compiled.plan.kernels), Inputs(given), frozenset(compiled.parties))
        assert all(np.array_equal(found[name], value) for name, value in want.items())
    if garbled:
        run = run_in_memory(compiled.plan, given, roles=Roles(compiled.garbler, compiled.evaluator))
        for party, learned in ((compiled.garbler, run.garbler), (compiled.evaluator, run.evaluator)):
            mine = {o.name for o in compiled.outputs if party in o.receivers}
            assert learned.keys() == mine and all(np.array_equal(learned[n], want[n]) for n in mine)
