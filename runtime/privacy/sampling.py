"""Poisson sampling of a batch into a fixed number of slots.

Each of n records joins by itself with probability q = batch/n.  The S slots are fixed before n is known; an excess
over S is dropped uniformly at random, which is the mechanism that the truncated-Poisson accounting describes
(arXiv:2508.15089).  Dropping by position instead would let a record's place decide its probability.

The order of the slots carries nothing: the circuit adds every slot's gradient exactly, addition commutes, and the
slots themselves are seen by the data provider alone (they enter as the garbler's labels).  So records stand in
ascending order, empty slots behind them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from runtime.privacy.randomness import Stream

EMPTY = -1


def sample(stream: Stream, n: int, batch: int, slots: int) -> NDArray[np.int64]:
    """The record numbers of one batch, ascending, then EMPTY; shape (slots,).

    The probability is floor(q 2^64)/2^64: never above q, by less than 2^-64 below it, so the accounting at q holds.
    """
    if not 0 < batch <= n:
        raise ValueError(f"a batch of {batch} cannot be sampled from {n} records: it takes 1 <= batch <= records")
    if slots < 1:
        raise ValueError(f"a batch needs at least one slot, not {slots}")
    threshold = (batch << 64) // n  # up to 2^64, so compare with one less
    picked = np.flatnonzero(stream.uint64(n) <= np.uint64(threshold - 1)).astype(np.int64)
    if len(picked) > slots:
        picked = _keep(stream, picked, slots)
    filled = np.full(slots, EMPTY, dtype=np.int64)
    filled[: len(picked)] = picked
    return filled


def _keep(stream: Stream, picked: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """A uniform subset of `count` records, ascending: the first `count` steps of a Fisher-Yates shuffle."""
    order = picked.copy()
    for i in range(count):
        j = i + stream.below(len(order) - i)
        order[i], order[j] = int(order[j]), int(order[i])
    return np.sort(order[:count])
