"""What clipping and noise add to a program whose products are gates, by compiling it without; --bless rewrites it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
from conftest import Golden

from compiler.joint.shares import Products
from compiler.lowering.lower import lower
from compiler.pipeline import Meaning, build
from compiler.program import and_gates
from compiler.words.prune import prune
from lang.checker.check import check
from lang.syntax.load import read

EXAMPLES = Path(__file__).parents[2] / "examples"
# program -> params under which its gradients are bounded by their structure, so that nothing is clipped
UNCLIPPED: dict[str, dict[str, str]] = {"tumour/tumour": {}, "digits/one_vs_all": {"CLIP": "4"}}


def step(name: str, params: Mapping[str, str]) -> int:
    """ANDs of one step.  Without the flow analysis, which would refuse the program without noise."""
    checked = check(read(EXAMPLES / f"{name}.ccr"), {"STEPS": "1", **params})
    return and_gates(build(Meaning(checked, prune(lower(checked.program))), Products.GATES).plan)


@cache
def counts(name: str) -> tuple[int, int]:
    """(whole step, clip and noise)."""
    whole = step(name, {})
    return whole, whole - step(name, {"NOISE": "0", **UNCLIPPED[name]})


PROGRAMS = pytest.mark.parametrize(
    "name", ["tumour/tumour", pytest.param("digits/one_vs_all", marks=pytest.mark.slow)], ids=lambda n: Path(n).name
)


@PROGRAMS
def test_counts(name: str, golden: Golden) -> None:
    whole, part = counts(name)
    line = f"{'ANDs of one step':<24}{'all':>12}{'clip, noise':>14}\n{name:<24}{whole:>12}{part:>14}\n"
    golden.check(Path(__file__).parent / f"noise_share_{Path(name).name}.txt", line)


@PROGRAMS
def test_clip_and_noise_are_three_percent_at_most(name: str) -> None:
    whole, part = counts(name)
    assert 0 < 100 * part <= 3 * whole
