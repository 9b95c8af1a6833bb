"""`ccr doctor`, and CCR_BACKEND in front of a run."""

from __future__ import annotations

import json
import re

import pytest
from support.backends import BACKENDS, NATIVE
from support.command import MILLIONAIRES, call

from runtime.execute import engines
from runtime.execute.native.built import Built


def test_what_runs_and_why() -> None:
    done = call("doctor")
    assert done.exit_code == 0
    chosen = engines.chosen()
    assert f"backend: {chosen.backend} ({chosen.why})" in done.stdout.splitlines()
    told = json.loads(call("doctor", "--json").stdout)
    assert told["cores"] >= 1 and re.search(rf", {told['cores']} cores?$", done.stdout.splitlines()[1])
    assert (told["backend"], told["why"]) == (chosen.backend, chosen.why)
    expected = dict.fromkeys(NATIVE, "works") | {"portable": "always"}
    assert {name: state for name, state in told["backends"].items() if state != "lacking"} == expected


def test_one_that_is_wrong_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.cli.doctor.built", lambda: Built(("fast",), ("faster",)))
    monkeypatch.setattr(engines, "works", lambda path: False)
    monkeypatch.setenv("CCR_BACKEND", "portable")
    done = call("doctor", "--json")
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert told["backends"] == {"fast": "fails", "faster": "lacking", "portable": "always"}
    assert told["why"] == "CCR_BACKEND names it"


def test_one_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CCR_BACKEND", "abacus")
    done = call("doctor")
    assert done.exit_code == 2
    assert (
        f"backend: none (CCR_BACKEND names `abacus`, and this machine has {', '.join((*NATIVE, 'portable'))})"
        in done.stdout
    )


def test_a_run_is_refused_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CCR_BACKEND", "abacus")
    done = call("run", MILLIONAIRES, "--input", "a=2", "--input", "b=1", "--json")
    assert done.exit_code == 2
    assert json.loads(done.stdout)["error"]["message"].startswith("CCR_BACKEND names `abacus`")


@pytest.mark.parametrize("backend", BACKENDS[:2])
def test_a_run_on_each(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CCR_BACKEND", backend)
    done = call("run", MILLIONAIRES, "--input", "a=2", "--input", "b=1", "--json", "--quiet")
    told = json.loads(done.stdout)
    assert (told["outputs"], told["backend"]) == ({"out": 1}, backend)
