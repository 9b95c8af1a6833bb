"""A party's workers: whatever is shared among them, the outputs are those of one machine."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import get_ident
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from support.command import BASE, RECORDS, TUMOUR
from support.crews import run_spread
from support.launchers import Threads
from support.loopback import tls_pair

from compiler.joint.shares import Products
from runtime import api
from runtime.cluster.hand import RemoteHand
from runtime.cluster.orders import Order
from runtime.cluster.staff import Staff
from runtime.execute.backend import Roles
from runtime.net.channel import Channel
from runtime.party.run import Report, prepare, run
from runtime.party.sources import PartySources, load
from runtime.privacy.randomness import RunSecret
from runtime.program import Program
from runtime.session.tables import TablesSent

FILES = {name: path.split("=", 1)[1] for name, path in (("records", RECORDS), ("w0", BASE))}


@pytest.mark.parametrize("products", Products)
@pytest.mark.parametrize("workers", [1, 2, 3, 8])
def test_the_demo_gives_the_same_bits(products: Products, workers: int) -> None:
    program = api.compile(TUMOUR, {"STEPS": "2"}, products)
    compiled = program.compiled
    sources = PartySources(load(compiled, frozenset(compiled.parties), FILES), RunSecret.from_seed(4))
    both = run_spread(compiled.plan, sources, workers, Roles(compiled.garbler, compiled.evaluator))
    expected = api.simulate(program, FILES, seed=4)
    assert np.array_equal(both.evaluator["w"], expected["w"])


def party(program: Program, name: str, workers: int, ends: dict[str, Channel]) -> Report:
    """One party's side of a run, with so many workers."""
    own = {key: path for key, path in FILES.items() if (key == "records") == (name == "hospital")}
    launcher = Threads(workers)
    staff = Staff.hire(launcher, name == "hospital", program.artifact, 20.0, 20.0, 60.0)
    try:
        return run(program, name, prepare(program, name, own, RunSecret.from_seed(4)), ends[name], helpers=staff)
    finally:
        for thread in launcher.threads:
            thread.join(20.0)
            assert not thread.is_alive()


def test_workers_meet_over_tls() -> None:
    program = api.compile(TUMOUR, {"STEPS": "2"}, Products.GATES)
    ends: dict[str, Channel] = dict(zip(("hospital", "vendor"), tls_pair(20.0), strict=True))
    with ThreadPoolExecutor() as pool:
        told = {name: pool.submit(party, program, name, 3, ends) for name in ends}
        reports = {name: each.result() for name, each in told.items()}
    assert np.array_equal(reports["vendor"].outputs["w"], api.simulate(program, FILES, seed=4)["w"])


@pytest.mark.parametrize("products", Products)
def test_nothing_is_held_back_where_a_garbler_may_wait_for_a_worker(
    products: Products, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its worker may wait for the peer's, and that for orders of a coordinator that lacks what is held."""
    program = api.compile(TUMOUR, {"STEPS": "2"}, products)
    held: dict[int, TablesSent] = {}  # by coordinator's thread
    orders: list[bool] = []
    send, tell = TablesSent.send, RemoteHand.tell

    def sends(self: TablesSent, data: memoryview) -> None:
        held[get_ident()] = self
        send(self, data)

    def tells(self: RemoteHand, order: Order, payload: bytes | bytearray) -> None:
        if get_ident() in held:
            orders.append(not held[get_ident()]._held)
        tell(self, order, payload)

    monkeypatch.setattr(TablesSent, "send", sends)
    monkeypatch.setattr(RemoteHand, "tell", tells)
    ends: dict[str, Channel] = dict(zip(("hospital", "vendor"), tls_pair(20.0), strict=True))
    with ThreadPoolExecutor() as pool:
        told = {name: pool.submit(party, program, name, 2, ends) for name in ends}
        for each in told.values():
            each.result()
    assert orders and all(orders)


def test_what_is_held_goes_although_somebody_looks_at_it() -> None:
    """As the profiler of a Dask worker does at the frames of its threads: their bytes cannot be cut meanwhile."""
    seen: list[memoryview] = []
    channel = cast(Channel, SimpleNamespace(send=lambda _, payload: seen.append(memoryview(payload))))
    sent = TablesSent(channel)
    for word in (b"one", b"three"):
        sent.send(memoryview(word))
        sent.now()
    assert [bytes(each) for each in seen] == [b"one", b"three"]
