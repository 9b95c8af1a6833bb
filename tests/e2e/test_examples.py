"""Every program under examples/ compiles, simulates, runs with the simulation's bits, and is as good as is claimed."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Mapping
from dataclasses import fields, replace
from fractions import Fraction
from pathlib import Path
from time import monotonic
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from support.command import EXAMPLES, LONG, call
from support.examples import ALL, BANKS
from support.html_page import Page

from compiler.artifact import decode
from compiler.lowering.widths import widths
from compiler.pipeline import mechanisms, understand
from compiler.program import Compiled, and_gates
from lang.syntax.load import read
from runtime import api
from runtime.net.traffic import Traffic
from runtime.privacy.accountant import Mechanism, account
from runtime.privacy.randomness import RunSecret
from runtime.program import Program
from runtime.report.attribution import attributed, sent
from runtime.report.html.program import Inspected, page
from runtime.report.privacy import privacy
from runtime.report.traffic import traffic
from runtime.report.work import work

SEEDS = range(1, 6)


def test_every_program_is_here() -> None:
    found = {str(path.relative_to(EXAMPLES).with_suffix("")) for path in EXAMPLES.rglob("*.ccr")}
    assert found == set(ALL)


@pytest.mark.parametrize("name", ALL)
def test_compiles_and_simulates(name: str) -> None:
    example, path = ALL[name], EXAMPLES / f"{name}.ccr"
    program = api.compile(path)  # as it is written
    assert program.compiled.outputs
    assert decode(program.artifact) == program.compiled  # and its plan is sound
    lines = program.compiled.lines
    assert sum(line.and_gates for line in lines) == and_gates(program.compiled.plan)
    assert all(line.file == path.name and line.line > 0 for line in lines)
    _all_is_attributed(program.compiled, path)
    _its_page_is_small(program)
    short = replace(program, meaning=understand(read(path), example.small))  # a simulation runs words, no circuits
    outputs = api.simulate(short, example.given(path.parent), seed=1)
    assert sorted(outputs) == sorted(o.name for o in program.compiled.outputs)
    assert any(np.any(value) for value in outputs.values())


def _all_is_attributed(compiled: Compiled, path: Path) -> None:
    """Every gate and every byte of a run to a line of the text; 95 % would do."""
    rows = attributed(compiled).rows
    assert all(1 <= row.place[1] <= len(path.read_text().splitlines()) and row.place[0] == path.name for row in rows)
    assert sum(row.and_gates[-1] for row in rows if row.kernel is not None) == and_gates(compiled.plan)
    sums = {f.name: sum(getattr(sent(row), f.name) for row in rows) for f in fields(Traffic)}
    assert Traffic(**sums) == traffic(compiled)


def _its_page_is_small(program: Program) -> None:
    compiled = program.compiled
    told, rows = privacy(compiled, {}, None), widths(program.understood().checked.program)
    text = page(Inspected(program, work(compiled), attributed(compiled), told, rows))
    assert len(text.encode()) < 200_000  # a million would do
    Page(text)


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_runs_with_the_bits_of_the_simulation(name: str) -> None:
    example, path = ALL[name], EXAMPLES / f"{name}.ccr"
    program = api.compile(path, example.small)
    given = example.given(path.parent)
    expected = api.simulate(program, given, seed=3)
    reports = api.run(program, given, seed=3, timeout=LONG, not_private=True).reports
    for released in program.compiled.outputs:
        for receiver in released.receivers:
            assert np.array_equal(reports[receiver].outputs[released.name], expected[released.name])
    assert all(
        set(report.outputs) == {o.name for o in program.compiled.outputs if party in o.receivers}
        for party, report in reports.items()
    )


def module(folder: str, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"{folder}_{name}", EXAMPLES / folder / f"{name}.py")
    assert spec and spec.loader
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = loaded  # dataclasses look their module up
    spec.loader.exec_module(loaded)
    return loaded


@pytest.mark.parametrize("folder", ["digits", "diabetes", "fraud", "fraud-training"])
def test_prepare_makes_what_is_there(folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sklearn")
    prepare = module(folder, "prepare")
    monkeypatch.setattr(prepare, "HERE", tmp_path)
    prepare.main()
    made = sorted(tmp_path.iterdir())
    assert made
    for path in made:
        kept = EXAMPLES / folder / path.name
        if path.suffix == ".csv":
            assert path.read_bytes() == kept.read_bytes()
            continue
        with np.load(path) as new, np.load(kept) as old:
            assert new.files == old.files
            for name in new.files:  # sums in floating point may differ in their last digits by machine
                assert np.abs(new[name] - old[name]).max() <= 1 / 64


@pytest.mark.parametrize(("folder", "records"), [("digits", 1797), ("diabetes", 442), ("fraud-training", 4810)])
def test_the_parts_are_disjoint(folder: str, records: int) -> None:
    rows = [line for path in sorted((EXAMPLES / folder).glob("*.csv")) for line in path.read_text().splitlines()[1:]]
    assert len(rows) == len(set(rows)) == records


@pytest.mark.slow
@pytest.mark.parametrize("epsilon", [1, 2, 4, 8])
def test_the_noise_of_digits_is_what_epsilon_takes(epsilon: int) -> None:
    noise = float(module("digits", "reference").NOISE[epsilon])
    mechanism = Mechanism(name="digits", n=1438, batch=256, slots=320, steps=100, noise_multiplier=noise)
    assert epsilon - 0.02 <= account([mechanism], 1e-5).epsilon <= epsilon


# epsilon -> the least mean accuracy over five seeds
LINEAR = {1: 0.87, 2: 0.905, 4: 0.93, 8: 0.935}
DIGITS: dict[str, tuple[dict[int, float], float]] = {  # and how far below floating point it may be
    "one_vs_all": (LINEAR, 0.005),
    "softmax": ({1: 0.86, 2: 0.90, 4: 0.92, 8: 0.93}, 0.005),
    "mlp": ({1: 0.82, 2: 0.885, 4: 0.90, 8: 0.91}, 0.01),
    "cnn": ({1: 0.82, 2: 0.87, 4: 0.88, 8: 0.89}, 0.01),
}


def test_a_saved_model_is_scored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """As the page of the example has it: all weights in, all weights out."""
    folder, saved = EXAMPLES / "digits", str(tmp_path / "mlp.npz")
    inputs = ("--inputs", str(folder / "mlp.npz"), "--input", f"digits={folder / 'records.csv'}")
    done = call("simulate", str(folder / "mlp.ccr"), "--seed", "1", "-D", "STEPS=20", *inputs, "--outputs", saved)
    assert done.exit_code == 0, (done.stderr, done.exception)
    monkeypatch.setattr("sys.argv", ["reference.py", "mlp", saved])
    module("digits", "reference").main()
    assert float(capsys.readouterr().out.removeprefix("mlp: test accuracy ")) > 0.5


def learned(program: api.Program, given: Mapping[str, str], seed: int) -> dict[str, NDArray[np.float64]]:
    """The outputs of a simulation as real numbers."""
    found = api.simulate(program, given, seed)
    return {o.name: np.asarray(found[o.name]) * float(o.type.scale) for o in program.compiled.outputs}


@pytest.mark.slow
@pytest.mark.parametrize("name", DIGITS)
def test_digits_are_learned(name: str) -> None:
    """The reference draws the noise that the program draws, so that the two can be compared seed by seed."""
    reference: Any = module("digits", "reference")
    model, example = reference.MODELS[name], ALL[f"digits/{name}"]
    bars, below = DIGITS[name]
    for epsilon, bar in bars.items():
        program = api.compile(EXAMPLES / "digits" / f"{name}.ccr", {"NOISE": reference.NOISE[epsilon]})
        found, wanted = [], []
        for seed in SEEDS:
            outputs = learned(program, example.given(EXAMPLES / "digits"), seed)
            found.append(reference.accuracy(model, [*outputs.values()]))
            trained = reference.train(model, RunSecret.from_seed(seed), reference.NOISE[epsilon])
            wanted.append(reference.accuracy(model, trained))
        assert np.mean(found) >= bar
        assert np.mean(found) >= np.mean(wanted) - below


@pytest.mark.slow
def test_digits_are_learned_by_step() -> None:
    """At epsilon 1, where the program that ends with the same steps has .886."""
    reference: Any = module("digits", "reference")
    program = api.compile(EXAMPLES / "digits" / "by_step.ccr")
    [mechanism] = program.compiled.mechanisms
    assert mechanism.noise_multiplier == reference.NOISE[1]
    found = []
    for seed in SEEDS:
        outputs = learned(program, ALL["digits/by_step"].given(EXAMPLES / "digits"), seed)
        found.append(reference.accuracy(reference.MODELS["one_vs_all"], [outputs["w"]]))
    assert np.mean(found) >= 0.905


@pytest.mark.slow
def test_diabetes_is_learned() -> None:
    reference, example = module("diabetes", "reference"), ALL["diabetes/diabetes"]
    folder = EXAMPLES / "diabetes"
    program = api.compile(folder / "diabetes.ccr")
    with np.load(folder / "base.npz") as file:
        base = file["w0"]
    found, wanted = [], []
    for seed in SEEDS:
        found.append(reference.error(learned(program, example.given(folder), seed)["w"]))
        wanted.append(reference.error(reference.train(base, folder / "records.csv", RunSecret.from_seed(seed))))
    assert np.mean(found) <= 57 < 64 < reference.error(base)
    assert np.mean(found) == pytest.approx(np.mean(wanted), abs=0.5)


@pytest.mark.slow
def test_the_head_of_the_backbone_is_learned() -> None:
    reference, example = module("backbone", "reference"), ALL["backbone/head"]
    folder = EXAMPLES / "backbone"
    program = api.compile(folder / "head.ccr")
    records, test = reference.read("records.npz"), reference.read("test.npz")
    found, wanted = [], []
    for seed in SEEDS:
        w = learned(program, example.given(folder), seed)["w"]
        found.append(reference.accuracy(w, *test))
        wanted.append(reference.accuracy(reference.train(*records, RunSecret.from_seed(seed)), *test))
    assert np.mean(found) >= 0.935
    assert np.mean(found) >= np.mean(wanted) - 0.005


def test_the_records_of_the_backbone_are_apart_from_its_test() -> None:
    reference = module("backbone", "reference")
    rows = np.concatenate([reference.read(f"{name}.npz")[0] for name in ("records", "test")])
    assert len(rows) == len(np.unique(rows, axis=0)) == 5000


@pytest.mark.slow
def test_the_noise_of_the_backbone_is_what_epsilon_takes() -> None:
    noise = float(module("backbone", "reference").NOISE)
    mechanism = Mechanism(name="images", n=4000, batch=256, slots=320, steps=50, noise_multiplier=noise)
    assert 1.97 <= account([mechanism], 1e-5).epsilon <= 2


def test_the_params_of_the_references_are_the_programs() -> None:
    plain = [("backbone", "head", None), ("diabetes", "diabetes", None)]
    for folder, name, noise in [("digits", name, 2) for name in DIGITS] + plain:
        reference = module(folder, "reference")
        meaning = understand(read(EXAMPLES / folder / f"{name}.ccr"))
        parameters, [mechanism] = dict(meaning.checked.params), mechanisms(meaning.words)
        model = reference.MODELS[name] if noise else None
        clip, rate = (model.clip, model.rate) if model else (reference.CLIP, reference.RATE)
        sigma = reference.NOISE[noise] if noise else reference.NOISE
        for param, value in (
            ("CLIP", clip),
            ("RATE", rate),
            ("NOISE", sigma),
            ("BATCH", reference.BATCH),
            ("STEPS", reference.STEPS),
        ):
            assert Fraction(parameters[param]) == Fraction(value)
        grids = model.grids if model else (reference.GRID,)
        assert [s.sigma for s in mechanism.samplers] == [clip * sigma * 2**grid for grid in grids]


@pytest.mark.slow
def test_frauds_are_learned_by_three_banks() -> None:
    """Better than by each alone and by one after another, as the page of the example says; as in floating point."""
    reference: Any = module("fraud-training", "reference")
    program = api.compile(EXAMPLES / "fraud-training" / "train.ccr")
    base, found = reference.base(), []
    for seed in SEEDS:
        w = api.simulate(program, ALL["fraud-training/train"].given(EXAMPLES / "fraud-training"), seed)["w"] / 128
        assert np.abs(w - reference.train(base, BANKS, seed)).max() <= 3 / 128
        found.append(reference.auc(w))
    alone = [np.mean([reference.auc(reference.train(base, [bank], seed)) for seed in SEEDS]) for bank in BANKS]
    chained = []
    for seed in SEEDS:
        w = base
        for bank in BANKS[::-1]:
            w = reference.train(w, [bank], seed)
        chained.append(reference.auc(w))
    assert np.mean(found) >= 0.94 and reference.auc(base) < 0.72
    assert max(*alone, np.mean(chained)) <= 0.91


@pytest.mark.slow
def test_three_banks_train_in_three_minutes() -> None:
    """As it is written, a process each: the bits of the simulation, and what the page of the example says it costs."""
    program = api.compile(EXAMPLES / "fraud-training" / "train.ccr")
    given = ALL["fraud-training/train"].given(EXAMPLES / "fraud-training")
    expected = api.simulate(program, given, seed=1)
    began = monotonic()
    reports = api.run(program, given, seed=1, timeout=LONG, not_private=True).reports
    assert monotonic() - began < 180
    for name, value in expected.items():
        assert np.array_equal(reports["vendor"].outputs[name], value)
    assert reports["vendor"].traffic.total == pytest.approx(71.4e6, rel=0.02)


def test_the_epsilons_of_three_banks_and_of_a_person_at_all() -> None:
    done = call("privacy", str(EXAMPLES / "fraud-training" / "train.ccr"), "--records", "1000", "--json")
    told = json.loads(done.stdout)
    assert told["epsilons"] == dict.fromkeys(BANKS, pytest.approx(1.973, abs=0.001))
    assert told["epsilon_everywhere"] == pytest.approx(3.367, abs=0.001)


def test_the_params_of_three_banks_are_the_programs() -> None:
    reference: Any = module("fraud-training", "reference")
    meaning = understand(read(EXAMPLES / "fraud-training" / "train.ccr"))
    parameters, [trained, *measured] = dict(meaning.checked.params), mechanisms(meaning.words)
    given = (reference.BATCH, reference.STEPS, reference.NOISE, reference.RATE)
    assert tuple(Fraction(parameters[name]) for name in ("BATCH", "STEPS", "NOISE", "RATE")) == given
    assert trained.noise_multiplier == reference.NOISE and len(measured) == 2


def test_the_risks_are_those_of_floating_point() -> None:
    folder = EXAMPLES / "fraud"
    outputs = api.simulate(api.compile(folder / "fraud.ccr"), ALL["fraud/fraud"].given(folder))
    assert np.abs(outputs["risk"] / 256 - module("fraud", "score").risks()).max() <= 0.02
    truth = np.loadtxt(folder / "truth.csv", skiprows=1)
    assert np.mean(outputs["flagged"] == truth) >= 0.9 and outputs["warnings"] == np.sum(outputs["flagged"])
