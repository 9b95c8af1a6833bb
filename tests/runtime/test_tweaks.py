"""Every hash of a run is of one pair of labels: no row and tweak serve two, of gates and of products together.

Where they did, an evaluator would read off differences of the garbler's numbers, or Δ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from support.in_memory import ROLES, IdealCot, Outputs, Pipe
from support.small_plans import small_tile
from support.training_text import Trial

from compiler import pipeline
from compiler.gates.circuit import Circuit, Gate, GateOp
from compiler.joint.shares import Products
from compiler.pipeline import Meaning, understand
from compiler.schedule import emit, rows
from compiler.schedule.plan import Kernel, Plan, Repeat, Step, Transfer
from compiler.words.evaluate import Sources
from lang.source import Source
from runtime.crypto.hash import TileHash
from runtime.crypto.labels import Labels, fresh, fresh_delta
from runtime.crypto.secret import LabelSecret, PublicSeeds
from runtime.execute import products
from runtime.execute.portable import PortableGarbler
from runtime.execute.products import BitHash, GarblerProducts
from runtime.execute.walk import walk
from runtime.execute.yao import GarblerBackend, PublicLabels

SEED = bytes(range(16))
NETWORK = """party hospital; party vendor;
input w0: fix<6, 4>[2, 2] from vendor;
input v0: fix<6, 4>[2] from vendor;
dataset rows from hospital { x: fix<5, 4>[2]; y: bit; }
var w = w0;
var v = v0;
dpsgd w, v on rows(batch = 1, steps = 2, clip = 1.0, noise = 1.0 drawn by hospital, rate = 1.0) as row {
    loss squared(dot(relu(row.x @ w), v), row.y);
}
output w to vendor;
output v to vendor;
"""
Hashed = list[NDArray[np.uint64]]  # columns: row, tweak, the two halves of the label


@cache
def network() -> Meaning:
    return understand(Source("network.ccr", NETWORK))


def planned() -> Plan:
    return pipeline.build(network(), Products.SHARES).plan


as_it_is = cache(planned)


def hashed_by_the_garbler(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> NDArray[np.uint64]:
    """Row, tweak and the label's halves of all that it hashes in a run; labels with colour 1 less Δ."""
    seen = Hashed()
    gate, bit, made = TileHash.__call__, BitHash.expand, BitHash.__init__
    first: dict[int, int] = {}  # row of a BitHash, by id

    def keep(row: NDArray[Any], tweak: NDArray[Any], labels: Labels) -> None:
        columns = row.reshape(-1), tweak.reshape(-1), *labels.reshape(-1, 2).T
        seen.append(np.stack([column.astype(np.uint64) for column in columns], axis=1))

    def call(self: TileHash, row: int) -> None:
        tweak = self._tweaks[..., 0]
        keep(np.full(tweak.shape, row), tweak, self.input)
        gate(self, row)

    def init(self: BitHash, seed: bytes, row: int, shape: Transfer) -> None:
        made(self, seed, row, shape)
        first[id(self)] = row

    def expand(self: BitHash, labels: Labels) -> NDArray[Any]:
        shape = self._shape
        own = first[id(self)] + np.arange(shape.words * shape.rows_of_a_word) // shape.words_of_a_row
        whole = shape.blocks * shape.rows_of_a_word
        keep(np.repeat(own, shape.blocks), products.tweaks(shape), np.repeat(labels, whole, axis=0))
        return bit(self, labels)

    monkeypatch.setattr(TileHash, "__call__", call)
    monkeypatch.setattr(BitHash, "__init__", init)
    monkeypatch.setattr(BitHash, "expand", expand)
    delta = garbled(plan, Trial(network().words, 5))
    everything = np.concatenate(seen)
    everything[:, 2:] ^= delta * (everything[:, 2:3] & np.uint64(1))
    return everything


def garbled(plan: Plan, sources: Sources) -> Labels:
    """The garbler's part of a run, into the void; its Δ."""
    secret, seeds = LabelSecret.fresh(), PublicSeeds.fresh()
    public, tables = PublicLabels(seeds.labels), bytearray()
    with secret.in_use() as delta:
        kept = delta.copy()
    engine = PortableGarbler(plan.kernels, secret, seeds.hash, public.constant, tables.extend)
    multiplier = GarblerProducts(seeds.hash, secret, tables.extend)
    backend = GarblerBackend(ROLES, secret, public, engine, multiplier, IdealCot(kept), Outputs(Pipe(), Pipe()))
    walk(plan, backend, sources, frozenset({ROLES.garbler}))
    return kept


