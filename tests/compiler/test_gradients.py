"""The gradient of a `loss` against finite differences, of the clear evaluator and of the same model in NumPy.

All kinds are so fine that rounding cannot be seen; only the sigmoid inside `logistic` has an error of its own: 2^-8, or
its `within`.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from support.in_memory import Inputs
from support.one_row import contribution, unclipped

from compiler.pipeline import understand
from compiler.words.evaluate import evaluate
from lang.source import Source

FRACTION = 30  # bits after the point of every kind
STEP = 2.0**-12  # of a finite difference
Array = NDArray[np.float64]
Model = Callable[..., Any]  # (weights.., x) -> scores


@dataclass(frozen=True)
class Case:
    """`body` computes `s` of the variables and of `row.x`; `model` is the same in floating point."""

    shapes: tuple[tuple[int, ...], ...]  # of the variables a, b, c
    x: tuple[int, ...]
    body: str
    model: Model
    functions: str = ""


def conv(image: Array, kernels: Array) -> Array:
    k, n = kernels.shape[-1], image.shape[-1]
    return np.array(
        [
            [[(image[i : i + k, j : j + k] * f).sum() for j in range(n - k + 1)] for i in range(n - k + 1)]
            for f in kernels
        ]
    )


def squares(x: Array) -> Array:
    o, n, m = x.shape
    return x.reshape(o, n // 2, 2, m // 2, 2).swapaxes(2, 3).reshape(o, n // 2, m // 2, 4)


CASES = {
    "linear": Case(((3,),), (3,), "let s = dot(a, row.x);", lambda a, x: a @ x),
    "a weight that is read twice": Case(
        ((3,),), (3,), "let s = dot(a, row.x) * a[1] + a[0];", lambda a, x: a @ x * a[1] + a[0]
    ),
    "two layers": Case(
        ((3, 4), (4, 2), (2,)),
        (3,),
        "let h: K[4] = relu(row.x @ a); let s: K[2] = h @ b + c;",
        lambda a, b, c, x: np.maximum(x @ a, 0) @ b + c,
    ),
    "convolution and mean": Case(
        ((2, 2, 2), (8,)),
        (5, 5),
        """
        let seen: K[2, 4, 4] = conv2d(row.x, a);
        let s = dot(reshape(avgpool(relu(seen), 2), 8), b);""",
        lambda a, b, x: squares(np.maximum(conv(x, a), 0)).mean(axis=-1).reshape(-1) @ b,
    ),
    "convolution and maximum": Case(
        ((2, 2, 2), (8, 2)),
        (5, 5),
        """
        let seen: K[2, 4, 4] = conv2d(row.x, a);
        let s = reshape(relu(maxpool(seen, 2)), 8) @ b;""",
        lambda a, b, x: np.maximum(squares(conv(x, a)).max(axis=-1), 0).reshape(-1) @ b,
    ),
    "loops": Case(
        ((3,), (3, 3)),
        (3,),
        """
        var t: K = 0.5;
        for i in 0..3 { for j in 0..3 { t += a[i] * b[i, j] * row.x[j]; } t = t * 0.5; }
        let s = t;""",
        lambda a, b, x: 0.0625 + sum(a[i] * (b[i] @ x) * 0.5 ** (3 - i) for i in range(3)),
    ),
    "elements that are assigned": Case(
        ((3,),),
        (3,),
        """
        var h: K[3] = a;
        for i in 0..2 { h[i + 1] = h[i] * row.x[i] + a[i + 1]; }
        h[0] *= a[2];
        let s = h[0] + h[2];""",
        lambda a, x: a[0] * a[2] + (a[0] * x[0] + a[1]) * x[1] + a[2],
    ),
    "functions": Case(
        ((2, 3), (3,), (3, 1)),
        (2,),
        "let s = sum(dense(c, [2.5], dense(a, b, row.x)));",
        lambda a, b, c, x: (np.maximum(np.maximum(x @ a + b, 0) @ c + 2.5, 0)).sum(),
        "fn dense<I, O>(w: K[I, O], o: K[O], v: K[I]) -> K[O] { relu(v @ w + o) }",
    ),
    "moved and picked": Case(
        ((2, 3), (2, 3)),
        (3,),
        """
        let turned = transpose(a)[1.., :] @ [row.x[0], row.x[2]];
        let (u, v) = (reshape(b, 6)[2..5], b[1, :]);
        let s = sum(turned) + dot(u, row.x) * sum([v, v * 2], axis = 0)[1];""",
        lambda a, b, x: (a.T[1:] @ x[[0, 2]]).sum() + (b.reshape(-1)[2:5] @ x) * 3 * b[1, 1],
    ),
    "choices": Case(
        ((4,),),
        (4,),
        """
        let p = a * row.x;
        let s = min(p[0], p[1]) + max(p) * 3 + abs(p[2]) + sum(clamp(p, -0.25, 0.5)) + min(a, axis = 0);""",
        lambda a, x: (
            min(a[0] * x[0], a[1] * x[1])
            + max(a * x) * 3
            + abs(a[2] * x[2])
            + np.clip(a * x, -0.25, 0.5).sum()
            + min(a)
        ),
    ),
    "arms": Case(
        ((3,), (3,)),
        (3,),
        """
        var t: K = dot(a, row.x);
        if t > row.x[0] { t = t * t; } else { t -= b[0] * b[1]; }
        let s = if dot(b, row.x) > 0 { t * 2 } else { t + b[2] };""",
        lambda a, b, x: _arms(a @ x, b, x),
    ),
    "elements in arms": Case(
        ((3,), (3,)),
        (3,),
        """
        var h: K[3] = a;
        for i in 0..2 {
            if b[i] > row.x[i] { h[i] = h[i] * b[i + 1]; if a[i] > 0 { h[i + 1] += b[0] * row.x[0]; } }
            else { h[1] *= row.x[i]; h[2] = b[i] * 2; }
        }
        let s = sum(h * h);""",
        lambda a, b, x: _elements(a.copy(), a, b, x),
    ),
    "means": Case(
        ((3, 2), (2,)),
        (3,),
        "let s = mean(a * reshape(row.x, 3, 1), axis = 0) * b ** 3 / 4;",
        lambda a, b, x: (a * x[:, None]).mean(axis=0) * b**3 / 4,
    ),
}


def _arms(t: float, b: Array, x: Array) -> float:
    t = t * t if t > x[0] else t - b[0] * b[1]
    return t * 2 if b @ x > 0 else t + b[2]


def _elements(h: Array, a: Array, b: Array, x: Array) -> float:
    for i in range(2):
        if b[i] > x[i]:
            h[i] = h[i] * b[i + 1]
            if a[i] > 0:
                h[i + 1] += b[0] * x[0]
        else:
            h[1] *= x[i]
            h[2] = b[i] * 2
    return float(h @ h)


# a loss of s -> the same in floating point, and how far the gradient may be off
LOSSES: dict[str, tuple[Callable[[Array], float], float]] = {
    "loss sum(s * s) * 0.5 - sum(s);": (lambda s: float((s * s).sum() * 0.5 - s.sum()), 1e-4),
    "loss 2 * squared(s, 0.75);": (lambda s: float(((s - 0.75) ** 2).sum()), 1e-4),
    "loss sum(logistic(s as fix<24, 14>, 1));": (lambda s: float((np.log1p(np.exp(s)) - s).sum()), 0.04),
    "loss sum(logistic(s as fix<24, 14>, 1, within = 0.0005));": (
        lambda s: float((np.log1p(np.exp(s)) - s).sum()),
        0.005,
    ),
}


def kind(shape: tuple[int, ...]) -> str:
    return "K" + (f"[{', '.join(map(str, shape))}]" if shape else "")


def grid(values: Any) -> Any:
    return np.asarray(np.round(np.asarray(values) * 2.0**FRACTION), dtype=np.int64)


def gradient(case: Case, loss: str, weights: list[Array], x: Array) -> list[Array]:
    """By the compiler: what a row would add to the sum if it were not clipped, which rounds it."""
    names = "abc"[: len(weights)]
    text = f"""party vendor; party clinic; type K = fix<48, {FRACTION}>; {case.functions}
        {"".join(f"input {n}0: {kind(s)} from vendor;" for n, s in zip(names, case.shapes, strict=True))}
        dataset rows from clinic {{ x: {kind(case.x)}; }}
        {"".join(f"var {n} = {n}0;" for n in names)}
        dpsgd {", ".join(names)} on rows(batch = 1, steps = 1, clip = 4096.0, noise = 1.0, rate = 1.0) as row {{
            {case.body} {loss}
        }}
        {"".join(f"output {n} to vendor;" for n in names)}"""
    with unclipped():
        words = understand(Source("grad.ccr", text)).words
    found = contribution(words, {f"{n}0": grid(w) for n, w in zip(names, weights, strict=True)}, {"x": grid(x)})
    return [np.asarray(f, dtype=float) for f in found]


def scores(case: Case, weights: list[Array], x: Array) -> Model:
    """s by the clear evaluator, as a function of the weights."""
    names = "abc"[: len(weights)]
    text = f"""party vendor; party clinic; type K = fix<48, {FRACTION}>; {case.functions}
        {"".join(f"input {n}: {kind(s)} from vendor;" for n, s in zip(names, case.shapes, strict=True))}
        input x: {kind(case.x)} from clinic;
        {case.body.replace("row.", "")}
        output out = reveal(s) to vendor;"""
    words = understand(Source("scores.ccr", text)).words
    scale = next(i.type.scale for n, i in words.block.numbered() if n == words.block.results[0])

    def run(*moved: Array) -> Array:
        inputs = dict(zip((*names, "x"), map(grid, (*moved, x)), strict=True))
        [out] = evaluate(words.block, [], Inputs(inputs))
        return np.asarray(np.asarray(out, dtype=object) * Fraction(scale), dtype=float)

    return run


def differences(value: Callable[[list[Array]], float], weights: list[Array]) -> list[Array]:
    """Central differences."""
    found = [np.zeros_like(w) for w in weights]
    for k, w in enumerate(weights):
        for place in np.ndindex(w.shape):
            ends = []
            for sign in (1, -1):
                moved = [v.copy() for v in weights]
                moved[k][place] += sign * STEP
                ends.append(value(moved))
            found[k][place] = (ends[0] - ends[1]) / (2 * STEP)
    return found


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("name", CASES)
def test_the_gradient_is_that_of_finite_differences(name: str, loss: str) -> None:
    case, (judge, tolerance) = CASES[name], LOSSES[loss]
    draw = np.random.default_rng(random.Random(name).randrange(2**32))
    weights = [draw.integers(-96, 97, s) / 64 + 1 / 512 for s in case.shapes]
    x = draw.integers(-96, 97, case.x) / 64 + 1 / 1024
    found, run = gradient(case, loss, weights, x), scores(case, weights, x)
    by_evaluator = differences(lambda w: judge(run(*w)), weights)
    by_numpy = differences(lambda w: judge(np.asarray(case.model(*w, x))), weights)
    for f, e, n in zip(found, by_evaluator, by_numpy, strict=True):
        scale = 1 + np.abs(n).max()
        assert np.abs(np.broadcast_to(f, n.shape) - n).max() <= tolerance * scale
        assert np.abs(e - n).max() <= 1e-4 * scale
    assert any(np.abs(n).max() > 0.01 for n in by_numpy)
