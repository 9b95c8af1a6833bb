"""Plans: as text, and held to what the runtime believes of them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Golden
from support.damaged_plans import KERNELS, LAUNCHES, OTHERS, TEXT

from compiler import artifact, pipeline
from compiler.artifact import ArtifactError
from compiler.joint.locality import Evaluator
from compiler.program import Compiled, outside
from compiler.schedule.show import lines
from compiler.schedule.verify import PlanError, verify
from lang.source import Source

DAMAGES = KERNELS | LAUNCHES | OTHERS
UNWRITTEN = {  # too much for an artifact, whatever else is wrong
    "iterations beyond 64 bits": "9223372036854775808 times that a step runs",
    "rows beyond 64 bits": "288230376151711744 times that a step runs",
}


@pytest.fixture(scope="module")
def compiled() -> Compiled:
    """With words that both parties compute alone."""
    return pipeline.compile(Source("plan.ccr", TEXT), evaluator=Evaluator.HONEST)


def test_a_plan_as_text(compiled: Compiled, golden: Golden) -> None:
    golden.check(Path(__file__).with_name("plan.txt"), "\n".join(lines(compiled.plan)) + "\n")


def test_what_is_compiled_is_sound(compiled: Compiled) -> None:
    verify(compiled.plan, outside(compiled))
    assert artifact.decode(artifact.encode(compiled)).plan == compiled.plan


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_plan_is_refused(compiled: Compiled, name: str) -> None:
    damage, reason = DAMAGES[name]
    plan = damage(compiled.plan)
    assert plan != compiled.plan
    with pytest.raises(PlanError, match=reason) as direct:
        verify(plan, outside(compiled))
    with pytest.raises(ArtifactError, match=re.escape(UNWRITTEN.get(name, str(direct.value)))):
        artifact.decode(artifact.encode(replace(compiled, plan=plan)))


def test_a_plan_that_tells_others_than_the_program_says(compiled: Compiled) -> None:
    first, second = compiled.outputs
    for outputs in ((second, first), (first,), (replace(first, receivers=("bob",)), second)):
        with pytest.raises(ArtifactError, match="gives its outputs to others than it says"):
            artifact.decode(artifact.encode(replace(compiled, outputs=outputs)))
    other = (replace(first, type=replace(first.type, scale=first.type.scale / 2)), second)
    with pytest.raises(ArtifactError, match="gives another `total` than it says"):
        artifact.decode(artifact.encode(replace(compiled, outputs=other)))
    with pytest.raises(ArtifactError, match="are not its garbler and its evaluator"):
        artifact.decode(artifact.encode(replace(compiled, garbler="bob", evaluator="bob")))
