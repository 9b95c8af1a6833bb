"""A program's counterpart in floating point: the same training on the same batches with the same noise, unrounded.

Known for a loss of scores of one or two layers, and for gradients of a linear model's clamped error.  Which it is, is
guessed from shapes and then seen: one step of both must end at the same weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import prod

import numpy as np

from compiler import pipeline
from compiler.words.integers import Array
from compiler.words.ir import Block, Loop, Value
from compiler.words.leaves import type_of
from compiler.words.operations import Mechanism, Noise
from lang import typed
from runtime.authoring.floating import Course, Floats, Loss, Net, Numbers, train
from runtime.authoring.learner import LOSSES, Learner
from runtime.data.load import Loaded
from runtime.privacy.draws import draw_batch, draw_joint, draw_noise
from runtime.privacy.randomness import RunSecret
from runtime.privacy.sampling import EMPTY

_APART = 0.02  # of a step's length, and some last bits, by which one step may differ


def candidates(learner: Learner) -> Iterator[Net]:
    """Nets whose variables have these shapes; none where the update is more than a rate."""
    of = learner.of
    if not of.train.update.plain or any(v.kind is None for v in of.train.variables):
        return
    loss = Loss.CLAMPED if learner.scores is None else LOSSES[learner.scores.loss]
    shapes = tuple(type_of(v.kind).shape for v in of.train.variables)
    inputs = sum(prod(f.kind.shape) for f in of.features)
    for layers, biases in _ORDERS.get(len(shapes), ()):
        if _fit(shapes, inputs, layers, biases):
            yield Net(loss, shapes, layers, biases)


# By the number of variables: which are matrices, which their biases.
_ORDERS: dict[int, tuple[tuple[tuple[int, ...], tuple[int | None, ...]], ...]] = {
    1: (((0,), (None,)),),
    2: (((0,), (1,)), ((0, 1), (None, None))),
    3: (((0, 1), (None, 2)), ((0, 2), (1, None))),
    4: (((0, 2), (1, 3)),),
}


def _fit(shapes: Sequence[tuple[int, ...]], inputs: int, layers: Sequence[int], biases: Sequence[int | None]) -> bool:
    for depth, (matrix, bias) in enumerate(zip(layers, biases, strict=True)):
        shape = shapes[matrix]
        last = depth + 1 == len(layers)
        if not shape or shape[0] != inputs or len(shape) > 2 or (len(shape) == 1 and not last):
            return False
        if bias is not None and shapes[bias] != shape[1:]:
            return False
        inputs = prod(shape[1:])
    return True


def trained(learner: Learner, net: Net, loaded: Mapping[str, Loaded], seed: int) -> list[Floats]:
    """What the program's variables would be after its last step, in floating point."""
    of, words = learner.of.train, learner.meaning.words
    (mechanism,) = pipeline.mechanisms(words)
    rows = loaded[mechanism.dataset]
    assert isinstance(rows, dict)
    x, y = learner.numbers(rows)
    secret = RunSecret.of(seed)

    def batch(step: int) -> Numbers:
        found = draw_batch(secret, mechanism.draw, (step,), n=len(y), batch=of.batch, slots=mechanism.slots)
        return np.asarray(found[found != EMPTY], dtype=np.int64)

    draws = _Draws(learner, mechanism, secret)
    course = Course(of.batch, of.steps, float(of.clip), float(of.noise), float(of.update.rates[0]))
    return train(net, _start(learner, loaded), x, y, course, batch, draws.of)


class _Draws:
    """The noise of a seeded run, as numbers."""

    def __init__(self, learner: Learner, mechanism: Mechanism, secret: RunSecret) -> None:
        self._mechanism, self._secret = mechanism, secret
        self._shapes = [type_of(v.kind).shape for v in learner.of.train.variables]
        self._parties = learner.meaning.words.parties
        self._own = {op.variable: (op, scale) for op, scale in _noises(learner.meaning.words.block)}

    def of(self, step: int) -> list[Floats]:
        return [self._one(i, shape, (step,)) for i, shape in enumerate(self._shapes)]

    def _one(self, i: int, shape: tuple[int, ...], place: tuple[int, ...]) -> Floats:
        m, count = self._mechanism, prod(shape)
        if m.samplers:
            made = m.samplers[i]
            unit = float(m.clip * m.noise_multiplier / made.sigma)
            found = draw_joint(self._secret, self._parties, m.draw, i, place, sampler=made, count=count)
        else:
            op, unit = self._own[i]
            found = draw_noise(self._secret, m.draw, i, place, sigma=op.sigma, count=count)
        return np.asarray(found.reshape(shape) * unit, dtype=np.float64)


def _noises(block: Block) -> Iterator[tuple[Noise, float]]:
    for item in block.items:
        if isinstance(item, Loop):
            yield from _noises(item.body)
        elif isinstance(item, Value) and isinstance(item.op, Noise):
            yield item.op, float(item.type.scale)


def _start(learner: Learner, loaded: Mapping[str, Loaded]) -> list[Floats]:
    """Raises KeyError where a variable does not start as an input."""
    inputs = {i.variable.number: i.variable for i in learner.meaning.checked.program.inputs}
    begins: dict[str, Floats] = {}
    for statement in learner.meaning.checked.program.statements:
        if isinstance(statement, typed.Bind) and isinstance(statement.value, typed.Read):
            source = inputs.get(statement.value.variable.number)
            if source is not None:
                value = loaded[source.name]
                assert isinstance(value, np.ndarray)
                begins[statement.variable.name] = np.asarray(value * float(type_of(source.kind).scale))
    return [begins[v.name] for v in learner.of.train.variables]


def agrees(learner: Learner, net: Net, loaded: Mapping[str, Loaded], seed: int, outputs: Mapping[str, Array]) -> bool:
    """Is one step of the program, which has given these outputs, that of the net?"""
    try:
        start, wanted = _start(learner, loaded), trained(learner, net, loaded, seed)
    except KeyError:
        return False
    for v, before, found, there in zip(
        learner.of.train.variables, start, wanted, learner.weights(outputs), strict=True
    ):
        type = type_of(v.kind)
        unit, end = float(type.scale), 2.0 ** (type.width - 1)
        inside = np.clip(found, -end * unit, (end - 1) * unit)
        if np.abs(inside - there).max(initial=0) > 2 * unit + _APART * np.abs(found - before).max(initial=0):
            return False
    return True
