"""Whatever is done to an artifact, it is refused by name or is what its text compiles to; soon, in little memory."""

from __future__ import annotations

import pytest
from support.fuzzing import fuzzed

SOME = 400  # mutants
PARTS, PART = 20, 5000


def test_mutated_artifacts() -> None:
    """The same ones every time, on any machine."""
    told = fuzzed("fuzz_artifacts", 0, SOME, 1800)
    assert told["tried"] == SOME and told["counts"]["refused"] > told["tried"] // 2


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_more_mutated_artifacts(part: int) -> None:
    assert fuzzed("fuzz_artifacts", part * PART, (part + 1) * PART, 1800)["tried"] == PART
