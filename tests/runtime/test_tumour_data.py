"""The demo's data: disjoint, exact, within the bound, and worth tuning on."""

import importlib.util
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from runtime.data.load import load_dataset, load_tensor
from runtime.data.specs import DatasetSpec, FieldSpec, Kind, TensorSpec
from runtime.privacy.randomness import RunSecret

FOLDER = Path(__file__).parents[2] / "examples" / "tumour"
SIZES = {"records": 455, "vendor": 40, "test": 74}
X, Y = FieldSpec("x", Kind(9, 8, True), (31,), Fraction(1)), FieldSpec("y", Kind(1, 0, False), ())
SPEC = DatasetSpec("records", (X, Y))


def module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"tumour_{name}", FOLDER / f"{name}.py")
    assert spec and spec.loader
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def test_the_parts_are_disjoint_and_meet_their_bound() -> None:
    seen: set[str] = set()
    for name, size in SIZES.items():
        fields = load_dataset(SPEC, str(FOLDER / f"{name}.csv"))  # refuses a row with norm above 1
        assert len(fields["x"]) == len(fields["y"]) == size
        assert 0.3 < fields["y"].mean() < 0.45
        table = np.loadtxt(FOLDER / f"{name}.csv", delimiter=",", skiprows=1)
        assert np.array_equal(table[:, :-1] * 256, fields["x"])  # the decimals are the grid values
        seen |= set((FOLDER / f"{name}.csv").read_text().splitlines()[1:])
    assert len(seen) == 569


def test_the_base_model_is_on_its_grid() -> None:
    weights = load_tensor(TensorSpec("w0", Kind(16, 10, True), (31,)), str(FOLDER / "base.npz"))
    with np.load(FOLDER / "base.npz", allow_pickle=False) as file:
        assert file["w0"].dtype == np.float64 and np.array_equal(file["w0"] * 1024, weights)
    assert 0 < abs(weights).max() < 2 * 1024


def test_tuning_is_worth_it() -> None:
    reference = module("reference")
    with np.load(FOLDER / "base.npz", allow_pickle=False) as file:
        base = file["w0"]
    tuned = [
        reference.accuracy(reference.train(base, FOLDER / "records.csv", RunSecret.from_seed(seed)))
        for seed in range(1, 6)
    ]
    assert np.mean(tuned) >= 0.945
    assert reference.accuracy(base) < np.mean(tuned) - 0.02


def test_prepare_makes_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sklearn")
    prepare = module("prepare")
    monkeypatch.setattr(prepare, "HERE", tmp_path)
    prepare.main()
    for name in SIZES:
        assert (tmp_path / f"{name}.csv").read_bytes() == (FOLDER / f"{name}.csv").read_bytes()
    with np.load(tmp_path / "base.npz") as made, np.load(FOLDER / "base.npz") as kept:
        assert abs(made["w0"] - kept["w0"]).max() <= 1 / 1024  # the solver's last digits may differ by machine
