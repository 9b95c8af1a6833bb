"""What programs become: the checked tree as text beside each program."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Golden
from support.core_text import show

from compiler.lowering.understand import FORMATS
from lang.checker.check import Checked, check
from lang.problems.draw import draw
from lang.problems.problem import Rejected
from lang.source import Source
from lang.syntax.load import read

HERE = Path(__file__).parent / "programs"
EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*/*.ccr"))


def checked(path: Path) -> Checked:
    try:
        return check(Source(path.name, path.read_text()), loader=lambda name: read(path.parent / name), formats=FORMATS)
    except Rejected as rejected:
        pytest.fail("\n".join(map(draw, rejected.problems)))


@pytest.mark.parametrize("path", sorted(HERE.glob("*.ccr")), ids=lambda path: path.stem)
def test_core(path: Path, golden: Golden) -> None:
    golden.check(path.with_suffix(".core"), show(checked(path).program))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_check_without_warnings(path: Path) -> None:
    assert checked(path).warnings == ()


@pytest.mark.parametrize(
    ("index", "bounds"),
    [
        ("a", "0 to 255"),
        ("a % 16", "0 to 15"),
        ("min(a, 11)", "0 to 11"),
        ("a - 250", "-250 to 5"),
        ("-a", "-255 to 0"),
        ("clamp(a, 2, 300)", "2 to 300"),
        ("a * 2 + 1", "1 to 511"),
        ("a / 10", "0 to 25"),
        ("a as uint<4>", "0 to 15"),
        ("(if a > 3 { 20 } else { a % 4 })", "0 to 20"),
        ("argmax([a, a, a, a, a, a, a, a, a, a, a])", "0 to 10"),
        ("n", "0 to 63"),
        ("max(a, 300)", "300 to 300"),
        ("a as uint<4> wrap", "0 to 15"),
    ],
)
def test_bounds_of_private_indices(index: str, bounds: str) -> None:
    text = "party p; party q;\ninput a: uint<8> from p;\ninput v: bit[10] from q;\nlet n = a % 64;\n"
    with pytest.raises(Rejected) as caught:
        check(Source("p.ccr", f"{text}output reveal(v[{index}]) to p;\n"))
    assert bounds in draw(caught.value.problems[0])
