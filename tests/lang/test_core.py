"""What programs become: the checked tree as text beside each program."""
from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Golden
from core_text import show

from lang.check import Checked, check
from lang.load import read
from lang.problem import Rejected
from lang.report import draw
from lang.source import Source

HERE = Path(__file__).parent / "programs"
EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*/*.ccr"))


def checked(path: Path) -> Checked:
    try:
        return check(Source(path.name, path.read_text()), loader=lambda name: read(path.parent / name))
    except Rejected as rejected:
        pytest.fail("\n".join(map(draw, rejected.problems)))


@pytest.mark.parametrize("path", sorted(HERE.glob("*.ccr")), ids=lambda path: path.stem)
def test_core(path: Path, golden: Golden) -> None:
    golden.check(path.with_suffix(".core"), show(checked(path).program))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_check_without_warnings(path: Path) -> None:
    assert checked(path).warnings == ()
