"""A run that tells steps is cut, and gone on with: what is charged, what is told, and what comes out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from support import contracts
from support.contracts import NOW
from support.ledgers import refused
from support.step_runs import STEPS, Room, agreed, its_contract_holds, the_run

from runtime.contract.refused import Refused
from runtime.execute.follow import Made
from runtime.ledger.events import State
from runtime.ledger.store import Ledger
from runtime.net.errors import NetworkError, ProtocolError
from runtime.net.frames import Frame
from runtime.ot.errors import CheatingDetected
from runtime.party.ledger_permit import Bearer, ContractPermit, LedgerPermit, permit
from runtime.party.run import Report, prepare
from runtime.privacy.draws import draw_batch, draw_noise
from runtime.privacy.randomness import RunSecret
from runtime.session.guard import PeerRefused
from runtime.session.hello import DifferentStarts


@pytest.fixture(autouse=True)
def in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    its_contract_holds(monkeypatch)


def test_a_whole_run_spends_all_its_steps(tmp_path: Path) -> None:
    room = Room(tmp_path)
    hospital, vendor = room.meet()
    assert isinstance(hospital, Report) and isinstance(vendor, Report)
    assert vendor.outputs["w"].tolist() == room.expected()
    assert the_run(room) == (State.RELEASED, STEPS)
    assert [len(sums) for sums in room.told.values()] == [1] * STEPS
    assert sorted(file.name for file in next(room.log.iterdir()).iterdir()) == [
        *(f"{index:012}" for index in range(STEPS)),
        "run.json",
    ]


@pytest.mark.parametrize("at", range(1, STEPS + 1))
def test_a_step_that_is_lost_on_its_way_is_spent(tmp_path: Path, at: int) -> None:
    room = Room(tmp_path)
    hospital, vendor = room.meet(cut=(Frame.NOISY_SUM, at))
    assert isinstance(hospital, NetworkError) and isinstance(vendor, NetworkError)
    assert the_run(room) == (State.RELEASING, at)
    hospital, vendor = room.meet(continues=True)
    assert isinstance(hospital, Report) and isinstance(vendor, Report)
    assert vendor.outputs["w"].tolist() == room.expected()
    assert the_run(room) == (State.RELEASED, STEPS)
    assert sorted(room.told) == [index for index in range(STEPS) if index != at - 1]
    assert all(len(sums) == 1 for sums in room.told.values())


def test_a_run_that_is_cut_before_its_first_step_was_free(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.meet(cut=(Frame.TABLES, 1))
    assert the_run(room) == (State.ABORTED, 0)
    refused(lambda: room.meet(continues=True), "nothing-to-continue")


def test_cuts_before_a_step_leaves_spend_nothing_and_draw_afresh(tmp_path: Path) -> None:
    """As often as the vendor likes: no index is spent, and each session has a batch and a noise of its own."""
    room = Room(tmp_path)
    room.meet(cut=(Frame.NOISY_SUM, 1))
    for _ in range(3):
        room.meet(continues=True, cut=(Frame.TABLES, 1))
        assert the_run(room) == (State.RELEASING, 1)
    hospital, vendor = room.meet(continues=True)
    assert isinstance(hospital, Report) and vendor.outputs["w"].tolist() == room.expected()


def test_many_cuts_and_never_a_step_too_many(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.meet(cut=(Frame.NOISY_SUM, 2))
    room.meet(continues=True, cut=(Frame.NOISY_SUM, 1))
    room.meet(continues=True, cut=(Frame.NOISY_SUM, 1))
    assert the_run(room) == (State.RELEASING, STEPS) and sorted(room.told) == [0]
    hospital, vendor = room.meet(continues=True)  # nothing is told any more, and the vendor has its outputs
    assert isinstance(hospital, Report) and vendor.outputs["w"].tolist() == room.expected()
    assert the_run(room) == (State.RELEASED, STEPS) and sorted(room.told) == [0]
    refused(lambda: room.meet(continues=True), "all-steps-used")


def test_a_vendor_may_go_on_with_any_weights(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.meet(cut=(Frame.NOISY_SUM, 3))
    room.weights = (-1.5, 2.0)
    hospital, vendor = room.meet(continues=True)
    assert isinstance(hospital, Report) and vendor.outputs["w"].tolist() == room.expected()


def test_the_contract_is_for_one_run_which_can_be_gone_on_with(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.meet(cut=(Frame.NOISY_SUM, 2))
    hospital, vendor = room.meet()
    assert (
        isinstance(hospital, Refused) and hospital.reason == "contract-runs" and "--continue" in (hospital.help or "")
    )
    assert isinstance(vendor, PeerRefused)


def test_a_peer_that_cheats_is_not_gone_on_with(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.meet(cut=(Frame.NOISY_SUM, 2))
    hospital, _ = room.meet(continues=True, cheats=True)
    assert isinstance(hospital, CheatingDetected) and the_run(room) == (State.RELEASING, 2)
    refused(lambda: room.meet(continues=True), "contract-blocked")


def test_both_sides_say_that_they_go_on(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.meet(cut=(Frame.NOISY_SUM, 2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ContractPermit, "continues", property(lambda permit: isinstance(permit, LedgerPermit)))
        hospital, vendor = room.meet(continues=True)
    assert isinstance(hospital, DifferentStarts) and "--continue was given here" in str(hospital)
    assert isinstance(vendor, DifferentStarts) and "--continue was given there" in str(vendor)
    assert the_run(room) == (State.RELEASING, 2)


def test_a_program_that_tells_no_steps_is_not_gone_on_with(tmp_path: Path) -> None:
    files = {"records": str(contracts.folder() / "records.csv")}
    bearer = Bearer("hospital", contracts.HOSPITAL, contracts.VENDOR.certificate)
    loaded = prepare(contracts.program(), "hospital", files, RunSecret.of(None)).loaded
    found = refused(
        lambda: permit(
            contracts.contract(), contracts.program(), bearer, files, tmp_path / "ledger.db", loaded, continues=True
        ),
        "nothing-to-continue",
    )
    assert "tells nothing after a step" in str(found)


def test_nothing_of_a_step_leaves_before_it_is_spent(tmp_path: Path) -> None:
    seen: list[str] = []
    Room(tmp_path).meet(seen=seen)
    told = [entry for entry in seen if entry.startswith("spent") or entry == "> NOISY_SUM"]
    assert told == [entry for index in range(STEPS) for entry in (f"spent {index}", "> NOISY_SUM")]


def test_a_step_is_spent_once_whatever_it_tells(tmp_path: Path) -> None:
    """A step of two variables tells two sums."""
    asked = Room(tmp_path).hospital(tmp_path)
    asked.opening()
    asked.labels()
    for index in (0, 0, 1, 1, 1):
        asked.releasing_step(index)
    asked.ended()
    with Ledger(tmp_path / "ledger.db") as opened:
        assert list(opened.books().sessions.spent.values()) == [2]


def test_a_contract_that_expires_between_two_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room(tmp_path)

    def late(made: Made) -> Any:
        if made.index == 1:
            monkeypatch.setattr("runtime.party.ledger_permit.now", lambda: agreed().terms.expires)
        return made.after

    hospital, _ = room.meet(drive=late)
    assert isinstance(hospital, Refused) and hospital.reason == "expired"
    monkeypatch.setattr("runtime.party.ledger_permit.now", lambda: NOW)
    assert the_run(room) == (State.RELEASING, 2)


def test_a_peer_that_begins_in_the_middle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for first in (1, STEPS + 1):
        monkeypatch.setattr(LedgerPermit, "first", property(lambda _, first=first: first))
        _, vendor = Room(tmp_path / str(first)).meet()
        assert isinstance(vendor, ProtocolError) and f"goes on with step {first}" in str(vendor)


@dataclass
class Drawn:
    """What the hospital's sessions drew, by the run secret: at which steps."""

    noise: dict[bytes, list[int]] = field(default_factory=dict[bytes, list[int]])
    batches: dict[bytes, list[int]] = field(default_factory=dict[bytes, list[int]])


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Drawn:
    found = Drawn()

    def noise(secret: RunSecret, draw: int, variable: int, position: tuple[int, ...], **given: Any) -> Any:
        found.noise.setdefault(secret.key, []).append(position[-1])
        return draw_noise(secret, draw, variable, position, **given)

    def batch(secret: RunSecret, draw: int, position: tuple[int, ...], **given: Any) -> Any:
        found.batches.setdefault(secret.key, []).append(position[-1])
        return draw_batch(secret, draw, position, **given)

    monkeypatch.setattr("runtime.party.sources.draw_noise", noise)
    monkeypatch.setattr("runtime.party.sources.draw_batch", batch)
    return found


