"""Kinds by ranges: how many bits each value takes for what comes out to be near what floating point gives.

Every feature lies in a range; by interval arithmetic so does every value behind it, and a kind that holds the range
never clamps.  Fraction bits are shared out so that each rounding moves what comes out by about as much, 2^-p; p is the
least with which the error is small enough.  `bound` is proved for every record in the range: weights as they are
rounded, values by half a last bit each, functions by a last bit more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, log2
from typing import assert_never

import numpy as np

from runtime.authoring.choice import Fix
from runtime.authoring.floating import Floats
from runtime.authoring.importing.network import Activation, Conv, Dense, Layer, Network, Pool, Reshape, apply, convolved
from runtime.authoring.importing.untaken import Untaken

WIDEST = 40  # bits of a kind
_MOST = 40  # of p
_LIPSCHITZ = {Activation.RELU: 1.0, Activation.TANH: 1.0, Activation.SIGMOID: 0.25, Activation.SOFTMAX: 0.5}


@dataclass(frozen=True, slots=True)
class Kinds:
    """Of the features, and of each layer's weight, bias and value, None where it has none or keeps what it is given."""

    feature: Fix
    weights: tuple[Fix | None, ...]
    biases: tuple[Fix | None, ...]
    values: tuple[Fix | None, ...]
    bound: float  # by how much any of what comes out may be off


@dataclass(frozen=True, slots=True)
class Box:
    """Between which each element is, shape (1, ...)."""

    low: Floats
    high: Floats

    @property
    def most(self) -> float:
        return float(max(np.abs(self.low).max(), np.abs(self.high).max()))


def boxes(network: Network, low: Floats, high: Floats) -> list[Box]:
    """In front of each layer, and of what comes out."""
    found = [Box(np.broadcast_to(low, network.shape)[None] * 1.0, np.broadcast_to(high, network.shape)[None] * 1.0)]
    for layer in network.layers:
        found.append(_through(layer, found[-1]))
    return found


def _through(layer: Layer, box: Box) -> Box:
    middle, radius = (box.high + box.low) / 2, (box.high - box.low) / 2
    match layer:
        case Dense() | Conv():
            at, far = apply(layer, middle), _spread(layer, np.abs(layer.weight), radius)
            return Box(at - far, at + far)
        case Activation.SOFTMAX:
            return Box(np.zeros_like(box.low), np.ones_like(box.low))
        case Pool() | Reshape() | Activation():
            return Box(apply(layer, box.low), apply(layer, box.high))
        case _:
            assert_never(layer)


def _spread(layer: Dense | Conv, weight: Floats, v: Floats) -> Floats:
    """Without the bias."""
    return v @ weight if isinstance(layer, Dense) else convolved(v, weight, layer.stride, layer.padding)


def choose(network: Network, low: Floats, high: Floats, within: float) -> Kinds:
    """Those of the least p whose error is proved to be `within`.  Raises Untaken where none is."""
    for kinds in tried(network, low, high):
        if kinds.bound <= within:
            return kinds
    raise Untaken("the model", f"no kinds of {WIDEST} bits keep its error within {within:g}: allow more, or scale it")


def tried(network: Network, low: Floats, high: Floats) -> Iterator[Kinds]:
    """By p, the narrowest first."""
    for array in (a for layer in network.layers if isinstance(layer, Dense | Conv) for a in (layer.weight, layer.bias)):
        if not np.isfinite(array).all():
            raise Untaken("the model", "it has weights that are no finite numbers")
    ranges, gains = boxes(network, low, high), _gains(network)
    for p in range(-8, _MOST):
        found = _kinds(network, ranges, gains, p)
        if found is not None:
            yield found


def _gains(network: Network) -> list[float]:
    """By how much what comes out is moved at most by a change of 1 in front of each layer, and at the end."""
    found = [1.0]
    for layer in reversed(network.layers):
        match layer:
            case Dense(weight):
                by = float(np.abs(weight).sum(axis=0).max())
            case Conv(weight):
                by = float(np.abs(weight).sum(axis=(1, 2, 3)).max())
            case Activation():
                by = _LIPSCHITZ[layer]
            case Pool() | Reshape():
                by = 1.0
            case _:
                assert_never(layer)
        found.insert(0, found[0] * by)
    return found