def uses(hashed: NDArray[np.uint64]) -> tuple[int, int]:
    """The most hashes, and the most pairs of labels, that one row and tweak serve."""
    pairs = np.unique(hashed, axis=0)
    return tuple(int(np.unique(found[:, :2], axis=0, return_counts=True)[1].max()) for found in (hashed, pairs))


def test_no_row_and_tweak_serve_two_pairs_of_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    assert uses(hashed_by_the_garbler(as_it_is(), monkeypatch)) == (2, 1)  # both labels of one pair, each once


def test_products_without_rows_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """They would share those of the gates behind them."""
    monkeypatch.setattr(Transfer, "rows", property(lambda self: 0))
    assert uses(hashed_by_the_garbler(planned(), monkeypatch))[1] > 1


def test_one_tweak_for_all_words_of_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "tweaks", lambda shape: np.zeros((shape.words, shape.blocks), dtype=np.uint64))
    assert uses(hashed_by_the_garbler(as_it_is(), monkeypatch))[1] > 1


def test_the_same_rows_in_every_iteration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "number_rows", _standing(rows.number_rows))
    monkeypatch.setattr(emit, "number_rows", rows.number_rows)
    assert uses(hashed_by_the_garbler(planned(), monkeypatch))[1] > 1


def _standing(number_rows: Callable[..., tuple[tuple[Step, ...], int]]) -> Callable[..., tuple[tuple[Step, ...], int]]:
    def numbered(steps: Sequence[Step], kernels: Sequence[Kernel]) -> tuple[tuple[Step, ...], int]:
        found, count = number_rows(steps, kernels)
        return tuple(replace(step, rows=0) if isinstance(step, Repeat) else step for step in found), count

    return numbered


# -- what it would cost ---------------------------------------------------------------------------

SHAPE = Transfer(words=1, width=1, signed=False, shared=4, ring=32)


def corrections(zero: Labels, secret: LabelSecret, numbers: list[int], row: int) -> NDArray[np.uint32]:
    sent = bytearray()
    own = np.array([numbers], dtype=np.uint64)
    GarblerProducts(SEED, secret, sent.extend).multiply(zero.reshape(1, 1, 2), own, SHAPE, row)
    return products.unpack(bytes(sent), 32, 4).astype(np.uint32)


@pytest.mark.parametrize("second", [7, 8])
def test_a_tweak_used_twice_gives_the_difference_of_two_numbers_away(second: int) -> None:
    zero, secret = fresh(1), LabelSecret.fresh()
    sent = [corrections(zero, secret, v, row) for v, row in (([9, 0, 5, 1], 7), ([2, 3, 5, 0], second))]
    sign = 1 - 2 * int(zero[0, 0] & np.uint64(1))
    difference = (sign * (sent[0] - sent[1]).astype(np.int32)).tolist()
    assert (difference == [7, -3, 0, 1]) is (second == 7)


@pytest.mark.parametrize("row", [7, 8])
def test_a_row_shared_with_a_gate_gives_delta_away(row: int) -> None:
    """Numbers that are known, as zeros may be, leave the hash of the other label, and that of the gate leaves Δ."""
    delta, left, right = fresh_delta(), fresh(1), fresh(1)
    right[0, 0] |= np.uint64(1)  # its permute bit, which the table adds Δ for
    secret, tables = LabelSecret(delta), bytearray()
    gate = small_tile(Circuit(2, (Gate(GateOp.AND, 2, 4),), (6,)), 1)
    engine = PortableGarbler([gate], secret, SEED, fresh(1), tables.extend)
    engine.run(0, np.stack([left, right]), 7)
    generator = np.frombuffer(bytes(tables[:16]), dtype=np.uint64)
    active = left ^ delta  # of the bit 1
    known = BitHash(SEED, 7, SHAPE).expand(active)[0]
    sent = corrections(left, secret, [0, 0, 0, 0], row)
    other = known - sent if active[0, 0] & np.uint64(1) == 0 else known + sent
    found = generator ^ known.view(np.uint64) ^ np.ascontiguousarray(other.astype(np.uint32)).view(np.uint64)
    assert np.array_equal(found, delta[0]) is (row == 7)
