"""What the programs compute, in floating point; and how good a model is.

    python examples/digits/reference.py                          each program's reference, over seeds 1 to 5
    python examples/digits/reference.py one_vs_all tuned.npz     accuracy of a model that `ccr run` wrote

The batches and the noise are those of `ccr simulate --seed N`; what differs is that nothing is rounded and that
gradients are clipped by their exact norm.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from compiler.training.dpsgd import slot_count
from compiler.words.sampler import sampler
from runtime.privacy.draws import draw_batch, draw_joint
from runtime.privacy.randomness import RunSecret
from runtime.privacy.sampling import EMPTY

Array = NDArray[np.float64]
Labels = NDArray[np.int64]

HERE = Path(__file__).parent
BATCH, STEPS = 256, 100
NOISE = {1: Fraction(682, 100), 2: Fraction(375, 100), 4: Fraction(216, 100), 8: Fraction(133, 100)}  # by epsilon
FEATURE = 128  # grid units of the features' kind
PARTIES = ("vendor", "clinic")


@dataclass(frozen=True)
class Model:
    """One program: its start weights, what it computes, and its params.

    `gradients` gives each variable's gradient for each of m examples, (m, *shape of the variable).
    """

    start: str
    names: tuple[str, ...]  # of the start weights, in the order of the variables
    scores: Callable[[Sequence[Array], Array], Array]  # (m, 65) -> (m, 10)
    gradients: Callable[[Sequence[Array], Array, Labels], list[Array]]
    clip: Fraction
    rate: float
    grids: tuple[int, ...]  # fraction bits of the sums that the noise is added to

    def weights(self) -> list[Array]:
        with np.load(HERE / self.start, allow_pickle=False) as file:
            return [file[name] for name in self.names]


def linear(weights: Sequence[Array], x: Array) -> Array:
    return np.asarray(x @ weights[0])


def one_vs_all(weights: Sequence[Array], x: Array, y: Labels) -> list[Array]:
    return [x[:, :, None] * _each(linear(weights, x), y)[:, None, :]]


def softmax(weights: Sequence[Array], x: Array, y: Labels) -> list[Array]:
    return [x[:, :, None] * _one_of(linear(weights, x), y)[:, None, :]]


def _each(scores: Array, y: Labels) -> Array:
    """d (sum of ten logistic losses) / d scores, (m, 10)."""
    return np.asarray(1 / (1 + np.exp(-scores)) - np.eye(10)[y])


def _one_of(scores: Array, y: Labels) -> Array:
    """d cross-entropy / d scores, (m, 10)."""
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True) - np.eye(10)[y])


def layered(weights: Sequence[Array], x: Array) -> Array:
    first, second, bias = weights
    return np.asarray(np.maximum(x @ first, 0) @ second + bias)


def mlp(weights: Sequence[Array], x: Array, y: Labels) -> list[Array]:
    first, second, _ = weights
    hidden = np.maximum(x @ first, 0)
    error = _each(layered(weights, x), y)
    back = (error @ second.T) * (hidden > 0)
    return [x[:, :, None] * back[:, None, :], hidden[:, :, None] * error[:, None, :], error]


def _windows(x: Array) -> Array:
    """The 3x3 neighbourhoods that each cell of 2x2 pooling looks at: (m, 3, 3, 2, 2, 3, 3)."""
    images = x[:, :64].reshape(-1, 8, 8)
    cells: Array = sliding_window_view(images, (3, 3), axis=(1, 2)).reshape(-1, 3, 2, 3, 2, 3, 3)
    return cells.transpose(0, 1, 3, 2, 4, 5, 6)


def _seen(kernels: Array, x: Array) -> Array:
    """What the four kernels see in each of the four corners of a cell: (m, 4, 3, 3, 4)."""
    return np.asarray(np.einsum("mijabkl,ckl->mcijab", _windows(x), kernels).reshape(len(x), -1, 3, 3, 4))


def convolved(weights: Sequence[Array], x: Array) -> Array:
    kernels, dense, bias = weights
    pooled = np.maximum(_seen(kernels, x).max(axis=-1), 0).reshape(len(x), -1)
    return np.asarray(pooled @ dense + bias)


def cnn(weights: Sequence[Array], x: Array, y: Labels) -> list[Array]:
    kernels, dense, _ = weights
    seen = _seen(kernels, x)
    pooled = np.maximum(seen.max(axis=-1), 0)
    flat = pooled.reshape(len(x), -1)
    error = _each(convolved(weights, x), y)
    back = (error @ dense.T).reshape(pooled.shape) * (pooled > 0)
    largest = np.eye(4)[seen.argmax(axis=-1)] * back[..., None]  # (m, 4, 3, 3, 4): only the largest corner learns
    corners = largest.reshape(len(x), -1, 3, 3, 2, 2)
    return [np.einsum("mcijab,mijabkl->mckl", corners, _windows(x)), flat[:, :, None] * error[:, None, :], error]


HALF = Fraction(1, 2)
MODELS = {
    "one_vs_all": Model("linear.npz", ("w0",), linear, one_vs_all, HALF, 32.0, (15,)),
    "softmax": Model("linear.npz", ("w0",), linear, softmax, HALF, 20.0, (15,)),
    "mlp": Model("mlp.npz", ("first", "second", "bias"), layered, mlp, Fraction(2), 2.0, (15, 16, 8)),
    "cnn": Model("cnn.npz", ("kernels0", "dense0", "bias0"), convolved, cnn, Fraction(2), 1.5, (11, 16, 8)),
}


def read(path: Path) -> tuple[Array, Labels]:
    """Features (n, 65), as the programs read them, and digits (n,) of a .csv of this folder."""
    table = np.loadtxt(path, delimiter=",", skiprows=1)
    return np.floor(table[:, :-1] * FEATURE + 0.5) / FEATURE, table[:, -1].astype(np.int64)


def accuracy(model: Model, weights: Sequence[Array], path: Path = HERE / "test.csv") -> float:
    """The share of a file's records whose digit has the highest score."""
    x, y = read(path)
    return float(np.mean(model.scores(weights, x).argmax(axis=1) == y))


