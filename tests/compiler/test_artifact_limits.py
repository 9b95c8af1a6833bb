"""The bounds of an artifact's parts, each by itself."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest

from compiler.artifact import sealed, typed
from compiler.artifact.circuits import GATE, Circuits
from compiler.artifact.plain import plain, text
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


def test_long_numbers_are_written_in_hexadecimal() -> None:
    """In one spelling: decimals as long as `json` reads them, and what is longer to an end."""
    nothing, long = Circuits(b""), 1 << typed.BITS
    for lo, hi in ((0, long - 1), (-long, long), (-(1 << 65536), 1 << 65536)):
        for scale in (Fraction(3, 7), Fraction(long, 3), Fraction(1, long), Fraction(long * 3)):
            type = Type((2,), scale, lo, hi)
            assert typed.typed(Type, json.loads(text(plain(type, []))), nothing) == type
    for data in ("0x1", hex(long)[:-1], hex(long).upper(), "0x0" + hex(long)[2:], hex(1 << typed.LONGEST)):
        with pytest.raises(ValueError, match=r"expected int|hexadecimal|more than 131072 bits|not an integer"):
            typed.typed(int, data, nothing)
    for scale in ("0x3/0x7", hex(2 * long) + "/0x2", hex(long) + "/0x0", hex(long) + "/3", hex(long) + "/0x1"):
        with pytest.raises((ValueError, ZeroDivisionError)):
            typed.typed(Type, ["Type", [1], scale, 0, 1], nothing)
