"""Products of shares, of which each worker makes those of some words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from compiler.schedule.plan import Transfer
from runtime.cluster.crew import Crew
from runtime.crypto.labels import Labels
from runtime.execute.backend import Multiplier, Numbers, Receiver
from runtime.execute.sharing import Sharing


class GarblerSpread:
    """A multiplier: as the one that it is made from, with workers."""

    def __init__(self, own: Multiplier, crew: Crew) -> None:
        self._own, self._crew = own, crew
        self._sharing = Sharing(crew.plan, len(crew.hands))

    def multiply(self, zero: Labels, numbers: Numbers, shape: Transfer, row: int) -> Numbers:
        parts = self._sharing.words(shape)
        if not parts:
            return self._own.multiply(zero, numbers, shape, row)
        return _multiply(self._crew, parts, zero, numbers, shape, row)


class EvaluatorSpread:
    """The other party's."""

    def __init__(self, own: Receiver, crew: Crew) -> None:
        self._own, self._crew = own, crew
        self._sharing = Sharing(crew.plan, len(crew.hands))

    def multiply(self, active: Labels, shape: Transfer, row: int) -> Numbers:
        parts = self._sharing.words(shape)
        if not parts:
            return self._own.multiply(active, shape, row)
        return _multiply(self._crew, parts, active, None, shape, row)


def of_words(shape: Transfer, words: range) -> Transfer:
    return replace(shape, words=len(words))


def _multiply(
    crew: Crew, parts: Sequence[range], labels: Labels, numbers: Numbers | None, shape: Transfer, row: int
) -> Numbers:
    busy = [(hand, words) for hand, words in zip(crew.hands, parts, strict=True) if words]
    crew.flush()
    for hand, words in busy:
        mine = None if numbers is None else numbers[words.start : words.stop]
        hand.multiply(labels[words.start : words.stop], mine, of_words(shape, words), row)
    return np.concatenate([hand.shares(of_words(shape, words)) for hand, words in busy])
