"""Strides and padding of convolutions and pools: their values, their gradients, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.agreement import circuits_agree, clear, words_agree
from support.one_row import contribution, unclipped

from compiler.pipeline import compile, understand
from lang.checker.check import check
from lang.problems.problem import Rejected
from lang.source import Source

HEAD = "party alice; party bob; input x: int<4>[2, 5, 6] from alice; input k: fix<4, 1>[3, 2, 2, 3] from bob;\n"
WINDOWS = [
    "conv2d(x, k, stride = 2)",
    "conv2d(x, k, padding = 2)",
    "conv2d(x, k, stride = 3, padding = 1)",
    "conv2d(x[0], k[:, 0], stride = 2, padding = 1)",
    "conv2d(x[1], k[0, 0], stride = 4)",
    "avgpool(x, 3, stride = 1)",
    "avgpool(x, 2, stride = 2, padding = 1)",
    "maxpool(x, 3, stride = 2, padding = 1)",
    "maxpool(x * k[0, 0, 0, 0], 2, stride = 3)",
]


@pytest.mark.parametrize("text", WINDOWS)
def test_values(text: str) -> None:
    circuits_agree(*words_agree(f"{HEAD} output r = reveal({text}) to bob;"), garbled=False)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("conv2d(x, k, stride = 0)", "option-value"),
        ("conv2d(x, k, padding = -1)", "option-value"),
        ("conv2d(x, k, stride = x[0, 0, 0])", "private-bound"),
        ("conv2d(x[:, ..1], k)", "wrong-rank"),
        ("maxpool(x, 2)", "wrong-rank"),
        ("maxpool(x, 2, padding = 2)", "wrong-rank"),
        ("maxpool(x, 7, stride = 1)", "wrong-rank"),
        ("sum(x, stride = 1)", "unknown-option"),
    ],
)
def test_what_is_refused(call: str, code: str) -> None:
    with pytest.raises(Rejected) as caught:
        check(Source("wrong.ccr", f"{HEAD} let r = {call};"))
    assert [problem.code for problem in caught.value.problems] == [code]


LAYERS = ["conv2d(row.x, w, stride = 2, padding = 1)", "maxpool(conv2d(row.x, w, padding = 1), 2, stride = 1)"]
LAYERS += ["avgpool(conv2d(row.x, w), 2, stride = 1, padding = 1)"]


def trained(loss: str) -> Source:
    return Source(
        "trained.ccr",
        f"""party vendor; party clinic; type K = fix<24, 12>;
        input first: K[2, 2] from vendor;
        dataset rows from clinic {{ x: fix<9, 8>[4, 4] where norm2(x) <= 1.0; }}
        var w = first;
        dpsgd w on rows(batch = 1, steps = 1, clip = 1.0, noise = 1.0, rate = 1.0) as row {{ loss {loss}; }}
        output w to vendor;""",
    )


def grid(values: Any, fraction: int) -> Any:
    return np.asarray(np.round(values * 2.0**fraction), dtype=np.int64)


def total(layer: str, w: Any, x: Any) -> float:
    text = f"""party vendor; party clinic; input w: fix<24, 12>[2, 2] from vendor; input x: fix<9, 8>[4, 4] from clinic;
        output out = reveal(sum({layer.replace("row.", "")})) to vendor;"""
    meant = understand(Source("sum.ccr", text))
    [scale] = [item.type.scale for n, item in meant.words.block.numbered() if n == meant.words.block.results[0]]
    return float(clear(meant, {"w": grid(w, 12), "x": grid(x, 8)})["out"] * scale)


@pytest.mark.parametrize("layer", LAYERS)
def test_gradients(layer: str) -> None:
    """Those of finite differences; the sum is linear in each weight between jumps."""
    draw = np.random.default_rng(7)
    w, x = draw.normal(size=(2, 2)), np.round(draw.uniform(-0.2, 0.2, size=(4, 4)) * 256) / 256
    with unclipped():
        words = understand(trained(f"sum({layer})")).words
    [found] = contribution(words, {"first": grid(w, 12)}, {"x": grid(x, 8)})
    step = 2.0**-10
    for place in np.ndindex(2, 2):
        moved = np.zeros((2, 2))
        moved[place] = step
        difference = (total(layer, w + moved, x) - total(layer, w - moved, x)) / (2 * step)
        assert abs(float(found[place]) - difference) < 1e-2


@pytest.mark.parametrize("layer", LAYERS)
def test_the_proof_holds(layer: str) -> None:
    compiled = compile(trained(f"squared(sum({layer}) as fix<16, 8>, 1)"))
    assert compiled.mechanisms
