"""What a written program is made of: the model that is asked for, and the numbers that are chosen for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import assert_never

import numpy as np

from runtime.authoring.floating import Floats, Loss, Net


class Model(Enum):
    LOGISTIC = "logistic"  # two classes
    SOFTMAX = "softmax"  # several
    LINEAR = "linear"  # a number
    MLP = "mlp"  # classes, one hidden layer


@dataclass(frozen=True, slots=True)
class Fix:
    """fix<bits, fraction>."""

    bits: int
    fraction: int

    @property
    def most(self) -> float:
        """The first number that is too large for it."""
        return float(2 ** (self.bits - self.fraction - 1))

    def __str__(self) -> str:
        return f"fix<{self.bits}, {self.fraction}>"


@dataclass(frozen=True, slots=True)
class Scale:
    """How features are brought to a length of 1 at most: what a `prepare.Scaling` is made by."""

    each: bool  # by each column's own deviation, not one for all
    share: float  # of the vendor's records that are shorter than that, and stay so; the others are cut to it
    bias: float


@dataclass(frozen=True, slots=True)
class Choice:
    scale: Scale
    batch: int
    steps: int
    clip: float
    rate: float
    noise: float
    weight: Fix = Fix(16, 10)
    feature: int = 8  # fraction bits


def net(model: Model, features: int, classes: int, hidden: int) -> Net:
    """`features` with the bias; of two classes an MLP has one score."""
    match model:
        case Model.LOGISTIC:
            return Net(Loss.LOGISTIC, ((features,),), (0,), (None,))
        case Model.SOFTMAX:
            return Net(Loss.CROSS_ENTROPY, ((features, classes),), (0,), (None,))
        case Model.LINEAR:
            return Net(Loss.CLAMPED, ((features,),), (0,), (None,))
        case Model.MLP if classes == 2:
            return Net(Loss.LOGISTIC, ((features, hidden), (hidden,), ()), (0, 1), (None, 2))
        case Model.MLP:
            return Net(Loss.LOGISTIC, ((features, hidden), (hidden, classes), (classes,)), (0, 1), (None, 2))
        case _:
            assert_never(model)


def start(net: Net, seed: int = 0) -> list[Floats]:
    """Zeros; of a network random weights of variance 2 / inputs, multiples of 1/1024, since zeros would stay alike."""
    found = [np.zeros(shape) for shape in net.shapes]
    if len(net.layers) > 1:
        rng = np.random.default_rng(seed)
        for depth, matrix in enumerate(net.layers):
            shape = net.shapes[matrix]
            inputs = 4 if depth == 0 else shape[0]  # a record's length is 1, whatever the number of its features
            found[matrix] = np.round(rng.normal(0, (2 / inputs) ** 0.5, shape) * 1024) / 1024
    return found
