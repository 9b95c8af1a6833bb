"""Integers of every width, around a machine word above all: words, circuits and garbled runs say what Python says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.agreement import DRAWS, circuits_agree, clear, in_range, same, values, words_agree
from support.exact import Number
from support.meaning import meaning
from support.wide_text import programs

from compiler.joint.locality import Evaluator
from compiler.pipeline import understand
from compiler.words.ir import Loop
from lang.source import Source

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
TAKEN_FOR = st.sampled_from(Evaluator)


def words_alone_agree(text: str) -> None:
    """As `words_agree`, without circuits: these take most of the time."""
    meant = understand(Source("random.ccr", text))
    types = {n: item.type for n, item in meant.words.block.numbered() if not isinstance(item, Loop)}
    for seed in range(DRAWS):
        given = values(meant, seed)
        want = meaning(text, {e.name: np.asarray(given[e.name] * type.scale) for e, type in meant.words.inputs})
        found = clear(meant, given)
        in_range(meant, given)
        for output in meant.words.outputs:
            word = want[output.name]
            assert isinstance(word, Number)
            same(word, found[output.name].astype(object) * types[output.value].scale, output.name)


@settings(deadline=None, max_examples=100, suppress_health_check=SLOW)
@given(programs())
def test_random_integers(text: str) -> None:
    words_alone_agree(text)


@settings(deadline=None, max_examples=8, suppress_health_check=SLOW)
@given(programs(), TAKEN_FOR)
def test_circuits_of_random_integers(text: str, taken_for: Evaluator) -> None:
    circuits_agree(*words_agree(text, taken_for), garbled=False)


@pytest.mark.slow
@settings(deadline=None, max_examples=10_000, suppress_health_check=SLOW)
@given(programs())
def test_more_random_integers(text: str) -> None:
    words_alone_agree(text)


@pytest.mark.slow
@settings(deadline=None, max_examples=400, suppress_health_check=SLOW)
@given(programs(), TAKEN_FOR, st.integers(0, 9))
def test_more_circuits_of_random_integers(text: str, taken_for: Evaluator, number: int) -> None:
    circuits_agree(*words_agree(text, taken_for), garbled=number == 0)
