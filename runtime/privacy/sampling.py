"""Poisson sampling of a batch into a fixed number of slots.

Each of n records joins by itself with probability q = batch/n.  The S slots are fixed before n is known; an excess
over S is dropped uniformly at random, which is the mechanism that the truncated-Poisson accounting describes
(arXiv:2508.15089).  Dropping by position instead would let a record's place decide its probability.

A batch stands in uniformly random slots, empty ones among them, placed afresh for every batch.  Where gradients are
computed in gates the order carries nothing: the circuit adds every slot's exactly, and addition commutes.  Where a
score enters as shares a malicious evaluator can add to the scores of slots it chooses, and what it adds may depend on
the slot: in ascending order a record more would move the records behind it into slots where other amounts are added,
and the sum by many clips.  In uniformly random slots a record more or less moves it by one (docs/privacy.md).
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


def place(stream: Stream, batch: NDArray[np.int64]) -> NDArray[np.int64]:
    """The batch, records and EMPTY alike, in uniformly random order: a Fisher-Yates shuffle."""
    order = batch.copy()
    for i in range(len(order) - 1):
        j = i + stream.below(len(order) - i)
        order[i], order[j] = int(order[j]), int(order[i])
    return order


def _keep(stream: Stream, picked: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """A uniform subset of `count` records, ascending: the first `count` steps of a Fisher-Yates shuffle."""
    order = picked.copy()
    for i in range(count):
        j = i + stream.below(len(order) - i)
        order[i], order[j] = int(order[j]), int(order[i])
    return np.sort(order[:count])
