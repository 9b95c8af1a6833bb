"""Poisson batches: exact rate, independent records, an excess dropped uniformly."""

from itertools import combinations, pairwise, permutations
from math import ceil, sqrt

import numpy as np
import pytest
from scipy.stats import binom, chi2

from compiler.training.dpsgd import slot_count
from runtime.privacy.draws import draw_batch, gather
from runtime.privacy.randomness import RunSecret, Stream
from runtime.privacy.sampling import EMPTY, place, sample


class Words(Stream):
    """A stream whose words are given."""

    __slots__ = ("given",)

    def __init__(self, given: list[int]) -> None:
        super().__init__(bytes(32))
        self.given = given

    def bytes(self, count: int) -> bytes:
        return b"".join(self.given.pop(0).to_bytes(8, "little") for _ in range(count // 8))


def test_slots() -> None:
    assert slot_count(64) == 96 and slot_count(256) == 320 and slot_count(1) == 5
    assert all(slot_count(b) == b + ceil(4 * sqrt(b)) for b in range(1, 5000))


def test_the_rate_is_decided_by_integers() -> None:
    """q = 1/3: floor(2^64 / 3) words of 2^64 are chosen, the least ones."""
    edge = 2**64 // 3
    assert sample(Words([edge - 1, edge, 2**64 - 1]), 3, 1, 3).tolist() == [0, EMPTY, EMPTY]


def test_rate_one_takes_every_record() -> None:
    assert sample(Words([2**64 - 1] * 4), 4, 4, 6).tolist() == [0, 1, 2, 3, EMPTY, EMPTY]


@pytest.mark.parametrize(("n", "batch"), [(3, 4), (3, 0), (0, 0), (3, -1)])
def test_an_impossible_batch_is_refused(n: int, batch: int) -> None:
    with pytest.raises(ValueError, match=f"a batch of {batch} cannot be sampled from {n} records"):
        sample(RunSecret.from_seed(0).stream("batch", ()), n, batch, 8)


def test_sizes_are_binomial_and_records_are_alike() -> None:
    n, batch, rounds = 40, 10, 4000
    secret = RunSecret.from_seed(11)
    draws = [draw_batch(secret, 0, (i,), n=n, batch=batch, slots=n) for i in range(rounds)]
    sizes = np.bincount([int((d != EMPTY).sum()) for d in draws], minlength=n + 1)
    expected = rounds * binom.pmf(np.arange(n + 1), n, batch / n)
    common = expected > 5
    assert ((sizes - expected)[common] ** 2 / expected[common]).sum() < chi2.isf(1e-4, common.sum() - 1)
    each = np.bincount(np.concatenate([d[d != EMPTY] for d in draws]), minlength=n)
    assert ((each - rounds / 4) ** 2 / (rounds * 3 / 16)).sum() < chi2.isf(1e-4, n)


def test_an_excess_is_dropped_uniformly() -> None:
    """All of 5 records are picked, 3 slots: each of the 10 subsets is as likely."""
    secret, rounds = RunSecret.from_seed(12), 5000
    kept = [tuple(sample(secret.stream("batch", (i,)), 5, 5, 3).tolist()) for i in range(rounds)]
    counts = {subset: kept.count(subset) for subset in combinations(range(5), 3)}
    assert sum(counts.values()) == rounds  # ascending, and nothing else
    assert sum((c - rounds / 10) ** 2 / (rounds / 10) for c in counts.values()) < chi2.isf(1e-4, 9)


def test_a_batch_stands_in_uniformly_random_slots() -> None:
    """Two records in four slots: each of the 12 injections is as likely, and a step's says nothing of the next."""
    secret, rounds = RunSecret.from_seed(13), 6000
    batch = np.array([7, 9, EMPTY, EMPTY])
    placed = [tuple(place(secret.stream("slots", (0, i)), batch).tolist()) for i in range(rounds)]
    counts = {order: placed.count(order) for order in set(permutations(batch.tolist()))}
    assert len(counts) == 12 and sum(counts.values()) == rounds
    assert sum((c - rounds / 12) ** 2 / (rounds / 12) for c in counts.values()) < chi2.isf(1e-4, 11)
    pairs = {(a, b): 0 for a in counts for b in counts}
    for before, after in pairwise(placed):
        pairs[before, after] += 1
    expected = (rounds - 1) / 144
    assert sum((c - expected) ** 2 / expected for c in pairs.values()) < chi2.isf(1e-4, 143)


def test_each_step_places_its_batch_anew() -> None:
    secret = RunSecret.from_seed(14)
    first, second = (draw_batch(secret, 0, (step,), n=6, batch=6, slots=16).tolist() for step in (0, 1))
    assert sorted(first) == sorted(second) and first != second and sorted(first) not in (first, second)


def test_empty_slots_gather_zeros() -> None:
    rows = np.arange(1, 7).reshape(3, 2)
    assert gather(rows, np.array([2, 0, EMPTY])).tolist() == [[5, 6], [1, 2], [0, 0]]
    assert rows.min() == 1  # the rows themselves are untouched
