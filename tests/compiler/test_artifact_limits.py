"""The bounds of an artifact's parts, each by itself."""

from __future__ import annotations

from typing import Any

import pytest

from compiler.artifact import sealed, typed
from compiler.artifact.circuits import GATE, Circuits
from compiler.artifact.sealed import ArtifactError, fits
from compiler.words.ir import Type

PARTS = ["header", "notes"]


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(
    ("text", "most"),
    [(b",", sealed.ENTRIES), (b'["', sealed.RECORDS), (b" ", sealed.HEADER)],
    ids=["entries", "records", "bytes"],
)
def test_how_much_is_read(part: str, text: bytes, most: int) -> None:
    for count, fine in ((most, True), (most + 1, False)):
        given = {"header": b"", "notes": b""} | {part: text * count}
        if fine:
            fits(**given)
        else:
            with pytest.raises(ArtifactError):
                fits(**given)


def nested(levels: int) -> Any:
    data: Any = 1
    for _ in range(levels):
        data = [data]
    return data


def test_how_deep_is_read() -> None:
    hint: Any = int
    for _ in range(typed.NESTING + 1):
        hint = tuple[hint, ...]
    nothing = Circuits(b"")
    assert typed.typed(hint, [], nothing) == ()
    with pytest.raises(ValueError, match="nested too deep"):
        typed.typed(hint, nested(typed.NESTING + 1), nothing)


def test_how_long_a_list_a_number_and_a_string_are() -> None:
    nothing = Circuits(b"")
    for data, reason in (
        (["Type", [1] * (typed.RANK + 1), "1", 0, 1], "has 65 entries"),
        (["Type", [1], "1", 0, 1 << typed.BITS], "more than 8192 bits"),
        (["Type", [1], "1" * 2 * (typed.DIGITS + 1), 0, 1], "not a fraction"),
    ):
        with pytest.raises(ValueError, match=reason):
            typed.typed(Type, data, nothing)
    with pytest.raises(ValueError, match="more than 1000 characters"):
        typed.typed(str, "x" * 1001, nothing)


def test_a_circuit_takes_what_is_there_and_all_of_it() -> None:
    circuits = Circuits(bytes(2 * GATE))
    with pytest.raises(ValueError, match="longer than the file"):
        circuits.next(1, 3, (0,))
    with pytest.raises(ValueError, match="longer than the file"):
        circuits.next(1, -1, (0,))
    circuits.next(1, 1, (0,))
    with pytest.raises(ValueError, match="bytes left over"):
        circuits.finish()
    circuits.next(1, 1, (0,))
    circuits.finish()
