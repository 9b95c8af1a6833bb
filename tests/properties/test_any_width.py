"""Integers of every width, around a machine word above all: words, circuits and garbled runs say what Python says."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.agreement import circuits_agree, words_agree
from support.wide_text import programs

from compiler.joint.locality import Evaluator

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
TAKEN_FOR = st.sampled_from(Evaluator)


@settings(deadline=None, max_examples=40, suppress_health_check=SLOW)
@given(programs(), TAKEN_FOR)
def test_random_integers(text: str, taken_for: Evaluator) -> None:
    circuits_agree(*words_agree(text, taken_for), garbled=False)


@pytest.mark.slow
@settings(deadline=None, max_examples=1500, suppress_health_check=SLOW)
@given(programs(), TAKEN_FOR, st.integers(0, 9))
def test_more_random_integers(text: str, taken_for: Evaluator, number: int) -> None:
    circuits_agree(*words_agree(text, taken_for), garbled=number == 0)