def train(model: Model, secret: RunSecret, noise: Fraction, path: Path = HERE / "records.csv") -> list[Array]:
    """DP-SGD from the model's start weights; each example's gradient is clipped over all variables together."""
    x, y = read(path)
    weights = model.weights()
    samplers = [sampler(noise * model.clip * 2**grid) for grid in model.grids]
    for step in range(STEPS):
        numbers = draw_batch(secret, 0, (step,), n=len(y), batch=BATCH, slots=slot_count(BATCH))
        chosen = numbers[numbers != EMPTY]
        gradients = model.gradients(weights, x[chosen], y[chosen])
        norms = np.sqrt(sum((g.reshape(len(chosen), -1) ** 2).sum(axis=1) for g in gradients))
        factors = np.minimum(1, float(model.clip) / np.maximum(norms, 1e-9))
        for i, gradient in enumerate(gradients):
            made, unit = samplers[i], 2 ** model.grids[i]
            drawn = draw_joint(secret, PARTIES, 0, i, (step,), sampler=made, count=weights[i].size)
            noisy = np.tensordot(factors, gradient, axes=1) + drawn.reshape(weights[i].shape) / unit
            weights[i] = weights[i] - model.rate / BATCH * noisy
    return weights


def main() -> None:
    if len(sys.argv) > 1:
        model = MODELS[sys.argv[1]]
        with np.load(sys.argv[2], allow_pickle=False) as file:
            weights = [file[name] for name in file.files]  # as the program has its outputs
        print(f"{sys.argv[1]}: test accuracy {accuracy(model, weights):.3f}")
        return
    for name, model in MODELS.items():
        for epsilon, noise in NOISE.items():
            found = [accuracy(model, train(model, RunSecret.from_seed(seed), noise)) for seed in range(1, 6)]
            print(
                f"{name}, epsilon {epsilon}, seeds 1 to 5: test accuracy {np.mean(found):.4f} "
                f"({' '.join(f'{a:.3f}' for a in found)})",
                flush=True,
            )


if __name__ == "__main__":
    main()
