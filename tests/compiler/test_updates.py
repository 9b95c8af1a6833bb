"""What follows the noisy sums of a training whose steps are told, against the formulas in floating point."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from support.reading import Meant, reading
from support.training_text import Trial

from compiler.pipeline import understand
from compiler.words.evaluate import evaluate
from compiler.words.integers import Array
from compiler.words.ir import Type, Value, Words
from compiler.words.operations import Entry, Learn
from lang.checker.updates import MOST_APART
from lang.problems.problem import Rejected
from lang.source import Source

STEPS, BATCH = 12, 4
TEXT = """party vendor; party hospital;
input w0: fix<24, 16>[3] from vendor;
dataset records from hospital {{ x: fix<8, 4>[3] where norm2(x) <= 1.0; y: bit; }}
var w = w0;
dpsgd w on records(batch = 4, steps = 12, clip = 1.0, noise = 1.5, {}, release = step) as row {{
    loss logistic(dot(w, row.x), row.y);
}}
output w to vendor;
"""
Floats = NDArray[np.float64]


def words(update: str) -> Words:
    return understand(Source("update.ccr", TEXT.format(update))).words


class AwayFromTheEnds(Trial):
    def input(self, at: Entry, type: Type) -> Array:
        return np.array([30_000, -40_000, 7])


def followed(update: str) -> tuple[Floats, list[Floats], Floats]:
    """(the first weights, the mean noisy gradient of each step, the last weights)."""
    made = words(update)
    gradients: list[Floats] = []

    def read(item: Value, args: list[Array], honest: Meant) -> Array:
        found = honest(args)
        if isinstance(item.op, Learn):
            gradients.append(found.astype(float) * float(item.type.scale) / BATCH)
        return found

    sources = AwayFromTheEnds(made, 7)
    with reading(read):
        [weights] = evaluate(made.block, [], sources)
    assert len(gradients) == STEPS
    return np.array([30_000, -40_000, 7]) / 2**16, gradients, weights.astype(float) / 2**16


def descent(w: Floats, gradients: list[Floats], rates: Any, momentum: float = 0.0) -> list[Floats]:
    moved, after = np.zeros(3), list[Floats]()
    for rate, gradient in zip(np.broadcast_to(rates, STEPS), gradients, strict=True):
        moved = momentum * moved + gradient
        w = w - rate * moved
        after.append(w)
    return after


def adam(w: Floats, gradients: list[Floats], rate: float, beta1: float, beta2: float, epsilon: float) -> Floats:
    m, v = np.zeros(3), np.zeros(3)
    for t, g in enumerate(gradients, 1):
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
        w = w - rate * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + epsilon)
    return w


def close(found: Floats, wanted: Floats) -> bool:
    """Each step rounds the weights once, to 2^-16."""
    return float(np.abs(found - wanted).max()) <= STEPS * 2**-16


@pytest.mark.parametrize(
    ("update", "rates"),
    [
        ("rate = 0.5", 0.5),
        ("rate = 1.0 / (1 + t)", 1 / (1 + np.arange(STEPS))),
        (f"rate = [1.0, {', '.join(['0.5'] * 6)}, {', '.join(['0.25'] * 5)}]", [1] + [0.5] * 6 + [0.25] * 5),
        ("rate = 0.001 * (12 - t) ** 2", 0.001 * (12 - np.arange(STEPS)) ** 2),
    ],
)
def test_rates(update: str, rates: Any) -> None:
    w, gradients, after = followed(update)
    assert close(after, descent(w, gradients, rates)[-1])


def test_momentum() -> None:
    w, gradients, after = followed("rate = 0.25, momentum = 0.9")
    assert close(after, descent(w, gradients, 0.25, 0.9)[-1])
    assert not close(after, descent(w, gradients, 0.25)[-1])


@pytest.mark.parametrize("average", [1, 5, STEPS])
def test_average(average: int) -> None:
    w, gradients, after = followed(f"rate = 1.0 / (1 + t), average = {average}")
    steps = descent(w, gradients, 1 / (1 + np.arange(STEPS)))
    assert close(after, np.mean(steps[-average:], axis=0))


@pytest.mark.parametrize(
    ("update", "options"),
    [
        ("rate = 0.05, optimizer = adam(beta1 = 0.8, beta2 = 0.9)", (0.8, 0.9, 1e-8)),
        ("rate = 0.05, optimizer = adam(0.5, 0.75, 0.1)", (0.5, 0.75, 0.1)),
        ("rate = 0.05, optimizer = adam()", (0.9, 0.999, 1e-8)),
    ],
)
def test_adam(update: str, options: tuple[float, float, float]) -> None:
    w, gradients, after = followed(update)
    assert close(after, adam(w, gradients, 0.05, *options))


@pytest.mark.parametrize(
    ("update", "code"),
    [
        ("rate = [1.0, 2.0]", "clause-value"),
        ("rate = 1.0 - t", "clause-value"),  # 0 at the second step
        ("rate = 1.0, average = 13", "clause-value"),
        ("rate = 1.0, average = 0", "clause-value"),
        ("rate = 1.0, momentum = 1.0", "clause-value"),
        ("rate = 1.0, optimizer = adam(1.0)", "clause-value"),
        ("rate = 1.0, optimizer = adam(0.9, 0.999, 0)", "clause-value"),
        ("rate = 1.0, optimizer = adam(0.9, 0.9, 0.1, 0.1)", "clause-value"),
        ("rate = 1.0, optimizer = sgd()", "clause-value"),
        ("rate = 1.0, optimizer = adam(beta3 = 0.5)", "clause-unknown"),
        ("rate = 1.0, optimizer = adam(0.5, beta1 = 0.5)", "clause-twice"),
        ("rate = 1.0, optimizer = adam(), momentum = 0.5", "clause-twice"),
        ("rate = w0[0]", "clause-private"),
        ("rate = 1.0, release = stepwise", "clause-value"),
    ],
)
def test_what_no_update_can_be(update: str, code: str) -> None:
    with pytest.raises(Rejected) as caught:
        words(update)
    assert code in {problem.code for problem in caught.value.problems}


@pytest.mark.parametrize("noise", ["0", "0 drawn by both", "0 drawn by hospital", "1.5, noise = 0"])
def test_no_sum_is_told_without_noise(noise: str) -> None:
    """Also not where its outputs are revealed."""
    text = TEXT.format("rate = 1.0").replace("noise = 1.5", f"noise = {noise}")
    with pytest.raises(Rejected) as caught:
        understand(Source("update.ccr", text.replace("output w", "output reveal(w)")))
    assert "clause-value" in {problem.code for problem in caught.value.problems}


@pytest.mark.parametrize(
    "update",
    [
        "rate = 1.0",
        "rate = 1.0, momentum = 0.5",
        "rate = 1.0, average = 900000000",
    ],
)
def test_what_needs_no_table_takes_any_number_of_steps(update: str) -> None:
    """A formula of the step is a table of all; a constant rate, a momentum and a mean are not."""
    text = TEXT.format(update).replace("steps = 12", "steps = 1000000000")
    assert understand(Source("many.ccr", text)).words.block.items


@pytest.mark.parametrize("update", ["rate = 1.0 / (1 + t)", "rate = 1.0, optimizer = adam()"])
def test_a_table_of_too_many_steps_is_named(update: str) -> None:
    text = TEXT.format(update)
    assert understand(Source("as_many.ccr", text.replace("steps = 12", f"steps = {MOST_APART}")))
    with pytest.raises(Rejected) as caught:
        understand(Source("more.ccr", text.replace("steps = 12", f"steps = {MOST_APART + 1}")))
    assert {problem.code for problem in caught.value.problems} == {"too-large"}


def test_a_clip_below_what_floats_hold() -> None:
    """The grid of what is carried is a power of two of any size."""
    text = TEXT.format("rate = 1.0, momentum = 0.5").replace("clip = 1.0", f"clip = 1.0 / 10 ** {400}")
    with suppress(Rejected):  # the update is lost in the kind, and the noise in its grid; neither is a traceback
        understand(Source("small.ccr", text))
