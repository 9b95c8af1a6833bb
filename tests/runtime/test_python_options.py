"""ccr from Python: what is given besides inputs and is of the wrong sort is told in words, where it is given."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.python_programs import ROWS, small

import ccr
from ccr import options
from ccr.sklearn import DPClassifier


def any(given: Any) -> Any:
    """Past the types."""
    return given


INPUTS: dict[str, object] = {"w0": [0.5, 0.5], "level": 1, "records": ROWS}


WRONG: dict[str, tuple[Callable[[ccr.Program], object], str]] = {
    "columns": (
        lambda p: p.simulate(INPUTS, columns=any(["y"])),
        r"columns are by field, columns=\{\"y\": \"label\"\}: not \['y'\]",
    ),
    "columns of a field": (
        lambda p: p.simulate(INPUTS, columns=any({"y": 3})),
        r'columns=\{"y": ...\} is the name of a column or a list of names, not 3',
    ),
    "inputs": (lambda p: p.simulate(any([ROWS])), r"inputs go by their names, .*: not a list"),
    "name of an input": (lambda p: p.run(any({1: ROWS})), "an input's name is text, not 1"),
    "link": (lambda p: p.inspect(link=any("100Mbit,40ms")), r"link is a ccr\.Link\(.*\), not '100Mbit,40ms'"),
    "rate": (lambda p: p.inspect(link=ccr.Link(0, 0.04)), "link.bytes_per_second is 0, and must be a number above 0"),
    "trip": (lambda p: p.inspect(link=ccr.Link(1e6, -1)), "link.round_trip is -1, and must be"),
    "frame": (
        lambda p: p.inspect(records=any(ROWS)),
        r"records is a whole number above 0, not a DataFrame: give its length, len\(records\)",
    ),
    "another frame": (lambda p: p.privacy(records=any(ROWS)), "records is a whole number .* DataFrame"),
    "text for a number": (lambda p: p.privacy(records=any("8")), "records is a whole number above 0, not '8'$"),
    "no whole number": (lambda p: p.privacy(records=any(8.5)), "whole number above 0, not 8.5"),
    "truth": (lambda p: p.privacy(records=True), "whole number above 0, not True"),
    "of a data set": (
        lambda p: p.privacy(records=any({"records": "many"})),
        r"records\[\"records\"\] is a whole number above 0, not 'many'",
    ),
    "of nobody": (
        lambda p: p.privacy(records={"hopsital": 8}),
        "records: `hopsital` is no data set and no owner of one; there are `?records`?$",
    ),
    "delta": (lambda p: p.privacy(records=8, delta=any("1e-5")), "delta is '1e-5', and must be a number above 0"),
    "delta of a report": (lambda p: p.inspect(records=8, delta=2.0), "delta is 2.0, .* below 1"),
    "delta of a run": (lambda p: p.run(INPUTS, delta=float("nan")), "delta is nan, and must be"),
    "epsilon": (lambda p: p.privacy(records=8, epsilon=0.0), "epsilon is 0.0, and must be a number above 0"),
    "timeout": (lambda p: p.run(INPUTS, timeout=any("2")), "timeout is '2', and must be a number above 0"),
    "connection": (
        lambda p: p.session(INPUTS, connection=any("hospital:7000")),
        r"connection is a ccr\.Connection\(.*\), not 'hospital:7000'",
    ),
    "path": (lambda p: p.save(any(3)), "a path is text or a Path, not 3"),
    "program": (lambda _: ccr.compile(any(b"party a;")), "a path is text or a Path, not b'party a;'"),
    "estimator": (
        lambda _: DPClassifier(any("tumour.ccr")).fit(np.eye(4), [0, 1, 0, 1]),
        r"program is what ccr\.compile\(\.\.\.\) gives, not 'tumour.ccr'",
    ),
    "inputs of an estimator": (
        lambda p: DPClassifier(p, inputs=any([1, 2])).fit(np.eye(4)[:, :2], [0, 1, 0, 1]),
        r"inputs go by their names, .*: not \[1, 2\]",
    ),
    "random state": (
        lambda p: DPClassifier(p, random_state=any("now")).fit(np.eye(4)[:, :2], [0, 1, 0, 1]),
        "a seed is a whole number, not 'now'",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_of_the_wrong_sort(wrong: str) -> None:
    call, said = WRONG[wrong]
    with pytest.raises(ValueError, match=said):
        call(small())


def test_numbers_of_every_sort() -> None:
    for given in (3, 3.0, np.int64(3), np.float32(3.0)):
        assert options.count("records", given) == 3
    for given in (0, -1, float("inf"), float("nan"), 10**400):
        with pytest.raises(ValueError, match="whole number above 0"):
            options.count("records", given)
    assert options.columns({"x": pd.Index(["a", "b"]), "y": "c"}) == {"x": ["a", "b"], "y": ["c"]}


def test_records_by_data_set_and_by_owner() -> None:
    whole = small().privacy(records=8).epsilon
    for records in ({"records": 8}, {"hospital": 8}):
        assert small().privacy(records=records).epsilon == whole


def test_a_missing_folder(tmp_path: Path) -> None:
    """It was told of a name that nobody had given."""
    for save in (small().save, small().inspect().save):
        with pytest.raises(FileNotFoundError) as caught:
            save(tmp_path / "none" / "out.html")
        assert caught.value.filename == str(tmp_path / "none" / "out.html")
