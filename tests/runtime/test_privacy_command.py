"""`ccr privacy` within this process: what it says, in both forms, and what it refuses."""

from __future__ import annotations

import errno
import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO

import pytest
from support.command import BASE, EXAMPLES, MILLIONAIRES, RECORDS, TUMOUR, call

from runtime.privacy.accountant import Mechanism, account
from runtime.report.plot import plot
from runtime.report.spending import over_steps, steps_of

ADJACENCY = "zero-out of one record"


def told(*arguments: str) -> Any:
    """The JSON of a command that must succeed."""
    done = call("privacy", *arguments, "--json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def refused(*arguments: str) -> str:
    """The message of a command that must be refused as wrong."""
    done = call("privacy", *arguments)
    assert (done.exit_code, done.stdout) == (2, ""), done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The tumour program, compiled once."""
    path = str(tmp_path_factory.mktemp("privacy") / "tumour.ccrc")
    assert call("compile", TUMOUR, "-o", path).exit_code == 0
    return path


def test_the_fields_that_others_rely_on(artifact: str) -> None:
    found = told(artifact, "--input", RECORDS)
    assert 1.97 < found["epsilon"] < 2 and found["delta"] == 1e-5 and found["adjacency"] == ADJACENCY
    (mechanism,) = found["mechanisms"]
    assert mechanism["records"] == 455 and mechanism["epsilon"] == found["epsilon"]
    assert mechanism["adjacency"] == ADJACENCY and mechanism["unit"] == found["unit"] == "one record = one row"
    proved = mechanism["certificate"]
    assert proved["sigma"] == 1.69 and 0.9995 < proved["ratio"] <= 1 and proved["holds"]
    assert proved["delta"] == 1e-8 and proved["dimension"] == 31 and proved["seconds"] < 30
    assert found["rdp_plain_poisson"]["epsilon"] > found["epsilon"]
    assert "not what is run" in found["rdp_plain_poisson"]["note"]


def test_every_epsilon_has_its_adjacency_and_unit_beside_it(artifact: str) -> None:
    done = call("privacy", artifact, "--records", "455", "--epsilon", "2", "--delta", "1e-6")
    assert done.exit_code == 0, done.stderr
    figures = [line for line in done.stdout.splitlines() if "epsilon = " in line or line.startswith("epsilon")]
    assert len(figures) == 4
    assert all(ADJACENCY in line and "one record = one row" in line and "1e-06" in line for line in figures)
    assert "not what is run" in done.stdout
    assert re.search(
        r"noise: hides as much as a Gaussian of 1\.\d+ clips, 99\.\d+ % of the 1\.69 that .* \(enough; ", done.stdout
    )
    assert (
        "but for a delta of 1e-08 for each draw of 31 numbers" in done.stdout and "epsilon counts both" in done.stdout
    )
    assert "noise 1.8" in done.stdout and "steps instead of 20" in done.stdout


@pytest.mark.parametrize(
    ("epsilon", "words"),
    [
        ("2", "or 20 steps as written, and no more"),
        ("0.01", "or not even one step"),
        ("0.75", "or 1 step instead of 20"),
    ],
)
def test_the_steps_that_a_budget_buys(artifact: str, epsilon: str, words: str) -> None:
    assert words in call("privacy", artifact, "--records", "455", "--epsilon", epsilon).stdout


def test_too_little_joint_noise_is_told_so(artifact: str) -> None:
    done = call("privacy", artifact, "--records", "455", "--delta", "1e-8")
    assert done.exit_code == 0 and "epsilon is infinite" in done.stdout
    assert "joint noise is Gaussian only but for a delta, here " in done.stdout
    assert "too little for joint noise at this delta" in done.stdout and "`drawn by` the data provider" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "records"),
    [
        ("tumour/tumour", 455),
        ("diabetes/diabetes", 314),
        ("digits/one_vs_all", 1438),
        ("digits/mlp", 1438),
        ("digits/cnn", 1438),
    ],
)
def test_every_example_keeps_its_promise(file: str, records: int) -> None:
    """Epsilon 2 at delta 1e-5, with tables that are what they say."""
    found = told(str(EXAMPLES / f"{file}.ccr"), "--records", str(records))
    assert 1.95 < found["epsilon"] <= 2
    assert all(m["certificate"]["holds"] for m in found["mechanisms"])


@pytest.mark.slow
def test_a_budget_is_kept_by_what_it_asks_for() -> None:
    asked = told(TUMOUR, "--records", "455", "--epsilon", "2")["budget"]
    (noise,), (steps,) = asked["noise_multipliers"], asked["steps"]
    assert noise == pytest.approx(1.681, abs=0.0015) and steps >= 20
    kept = told(TUMOUR, "--records", "455", "-D", f"NOISE={noise}")
    assert 1.995 < kept["epsilon"] <= 2
    assert told(TUMOUR, "--records", "455", "-D", f"STEPS={steps}")["epsilon"] <= 2


def test_noise_that_one_party_draws_needs_no_certificate(tmp_path: Path) -> None:
    text = Path(TUMOUR).read_text().replace("noise = NOISE,", "noise = NOISE drawn by hospital,")
    (tmp_path / "own.ccr").write_text(text)
    done = call("privacy", str(tmp_path / "own.ccr"), "--records", "455")
    assert done.exit_code == 0 and "noise: a rounded Gaussian of 1.69 clips, which is what it costs" in done.stdout


def test_delta_beside_the_number_of_records(tmp_path: Path) -> None:
    own = tmp_path / "own.ccr"
    own.write_text(Path(TUMOUR).read_text().replace("noise = NOISE,", "noise = NOISE drawn by hospital,"))
    many = told(str(own), "--records", "1000000")
    assert many["delta"] == 1e-7 and many["warnings"] == []
    few = told(str(own), "--records", "455", "--delta", "1e-3")
    assert few["delta"] == 1e-3 and len(few["warnings"]) == 1 and "above 1/(10 n)" in few["warnings"][0]
    assert "warning: delta 0.001 is above" in call("privacy", str(own), "--records", "455", "--delta", "1e-3").stdout
    assert "delta 1e-300 is too small" in refused(str(own), "--records", "455", "--delta", "1e-300")
    assert told(str(own), "--records", "455", "--delta", "1e-15")["epsilon"] > 4


@pytest.mark.slow
def test_a_picture(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    for ending, start in (("png", b"\x89PNG"), ("svg", b"<?xml")):
        path = tmp_path / f"privacy.{ending}"
        done = call("privacy", TUMOUR, "--records", "455", "--plot", str(path))
        assert done.exit_code == 0 and path.read_bytes().startswith(start) and path.stat().st_size > 5000
    done = call("privacy", TUMOUR, "--records", "455", "--plot", str(tmp_path / "none" / "p.png"))
    assert done.exit_code == 1 and "cannot write" in done.stderr


def test_steps_are_those_of_trainings() -> None:
    """What is measured besides stays as it is; where nothing is trained, its sums are counted."""
    training = Mechanism(name="a", n=100, batch=10, slots=20, steps=6, noise_multiplier=2.0)
    measured = Mechanism(name="a", n=100, batch=100, slots=100, steps=1, noise_multiplier=8.0)
    both = over_steps([training, measured], 1e-5)
    assert [steps for steps, _ in both] == list(range(1, 13)) and steps_of([training, measured]) == 6
    assert both[2][1] == account([replace(training, steps=3), measured], 1e-5).epsilon
    alone = replace(measured, steps=6)
    twice = (12, account([replace(alone, steps=12)], 1e-5).epsilon)
    assert steps_of([alone]) == 6 and over_steps([alone], 1e-5)[-1] == twice


def test_a_picture_that_cannot_be_finished_leaves_the_one_before(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    figure = pytest.importorskip("matplotlib.figure")

    def full(_: object, file: BinaryIO, format: str) -> None:
        file.write(f"half a {format}".encode())
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(figure.Figure, "savefig", full)
    monkeypatch.setattr("runtime.report.plot.over_steps", lambda told, delta: [])
    monkeypatch.setattr("runtime.report.plot.over_delta", lambda told: [])
    path = tmp_path / "p.png"
    path.write_bytes(b"before")
    told: Any = SimpleNamespace(privacy=SimpleNamespace(delta=1e-5), told=[], each=[SimpleNamespace(accountant="any")])
    with pytest.raises(OSError, match="No space left"):
        plot(told, path)
    assert [p.name for p in tmp_path.iterdir()] == ["p.png"] and path.read_bytes() == b"before"


def test_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.report.plot.find_spec", lambda name: None)
    assert "matplotlib, which is not installed" in refused(TUMOUR, "--records", "455", "--plot", "p.png")
    assert "matplotlib" not in sys.modules or "pip install 'ccr-lang[plot]'" in refused(TUMOUR, "--plot", "p.png")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((TUMOUR,), "give --records N, or --input records=FILE"),
        ((TUMOUR, "--records", "63"), "a batch of 64 from 63 records"),
        ((TUMOUR, "--records", "0"), "--records"),
        ((TUMOUR, "--records", "455", "--delta", "0"), "--delta 0"),
        ((TUMOUR, "--records", "455", "--delta", "nan"), "--delta nan"),
        ((TUMOUR, "--records", "455", "--epsilon", "0"), "--epsilon 0"),
        ((TUMOUR, "--records", "455", "--epsilon", "inf"), "--epsilon inf"),
        ((TUMOUR, "--records", "455", "--input", RECORDS), "give one of them"),
        ((TUMOUR, "--input", BASE), "`w0` is not a data set that is trained on"),
        ((TUMOUR, "--input", "records=nowhere.csv"), "nowhere.csv"),
        ((TUMOUR, "--records", "455", "--plot", "p.txt"), ".png, .svg, .pdf"),
        ((MILLIONAIRES, "--records", "455"), "no privacy mechanism"),
        ((TUMOUR, "--records", "455", "-D", "NOISE=0"), "leaks-data"),
    ],
)
def test_what_is_refused(artifact: str, arguments: tuple[str, ...], words: str) -> None:
    file, *rest = arguments
    assert words in refused(artifact if file == TUMOUR and "-D" not in rest else file, *rest)