def test_who_claims_a_loss_gets_no_second_noise_under_that_index(tmp_path: Path, drawn: Drawn) -> None:
    """The step was opened; what was drawn for it is drawn once, and for a later one only what was never opened."""
    room = Room(tmp_path)
    room.meet(cut=(Frame.NOISY_SUM, 2))
    room.meet(continues=True, cut=(Frame.NOISY_SUM, 1))
    room.meet(continues=True)
    first, second, third = drawn.noise.values()
    assert (first[:2], second[0], third) == ([0, 1], 2, [3]) and the_run(room) == (State.RELEASED, STEPS)


def test_a_step_that_was_never_opened_is_drawn_afresh(tmp_path: Path, drawn: Drawn) -> None:
    """Cut before it leaves, as often as the vendor likes: another secret each time, so another batch and noise."""
    room = Room(tmp_path)
    room.meet(cut=(Frame.NOISY_SUM, 1))
    for _ in range(4):
        room.meet(continues=True, cut=(Frame.TABLES, 1))
    assert len(drawn.batches) == 5  # secrets
    assert all(steps[0] == 1 for steps in list(drawn.batches.values())[1:])
    assert the_run(room) == (State.RELEASING, 1)


def test_what_passes_before_a_step_opens_does_not_tell_its_batch(tmp_path: Path) -> None:
    """Else a vendor that cuts before the opening, for nothing, could wait for a batch that it likes."""
    room, sessions = Room(tmp_path), list[list[str]]()
    for number in range(STEPS):
        seen: list[str] = []
        room.meet(continues=number > 0, cut=(Frame.NOISY_SUM, 1), seen=seen)
        sessions.append(seen[seen.index("> SEEDS") : seen.index(f"spent {number}")])
    assert sessions[1:] == sessions[:-1] and "> TABLES" in sessions[0]
