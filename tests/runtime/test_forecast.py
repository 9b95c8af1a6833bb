"""How long a run takes is foretold of its work, a machine's rates and a link."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import step_runs
from support.command import BASE, EXAMPLES, MILLIONAIRES, RECORDS, TUMOUR, call
from support.crews import run_spread
from support.step_runs import STEPS, Room, its_contract_holds

from compiler.program import and_gates
from compiler.schedule.told import left
from runtime.api import Products, compile, run
from runtime.execute import engines
from runtime.execute.backend import Roles
from runtime.net.frames import Frame
from runtime.party.begin import THREADS
from runtime.party.run import Report
from runtime.party.sources import PartySources, load
from runtime.privacy.randomness import RunSecret
from runtime.report.forecast import kept
from runtime.report.forecast.foretold import Foretold
from runtime.report.forecast.measure import _imported, measure
from runtime.report.forecast.rates import NATIVE, PORTABLE, Rates
from runtime.report.forecast.seconds import foretold, seconds
from runtime.report.forecast.tally import tally
from runtime.report.forecast.terms import seconds_over, terms
from runtime.report.traffic import Link, round_trips, setup_bytes, traffic

FREE = Rates(**dict.fromkeys((field.name for field in fields(Rates)), 0.0) | {"cores": 1})


@pytest.fixture(autouse=True)
def nothing_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    kept.measured.cache_clear()
    yield
    kept.measured.cache_clear()


def test_each_kind_of_work_is_counted() -> None:
    """Of 20 steps, each with scores and sums as shares."""
    program = compile(TUMOUR).compiled
    found = tally(program)
    assert found.gates == and_gates(program.plan) and found.messages == 1 + 2 * 20
    assert found.garbler.slots == 20 * 96 and not found.evaluator.slots and not found.garbler.noise
    numbers = 20 * (31 * 9 * 96 + 96 * 16 * 31)  # weights times rows, and errors times rows
    assert numbers / 2 < found.numbers < 2 * numbers and found.bits == 20 * (9 + 9)
    assert tally(compile(TUMOUR, products=Products.GATES).compiled).numbers == 0
    gates = sum(len(kernel.circuit.gates) for kernel in program.plan.kernels)
    assert found.instructions + found.and_instructions == gates and found.and_instructions == 93 + 23 + 191
    assert tally(compile(EXAMPLES / "digits" / "by_step.ccr").compiled).garbler.noise


@pytest.mark.parametrize(
    "name", [field.name for field in fields(Rates) if field.name not in ("start", "noise", "cores")]
)
def test_no_rate_is_left_out(name: str) -> None:
    """Each makes a run of the tumour program longer, and by as much as it says."""
    program = compile(TUMOUR).compiled
    once, twice = (seconds_over(terms([program], replace(FREE, **{name: rate}))) for rate in (1e-6, 2e-6))
    assert 0 < once == pytest.approx(twice / 2)


def test_a_free_machine_takes_what_its_link_takes() -> None:
    program = compile(TUMOUR).compiled
    found, sent = terms([program], FREE), traffic(program).total + setup_bytes()
    assert seconds_over(found) == 0
    assert seconds_over(found, Link(1e6, 0)) == pytest.approx(sent / 1e6)
    assert seconds_over(found, Link(1e12, 0.5)) == pytest.approx(0.5 * round_trips(program), abs=1e-3)


@given(st.floats(1e3, 1e12), st.floats(0, 10))
def test_the_formula_of_the_page(rate: float, trip: float) -> None:
    """What a page computes anew for a link, of the terms that it is given."""
    t = foretold([PROGRAM]).as_json()
    formula = t["fixed"] + t["trips"] * trip + t["asked"] / rate + max(t["working"], t["streamed"] / rate)
    assert seconds(PROGRAM, Link(rate, trip)) == pytest.approx(formula)
    assert seconds(PROGRAM) == pytest.approx(t["fixed"] + t["working"])


PROGRAM = compile(MILLIONAIRES).compiled


def test_sessions_side_by_side_wait_at_once() -> None:
    one, both = terms([PROGRAM], NATIVE), terms([PROGRAM, PROGRAM], NATIVE)
    assert (both.trips, both.streamed, both.asked) == (one.trips, 2 * one.streamed, 2 * one.asked)
    assert both.setup == pytest.approx(1.5 * one.setup), "one party has a part in each, another in its own"


def test_owners_garble_beside_each_other_and_one_party_evaluates_for_all() -> None:
    """What a garbler does takes no longer for three of them where there are cores; what the evaluator does, thrice."""
    garbling = replace(FREE, correct_number=1e-6, cores=8)
    program = compile(TUMOUR).compiled
    assert terms([program] * 3, garbling).working == terms([program], garbling).working > 0
    for name in ("corrected_number", "receive"):
        evaluating = replace(FREE, **{name: 1e-6}, cores=8)
        assert terms([program] * 3, evaluating).working == pytest.approx(3 * terms([program], evaluating).working)
    narrow = replace(garbling, cores=1)
    assert terms([program] * 3, narrow).working == pytest.approx(3 * terms([program], narrow).working)


def test_short_steps_are_done_one_after_the_other() -> None:
    """What is streamed between two waits is one piece, which the evaluator has when the garbler is done with it."""
    both = {"garble_gate": 1e-6, "evaluate_gate": 1e-6}
    alone = [seconds_over(terms([PROGRAM], replace(FREE, **{name: rate}, cores=8))) for name, rate in both.items()]
    assert seconds_over(terms([PROGRAM], replace(FREE, **both, cores=8))) == pytest.approx(sum(alone))
    assert min(alone) > 0
    long = compile(EXAMPLES / "digits" / "one_vs_all.ccr").compiled
    alone = [seconds_over(terms([long], replace(FREE, **{name: rate}, cores=8))) for name, rate in both.items()]
    assert seconds_over(terms([long], replace(FREE, **both, cores=8))) < 1.1 * max(alone)


def test_the_wire_has_a_thread_of_its_own() -> None:
    program, both = compile(TUMOUR).compiled, {"correct_number": 1e-6, "send": 1e-6}
    alone = [terms([program], replace(FREE, **{name: rate}, cores=8)).working for name, rate in both.items()]
    assert terms([program], replace(FREE, **both, cores=8)).working == max(alone)
    assert terms([program], replace(FREE, **both)).working == pytest.approx(sum(alone))


@pytest.mark.parametrize("link", [None, Link(12.5e6, 0.04)])
def test_the_phases_are_the_whole(link: Link | None) -> None:
    found = Foretold.of([(compile(TUMOUR).compiled, 0)], NATIVE)
    phases = found.phases(link)
    assert sum(phases.values()) == pytest.approx(found.seconds(link)) and min(phases.values()) >= 0


def test_all_that_is_sent_is_foretold() -> None:
    """With the set-up: to one in a hundred, also of a run of which it is nearly all."""
    reports = run(compile(MILLIONAIRES), {"a": "3", "b": "2"}, seed=1, not_private=True).reports
    sent = sum(report.sent_bytes for report in reports.values())
    foreseen = Foretold.of([(PROGRAM, 0)])
    assert foreseen.bytes.total + foreseen.setup_bytes == pytest.approx(sent, rel=0.01)


def test_what_is_left_of_a_run_is_foretold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    its_contract_holds(monkeypatch)
    room = Room(tmp_path)
    room.meet(cut=(Frame.NOISY_SUM, 1))
    for report in room.meet(continues=True):
        assert isinstance(report, Report) and report.first == 1
        program = step_runs.program().compiled
        rest = Foretold.of([(program, report.first)])
        assert report.traffic == rest.bytes and report.and_gates == rest.and_gates
        assert rest.and_gates < Foretold.of([(program, 0)]).and_gates
        assert and_gates(left(program.plan, STEPS)) < rest.and_gates


# -- a machine's rates ----------------------------------------------------------------------------


def test_a_machine_is_measured() -> None:
    """Nothing is asked of how fast: that each kind has a rate, and the order of what anybody can tell apart."""
    found = measure(sorted({engines.chosen().backend, "portable"}))
    for rates in found.values():
        assert all(value >= 0 for value in asdict(rates).values())
        assert rates.setup > 1000 * max(rates.garble_gate, rates.ask) and rates.instruction > 0 and rates.trip > 0
        assert rates.cores >= 1
    own = found[engines.chosen().backend]
    assert found["portable"].garble_row >= own.garble_row


def test_what_is_imported_is_measured_as_a_party_imports_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one thread for linear algebra: those that others begin take processor time that no party does."""
    monkeypatch.delenv(THREADS, raising=False)
    seen = tmp_path / "threads"
    took = _imported(f"import os, pathlib; pathlib.Path({str(seen)!r}).write_text(os.environ[{THREADS!r}])")
    assert took > 0 and seen.read_text() == "1" and THREADS not in os.environ


