"""The marks of a data set's records: what they are in every format, and that they never change.

A ledger knows a data set by its marks alone: were one of these to change, records whose budget is spent would look like
records that nobody has used.  So they are written down here, and no command rewrites them; nor the hashes by which
older versions knew records.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from runtime.data.errors import InputError
from runtime.data.marks import MARK, former, marks

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


# The SHA-256 of the marks under the key b"key", and the hash of older versions.
_PLAIN = (
    "ebeb290e2f5de03ef6d440986a269c1172805b012fcc2c7a92a0076dceeb9d22",
    "27c8bd463efc5ea9fcd01ad02cd55742877ab814a3dbf3515135f57ee8a4fa8c",
)
_PAIR = (
    "df9ad090cc70f5857798dadf82eda90a6c6e527f25ea5c8137a087945a2d935e",
    "ede1e39bbf6d26d9bb40443d1bc14ba3d2bd74aba9fb2aeffee789d94057c687",
)
GOLDEN: list[tuple[str, Write, int, tuple[str, str]]] = [
    ("plain.csv", text(PLAIN), 3, _PLAIN),
    ("PLAIN.CSV", text(PLAIN), 3, _PLAIN),
    ("marked.csv", text(b"\xef\xbb\xbf" + PLAIN.replace(b"\n", b"\r\n")), 3, _PLAIN),
    ("gaps.csv", text(PLAIN.replace(b"\n", b"\n\n")), 3, _PLAIN),
    ("commas.csv", text(PLAIN.replace(b",", b";").replace(b".", b",")), 3, _PLAIN),
    ("tabs.tsv", text(PLAIN.replace(b",", b"\t").replace(b"\n", b"\r")), 3, _PLAIN),
    ("wide.csv", text(PLAIN.decode().encode("utf-16")), 3, _PLAIN),
    ("matrix.npy", array(NUMBERS, "float64"), 3, _PLAIN),
    (
        "quoted.csv",
        text(b'"a, b","c\nd"\n"1", 2 \n1_0,+.5E1\n'),
        2,
        (
            "4492cbd369738268762ee59d322d26b5c81c2864a2ff1874de8df8a7bd55f70b",
            "066e71057702e897143bb252daa77281450bedb581783e50b8e50dbbb7b79d5b",
        ),
    ),
    (
        "long.csv",
        text(LONG.encode()),
        5000,
        (
            "3993ccb638cdccb12e001dd1f3fde9a5c13886b97e5817df52fa03c20314c7e5",
            "21696b33cccccb9b4b4c5d25b6a0a9449f9ba989a1470b56de358747d4fc3875",
        ),
    ),
    (
        "vector.npy",
        array([1, 2, -3], "int64"),
        3,
        (
            "7e08e17327743a80da734ce9d2aca641869cc5c4674cb7e19a85a2930d43e92c",
            "4454d82089103994eb33d5416c47cd922a7cfecf785066dbfae751e750b5154c",
        ),
    ),
    (
        "cube.npy",
        array(np.arange(12).reshape(3, 2, 2), "uint64"),
        3,
        (
            "aff05970825bd1dc9f57654af48f9604f189237cd5ee3fd657dffb92aa435980",
            "dd6ad8f76d2debc0fdbcfb9e1f312b2520909399c0c63b9d9da70689cd95de05",
        ),
    ),
    (
        "bits.npy",
        array([[True, False], [False, True]], "bool"),
        2,
        (
            "d677c2e17387236e1901746daca63ecf5d26466151a905bede3371fe37d0026d",
            "bd63dc36bbb1c32894a49e15107dce26d26adaece671fc28ad2818acdb2bab4e",
        ),
    ),
    (
        "bits.csv",
        text(b"a,b\nTrue,false\nFALSE,true\n"),
        2,
        ("d677c2e17387236e1901746daca63ecf5d26466151a905bede3371fe37d0026d", ""),
    ),
    ("pair.npz", named(NAMED), 3, _PAIR),
    ("pair.safetensors", named(NAMED), 3, _PAIR),
]


@pytest.mark.parametrize(("name", "write", "records", "known"), GOLDEN, ids=[name for name, *_ in GOLDEN])
def test_golden(tmp_path: Path, name: str, write: Write, records: int, known: tuple[str, str]) -> None:
    write(tmp_path / name)
    found = marks(str(tmp_path / name), b"key")
    assert len(found) == records * MARK and hashlib.sha256(found).hexdigest() == known[0]
    if known[1]:
        assert former(str(tmp_path / name)) == known[1]


@pytest.mark.parametrize("key", [b"", b"another"])
def test_a_zero_has_no_sign(tmp_path: Path, key: bytes) -> None:
    places = [str(tmp_path / name) for name in ("plus.csv", "minus.csv", "minus.npy")]
    for place, zero in zip(places[:2], (b"0", b"-0"), strict=True):
        Path(place).write_bytes(b"a,b\n1," + zero + b"\n")
    np.save(places[2], np.array([[1.0, -0.0]]), allow_pickle=False)
    assert len({former(place) for place in places}) == 1
    assert len({marks(place, key) for place in places}) == 1


def test_what_is_no_number_counts_as_its_text(tmp_path: Path) -> None:
    """A file may have names, dates and gaps that no program reads; gaps are gaps however they are written."""

    def of(text: str) -> bytes:
        path = tmp_path / "records.csv"
        path.write_text(text)
        return marks(str(path), b"key")

    first = of("name,age,city,size\nAda,36,,1.5\nBob,41,Rome,\n")
    assert first == of("size,city,age,name\n,Rome,41, Bob \n1.5,NaN,36,Ada\n")
    for other in ("Ada,36,,1.5\nBob,41,Roma,", "Ada,36,,1.5\nBob,41,Rome,0", "Ada,36,0,1.5\nBob,41,Rome,"):
        assert of(f"name,age,city,size\n{other}\n") != first
    assert of("a,b\nab,c\n") != of("a,b\na,bc\n")
    assert former(str(tmp_path / "records.csv")) is None


BAD: list[tuple[str, Write, str]] = [
    ("ragged.csv", text(b"a,b\n1,2\n3\n"), "1 cell where the header has 2"),
    ("latin.csv", text(b"\xe4\n1\n"), "this is not a CSV text"),
    ("unclosed.csv", text(b'a\n"1\n'), "this is not a CSV text"),
    ("header.csv", text(b"a,b\n"), "there are no records"),
    ("empty.csv", text(b""), "the file is empty"),
    ("numbers_first.csv", text(b"1,2\n3,4\n"), "the first line is all numbers"),
    ("none.npy", array(np.zeros((0, 3)), "float64"), "there are no records"),
    ("scalar.npy", array(1.0, "float64"), "it does not hold rows of numbers"),
    ("uneven.npz", named({"a": np.zeros(2), "b": np.zeros(3)}), "different numbers of rows: `a` 2, `b` 3"),
    ("text.npy", text(PLAIN), "this is no NumPy file"),
    ("plain.txt", text(PLAIN), "this is no file whose records can be read"),
]


@pytest.mark.parametrize(("name", "write", "what"), BAD, ids=[name for name, *_ in BAD])
def test_refused(tmp_path: Path, name: str, write: Write, what: str) -> None:
    write(tmp_path / name)
    with pytest.raises(InputError, match=what):
        marks(str(tmp_path / name), b"key")


@pytest.mark.parametrize("ending", [".csv", ".npy", ".npz", ".safetensors", ".parquet", ".feather"])
def test_a_file_that_is_not_there(tmp_path: Path, ending: str) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        marks(str(tmp_path / f"records{ending}"), b"key")