def _kinds(network: Network, ranges: Sequence[Box], gains: Sequence[float], p: int) -> Kinds | None:
    """None where one would be too wide."""
    weights, biases, values = list[Fix | None](), list[Fix | None](), list[Fix | None]()
    for i, layer in enumerate(network.layers):
        weight = bias = value = None
        after = gains[i + 1]
        match layer:
            case Dense() | Conv():
                inputs = layer.weight[:, 0].size if isinstance(layer, Dense) else layer.weight[0].size
                weight = _fix(float(np.abs(layer.weight).max()), p, after * inputs**0.5 * ranges[i].most)
                bias = _fix(float(np.abs(layer.bias).max()), p, after)
                value = _fix(ranges[i + 1].most, p, after)
            case Activation.RELU:
                pass
            case Activation():
                value = _fix(1.0, p, after)
            case Pool(largest):
                value = None if largest else _fix(ranges[i + 1].most, p, after)
            case Reshape():
                pass
            case _:
                assert_never(layer)
        weights.append(weight)
        biases.append(bias)
        values.append(value)
    feature = _fix(ranges[0].most, p, gains[0], 1)  # a kind without fractions takes whole numbers only
    whole = [k for k in (feature, *weights, *biases, *values) if k is not None]
    if max(k.bits for k in whole) > WIDEST:
        return None
    kinds = Kinds(feature, tuple(weights), tuple(biases), tuple(values), 0.0)
    return Kinds(feature, kinds.weights, kinds.biases, kinds.values, _bound(network, ranges, kinds))


def _fix(most: float, p: int, gain: float, least: int = 0) -> Fix:
    """Holds from -most to most, and is rounded so that 2^-p is moved at the end."""
    fraction = max(least, ceil(p + log2(max(gain, 1e-12))))
    whole = max(0, floor(log2(most)) + 1) if most > 0 else 0
    if most > 0 and most > 2.0**whole - 2.0**-fraction:  # the upper end is a last bit less
        whole += 1
    return Fix(1 + whole + fraction, fraction)


def rounded(values: Floats, kind: Fix) -> Floats:
    unit = 2.0**kind.fraction
    end = 2.0 ** (kind.bits - 1)
    return np.asarray(np.clip(np.floor(values * unit + 0.5), -end, end - 1) / unit)


def _bound(network: Network, ranges: Sequence[Box], kinds: Kinds) -> float:
    """Errors through the layers, element by element."""
    error = np.full((1, *network.shape), 2.0 ** -(kinds.feature.fraction + 1))
    for layer, box, weight, bias, value in zip(
        network.layers, ranges[:-1], kinds.weights, kinds.biases, kinds.values, strict=True
    ):
        half = 0.0 if value is None else 2.0 ** -(value.fraction + 1)
        match layer:
            case Dense() | Conv():
                assert weight is not None and bias is not None
                off = np.abs(layer.weight - rounded(layer.weight, weight))
                beside = np.abs(layer.bias - rounded(layer.bias, bias))
                far = np.maximum(np.abs(box.low), np.abs(box.high)) + error
                error = _spread(layer, np.abs(layer.weight), error) + _spread(layer, off, far)
                error = error + (beside if isinstance(layer, Dense) else beside[:, None, None]) + half
            case Activation.RELU:
                pass
            case Activation.SOFTMAX:
                error = np.full_like(error, 0.5 * float(error.max()) + 2 * half)
            case Activation():
                error = _LIPSCHITZ[layer] * error + 2 * half
            case Pool() | Reshape():
                error = apply(layer, error) + half
            case _:
                assert_never(layer)
    return float(error.max())


def emulated(network: Network, kinds: Kinds, records: Floats) -> Floats:
    """What the program gives, but for its functions' own errors."""
    v = rounded(records, kinds.feature)
    for layer, weight, bias, value in zip(network.layers, kinds.weights, kinds.biases, kinds.values, strict=True):
        if isinstance(layer, Dense) and weight is not None and bias is not None:
            layer = Dense(rounded(layer.weight, weight), rounded(layer.bias, bias))
        elif isinstance(layer, Conv) and weight is not None and bias is not None:
            layer = Conv(rounded(layer.weight, weight), rounded(layer.bias, bias), layer.stride, layer.padding)
        v = apply(layer, v)
        v = v if value is None else rounded(v, value)
    return v
