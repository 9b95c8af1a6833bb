"""A record has one mark however a file spells it: to save it otherwise gives nobody a fresh budget."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.data.marks import marks
from runtime.data.spellings import meant

SAME: dict[str, Sequence[str]] = {
    "a day": (
        "2020-03-17",
        "2020-03-17 00:00:00",
        "2020-03-17T00:00Z",
        "2020-03-17 00:00:00.000000000 UTC",
        "2020-03-17T01:00:00+01:00",
        "2020-03-16 19:30:00-0430",
        "2020/3/17",
        "17.3.2020",
        "17/03/2020",
        "03/17/2020",
        "3/17/2020 12:00 AM",
    ),
    "an instant": ("2020-03-17T15:04:00.250Z", "2020-03-17 15:04:00.25", "17.03.2020 16:04:00,25+01"),
    "either reading of a day": ("02/01/2020", "01/02/2020", "2020-01-02", "2020-02-01"),
    "a time of day": ("15:04", "15:04:00", "15:04:00.000", "3:04 pm", "03:04:00 PM"),
    "thousands": ("1000", "1e3", "1.000,0", "1,000.0", "1,000", "1 000", "1\u202f000,00", "1'000", "1\u2019000.0"),
    "millions": ("1234567.5", "1.234.567,5", "1,234,567.5", "1 234 567,5"),
    "a decimal comma": ("-12.5", "-12,5", "\u221212,50"),
    "a truth": ("1", "1.0", "true", "True", "TRUE", "tRUE"),
    "a gap": ("", " ", "NaN", "nan", "NA", "N/A", "<NA>", "NULL", "None", "NaT", "-"),
    "a word": ("Ren\u00e9 Ada", " ren\u00e9  ada ", "RENE\u0301\u00a0ADA"),
}
OTHER = [
    ("2020-03-17", "2020-03-18"),
    ("2020-03-17", "2021-03-17"),
    ("2020-03-17", "2020-03-17 00:00:01"),
    ("2020-03-17 12:00:00.1", "2020-03-17 12:00:00.2"),
    ("2020-13-17", "2020-14-17"),
    ("12:00", "12:01"),
    ("25:00", "01:00"),
    ("1.000.00", "1000"),
    ("1.00", "1000"),
    ("Ada", "Adah"),
    ("A da", "Ada"),
    ("", "0"),
]


def mark(path: Path, cells: Sequence[str]) -> bytes:
    quoted = "\n".join(f'1.5,"{cell}"' for cell in cells)
    path.write_text(f"size,cell\n{quoted}\n")
    return marks(str(path), b"key")


@pytest.mark.parametrize("what", SAME)
def test_one_mark(tmp_path: Path, what: str) -> None:
    found = {spelled: mark(tmp_path / "records.csv", [spelled, "Bob"]) for spelled in SAME[what]}
    assert len(set(found.values())) == 1, found


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_another_mark(tmp_path: Path, one: str, other: str) -> None:
    path = tmp_path / "records.csv"
    assert mark(path, [one, "Bob"]) != mark(path, [other, "Bob"])


def test_a_typed_file_and_its_text(tmp_path: Path) -> None:
    """What Parquet holds as dates, times, decimals and truths, and what other programs write of it."""
    hour = datetime(2020, 3, 17, 15, 4, 0, 250000, UTC)
    typed = {
        "day": [date(2020, 3, 17), None],
        "midnight": pa.array([datetime(2021, 3, 17), None], pa.timestamp("ns")),
        "hour": pa.array([hour, hour], pa.timestamp("us", "Europe/Rome")),
        "clock": [time(15, 4), time(0)],
        "size": [Decimal("1000.50"), Decimal("2")],
        "ill": [True, None],
    }
    parquet.write_table(pa.table(typed), tmp_path / "typed.parquet")
    (tmp_path / "text.csv").write_text(
        "ill;size;clock;hour;midnight;day\n"
        "TRUE;1.000,5;15:04;2020-03-17T15:04:00.25;17.03.2021;2020-03-17 00:00:00\n"
        "NA;2,0;00:00:00;17.03.2020 15:04:00,250;;NULL\n"
    )
    as_array = [["1", "1000.5", "3:04 pm", "2020-03-17 15:04:00.25", "2021-03-17", "2020-03-17"]]
    as_array += [["", "2", "0:00", "2020-03-17 15:04:00.25", "NaT", ""]]
    np.save(tmp_path / "array.npy", np.array(as_array))
    found = {marks(str(tmp_path / name), b"key") for name in ("typed.parquet", "text.csv", "array.npy")}
    assert len(found) == 1


@given(st.text())
def test_a_spelling_means_itself(text: str) -> None:
    """Whatever it is, it has a meaning, whose own is no other."""
    found = meant(text)
    assert meant(str(found)) == found or found != found


@given(st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 12, 30), timezones=st.timezones()))
def test_one_instant_in_every_zone(at: datetime) -> None:
    ahead = at.utcoffset()
    if ahead is not None and not ahead.total_seconds() % 60:  # as ISO 8601 writes offsets
        naive = at.astimezone(UTC).replace(tzinfo=None)
        assert meant(str(at)) == meant(at.isoformat()) == meant(str(naive)) == meant(naive.isoformat() + "Z")
