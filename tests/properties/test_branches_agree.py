"""Private branches in branches: whatever parts of tensors their arms write, all readings say the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.agreement import circuits_agree, words_agree
from support.branching_text import programs


@settings(deadline=None, max_examples=12)
@given(programs(depth=2), st.booleans())
def test_nested_branches(text: str, garbled: bool) -> None:
    circuits_agree(*words_agree(text), garbled)


@pytest.mark.slow
@settings(deadline=None, max_examples=300)
@given(programs(depth=3))
def test_more_of_them(text: str) -> None:
    circuits_agree(*words_agree(text), garbled=False)
