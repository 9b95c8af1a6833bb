"""Without a contract: epsilon is told before anything is sent, and a run without one is asked for in so many words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.bare import write
from support.command import HERE, MILLIONAIRES, call
from support.contracts import SOURCE

NONE, TINY = ("-D", "NOISE=0"), ("-D", "NOISE=0.000001")


def refused(*arguments: str) -> Any:
    done = call("run", *arguments, "--json")
    assert done.exit_code == 3, (done.stderr, done.exception)
    return json.loads(done.stdout)["error"]


def ran(*arguments: str) -> Any:
    done = call("run", *arguments, "--json")
    assert done.exit_code == 0, (done.stderr, done.exception)
    return json.loads(done.stdout)


@pytest.mark.parametrize("noise", [NONE, TINY], ids=["none", "tiny"])
@pytest.mark.parametrize("drawn", ["", pytest.param(" drawn by hospital", marks=pytest.mark.slow)])
def test_an_infinite_epsilon_is_refused(tmp_path: Path, noise: tuple[str, str], drawn: str) -> None:
    text = SOURCE.replace(" drawn by hospital", drawn)
    if noise == NONE:
        text = text.replace("output w to", "output w = reveal(w) to")
    program, inputs = write(tmp_path, text)
    error = refused(program, *noise, *inputs)
    assert error["code"] == "not-private" and "--not-private" in error["help"]


def test_what_is_asked_for_as_not_private_runs_and_is_not_called_private(tmp_path: Path) -> None:
    program, inputs = write(tmp_path)
    told = ran(program, *NONE, *inputs, "--not-private")
    assert len(told["outputs"]["w"]) == 2
    assert told["private"] is False and told["epsilon"] is None and told["privacy"]["infinite"] is True
    assert told["privacy"]["revealed"] == [{"name": "w", "to": ["vendor"], "records": ["records"]}]


def test_epsilon_is_told_before_the_run_and_bounded(tmp_path: Path) -> None:
    program, inputs = write(tmp_path, SOURCE)
    done = call("run", program, *inputs, "--epsilon-at-most", "2", "--json")
    told = json.loads(done.stdout)
    assert done.exit_code == 0 and 0 < told["epsilon"] < 2 and told["private"] is True
    assert done.stderr.index("epsilon = ") < done.stderr.index(" at delta = 1e-05")
    error = refused(program, *inputs, "--epsilon-at-most", f"{told['epsilon'] - 0.001}")
    assert error["code"] == "epsilon-above" and "above" in error["message"]


def test_each_side_refuses_before_it_meets_the_other(tmp_path: Path) -> None:
    """The vendor does not know how many records there are, but does know that they are told as they are."""
    program, inputs = write(tmp_path)
    for name in ("hospital", "vendor"):
        assert call("keys", "new", name, "--folder", str(tmp_path)).exit_code == 0
    for name, peer, given in (("hospital", "vendor", inputs[2:]), ("vendor", "hospital", inputs[:2])):
        keys = [f"--key={tmp_path / name}.key", f"--cert={tmp_path / name}.crt", f"--peer={tmp_path / peer}.crt"]
        done = call("run", program, *NONE, "--as", name, *keys, *given, "--listen", f"{HERE}:0", "--json")
        assert done.exit_code == 3 and json.loads(done.stdout)["error"]["code"] == "not-private", done.stderr
        assert "waiting" not in done.stderr


def test_what_a_vendor_cannot_bound(tmp_path: Path) -> None:
    program, inputs = write(tmp_path, SOURCE)
    for name in ("hospital", "vendor"):
        call("keys", "new", name, "--folder", str(tmp_path))
    keys = [f"--key={tmp_path}/vendor.key", f"--cert={tmp_path}/vendor.crt", f"--peer={tmp_path}/hospital.crt"]
    run = ["run", program, "--as", "vendor", *keys, *inputs[:2], "--listen", f"{HERE}:0", "--epsilon-at-most", "2"]
    done = call(*run)
    assert done.exit_code == 2 and "the party that owns the records" in done.stderr


def test_a_reveal_of_inputs_runs_as_before_and_is_not_called_private() -> None:
    told = ran(MILLIONAIRES, "--input", "a=12", "--input", "b=9")
    assert told["outputs"] == {"out": 1} and told["private"] is False and told["privacy"]["infinite"] is False


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--epsilon-at-most", "nan"], "not a number above 0"),
        (["--epsilon-at-most", "0"], "not a number above 0"),
        (["--epsilon-at-most", "1", "--not-private"], "exclude each other"),
        (["--not-private", "--contract", "c.json"], "without a contract"),
    ],
)
def test_bounds_that_mean_nothing(options: list[str], words: str) -> None:
    done = call("run", MILLIONAIRES, *options)
    assert done.exit_code == 2 and words in done.stderr
