"""What clipping and noise add to a program whose products are gates, by compiling it without; --bless rewrites it."""

from __future__ import annotations

from collections.abc import Mapping
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


@pytest.fixture(scope="module")
def counts() -> dict[str, tuple[int, int]]:
    """(whole step, clip and noise) of each program."""
    wholes = {name: step(name, {}) for name in UNCLIPPED}
    return {name: (whole, whole - step(name, {"NOISE": "0", **UNCLIPPED[name]})) for name, whole in wholes.items()}


def test_counts(counts: dict[str, tuple[int, int]], golden: Golden) -> None:
    lines = [f"{'ANDs of one step':<24}{'all':>12}{'clip, noise':>14}"]
    lines += [f"{name:<24}{whole:>12}{part:>14}" for name, (whole, part) in counts.items()]
    golden.check(Path(__file__).parent / "noise_share.txt", "\n".join(lines) + "\n")


def test_clip_and_noise_are_three_percent_at_most(counts: dict[str, tuple[int, int]]) -> None:
    for whole, part in counts.values():
        assert 0 < 100 * part <= 3 * whole
