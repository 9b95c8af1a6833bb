"""How far a run is: what both parties see of it, on a terminal, in a pipe, and in an operator's log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any, cast

import pytest
from support import step_runs
from support.command import BASE, HERE, LONG, MILLIONAIRES, RECORDS, TUMOUR, call, start
from support.contracts import ROWS
from support.step_runs import STEPS, Room, its_contract_holds

from runtime.api import Products, compile
from runtime.cli.beforehand import Beforehand
from runtime.cli.progress import EVERY, Lines, meter
from runtime.cli.run_log import RunLog
from runtime.cli.several import Runs
from runtime.cli.watched import watched
from runtime.net.channel import Channel
from runtime.net.frames import Frame
from runtime.privacy import cost
from runtime.privacy.cost import cost_of
from runtime.report.forecast.foretold import Foretold
from runtime.report.kept import cost_told
from runtime.report.progress import Expected, Standing
from runtime.report.traffic import Link
from runtime.session.phases import Phases
from runtime.session.watch import EVERY as OFTEN
from runtime.session.watch import Moment, Sessions, Watch

LINE = "step 2 of 4, 200 of 400 AND gates, 500.0 kB of 1.0 MB, 83.3 kB/s, 3.0 s left, epsilon 0.5000 spent\n"


def standing(step: int) -> Standing:
    return Standing(Moment("stream", step, 100 * step, 250_000 * step, 3.0 * step), 4, 400, 1_000_000, 3.0, step / 4)


def test_a_line_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    """Not per step, none before the first, none at the end, which the report says."""
    now = iter([0.0, EVERY, EVERY + 1])
    lines = Lines(lambda: next(now))
    lines(replace(standing(0), moment=Moment("setup", 0, 0, 5, 1.0)))
    for step in (1, 2, 3):
        lines(standing(step))
    lines(replace(standing(4), moment=Moment("outputs", 4, 400, 1_000_000, 12.0, ended=True)))
    assert capsys.readouterr().err == LINE


def test_beside_a_bar_there_is_room_for_what_matters_most() -> None:
    """Of 80 columns a bar of 20, a percentage and two gaps take 26."""
    said = standing(2).brief
    assert said == "3.0 s left, 83.3 kB/s, epsilon 0.5000, step 2 of 4" and len(said) <= 80 - 26


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    expected = Expected((compile(MILLIONAIRES).compiled,))
    with meter(expected, "bob", quiet=True, log=RunLog(None)) as advance:
        advance("bob", Moment("stream", 0, 32, 100, 1.0, first=1))
    assert capsys.readouterr().err == ""


def test_time_left_is_foretold_at_first_and_then_measured() -> None:
    expected = Expected((compile(TUMOUR).compiled,))
    foretold = expected.foretold(0)

    def left(share: float) -> float:
        passed = foretold.setup_bytes + round(share * foretold.bytes.total)
        return expected.standing(Moment("stream", 1, 0, passed, 99.0, streaming=8.0)).left

    at = [left(share) for share in (0.0, 0.05, 0.5, 1.0)]
    assert at[0] == pytest.approx(foretold.seconds()) and at[2] == pytest.approx(8.0, rel=1e-3) and at[3] == 0
    assert at[1] == pytest.approx(0.95 * (0.5 * 8.0 / 0.05 + 0.5 * foretold.seconds()), rel=1e-3)
    assert expected.standing(Moment("", 20, 0, 5, 8.0, ended=True)).left == 0


def test_time_left_is_that_of_so_many_workers() -> None:
    """As the command says before the run."""
    program, link, told = compile(TUMOUR, products=Products.GATES), Link(50e6 / 8, 0.02), StringIO()
    runs = Runs.of(program, None, None, workers=8)
    with watched(runs, "", Beforehand(None, None, True, True), False, link, True, RunLog(told)) as (_, advance):
        advance("vendor", Moment("setup", 0, 0, 0, 0.0))
    left = json.loads(told.getvalue())["seconds_left"]
    assert left == pytest.approx(runs.foretold().seconds(link), abs=1e-3)
    assert left < replace(runs, workers=0).foretold().seconds(link) / 5


def test_epsilon_of_the_steps_that_were_told() -> None:
    program, records = step_runs.program().compiled, {"records": ROWS}
    expected = Expected((program,), delta=1e-5, priced=True)
    spent = [expected.standing(Moment("stream", step, 0, 0, 1.0, records=records)).epsilon for step in range(STEPS + 1)]
    known = [epsilon for epsilon in spent if epsilon is not None]
    assert known == sorted(set(known)) and known[0] == 0 and len(known) == STEPS + 1
    assert known[-1] == cost_of(program, records, 1e-5).epsilon
    assert expected.standing(Moment("", STEPS, 0, 0, 1.0, ended=True, records=records)).epsilon == known[-1]
    assert expected.standing(Moment("stream", 1, 0, 0, 1.0)).epsilon == known[1]  # it was found before
    assert Expected((program,)).standing(Moment("stream", 1, 0, 0, 1.0, records=records)).epsilon is None


def test_what_tells_nothing_before_its_end_spends_nothing() -> None:
    expected = Expected((compile(TUMOUR).compiled,), delta=1e-5, priced=True)
    assert expected.steps == 20
    assert expected.standing(Moment("stream", 20, 0, 0, 1.0, records={"records": 455})).epsilon == 0
    ended = expected.standing(Moment("", 20, 0, 0, 1.0, ended=True, records={"records": 455})).epsilon
    assert ended == pytest.approx(1.983, abs=1e-3)


def test_what_all_of_it_costs_is_not_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    program, records = compile(TUMOUR).compiled, {"records": 455}
    known = cost_told(program, records, 1e-5).epsilon
    monkeypatch.setattr(cost, "certify", None)
    expected = Expected((program,), delta=1e-5, priced=True)
    assert expected.standing(Moment("", 20, 0, 0, 1.0, ended=True, records=records)).epsilon == known


class Counted:
    sent_bytes, received_bytes = 30, 12


def test_a_watch_tells_now_and_then() -> None:
    now, told = [0.0], list[Moment]()
    watch = Watch(told.append, cast("Channel", Counted()), Phases(), clock=lambda: now[0])
    watch.gates(7)
    watch.stepped(0)
    now[0] = OFTEN
    watch.gates(3)
    watch.stepped(1)
    watch.tell(ended=True)
    assert [(m.step, m.and_gates, m.bytes, m.ended) for m in told] == [(1, 10, 42, False), (2, 10, 42, True)]


def test_sessions_side_by_side_are_told_as_one() -> None:
    told: list[Moment] = []
    watched = Sessions(told.append)
    watched.session("a")(Moment("stream", 3, 10, 100, 1.0, records={"x": 5}))
    watched.session("b")(Moment("stream", 2, 20, 200, 1.0, ended=True, records={"x": 7}))
    last = told[-1]
    assert (last.step, last.and_gates, last.bytes, last.ended) == (2, 30, 300, False)
    assert last.records == {"a.x": 5, "b.x": 7}


def test_both_see_what_is_left_of_a_run_that_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    its_contract_holds(monkeypatch)
    room, told = Room(tmp_path), list[tuple[str, Moment]]()
    room.meet(cut=(Frame.NOISY_SUM, 1))
    monkeypatch.setattr(step_runs, "run", _watched(step_runs.run, told))
    room.meet(continues=True)
    program = step_runs.program().compiled
    for party in program.parties:
        last = [moment for who, moment in told if who == party][-1]
        rest = Foretold.of([(program, 1)])
        assert last.ended and (last.first, last.step, last.records) == (1, STEPS, {"records": ROWS})
        assert last.and_gates == rest.and_gates
        assert last.bytes == pytest.approx(rest.bytes.total + rest.setup_bytes, rel=0.03)
        assert Expected((program,)).standing(last).and_gates == rest.and_gates


def _watched(run: Any, told: list[tuple[str, Moment]]) -> Any:
    def ran(program: Any, party: str, sources: Any, channel: Any, _: None, *rest: Any, **named: Any) -> Any:
        return run(program, party, sources, channel, lambda moment: told.append((party, moment)), *rest, **named)

    return ran


# -- the log of an operator -----------------------------------------------------------------------

WORDS = {"begun", "progress", "ended", "failed", "setup", "inputs", "stream", "outputs"}


def strings(found: object) -> Iterator[str]:
    """All that is text in it, but for names of fields."""
    match found:
        case str():
            yield found
        case dict():
            for value in found.values():
                yield from strings(value)
        case list():
            for value in found:
                yield from strings(value)
        case _:
            assert found is None or isinstance(found, int | float)


def lines(path: Path, *names: str) -> list[dict[str, Any]]:
    """Each is said whole; nothing is text but the names that are given, and times."""
    found: list[dict[str, Any]] = [json.loads(line) for line in path.read_text().splitlines()]
    for line in found:
        said = dict(line)
        assert said.pop("time").startswith("20") and len(said.pop("digest", "0" * 64)) == 64
        assert set(strings(said)) <= WORDS | set(names)
    return found


def test_a_log_of_a_run(tmp_path: Path) -> None:
    log = tmp_path / "run.jsonl"
    run = ("run", TUMOUR, "-DSTEPS=2", "--input", BASE, "--input", RECORDS, "--log-json", str(log), "--quiet", "--json")
    told = json.loads(call(*run).stdout)
    found = lines(log, "tumour.ccr", "vendor", "hospital")
    assert [line["event"] for line in found if line["event"] != "progress"] == ["begun", "ended"]
    assert found[0]["parties"] == ["vendor", "hospital"] and found[0]["foretold"]["bytes"] == told["bytes"]
    assert found[-1]["bytes"] == told["bytes"] and found[-1]["epsilon"] == told["epsilon"]
    for party in ("vendor", "hospital"):
        last = [line for line in found if line.get("party") == party][-1]
        assert (last["phase"], last["step"], last["steps"], last["and_gates"]) == ("ended", 2, 2, told["and_gates"])
        assert last["epsilon_spent"] == told["epsilon"] and last["seconds_left"] == 0
        assert last["bytes"] == pytest.approx(last["bytes_foretold"], rel=0.01)


def test_a_log_of_each_party_holds_nothing_secret(tmp_path: Path) -> None:
    """Neither inputs nor outputs nor keys, of either; only what is counted has digits."""
    for name in ("alice", "bob"):
        call("keys", "new", name, "--folder", str(tmp_path))
    (tmp_path / "a.csv").write_text("a\n3141592653\n")
    both = {"alice": (f"a={tmp_path}/a.csv", "bob", "--listen"), "bob": ("b=2718281828", "alice", "--connect")}
    port = _free_port()
    begun = [
        start(
            *("run", MILLIONAIRES, "--as", party, end, f"{HERE}:{port}", "--input", given, "--quiet"),
            *(f"--key={tmp_path}/{party}.key", f"--cert={tmp_path}/{party}.crt", f"--peer={tmp_path}/{peer}.crt"),
            f"--log-json={tmp_path}/{party}.jsonl",
        )
        for party, (given, peer, end) in both.items()
    ]
    for each in begun:
        each.communicate(timeout=LONG)
    assert [each.returncode for each in begun] == [0, 0]
    for party, (_, peer, _) in both.items():
        path = tmp_path / f"{party}.jsonl"
        found = lines(path, "millionaires.ccr", party, peer)
        assert (found[0]["parties"], found[0]["peers"], found[-1]["event"]) == ([party], [peer], "ended")
        assert found[-2]["phase"] == "ended" and found[-2]["bytes"] > found[-1]["bytes"]["total"]
        for secret in ("3141592653", "2718281828", "out", "PRIVATE", "CERTIFICATE", "a.csv"):
            assert secret not in path.read_text().replace('"outputs"', "")


def _free_port() -> int:
    import socket

    with socket.create_server((HERE, 0)) as server:
        port: int = server.getsockname()[1]
        return port


def test_of_a_failure_its_kind_alone_is_logged(tmp_path: Path) -> None:
    """Its words quote a cell."""
    log = tmp_path / "run.jsonl"
    done = call("run", MILLIONAIRES, "--input", "a=271828.5", "--input", "b=1", "--log-json", str(log))
    assert done.exit_code == 2 and "271828.5" in done.stderr
    begun, failed = lines(log, "millionaires.ccr", "alice", "bob", "InputError")
    assert (begun["event"], failed["event"], failed["error"]) == ("begun", "failed", "InputError")


def test_a_log_on_standard_error_and_one_that_cannot_be(tmp_path: Path) -> None:
    given = ("--input", "a=3", "--input", "b=2", "--quiet")
    said = call("run", MILLIONAIRES, *given, "--log-json", "-").stderr.splitlines()
    assert [json.loads(line)["event"] for line in said][:1] == ["begun"] and json.loads(said[-1])["event"] == "ended"
    done = call("run", MILLIONAIRES, *given, "--log-json", str(tmp_path / "no" / "folder"))
    assert done.exit_code == 2 and "--log-json" in done.stderr
