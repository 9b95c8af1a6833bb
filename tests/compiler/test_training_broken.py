"""Whatever stands in the words of a `dpsgd`, the proof refuses them by a rule, or there is nothing wrong with them."""

from __future__ import annotations

import random
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest
from support.broken_words import broken

from compiler.pipeline import understand
from compiler.training.verify import Unsafe, check
from compiler.words.ir import Words
from lang.syntax.load import read

HERE = Path(__file__).parent / "words"


@cache
def understood(name: str) -> Words:
    return understand(read(HERE / f"{name}.ccr")).words


def changed(words: Words, seed: int) -> Words | None:
    """None where there are no such words."""
    with suppress(TypeError, ValueError, ArithmeticError):
        return broken(words, random.Random(seed))
    return None


@pytest.mark.parametrize("seeds", [range(50), pytest.param(range(50, 4000), marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", ["layers", "peaks"])
def test_broken_words_are_refused_by_a_rule(name: str, seeds: range) -> None:
    refused = 0
    for seed in seeds:
        words = changed(understood(name), seed)
        try:
            if words is not None:
                check(words)
        except Unsafe:
            refused += 1
    assert refused > len(seeds) // 3


def test_what_the_proof_cannot_follow_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*_: object) -> bool:
        raise KeyError(7)

    monkeypatch.setattr("compiler.training.verify.is_extreme", lost)
    with pytest.raises(Unsafe, match="cannot be followed: KeyError"):
        check(understood("peaks"))
