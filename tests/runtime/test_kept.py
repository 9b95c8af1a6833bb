"""What is kept in the user's cache of runs where all parties are here: a program of a text, and what it costs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.command import BASE, RECORDS, TUMOUR, call

from compiler.program import Compiled
from compiler.words import sampler
from runtime import api
from runtime.cli.given import compiled_once
from runtime.privacy import cost
from runtime.program import Known
from runtime.report import kept
from runtime.report.kept import cost_told

ROWS = {"records": 455}
DELTA = 1e-5


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "ccr"


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """Grows by delta with each time a cost is computed."""
    times: list[float] = []
    own = cost.cost_of

    def counted(program: Compiled, records: dict[str, int], delta: float) -> object:
        times.append(delta)
        return own(program, records, delta)

    monkeypatch.setattr(cost, "cost_of", counted)
    yield times


@pytest.fixture(scope="module")
def program() -> Compiled:
    return api.compile(TUMOUR).compiled


def test_a_cost_is_computed_once(cache: Path, computed: list[float], program: Compiled) -> None:
    found = cost_told(program, ROWS, DELTA)
    assert cost_told(program, ROWS, DELTA) == found == cost.cost_of(program, ROWS, DELTA)
    assert computed == [DELTA, DELTA]  # the second is the line above
    [path] = (cache / "costs").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700


def test_other_records_and_another_delta_cost_something_else(
    cache: Path, computed: list[float], program: Compiled, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [
        cost_told(program, {"records": rows}, delta).epsilon for rows, delta in ((455, 1e-5), (600, 1e-5), (455, 1e-6))
    ]
    assert len(set(found)) == 3 and len(computed) == 3
    monkeypatch.setattr(kept, "_accountant", lambda: b"another")
    cost_told(program, ROWS, DELTA)
    assert len(computed) == 4


def test_a_cost_is_of_all_the_code_that_found_it(
    cache: Path, computed: list[float], program: Compiled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of what the accountant does not have in its own folder."""
    cost_told(program, ROWS, DELTA)
    other = tmp_path / "sampler.py"
    other.write_text(Path(str(sampler.__file__)).read_text() + "# another\n")
    monkeypatch.setattr(sampler, "__file__", str(other))
    kept._accountant.cache_clear()
    cost_told(program, ROWS, DELTA)
    kept._accountant.cache_clear()
    assert len(computed) == 2


@pytest.mark.parametrize("damage", ["epsilon", "cut", "moved", "open"])
def test_what_is_damaged_is_computed_again(cache: Path, computed: list[float], program: Compiled, damage: str) -> None:
    found = cost_told(program, ROWS, DELTA)
    [path] = (cache / "costs").iterdir()
    content = path.read_bytes()
    match damage:
        case "epsilon":
            path.write_bytes(content.replace(b'"epsilon": ', b'"epsilon": 0'))
        case "cut":
            path.write_bytes(content[:-1])
        case "moved":  # the cost of something else
            cost_told(program, {"records": 10_000}, DELTA)
            [other] = {*path.parent.iterdir()} - {path}
            path.write_bytes(other.read_bytes())
            computed.pop()
        case _:
            path.parent.chmod(0o777)
    assert cost_told(program, ROWS, DELTA) == found and len(computed) == 2


def test_a_text_is_compiled_once(cache: Path, tmp_path: Path) -> None:
    first, again = (compiled_once(TUMOUR, None, None, None, None) for _ in range(2))
    assert (first.known, again.known) == (Known.COMPILED, Known.BEFORE)
    assert again.compiled == first.compiled and again.artifact == first.artifact and again.name == first.name
    assert compiled_once(TUMOUR, ["STEPS=10"], None, None, None).known is Known.COMPILED
    other = tmp_path / "tumour.ccr"
    other.write_text(Path(TUMOUR).read_text() + "// more\n")
    assert compiled_once(str(other), None, None, None, None).known is Known.COMPILED


def test_a_kept_program_needs_its_mark(cache: Path) -> None:
    compiled_once(TUMOUR, None, None, None, None)
    [path] = (cache / "compiled").glob("*.ccrc")
    for mark in {*path.parent.iterdir()} - {path}:
        mark.unlink()
    assert compiled_once(TUMOUR, None, None, None, None).known is Known.COMPILED


def test_the_oldest_go(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.program._MOST", 2)
    text = (Path(TUMOUR).parents[1] / "millionaires" / "millionaires.ccr").read_text()
    for number in range(4):
        path = tmp_path / f"{number}.ccr"
        path.write_text(text)
        compiled_once(str(path), None, None, None, None)
    assert len([*(cache / "compiled").glob("*.ccrc")]) == 2


def test_a_run_says_which_it_was(cache: Path) -> None:
    run = ("run", TUMOUR, "--input", BASE, "--input", RECORDS, "--seed", "1", "--not-private")
    first, again = (json.loads(call(*run, "--json").stdout) for _ in range(2))
    assert (first["known"], again["known"]) == ("compiled here", "compiled here before")
    assert first["outputs"] == again["outputs"] and first["epsilon"] == again["epsilon"]
    assert call("run", TUMOUR, "--input", BASE, "--input", RECORDS, "-D", "none=1").exit_code == 2
