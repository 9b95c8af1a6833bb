"""Workers of a garbler share one hash seed and one Δ: under a row that one hashes under no other does, nor it again."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from support.command import BASE, RECORDS, TUMOUR
from support.crews import run_spread
from support.joint_plans import joint_plan

from compiler.joint.shares import Products
from compiler.schedule.plan import Repeat, Transfer
from runtime import api
from runtime.cluster import staff
from runtime.cluster.staff import Staff
from runtime.cluster.words import Begin
from runtime.crypto.labels import Labels
from runtime.crypto.secret import LabelSecret, PublicSeeds
from runtime.execute import sharing
from runtime.execute.backend import Numbers, Roles
from runtime.execute.engines import PORTABLE
from runtime.execute.instructions import And
from runtime.execute.masks import Views
from runtime.execute.one_sided import OneSidedGarbler
from runtime.execute.portable import GarblerTile
from runtime.execute.products import GarblerProducts
from runtime.execute.sharing import Sharing
from runtime.party.sources import PartySources, load
from runtime.privacy.randomness import RunSecret


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> Counter[int]:
    """How often the garbler, its coordinator and all of its workers, hashes under which, for gates and corrections; all
    that can be is shared."""
    found = Counter[int]()
    both, one, multiply = GarblerTile.garble, OneSidedGarbler.garble, GarblerProducts.multiply

    def garble(self: GarblerTile, views: Views, gate: And, row: int, tables: Labels) -> None:
        found[row] += 1
        both(self, views, gate, row, tables)

    def garble_one(self: OneSidedGarbler, views: Views, gate: And, row: int, table: Labels) -> None:
        found[row] += 1
        one(self, views, gate, row, table)

    def multiplied(self: GarblerProducts, zero: Labels, numbers: Numbers, shape: Transfer, row: int) -> Numbers:
        found.update(range(row, row + shape.rows))
        return multiply(self, zero, numbers, shape, row)

    monkeypatch.setattr(GarblerTile, "garble", garble)
    monkeypatch.setattr(OneSidedGarbler, "garble", garble_one)
    monkeypatch.setattr(GarblerProducts, "multiply", multiplied)
    monkeypatch.setenv("CCR_BACKEND", PORTABLE)
    monkeypatch.setattr(sharing, "GATES", 1)
    monkeypatch.setattr(sharing, "BYTES", 1)
    return found


@pytest.mark.parametrize("products", Products)
def test_no_row_is_hashed_under_twice(products: Products, rows: Counter[int]) -> None:
    compiled = api.compile(TUMOUR, {"STEPS": "2"}, products).compiled
    files = {name: path.split("=", 1)[1] for name, path in (("records", RECORDS), ("w0", BASE))}
    sources = PartySources(load(compiled, frozenset(compiled.parties), files), RunSecret.from_seed(4))
    run_spread(compiled.plan, sources, 3, Roles(compiled.garbler, compiled.evaluator))
    assert max(rows.values()) == 1
    by = Counter(row >> 48 for row in rows)
    assert by.keys() >= {1, 2, 3} and min(by[worker] for worker in (1, 2, 3)) > 100


def test_no_row_of_a_shared_loop_is_hashed_under_twice(rows: Counter[int]) -> None:
    shared = 0
    for seed in range(12):
        plan, values = joint_plan(Random(seed))
        rows.clear()
        run_spread(plan, values, 2)
        assert max(rows.values(), default=1) == 1
        shared += any(map(Sharing(plan, 2).large, (step for step in plan.steps if isinstance(step, Repeat))))
    assert shared > 2


def test_a_run_of_more_rows_than_stand_below_a_workers_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker is told Δ."""
    nobody = Staff(None, True, [], [])  # type: ignore[arg-type]  # it starts nothing
    plan = api.compile(TUMOUR, {"STEPS": "2"}).compiled.plan
    monkeypatch.setattr(staff, "number_rows", lambda *_: ((), 1 << 48))
    with LabelSecret.fresh().in_use() as delta, pytest.raises(ValueError, match="cannot be shared among workers"):
        nobody._begin(plan, Begin(PublicSeeds.fresh(), delta))