def test_what_was_measured_is_foretold_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CCR_BACKEND", "portable")
    assert kept.own() == PORTABLE
    own = replace(PORTABLE, setup=123.0)
    kept.keep({"portable": own})
    assert kept.own() == own and seconds(PROGRAM) > 123
    monkeypatch.setattr(kept, "machine", lambda: {"processor": "another"})
    kept.measured.cache_clear()
    assert kept.own() == PORTABLE


@pytest.mark.parametrize("value", [-1, "1", True, float("inf"), None])
def test_rates_that_are_none_are_not_believed(value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    _damaged(monkeypatch, lambda content: content["rates"]["portable"].update(setup=value))


@pytest.mark.parametrize("content", ["", "[]", "{", '{"machine": 1}', "[" * 100_000])
def test_a_file_of_something_else_is_not_believed(content: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _damaged(monkeypatch, lambda _: None, content)


def test_a_machine_of_no_core_or_with_other_rates_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    _damaged(monkeypatch, lambda content: content["rates"]["portable"].update(cores=0))
    _damaged(monkeypatch, lambda content: content["rates"]["portable"].update(more=1.0))
    _damaged(monkeypatch, lambda content: content.update(rates=[]))


def _damaged(monkeypatch: pytest.MonkeyPatch, change: Callable[[Any], object], whole: str | None = None) -> None:
    monkeypatch.setenv("CCR_BACKEND", "portable")
    path = kept.keep({"portable": replace(PORTABLE, setup=123.0)})
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content) if whole is None else whole)
    kept.measured.cache_clear()
    assert kept.own() == PORTABLE


