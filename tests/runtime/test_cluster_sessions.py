"""A run that loses workers: who is hired again, how often, and who is not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from support.contracts import contract, program

from runtime.cli import one_party, sittings
from runtime.cli.meet import Patience
from runtime.cluster import dasks
from runtime.cluster.dasks import Place
from runtime.cluster.errors import NoCluster
from runtime.cluster.sessions import through
from runtime.cluster.staff import Staff
from runtime.party.agreed import Agreed
from runtime.session.errors import ClusterBroken, PeerWithoutWorker, PeerWorkerLost, WorkerLost


@dataclass
class Sat:
    """A `Sitting` that ends as it is told."""

    ends: list[Exception | str]
    left: list[int] = field(default_factory=list[int])

    def play(self, staff: Staff) -> str:
        ended = self.ends.pop(0)
        if isinstance(ended, Exception):
            raise ended
        return ended

    def again(self, lost: ClusterBroken, left: int) -> Sat:
        self.left.append(left)
        return self


class Counted(list[int]):
    """A `Cluster` of numbers."""

    def launcher(self, wait: float) -> Any:
        return None

    def lose(self, worker: str) -> None:
        self.remove(int(worker.removeprefix("worker ")))


NOBODY = Staff(cast(Any, None), True, [], [])


def played(cluster: Counted, sitting: Sat) -> str:
    return through(cluster, sitting, lambda _: NOBODY, 1.0, 1.0)


def test_a_run_goes_on_with_those_left() -> None:
    sitting = Sat([WorkerLost(1, "worker 11", "it died"), PeerWorkerLost(0, "worker 10", "silent"), "well"])
    cluster = Counted([10, 11, 12])
    assert played(cluster, sitting) == "well"
    assert list(cluster) == [10, 12] and sitting.left == [2, 2]


@dataclass
class Shelving(Sat):
    """Another worker goes while those left read their records anew."""

    goes: list[ClusterBroken] = field(default_factory=list[ClusterBroken])

    def again(self, lost: ClusterBroken, left: int) -> Sat:
        super().again(lost, left)
        if self.goes:
            raise self.goes.pop()
        return self


def test_a_worker_that_goes_while_records_are_read_anew_is_one_more() -> None:
    first, second = WorkerLost(1, "worker 11", "it died"), WorkerLost(0, "worker 12", "so did it")
    sitting, cluster = Shelving([first, "well"], goes=[second]), Counted([10, 11, 12])
    assert played(cluster, sitting) == "well"
    assert list(cluster) == [10] and sitting.left == [2, 1]


def test_who_goes_between_two_roll_calls_is_not_hired() -> None:
    """The numbers of those that read records and of those that work may differ: a name does not."""

    class Going(Counted):
        asked = 0

        def launcher(self, wait: float) -> Any:
            self.asked += 1
            if self.asked == 3:
                self.remove(10)

    sitting = Sat([WorkerLost(0, "worker 11", "it died"), WorkerLost(2, "worker 13", "it died"), "well"])
    cluster = Going([10, 11, 12, 13, 14])
    assert played(cluster, sitting) == "well" and list(cluster) == [12, 14]


def test_what_goes_on_has_workers_of_its_own() -> None:
    """Certificates of a session are of that session: those of the roll call before may be of who has gone."""
    asked: list[int] = []

    class Called(Counted):
        def launcher(self, wait: float) -> Any:
            asked.append(len(asked))
            return asked[-1]

    class Again(Sat):
        def again(self, lost: ClusterBroken, left: int) -> Sat:
            asked.append(-1)
            return super().again(lost, left)

    hired: list[int] = []

    def hire(launcher: Any) -> Staff:
        hired.append(launcher)
        return NOBODY

    sitting = Again([PeerWorkerLost(0, "worker 10", "silent"), "well"])
    assert through(Called([10, 11]), sitting, hire, 1.0, 1.0) == "well"
    assert asked.index(-1) == 2 and hired == [0, 3]


def test_whoever_does_not_answer_at_first_is_missed() -> None:
    class Sleepy(Counted):
        def launcher(self, wait: float) -> Any:
            self.pop()

    with pytest.raises(NoCluster, match="of 2 workers 1 did not answer within 1 s"):
        played(Sleepy([1, 2]), Sat([]))


def test_a_worker_has_one_name_whatever_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    places = [Place(f"tcp://10.0.0.{n}:1", 0) for n in range(4)]
    gone: list[Place] = []

    def answers(asked: Mapping[Place, Any], wait: float) -> dict[Place, bytes]:
        return {place: b"" for place in asked if place not in gone}

    monkeypatch.setattr(dasks, "_addresses", lambda client: [place.address for place in places])
    monkeypatch.setattr(dasks, "_submit", lambda *_: None)
    monkeypatch.setattr(dasks, "_answers", answers)
    cluster = dasks.DaskCluster(cast(Any, None), list(places), "", None)
    at_work = cluster.launcher(1.0)
    gone.append(places[0])
    cluster.launcher(1.0)
    cluster.lose(at_work.name(2))
    assert cluster._places == [places[1], places[3]]
    cluster.lose(at_work.name(0))
    assert cluster._places == [places[1], places[3]]


def test_attempts_are_bounded_by_the_workers_of_the_first() -> None:
    sitting = Sat([PeerWithoutWorker("worker 1 there is gone") for _ in range(9)])
    with pytest.raises(PeerWithoutWorker):
        played(Counted([1, 2, 3]), sitting)
    assert len(sitting.ends) == 6


def test_nobody_is_left() -> None:
    with pytest.raises(WorkerLost, match="it died"):
        played(Counted([1, 2][:1]), Sat([WorkerLost(0, "worker 1", "it died")]))


def test_a_run_that_cannot_go_on_ends_with_what_it_lost() -> None:
    class Whole(Sat):
        def again(self, lost: ClusterBroken, left: int) -> Sat:
            super().again(lost, left)
            raise lost

    sitting = Whole([PeerWorkerLost(0, "worker 10", "silent"), "well"])
    with pytest.raises(PeerWorkerLost, match="silent"):
        played(Counted([10, 11, 12]), sitting)
    assert sitting.left == [3] and sitting.ends == ["well"]


def test_every_staff_is_let_go() -> None:
    ended: list[int] = []

    class Hired(Staff):
        def end(self) -> None:
            ended.append(1)

    def hire(_: object) -> Staff:
        return Hired(cast(Any, None), True, [], [])

    sitting = Sat([PeerWorkerLost(0, "worker 10", "silent"), "well"])
    assert through(Counted([10, 11]), sitting, hire, 1.0, 1.0) == "well"
    assert len(ended) == 2


@pytest.mark.parametrize("told", [True, False])
def test_only_behind_a_step_that_was_told(told: bool) -> None:
    """What was not told was not charged, and begins anew where somebody asks for it."""
    lost, other = WorkerLost(0, "worker 10", "it died"), SimpleNamespace(own=SimpleNamespace(told=False))
    side: Any = SimpleNamespace(own=SimpleNamespace(told=told), program=SimpleNamespace(owners=()))
    sitting = sittings.Sitting(side, lambda before: cast(Any, other), lambda: None, cast(Any, None), cast(Any, None))
    if told:
        assert sitting.again(lost, 2).side is other
        return
    with pytest.raises(WorkerLost, match="it died"):
        sitting.again(lost, 2)


def test_what_goes_on_is_the_run_that_lost_its_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """And not an older one under the same contract that was cut once."""
    under: list[Agreed] = []
    ends: list[Exception | str] = [WorkerLost(0, "worker 10", "it died"), "well"]

    class Played(Sat):
        own = SimpleNamespace(told=True, permit=SimpleNamespace(run="of this name"))
        program = SimpleNamespace(owners=())
        spent = False  # a side has the sources of one session

        def meet(self, door: object) -> None:
            pass

        def run(self, *_: object) -> str:
            assert not self.spent
            self.spent = True
            return self.play(NOBODY)

    def side(*given: object) -> Played:
        under.extend(each for each in given if isinstance(each, Agreed))
        return Played(ends)

    monkeypatch.setattr(one_party.Side, "of", side)
    monkeypatch.setattr(sittings, "_hired", lambda side, launcher: NOBODY)
    cluster = SimpleNamespace(started=lambda quiet: nullcontext(Counted([10, 11])))
    at: Any = SimpleNamespace(party="hospital", listens=False, cluster=cluster)
    agreed = Agreed(contract(), Path("ledger.db"))
    patience = Patience(1.0, 1.0, 1.0)
    told: Any = one_party.run_party(program(), at, {"records": "x.csv"}, None, patience, cast(Any, None), True, agreed)
    assert told == "well"
    assert [(each.continues, each.run) for each in under] == [(False, ""), (True, "of this name")]


def _gone(n_workers: int) -> dict[str, Any]:
    raise OSError("the scheduler is gone")


@pytest.mark.parametrize("info", [lambda n_workers: {}, _gone])
def test_where_the_scheduler_is_gone_nobody_is_left(info: Callable[[int], dict[str, Any]]) -> None:
    """And the run ends with the worker that it lost."""
    client: Any = SimpleNamespace(scheduler_info=info)
    cluster = dasks.DaskCluster(client, [Place("tcp://10.0.0.1:1", 0)], "", None)
    cluster.launcher(1.0)
    assert not len(cluster)
