"""What a program's mechanisms claim: as many steps as a run takes, and a bound that holds."""

from __future__ import annotations

import pytest

from compiler import pipeline
from compiler.pipeline import mechanisms, understand
from lang.source import Source

HEAD = """party vendor; party clinic;
input w0: fix<8, 4>[2] from vendor;
dataset records from clinic { x: fix<6, 5>[2] where norm2(x) <= 1.0; y: bit; }
var w = w0; var v = w0;
"""
OUT = "output w, v to vendor;\n"


def train(variables: str = "w", steps: int = 2, clip: float = 1.0, body: str = "grad w = row.x;") -> str:
    return (
        f"dpsgd {variables} on records(batch = 4, steps = {steps}, clip = {clip}, noise = 1.0, rate = 1.0) as row "
        f"{{ {body} }}\n"
    )


def steps(text: str) -> list[int]:
    meaning = understand(Source("m.ccr", HEAD + text + OUT))
    found = mechanisms(meaning.words)
    assert [m.draw for m in found] == list(range(len(found)))
    return [m.steps for m in found]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (train(), [2]),
        (f"for i in 0..3 {{ {train()} }}", [6]),
        (f"for i in 0..3 {{ for j in 0..5 {{ {train()} }} }}", [30]),
        (f"{train(steps=7)} for i in 0..3 {{ {train()} {train(steps=1)} }} {train(steps=4)}", [7, 6, 3, 4]),
        (f"for i in 0..3 {{ if i < 2 {{ {train()} }} }}", [2, 2]),  # unrolled: trainings of their own
        (f"for i in 1..1 {{ {train()} }} {train(steps=5)}", [5]),
    ],
    ids=["no loop", "a loop", "two loops", "before, in and after a loop", "an unrolled loop", "a loop of no turns"],
)
def test_steps_are_those_that_a_run_takes(text: str, wanted: list[int]) -> None:
    assert steps(text) == wanted


def test_the_loops_around_a_training_are_in_the_artifact() -> None:
    [mechanism] = pipeline.compile(Source("m.ccr", f"{HEAD} for i in 0..3 {{ {train()} }} {OUT}")).mechanisms
    assert mechanism.steps == 6


BOTH = "grad w = row.x; grad v = row.x;"


@pytest.mark.parametrize(
    ("variables", "body", "clip", "structural"),
    [
        ("w", "grad w = row.x;", 1.0, True),
        ("w", "grad w = row.x;", 0.999, False),
        ("w", "grad w = row.x;", 0.75, False),  # 1 <= 2 * 0.75^2
        ("w, v", BOTH, 1.5, True),  # together sqrt(2)
        ("w, v", BOTH, 1.4142, False),
        ("w, v", BOTH, 1.0, False),
    ],
)
def test_only_a_norm_that_never_exceeds_the_clip_goes_unscaled(
    variables: str, body: str, clip: float, structural: bool
) -> None:
    meaning = understand(Source("m.ccr", HEAD + train(variables, clip=clip, body=body) + OUT))
    [mechanism] = mechanisms(meaning.words)
    assert mechanism.argument.startswith("structure: " if structural else "ghost norm: ")