def test_the_doctor_measures(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = replace(PORTABLE, setup=9.0)
    monkeypatch.setattr("runtime.report.forecast.measure.measure", lambda names: dict.fromkeys(names, slow))
    assert "no machine in particular" in call("doctor").stdout
    done = call("doctor", "--measure", "--json")
    told = json.loads(done.stdout)
    assert done.exit_code == 0 and told["kept"] == str(kept.place()) and told["rates"]["portable"]["setup"] == 9
    assert kept.own().setup == 9 and f"what was measured here, {kept.place()}" in call("doctor").stdout


def test_a_run_is_foretold_beside_what_it_took() -> None:
    given = ("--input", "a=3", "--input", "b=2", "--link", "100Mbit,40ms")
    told = json.loads(call("run", MILLIONAIRES, *given, "--json", "--quiet").stdout)
    assert told["predicted"]["bytes"] == told["bytes"]
    assert list(told["predicted"]["phases"]) == ["setup", "steps"]
    assert told["predicted"]["seconds"] == pytest.approx(sum(told["predicted"]["phases"].values()))
    said = call("run", MILLIONAIRES, *given).stdout
    assert "predicted  actual" in said and "greeting to outputs over 12.5 MB/s and 40 ms, s" in said


def test_a_phase_has_one_name() -> None:
    """What a run took is told by phase twice: in one line, and beside what was predicted."""
    given = ("--input", "a=3", "--input", "b=2")
    told = json.loads(call("run", MILLIONAIRES, *given, "--json", "--quiet").stdout)
    assert list(told["seconds"]) == ["compile", "start", "setup", "steps", "total"]
    own = told["parties"]["bob"]["seconds"]
    assert told["seconds"]["setup"] == own["setup"]
    assert told["seconds"]["steps"] == pytest.approx(sum(own.values()) - own["setup"])
    [line] = re.findall(r"s: (compile .*)", said := call("run", MILLIONAIRES, *given).stdout)
    assert [part.split()[0] for part in line.split(", ")] == ["compile", "start", "setup", "steps"]
    assert re.findall(r"^ *(\w+), s ", said, re.M) == ["setup", "steps"]


@pytest.mark.parametrize("products", Products)
@pytest.mark.parametrize("workers", [1, 3, 8])
def test_the_worker_that_has_most_is_foretold(products: Products, workers: int) -> None:
    """What is said to stream is what the longest connection and that of the coordinators carry."""
    compiled = compile(TUMOUR, {"STEPS": "2"}, products).compiled
    files = {name: path.split("=", 1)[1] for name, path in (("records", RECORDS), ("w0", BASE))}
    sources = PartySources(load(compiled, frozenset(compiled.parties), files), RunSecret.from_seed(4))
    both = run_spread(compiled.plan, sources, workers, Roles(compiled.garbler, compiled.evaluator))
    assert tally(compiled, workers).streamed == pytest.approx(max(both.pairs) + both.home, rel=0.02)
    assert tally(compiled).streamed == traffic(compiled).tables + traffic(compiled).corrections


def test_workers_are_foretold_over_a_link() -> None:
    asked = ("inspect", TUMOUR, "--products", "gates", "--link", "50Mbit,20ms", "--workers", "8", "--json")
    link = json.loads(call(*asked).stdout)["link"]
    assert link["workers"] == 8 and 5 < link["seconds_without_workers"] / link["seconds"] < 8
    assert "with 8 workers a side" in call(*asked[:-1]).stdout
    assert "--workers goes with --link" in call("inspect", TUMOUR, "--workers", "8").stderr
    several = call("inspect", str(EXAMPLES / "fraud-training" / "train.ccr"), "--link", "1Gbit,1ms", "--workers", "2")
    assert several.exit_code == 2 and "has several owners" in several.stderr
