"""What a run sends is foreseen from its schedule, by kind and exactly; so are its messages and round trips."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.command import EXAMPLES, TUMOUR
from support.in_memory import IdealCot, run_both

from compiler.program import unclaimed
from runtime.api import Products, Program, compile, run
from runtime.crypto.labels import Labels
from runtime.execute.backend import Bits, Roles
from runtime.ot.extension import BATCH, message_bytes, messages, request_bytes
from runtime.party.run import Report
from runtime.party.sources import PartySources, load
from runtime.privacy.randomness import RunSecret
from runtime.report.traffic import MEETING, messages_per_step, round_trips, traffic

STEPS = 3
GIVEN = {"w0": str(EXAMPLES / "tumour" / "base.npz"), "records": str(EXAMPLES / "tumour" / "records.csv")}
TRAINING = """
party vendor; party hospital;
input w0: fix<16, 10>[3] from vendor;
dataset records from hospital { x: fix<9, 8>[3] where norm2(x) <= 1.0; y: bit; }
input mine: uint<8> from hospital;
input yours: uint<8> from vendor;
var w = w0;
dpsgd w on records(batch = 4, steps = 2, clip = 1.0, noise = 1.5, rate = 1.0) as row {
    loss logistic(dot(w, row.x), row.y);
}
"""


def tumour(products: Products, **params: str) -> Program:
    return compile(TUMOUR, params, products)


@pytest.fixture(scope="module", params=list(Products))
def ran(request: pytest.FixtureRequest) -> tuple[Program, dict[str, Report]]:
    program = tumour(request.param, STEPS=str(STEPS), BATCH="16")
    return program, run(program, GIVEN, seed=1).reports


def test_both_parties_count_what_was_foreseen(ran: tuple[Program, dict[str, Report]]) -> None:
    program, reports = ran
    foreseen = traffic(program.compiled)
    assert [report.traffic for report in reports.values()] == [foreseen] * 2
    assert (foreseen.corrections > 0) == any(line.correction_bytes for line in program.compiled.lines)
    sent = sum(report.sent_bytes for report in reports.values())
    assert foreseen.total < sent < 1.02 * foreseen.total + 40_000  # the set-up


def test_of_a_run_of_some_length_the_setup_is_little() -> None:
    """Each step's bytes are the difference of two runs, which no set-up is in."""
    first, second = (tumour(Products.SHARES, STEPS=steps) for steps in ("1", "3"))
    reports = [run(program, GIVEN, seed=1).reports for program in (first, second)]
    sent = [sum(report.sent_bytes for report in each.values()) for each in reports]
    foreseen = traffic(second.compiled).total - traffic(first.compiled).total
    assert abs(sent[1] - sent[0] - foreseen) < 0.005 * foreseen


def test_messages_are_those_of_a_step() -> None:
    program = tumour(Products.SHARES)
    assert messages_per_step(program.compiled) == 2
    assert messages_per_step(compile(EXAMPLES / "fraud" / "fraud.ccr").compiled) is None
    assert round_trips(program.compiled) == MEETING + 1 + 2 * 20  # w0; scores, then sum and coins, 20 times
    assert round_trips(tumour(Products.GATES).compiled) == MEETING + 1  # coins are asked for ahead


def test_a_request_is_what_a_run_asks_for_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    program = tumour(Products.SHARES, STEPS=str(STEPS), BATCH="4").compiled
    counts: list[int] = []
    receive = IdealCot.receive

    def counting(self: IdealCot, choices: Bits) -> Labels:
        counts.append(len(choices))
        return receive(self, choices)

    monkeypatch.setattr(IdealCot, "receive", counting)
    sources = PartySources(load(program, frozenset(program.parties), GIVEN), RunSecret.from_seed(1))
    run_both(program.plan, sources, roles=Roles(program.garbler, program.evaluator))
    assert len(counts) == 1 + STEPS * 2 and sum(map(request_bytes, counts)) == traffic(program).transfers


def test_long_requests_are_cut() -> None:
    assert messages(BATCH) == [BATCH] and messages(2 * BATCH + 1) == [BATCH, BATCH, 1] and messages(0) == []
    assert request_bytes(BATCH + 1) == message_bytes(BATCH) + message_bytes(1)


@pytest.mark.parametrize(
    ("outputs", "shares"),
    [
        ("output w to vendor;", []),
        ("output reveal(w) to vendor;", ["w"]),
        ("output reveal(w) to hospital;", ["w"]),
        ("output w to vendor; output more = reveal(mine + yours) to hospital;", []),
        ("output w to vendor; let s = w[0] > 0.0; output reveal(s) to hospital, vendor;", ["s"]),
        ("output w to vendor; output both = reveal((mine > yours, w[1] > 1.0)) to vendor;", ["both.1"]),
    ],
)
def test_integrity_is_claimed_of_what_no_share_reaches(tmp_path: Path, outputs: str, shares: list[str]) -> None:
    path = tmp_path / "train.ccr"
    path.write_text(TRAINING + "".join(f"{each.strip()};\n" for each in outputs.split(";") if each.strip()))
    assert [o.name for o in unclaimed(compile(path).compiled)] == shares
    assert unclaimed(compile(path, products=Products.GATES).compiled) == ()


def test_steps_that_are_told_send_what_was_foreseen(tmp_path: Path) -> None:
    """A step of the tumour program: at most .65 MB, where one that tells nothing takes .86."""
    path = tmp_path / "steps.ccr"
    path.write_text(Path(TUMOUR).read_text().replace("rate = RATE)", "rate = RATE, release = step)"))
    first, second = (compile(path, {"STEPS": steps}) for steps in ("1", "3"))
    reports = [run(program, GIVEN, seed=1).reports for program in (first, second)]
    for program, each in zip((first, second), reports, strict=True):
        assert [report.traffic for report in each.values()] == [traffic(program.compiled)] * 2
    one, three = (sum(report.sent_bytes for report in each.values()) for each in reports)
    assert (three - one) / 2 <= 650_000
    assert messages_per_step(first.compiled) == 2
