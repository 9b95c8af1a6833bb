"""One record more or less moves the sum of a batch by one row, whatever offset an evaluator adds in each slot.

The exact distribution of a batch in its slots is enumerated from the code that draws it, every choice with its exact
probability, and held against the coupling in the proof (docs/privacy.md, theorem B): two batches, drawn together, whose
distributions are those with and without the record, and which differ in one slot.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import permutations
from math import isqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from runtime.privacy.randomness import Stream
from runtime.privacy.sampling import EMPTY, place, sample

Slots = tuple[int, ...]  # the record of each slot
Law = dict[Slots, Fraction]
Order = Callable[[Stream, NDArray[np.int64]], NDArray[np.int64]]
Vector = tuple[int, int]
CLIP = 5
SIZES = [(n, slots) for n in range(2, 6) for slots in range(1, 4)]
SIGNS = [(-1, -1, 1, 1), (1, -1, -1, 1), (1, 1, -1, 1), (1, 1, -1, -1)]  # of what each of 4 records adds in each slot


class Branching(Stream):
    """A stream of which every choice is taken in turn: `paths` says which, and how likely it was."""

    __slots__ = ("_left", "chance", "taken")

    def __init__(self, taken: list[tuple[int, int]]) -> None:
        super().__init__(bytes(32))
        self._left = [choice for choice, _ in taken]
        self.taken: list[tuple[int, int]] = []  # each choice, and of how many
        self.chance = Fraction(1)

    def choose(self, chances: list[Fraction]) -> int:
        choice = self._left.pop(0) if self._left else 0
        self.taken.append((choice, len(chances)))
        self.chance *= chances[choice]
        return choice

    def below(self, bound: int) -> int:
        return self.choose([Fraction(1, bound)] * bound)


class Joining(Branching):
    """The words that decide who joins are the least and the greatest; the record `absent` never joins."""

    __slots__ = ("_absent", "_rate")

    def __init__(self, taken: list[tuple[int, int]], rate: Fraction, absent: int | None) -> None:
        super().__init__(taken)
        self._rate, self._absent = rate, absent

    def uint64(self, count: int) -> NDArray[np.uint64]:
        out, joins = np.uint64(2**64 - 1), np.uint64(0)
        words = [
            out if record == self._absent or self.choose([self._rate, 1 - self._rate]) else joins
            for record in range(count)
        ]
        return np.array(words, dtype=np.uint64)


def law(n: int, slots: int, batch: int, order: Order, absent: int | None = None) -> Law:
    """The exact distribution of a batch in its slots."""
    rate = Fraction((batch << 64) // n, 1 << 64)
    found: Law = defaultdict(Fraction)
    taken: list[tuple[int, int]] | None = []
    while taken is not None:
        stream = Joining(taken, rate, absent)
        found[tuple(order(stream, sample(stream, n, batch, slots)).tolist())] += stream.chance
        taken = following(stream.taken)
    return {s: p for s, p in found.items() if p}


def following(taken: list[tuple[int, int]]) -> list[tuple[int, int]] | None:
    """The next path through the choices, depth first; None after the last."""
    for at in reversed(range(len(taken))):
        choice, of = taken[at]
        if choice + 1 < of:
            return [*taken[:at], (choice + 1, of)]
    return None


def ascending(stream: Stream, batch: NDArray[np.int64]) -> NDArray[np.int64]:
    return batch


def coupled(n: int, slots: int, batch: int, x: int) -> Iterator[tuple[Slots, Slots, Fraction]]:
    """The batch with x and the batch without, drawn together as in the proof, and how likely each pair is."""
    rate = Fraction((batch << 64) // n, 1 << 64)
    others = [r for r in range(n) if r != x]
    for mask in range(1 << len(others)):
        joined = [r for i, r in enumerate(others) if mask >> i & 1]
        count = len(joined)
        chance = rate**count * (1 - rate) ** (len(others) - count)
        # fewer than the slots: an injection of the others and x; else one of the slots into the others, and a slot
        kept = rate if count < slots else rate * Fraction(slots, count + 1)
        couples = list(_placed(joined, slots, x))
        for without, instead in couples:
            yield instead, without, chance * kept / len(couples)
            yield without, without, chance * (1 - kept) / len(couples)


def _placed(joined: list[int], slots: int, x: int) -> Iterator[tuple[Slots, Slots]]:
    if len(joined) < slots:
        for order in permutations(range(slots), len(joined) + 1):
            both = [EMPTY] * slots
            for record, slot in zip([*joined, x], order, strict=True):
                both[slot] = record
            yield tuple(EMPTY if r == x else r for r in both), tuple(both)
    else:
        for others in permutations(joined, slots):
            for sigma in range(slots):
                yield others, (*others[:sigma], x, *others[sigma + 1 :])


@pytest.mark.parametrize(("n", "slots"), SIZES)
def test_the_coupling_draws_both_batches_as_they_are_drawn(n: int, slots: int) -> None:
    for batch in range(1, n):
        x = batch - 1
        present: Law = defaultdict(Fraction)
        absent: Law = defaultdict(Fraction)
        for first, second, chance in coupled(n, slots, batch, x):
            present[first] += chance
            absent[second] += chance
        assert dict(present) == law(n, slots, batch, place)
        assert dict(absent) == law(n, slots, batch, place, absent=x)


@pytest.mark.parametrize(("n", "slots"), SIZES)
def test_coupled_batches_differ_in_one_slot(n: int, slots: int) -> None:
    """By x in place of nothing, or, where the others fill the slots, in place of another."""
    x = n - 1
    for first, second, _ in coupled(n, slots, 1, x):
        changed = [(a, b) for a, b in zip(first, second, strict=True) if a != b]
        assert changed in ([], [(x, EMPTY)]) or (len(changed) == 1 and changed[0][0] == x and EMPTY not in second)


@settings(deadline=None, max_examples=25)
@given(st.sampled_from(SIZES), st.data())
def test_sums_are_a_clip_apart_or_two_where_the_slots_are_full(size: tuple[int, int], data: st.DataObject) -> None:
    """With any function of record and slot, bounded by the clip and zero in an empty slot."""
    n, slots = size
    vectors = [(a, b) for a in range(-CLIP, CLIP + 1) for b in range(-CLIP, CLIP + 1) if a * a + b * b <= CLIP**2]
    table = {(r, s): data.draw(st.sampled_from(vectors)) for r in range(n) for s in range(slots)}
    for first, second, _ in coupled(n, slots, 1, 0):
        full = EMPTY not in second
        assert distance(total(first, table), total(second, table)) <= (2 * CLIP if full else CLIP)


def total(slots: Slots, table: dict[tuple[int, int], Vector]) -> Vector:
    added = [table[record, slot] for slot, record in enumerate(slots) if record != EMPTY]
    return sum(a for a, _ in added), sum(b for _, b in added)


def distance(left: Vector, right: Vector) -> Fraction:
    """The Euclidean one, rounded down to 1/1000."""
    squared = (left[0] - right[0]) ** 2 + (left[1] - right[1]) ** 2
    return Fraction(isqrt(squared * 10**6), 1000)


def test_in_ascending_order_one_record_moves_the_sum_by_many_clips() -> None:
    """Offsets that turn the sign of what stands in every other slot; the first record moves all the others by one."""
    table = {(r, s): (CLIP if (r + s) % 2 else -CLIP, 0) for r in range(3) for s in range(3)}
    assert distance(total((0, 1, 2), table), total((1, 2, EMPTY), table)) == 5 * CLIP


def test_no_coupling_of_ascending_batches_stays_within_two_clips() -> None:
    """By Strassen's theorem: some sums with the record are likelier than all that are within two clips of them."""
    table = {(r, s): (sign * CLIP, 0) for r, signs in enumerate(SIGNS) for s, sign in enumerate(signs)}

    def sums(order: Order, absent: int | None) -> Law:
        found: Law = defaultdict(Fraction)
        for slots, chance in law(4, 4, 3, order, absent).items():
            found[total(slots, table)] += chance
        return found

    def uncoupled(order: Order) -> Fraction:
        present, absent = sums(order, None), sums(order, 0)
        ends = sorted(present)
        intervals = [[v for v in ends if low <= v <= high] for low in ends for high in ends if low <= high]
        return max(
            sum(present[v] for v in some)
            - sum(p for v, p in absent.items() if min(distance(v, of) for of in some) <= 2 * CLIP)
            for some in intervals
        )

    assert uncoupled(place) <= 0
    assert uncoupled(ascending) > Fraction(1, 2)
