"""A training driven from Python: each turn of the loop is a step, and what is assigned is what it goes on with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from support.command import MILLIONAIRES
from support.contracts import write_records

from runtime import api
from runtime.data.errors import InputError
from runtime.party.run import Report

SOURCE = """party vendor; party hospital;
type Weight = fix<12, 6>;
input w0: Weight[2] from vendor;
input c0: Weight from vendor;
dataset records from hospital { x: fix<9, 8>[2] where norm2(x) <= 1.0; y: bit; }
var w = w0;
var c = c0;
dpsgd w, c on records(batch = 4, steps = 4, clip = 1.0, noise = 4.0, rate = RATE, release = step MORE) as row {
    loss logistic(dot(w, row.x) + c, row.y);
}
output w to vendor;
output c to vendor;
"""
RATE = 2.0
Weights = Mapping[str, NDArray[np.float64]]


def program(folder: Path, rate: float = RATE, more: str = "") -> api.Program:
    path = folder / "told.ccr"
    path.write_text(SOURCE.replace("RATE", str(rate)).replace("MORE", more))
    return api.compile(path)


@pytest.fixture
def inputs(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "w0.csv").write_text("w\n0.5\n-0.25\n")
    return {"records": str(write_records(tmp_path / "records.csv")), "w0": str(tmp_path / "w0.csv"), "c0": "0.125"}


def outputs(report: Report) -> dict[str, list[int]]:
    return {name: value.tolist() for name, value in report.outputs.items()}


def descent(weights: Weights, noisy: Weights, rate: float = RATE) -> dict[str, NDArray[np.float64]]:
    return {name: weights[name] - rate / 4 * noisy[name] for name in weights}


def test_the_update_in_python_is_the_program_s_bit_for_bit(tmp_path: Path, inputs: dict[str, str]) -> None:
    """The program that is driven has another rate, so that it is Python's update that counts."""
    own = api.run(program(tmp_path), inputs, seed=5).reports
    with api.session(program(tmp_path, rate=0.25), inputs, seed=5) as session:
        for noisy in session:
            assert {name: value.shape for name, value in noisy.items()} == {"w": (2,), "c": ()}
            session.weights = descent(session.weights, noisy)
    assert session.index == 3 and outputs(session.reports["vendor"]) == outputs(own["vendor"])


def test_without_an_assignment_the_program_goes_on_by_itself(tmp_path: Path, inputs: dict[str, str]) -> None:
    made = program(tmp_path)
    seen: list[Weights] = []
    with api.session(made, inputs, seed=5) as session:
        for noisy in session:
            seen.append(descent(session.weights, noisy))
            if len(seen) > 1:
                for name, value in session.weights.items():  # what the program made of the step before
                    assert np.array_equal(value, np.clip(np.floor(seen[-2][name] * 64 + 0.5), -2048, 2047) / 64)
            if session.index == 1:
                session.weights = {"c": 1.0}  # one of them alone
                seen[-1] = {**seen[-1], "c": np.float64(1.0)}
    assert len(seen) == 4


def test_any_weights_are_rounded_and_cut_to_their_kind(tmp_path: Path, inputs: dict[str, str]) -> None:
    with api.session(program(tmp_path), inputs) as session:
        for _ in session:
            match session.index:
                case 0:
                    session.weights = {"w": [1e9, -np.inf], "c": 0.49999999999999994 / 64}
                case 1:
                    assert session.weights["w"].tolist() == [2047 / 64, -32.0] and session.weights["c"] == 0
                    session.weights = {"w": [0.5 / 64, -0.5 / 64]}
                case 2:
                    assert session.weights["w"].tolist() == [1 / 64, 0]
                    with pytest.raises(ValueError, match="has the shape"):
                        session.weights = {"w": [1.0]}
                    with pytest.raises(ValueError, match="NaN"):
                        session.weights = {"w": [1.0, np.nan]}
                    with pytest.raises(ValueError, match="`v` is not trained: w, c"):
                        session.weights = {"v": [1.0]}
                case _:
                    session.weights = {"w": [3.0, 4.0], "c": -1}
    assert outputs(session.reports["vendor"]) == {"w": [192, 256], "c": -64}
    with pytest.raises(ValueError, match="no step"):
        session.weights = {"c": 0}


def test_leaving_the_loop_ends_the_run(tmp_path: Path, inputs: dict[str, str]) -> None:
    with api.session(program(tmp_path), inputs) as session:
        for _ in session:
            break
        children = dict(session._children)
    assert session.reports == {} and all(child.process.poll() is not None for child in children.values())


def test_a_session_is_one_loop(tmp_path: Path, inputs: dict[str, str]) -> None:
    with api.session(program(tmp_path), inputs) as session:
        for _ in session:
            with pytest.raises(ValueError, match="a session is one loop"):  # it would wait for itself
                next(iter(session))
            break
        with pytest.raises(ValueError, match="a session is one loop"):
            list(session)
    with pytest.raises(ValueError, match="no step"):
        session.weights = {"c": 0}
    with pytest.raises(ValueError, match="begun once"), session:
        pass
    unused = api.session(program(tmp_path), inputs)
    with unused:
        pass
    with pytest.raises(ValueError, match="its loop stands inside"):
        list(unused)


def test_weights_are_given_by_name(tmp_path: Path, inputs: dict[str, str]) -> None:
    with api.session(program(tmp_path), inputs) as session:
        for noisy in session:
            with pytest.raises(ValueError, match=r"by name, as \{'w': ...\}, and not as ndarray"):
                session.weights = noisy["w"]  # type: ignore[assignment]  # a slip
            with pytest.raises(ValueError, match="`w` is not an array of numbers"):
                session.weights = {"w": ["high", "low"]}
            with pytest.raises(ValueError, match="`c` is not an array of numbers"):
                session.weights = {"c": session}  # type: ignore[dict-item]  # a slip
            with pytest.raises(TypeError):
                session.weights["w"] = noisy["w"]  # type: ignore[index]  # it would be lost
            break


def test_an_input_that_is_missing(tmp_path: Path, inputs: dict[str, str]) -> None:
    del inputs["c0"]
    missing = pytest.raises(InputError, match=r"the input `c0` is missing\n.*--input c0=FILE")
    with missing, api.session(program(tmp_path), inputs):
        pass


def test_what_a_loop_may_not_drive(tmp_path: Path, inputs: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="release = step"):
        api.session(api.compile(MILLIONAIRES), {"a": "1", "b": "2"})
    with pytest.raises(ValueError, match="`with` statement"):
        list(api.session(program(tmp_path), inputs))
    with api.session(program(tmp_path, more=", average = 2"), inputs) as session:
        for noisy in session:
            with pytest.raises(ValueError, match="averages its own"):
                session.weights = descent(session.weights, noisy)
            break
