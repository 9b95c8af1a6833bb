"""The safetensors format, read and written by ccr's own hand: held against the package of that name."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

from runtime.data.errors import InputError
from runtime.data.tensors import read_safetensors, write_safetensors

FLOATS, INTEGERS = ["f8", "f4", "f2"], ["i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?"]


def stored(path: Path, header: Any, content: bytes = b"") -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + content)
    return path


def entry(type: str, shape: list[int], begin: int, end: int) -> dict[str, object]:
    return {"dtype": type, "shape": shape, "data_offsets": [begin, end]}


@pytest.mark.parametrize("type", [*FLOATS, *INTEGERS])
def test_what_the_package_writes_is_read(tmp_path: Path, type: str) -> None:
    written = {"b": np.arange(6).reshape(2, 3).astype(type), "a": np.zeros((0, 3), type), "c": np.array(1, type)}
    safetensors.numpy.save_file(written, tmp_path / "m.safetensors", metadata={"format": "pt"})
    found = read_safetensors(str(tmp_path / "m.safetensors"))
    assert sorted(found) == ["a", "b", "c"] and found.shape("b") == (2, 3)
    for name, array in written.items():
        assert found[name].dtype == array.dtype and np.array_equal(found[name], array)


def test_what_is_written_the_package_reads(tmp_path: Path) -> None:
    written = {"fc.weight": np.array([[0.5, -2.0]]), "größe ☃": np.array(3), "none": np.zeros((0, 2))}
    with (tmp_path / "m.safetensors").open("wb") as file:
        write_safetensors(file, written)
    found = safetensors.numpy.load_file(tmp_path / "m.safetensors")
    assert found.keys() == written.keys()
    assert all(found[name].dtype == a.dtype and np.array_equal(found[name], a) for name, a in written.items())


def test_halves_of_floats(tmp_path: Path) -> None:
    """bfloat16 is the upper half of a float32: sign, eight bits of exponent, seven of the fraction."""
    bits = np.array([0x3F80, 0xC000, 0x3F81, 0x0001, 0x7F80], dtype="<u2")
    path = stored(tmp_path / "m.safetensors", {"w": entry("BF16", [5], 0, 10)}, bits.tobytes())
    assert read_safetensors(str(path))["w"].tolist() == [1.0, -2.0, 1 + 2**-7, 2.0**-133, np.inf]
    half = np.array([1.5, 2.0**-24], dtype="<f2")
    path = stored(tmp_path / "h.safetensors", {"w": entry("F16", [2], 0, 4)}, half.tobytes())
    assert read_safetensors(str(path))["w"].tolist() == [1.5, 2.0**-24]


def test_any_byte_but_0_is_true(tmp_path: Path) -> None:
    path = stored(tmp_path / "m.safetensors", {"w": entry("BOOL", [3], 0, 3)}, bytes([0, 1, 2]))
    assert read_safetensors(str(path))["w"].astype(np.int64).tolist() == [0, 1, 1]


def test_a_type_that_is_not_read_is_named_when_it_is_asked_for(tmp_path: Path) -> None:
    header = {"w": entry("F8_E4M3", [2], 0, 2), "b": entry("F32", [1], 2, 6)}
    found = read_safetensors(str(stored(tmp_path / "m.safetensors", header, bytes(6))))
    assert found["b"].tolist() == [0.0]
    with pytest.raises(InputError, match=r"`w` is of type F8_E4M3; what is read is F64, F32, F16, BF16, I64"):
        found["w"]


ONE = {"w": entry("F32", [2], 0, 8)}
DAMAGED: dict[str, tuple[Any, bytes]] = {
    "cut short": (ONE, bytes(7)),
    "too long": (ONE, bytes(9)),
    "shape and place differ": ({"w": entry("F32", [3], 0, 8)}, bytes(8)),
    "a hole": ({"w": entry("F32", [1], 0, 4), "v": entry("F32", [1], 8, 12)}, bytes(12)),
    "one upon another": ({"w": entry("F32", [2], 0, 8), "v": entry("F32", [2], 4, 12)}, bytes(12)),
    "backwards": ({"w": entry("F32", [0], 8, 0)}, bytes(8)),
    "no object": ([1], b""),
    "no entry": ({"w": 3}, b""),
    "a negative axis": ({"w": entry("F32", [-1, -2], 0, 8)}, bytes(8)),
    "a broken axis": ({"w": {**entry("F32", [], 0, 8), "shape": [2.0]}}, bytes(8)),
    "more than is known": ({"w": {**entry("F32", [2], 0, 8), "code": "x"}}, bytes(8)),
    "no JSON": (b"{", b""),
    "no text": (b"\xff\xfe", b""),
    "very deep": (b"[" * 100_000, b""),
}


@pytest.mark.parametrize("how", DAMAGED)
def test_a_damaged_file(tmp_path: Path, how: str) -> None:
    header, content = DAMAGED[how]
    path = stored(tmp_path / "m.safetensors", header, content)
    with pytest.raises(InputError, match="this is no safetensors file: ") as caught:
        read_safetensors(str(path))
    assert len(caught.value.what) < 300


def test_a_header_longer_than_the_file(tmp_path: Path) -> None:
    (tmp_path / "m.safetensors").write_bytes(b"\xff" * 12)
    with pytest.raises(InputError, match="does not begin with the length"):
        read_safetensors(str(tmp_path / "m.safetensors"))


def _whole() -> bytes:
    file = BytesIO()
    write_safetensors(file, {"first": np.array([[1.0, 2.0]]), "second": np.array([3, 4])})
    return file.getvalue()


WHOLE = _whole()


@given(st.integers(0, len(WHOLE) - 1), st.binary(max_size=3), st.integers(0, 4))
def test_whatever_is_changed_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, at: int, put: bytes, drop: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "changed.safetensors"
    path.write_bytes(WHOLE[:at] + put + WHOLE[at + drop :])
    try:
        found = {name: array.size for name, array in read_safetensors(str(path)).items()}
    except InputError:
        return
    assert sum(found.values()) <= len(WHOLE)
