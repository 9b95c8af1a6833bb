"""What one row adds to the sum of a `dpsgd`, in exact numbers: a step whose batch is that row in one of its slots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from compiler.training import dpsgd
from compiler.training.clip import masked
from compiler.words.builder import Builder
from compiler.words.evaluate import Array, Environment, NoSources, as_array, run
from compiler.words.ir import Block, Loop, Type, Value, Words
from compiler.words.operations import Bound, Draw, Entry


@dataclass
class OneRow(NoSources):
    """Sources of a batch with the row in one slot; the others are empty, as a run has them: zeros, valid bit 0."""

    inputs: Mapping[str, Any]
    row: Mapping[str, Any] | None  # grid integers by field; None: an empty batch
    slot: int

    def input(self, at: Entry, type: Type) -> Array:
        return as_array(self.inputs[at.name], type)

    def sample(self, at: Draw, type: Type, position: tuple[int, ...]) -> Array:
        batch = np.zeros(type.shape, dtype=np.int64)
        if self.row is not None:
            batch[self.slot] = self.row[at.name] if at.name else 1
        return as_array(batch, type)


def contribution(words: Words, inputs: Mapping[str, Any], row: Mapping[str, Any] | None, slot: int = 0) -> list[Array]:
    """The sum before the noise, of each trained variable, in the program's first step."""
    sources = OneRow(inputs, row, slot)
    before = next(n for n, item in words.block.numbered() if isinstance(item, Loop))
    loop = words.block.items[before]
    assert isinstance(loop, Loop) and not words.block.params
    env: Environment = {}
    run(Block(0, (), words.block.items[:before], ()), env, sources, ())
    env |= enumerate([np.asarray(0), *(env[i] for i in loop.init)], loop.body.first)
    sums = [(n, i) for n, i in loop.body.numbered() if isinstance(i, Value) and isinstance(i.op, Bound)]
    body = loop.body.items[: sums[-1][0] - loop.body.first - len(loop.body.params) + 1]
    run(Block(loop.body.first, loop.body.params, body, ()), env, sources, (0,))
    return [np.asarray(env[n].astype(object) * item.type.scale) for n, item in sums]


@contextmanager
def unclipped() -> Iterator[None]:
    """What is compiled meanwhile adds up gradients as they are, zero in an empty slot: clipping rounds them."""

    def masks(b: Builder, gradients: Sequence[int], *others: Any) -> list[int]:
        *_, row, valid = others
        return [g if valid is None else masked(b, g, valid, row) for g in gradients]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dpsgd, "clipped", masks)
        yield


def squared_norm(parts: Sequence[Array]) -> Fraction:
    """Over all variables together."""
    return sum((Fraction(x) ** 2 for part in parts for x in part.reshape(-1)), Fraction(0))
