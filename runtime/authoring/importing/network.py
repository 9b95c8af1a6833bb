"""A trained model as a chain of layers, in floating point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import assert_never

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from runtime.authoring.floating import Floats


@dataclass(frozen=True, slots=True)
class Dense:
    """v @ weight + bias, of vectors."""

    weight: Floats  # (inputs, outputs)
    bias: Floats  # (outputs,)


@dataclass(frozen=True, slots=True)
class Conv:
    weight: Floats  # (outputs, channels, rows, columns)
    bias: Floats  # (outputs,)
    stride: int
    padding: int


@dataclass(frozen=True, slots=True)
class Pool:
    """Over squares."""

    largest: bool  # else their mean, zeros of the padding counted
    size: int
    stride: int
    padding: int


@dataclass(frozen=True, slots=True)
class Reshape:
    shape: tuple[int, ...]


class Activation(Enum):
    RELU = "relu"
    SIGMOID = "sigmoid"
    TANH = "tanh"
    SOFTMAX = "softmax"


Layer = Dense | Conv | Pool | Reshape | Activation


@dataclass(frozen=True, slots=True)
class Network:
    """`decides`: what comes out is a score for each class, or a single one that is above 0 for the second."""

    shape: tuple[int, ...]  # of one record
    layers: tuple[Layer, ...]
    decides: bool = False
    classes: tuple[str, ...] = ()  # names, where they are known
    low: Floats | None = None  # between which features are, where the model says so
    high: Floats | None = None

    def scores(self, records: Floats) -> Floats:
        """(n, *shape) -> (n, ...)."""
        for layer in self.layers:
            records = apply(layer, records)
        return records

    def shapes(self) -> list[tuple[int, ...]]:
        """Of one record in front of each layer, then of what comes out."""
        found, records = [self.shape], np.zeros((1, *self.shape))
        for layer in self.layers:
            records = apply(layer, records)
            found.append(records.shape[1:])
        return found


def apply(layer: Layer, v: Floats) -> Floats:
    match layer:
        case Dense(weight, bias):
            return np.asarray(v @ weight + bias)
        case Conv(weight, bias, stride, padding):
            return convolved(v, weight, stride, padding) + bias[:, None, None]
        case Pool(largest, size, stride, padding):
            seen = windows(v, (size, size), stride, padding, -np.inf if largest else 0.0)
            return np.asarray(seen.max(axis=(-2, -1)) if largest else seen.mean(axis=(-2, -1)))
        case Reshape(shape):
            return v.reshape(len(v), *shape)
        case Activation.RELU:
            return np.maximum(v, 0)
        case Activation.SIGMOID:
            return np.asarray(1 / (1 + np.exp(-np.clip(v, -500, 500))))
        case Activation.TANH:
            return np.tanh(v)
        case Activation.SOFTMAX:
            odds = np.exp(v - v.max(axis=-1, keepdims=True))
            return np.asarray(odds / odds.sum(axis=-1, keepdims=True))
        case _:
            assert_never(layer)


def convolved(v: Floats, weight: Floats, stride: int, padding: int) -> Floats:
    seen = windows(v, weight.shape[2:], stride, padding, 0.0)
    return np.asarray(np.einsum("nchwkl,ockl->nohw", seen, weight))


def windows(v: Floats, size: Sequence[int], stride: int, padding: int, beyond: float) -> Floats:
    """(n, c, h, w) -> (n, c, h', w', *size)."""
    around = ((0, 0), (0, 0), (padding, padding), (padding, padding))
    whole = np.pad(v, around, constant_values=beyond) if padding else v
    return sliding_window_view(whole, tuple(size), axis=(2, 3))[:, :, ::stride, ::stride]
