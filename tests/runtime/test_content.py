"""The identity of a data set's records: what it is in every format, and that it never changes.

A ledger knows a data set by its digest alone: were one of these to change, records whose budget is spent would look
like records that nobody has used.  So they are written down here, and no command rewrites them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from runtime.data.content import content, marks
from runtime.data.errors import InputError

Write = Callable[[Path], object]

PLAIN = b"a,b,c\n0.5,1,-2\n.25,1e-3,3\n0,-0,7.125\n"
NUMBERS = [[0.5, 1, -2], [0.25, 1e-3, 3], [0, 0, 7.125]]  # the same
NAMED = {
    "x": np.array([[0.5, 1.0], [0.25, -0.0], [2.0, 3.5]], dtype=np.float32),
    "label": np.array([1, 0, 1], dtype=np.uint8),
}
LONG = "\n".join(["a,b,c", *(f"{i},{i * i % 1009 / 8},{-i}" for i in range(5000))])  # read in two pieces


def text(content: bytes) -> Write:
    return lambda path: path.write_bytes(content)


def array(values: object, dtype: str) -> Write:
    return lambda path: np.save(path, np.array(values, dtype=dtype), allow_pickle=False)


def named(arrays: dict[str, np.ndarray]) -> Write:
    return lambda path: save_file(arrays, path) if path.suffix == ".safetensors" else np.savez(path, **arrays)


GOLDEN: list[tuple[str, Write, int, str]] = [
    ("plain.csv", text(PLAIN), 3, "27c8bd463efc5ea9fcd01ad02cd55742877ab814a3dbf3515135f57ee8a4fa8c"),
    (
        "marked.csv",
        text(b"\xef\xbb\xbf" + PLAIN.replace(b"\n", b"\r\n")),
        3,
        "27c8bd463efc5ea9fcd01ad02cd55742877ab814a3dbf3515135f57ee8a4fa8c",
    ),
    (
        "gaps.csv",
        text(PLAIN.replace(b"\n", b"\n\n")),
        3,
        "27c8bd463efc5ea9fcd01ad02cd55742877ab814a3dbf3515135f57ee8a4fa8c",
    ),
    (
        "quoted.csv",
        text(b'"a, b","c\nd"\n"1", 2 \n1_0,+.5E1\n'),
        2,
        "066e71057702e897143bb252daa77281450bedb581783e50b8e50dbbb7b79d5b",
    ),
    ("numbers_first.csv", text(b"1,2\n3,4\n"), 1, "6c7e044d14489b607d97902be064aa4757998130feac9930d605e4b393e60d3c"),
    ("long.csv", text(LONG.encode()), 5000, "21696b33cccccb9b4b4c5d25b6a0a9449f9ba989a1470b56de358747d4fc3875"),
    ("vector.npy", array([1, 2, -3], "int64"), 3, "4454d82089103994eb33d5416c47cd922a7cfecf785066dbfae751e750b5154c"),
    ("matrix.npy", array(NUMBERS, "float64"), 3, "27c8bd463efc5ea9fcd01ad02cd55742877ab814a3dbf3515135f57ee8a4fa8c"),
    (
        "cube.npy",
        array(np.arange(12).reshape(3, 2, 2), "uint64"),
        3,
        "dd6ad8f76d2debc0fdbcfb9e1f312b2520909399c0c63b9d9da70689cd95de05",
    ),
    (
        "bits.npy",
        array([[True, False], [False, True]], "bool"),
        2,
        "bd63dc36bbb1c32894a49e15107dce26d26adaece671fc28ad2818acdb2bab4e",
    ),
    ("pair.npz", named(NAMED), 3, "ede1e39bbf6d26d9bb40443d1bc14ba3d2bd74aba9fb2aeffee789d94057c687"),
    ("pair.safetensors", named(NAMED), 3, "ede1e39bbf6d26d9bb40443d1bc14ba3d2bd74aba9fb2aeffee789d94057c687"),
]


@pytest.mark.parametrize(("name", "write", "records", "digest"), GOLDEN, ids=[name for name, *_ in GOLDEN])
def test_golden(tmp_path: Path, name: str, write: Write, records: int, digest: str) -> None:
    write(tmp_path / name)
    found = content(str(tmp_path / name))
    assert (found.records, found.digest) == (records, digest)


@pytest.mark.parametrize("key", [b"", b"another"])
def test_a_zero_has_no_sign(tmp_path: Path, key: bytes) -> None:
    places = [str(tmp_path / name) for name in ("plus.csv", "minus.csv", "minus.npy")]
    for place, zero in zip(places[:2], (b"0", b"-0"), strict=True):
        Path(place).write_bytes(b"a,b\n1," + zero + b"\n")
    np.save(places[2], np.array([[1.0, -0.0]]), allow_pickle=False)
    assert len({content(place).digest for place in places}) == 1
    assert len({marks(place, key) for place in places}) == 1


BAD: list[tuple[str, Write, str]] = [
    ("word.csv", text(b"a\none\n"), "this is no table of numbers"),
    ("ragged.csv", text(b"a,b\n1,2\n3\n"), "its rows are not all of 2 columns"),
    ("latin.csv", text(b"\xe4\n1\n"), "this is not a CSV text"),
    ("unclosed.csv", text(b'a\n"1\n'), "this is not a CSV text"),
    ("header.csv", text(b"a,b\n"), "there are no records"),
    ("empty.csv", text(b""), "there are no records"),
    ("nan.csv", text(b"a\nnan\n"), "a value is not a finite number"),
    ("none.npy", array(np.zeros((0, 3)), "float64"), "there are no records"),
    ("scalar.npy", array(1.0, "float64"), "its arrays are not numbers with one row for each record"),
    ("words.npy", array([["a"]], "<U1"), "its arrays are not numbers"),
    ("uneven.npz", named({"a": np.zeros(2), "b": np.zeros(3)}), "its arrays are not numbers"),
    ("text.npy", text(PLAIN), "this is no NumPy file"),
    ("plain.txt", text(PLAIN), "this is no file whose records can be read"),
]


@pytest.mark.parametrize(("name", "write", "what"), BAD, ids=[name for name, *_ in BAD])
def test_refused(tmp_path: Path, name: str, write: Write, what: str) -> None:
    write(tmp_path / name)
    with pytest.raises(InputError, match=what):
        content(str(tmp_path / name))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for ending in (".csv", ".npy", ".npz", ".safetensors"):
        with pytest.raises(InputError, match="there is no such file"):
            content(str(tmp_path / f"records{ending}"))
