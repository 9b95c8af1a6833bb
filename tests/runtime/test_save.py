"""Outputs: read back bit for bit, whole or not at all."""

import os
from pathlib import Path

import numpy as np
import pytest

from runtime import files
from runtime.data.errors import InputError
from runtime.data.load import load_tensor
from runtime.data.save import Member, check_output, fill, reserve, save
from runtime.data.specs import Kind, TensorSpec

KINDS = [Kind(16, 10, True), Kind(53, 52, True), Kind(8, 0, False), Kind(64, 0, True), Kind(1, 0, False)]


@pytest.mark.parametrize("ending", ["npz", "npy", "csv", "safetensors"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(), (5,), (2, 3), (2, 2, 2), (1, 4)])
def test_what_is_saved_is_read_back(tmp_path: Path, ending: str, kind: Kind, shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(1).integers(kind.low, kind.high, size=shape, endpoint=True, dtype=np.int64)
    values.reshape(-1)[:2] = np.array([kind.low, kind.high])[: values.size]
    path = str(tmp_path / f"out.{ending}")
    save(path, {Member("file", kind, shape): values})  # a name that np.savez would not take
    read = load_tensor(TensorSpec("file", kind, shape), path)
    assert read.shape == shape and np.array_equal(read, values)


@pytest.mark.parametrize("ending", ["npz", "npy", "csv", "safetensors"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(), (5,), (300, 3), (1, 400)])
def test_a_place_is_large_enough(tmp_path: Path, ending: str, kind: Kind, shape: tuple[int, ...]) -> None:
    """For the longest values, too."""
    path, name = str(tmp_path / f"out.{ending}"), "n" * 60
    values = np.full(shape, kind.low if kind.signed else kind.high, dtype=np.int64)
    values.reshape(-1)[::2] += -1 if values.reshape(-1)[0] > 0 else 1  # every bit behind the point is used
    with reserve(path, [Member(name, kind, shape)]) as place:
        room = os.fstat(place._handle).st_size
        fill(place, path, {Member(name, kind, shape): values})
    size = Path(path).stat().st_size
    assert size <= room < 3 * size + 4096
    assert np.array_equal(load_tensor(TensorSpec(name, kind, shape), path), values)


def test_a_wide_fix_goes_to_csv_alone(tmp_path: Path) -> None:
    kind = Kind(64, 30, True)
    values = np.array([2**62 + 1, -(2**63)])
    save(str(tmp_path / "o.csv"), {Member("w", kind, (2,)): values})
    assert load_tensor(TensorSpec("w", kind, (2,)), str(tmp_path / "o.csv")).tolist() == values.tolist()
    with pytest.raises(InputError, match=r"save it as \.csv"):
        check_output(str(tmp_path / "o.npz"), [Member("w", kind, (2,))])


def test_plain_values_for_others(tmp_path: Path) -> None:
    save(str(tmp_path / "w.npz"), {Member("w", Kind(16, 10, True), (2,)): np.array([1, -512])})
    with np.load(tmp_path / "w.npz", allow_pickle=False) as file:
        assert file.files == ["w"] and file["w"].dtype == np.float64
        assert file["w"].tolist() == [1 / 1024, -0.5]
    first = (tmp_path / "w.npz").read_bytes()
    save(str(tmp_path / "w.npz"), {Member("w", Kind(16, 10, True), (2,)): np.array([1, -512])})
    assert (tmp_path / "w.npz").read_bytes() == first


@pytest.mark.parametrize("ending", ["npz", "npy", "csv", "safetensors"])
def test_a_failure_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    path = tmp_path / f"o.{ending}"
    path.write_text("before")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(InputError, match="No space left"):
        save(str(path), {Member("w", KINDS[0], (1,)): np.array([1])})
    assert path.read_text() == "before" and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("name", "said"), [("o.txt", "no such format"), ("none/o.npz", "directory does not exist")])
def test_a_path_is_refused_before_the_work(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        check_output(str(tmp_path / name), [Member("w", KINDS[0], ())])
