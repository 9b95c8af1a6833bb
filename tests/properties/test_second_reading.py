"""Random programs by another generator: what docs/language.md says, word for word, is what they give."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.second.drive import agree
from support.second.programs import program

QUICK, ALL = 60, 2000
EACH = 20  # every so many of them are run by two processes, too


@pytest.mark.parametrize("seed", range(QUICK))
def test_a_program_gives_what_the_page_says(seed: int, tmp_path: Path) -> None:
    agree(program(seed), tmp_path, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(QUICK, ALL + QUICK))
def test_another_program_gives_what_the_page_says(seed: int, tmp_path: Path) -> None:
    agree(program(seed), tmp_path, seed, processes=seed % EACH == 0)
