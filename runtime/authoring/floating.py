"""Models of one or two layers, trained by DP-SGD in floating point: fast, and what fixed point is held against."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]


class Loss(Enum):
    LOGISTIC = "logistic"  # of one score, or of one for each class
    CROSS_ENTROPY = "cross_entropy"
    SQUARED = "squared"
    CLAMPED = "clamped"  # squared, its error no further from 0 than the clip


@dataclass(frozen=True, slots=True)
class Net:
    """Which of w (inputs to outputs) or w1, w2 there are, and which biases, in the order of the program's variables."""

    loss: Loss
    shapes: tuple[tuple[int, ...], ...]
    layers: tuple[int, ...]  # of each layer, which variable is its matrix
    biases: tuple[int | None, ...]  # and which its bias

    def scores(self, weights: Sequence[Floats], x: Floats) -> Floats:
        """(m, K), K = 1 for a single score."""
        return self._forward(weights, x)[-1]

    def _forward(self, weights: Sequence[Floats], x: Floats) -> list[Floats]:
        """The inputs of each layer, then the scores."""
        found = [x]
        for depth, (matrix, bias) in enumerate(zip(self.layers, self.biases, strict=True)):
            w = weights[matrix].reshape(found[-1].shape[1], -1)
            score = found[-1] @ w + (0 if bias is None else weights[bias])
            found.append(np.maximum(score, 0) if depth + 1 < len(self.layers) else score)
        return found

    def gradient(self, weights: Sequence[Floats], x: Floats, y: Floats, clip: float) -> list[Floats]:
        """The sum of all rows' gradients, each no longer than the clip."""
        inputs = self._forward(weights, x)
        error = _error(self.loss, inputs.pop(), y, clip)
        errors = [error]
        for depth in range(len(self.layers) - 1, 0, -1):
            w = weights[self.layers[depth]].reshape(inputs[depth].shape[1], -1)
            error = (error @ w.T) * (inputs[depth] > 0)
            errors.insert(0, error)
        if self.loss is not Loss.CLAMPED:
            squares = sum(
                (e**2).sum(axis=1) * ((v**2).sum(axis=1) + (bias is not None))
                for e, v, bias in zip(errors, inputs, self.biases, strict=True)
            )
            factors = clip / np.maximum(np.sqrt(squares), clip)
            errors = [e * factors[:, None] for e in errors]
        found = [np.zeros(shape) for shape in self.shapes]
        for e, v, matrix, bias in zip(errors, inputs, self.layers, self.biases, strict=True):
            found[matrix] = (v.T @ e).reshape(self.shapes[matrix])
            if bias is not None:
                found[bias] = e.sum(axis=0).reshape(self.shapes[bias])
        return found


def _error(loss: Loss, scores: Floats, y: Floats, clip: float) -> Floats:
    """d loss / d scores."""
    match loss:
        case Loss.LOGISTIC:
            wanted = y[:, None] if scores.shape[1] == 1 else np.eye(scores.shape[1])[y.astype(np.int64)]
            return np.asarray(1 / (1 + np.exp(-np.clip(scores, -60, 60))) - wanted)
        case Loss.CROSS_ENTROPY:
            odds = np.exp(scores - scores.max(axis=1, keepdims=True))
            return np.asarray(odds / odds.sum(axis=1, keepdims=True) - np.eye(scores.shape[1])[y.astype(np.int64)])
        case Loss.SQUARED:
            return scores - y[:, None]
        case Loss.CLAMPED:
            return np.clip(scores - y[:, None], -clip, clip)
        case _:
            assert_never(loss)


@dataclass(frozen=True, slots=True)
class Course:
    """How it is trained; `noise` is the multiplier, the deviation over the clip."""

    batch: int
    steps: int
    clip: float
    noise: float
    rate: float


Batch = Callable[[int], Numbers]  # the rows of a step
Noise = Callable[[int], Sequence[Floats]]  # of each variable, added to the sum of a step's gradients


def train(
    net: Net, start: Sequence[Floats], x: Floats, y: Floats, course: Course, batch: Batch, noise: Noise
) -> list[Floats]:
    weights = [np.array(w, dtype=np.float64) for w in start]
    for step in range(course.steps):
        rows = batch(step)
        sums = net.gradient(weights, x[rows], y[rows], course.clip)
        for w, total, drawn in zip(weights, sums, noise(step), strict=True):
            w -= course.rate / course.batch * (total + drawn)
    return weights


def drawn(
    net: Net, start: Sequence[Floats], x: Floats, y: Floats, course: Course, rng: np.random.Generator
) -> list[Floats]:
    """As `train`, with batches and noise of a generator."""

    def batch(step: int) -> Numbers:
        return np.flatnonzero(rng.random(len(x)) < course.batch / len(x))

    def noise(step: int) -> list[Floats]:
        return [rng.normal(0, course.noise * course.clip, shape) for shape in net.shapes]

    return train(net, start, x, y, course, batch, noise)


def score(net: Net, weights: Sequence[Floats], x: Floats, y: Floats) -> float:
    """The share of rows that it gets right; of a regression R squared, 1 less the mean square error over variance."""
    return scored(net.loss, net.scores(weights, x), y)


def scored(loss: Loss, scores: Floats, y: Floats) -> float:
    if loss in (Loss.SQUARED, Loss.CLAMPED):
        return float(1 - np.mean((scores[:, 0] - y) ** 2) / np.var(y)) if np.var(y) else 0.0
    found = scores[:, 0] > 0 if scores.shape[1] == 1 else scores.argmax(axis=1)
    return float(np.mean(found == y))
