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
from ccr.wording import own_words


def any(given: Any) -> Any:
    """Past the types."""
    return given


def met(**given: Any) -> ccr.Connection:
    return ccr.Connection(**{"key": "me.key", "cert": "me.crt", "connect": "hospital:7000", "peer": "it.crt"} | given)


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
    "link of text": (lambda _: ccr.Link(any("12.5e6"), 0.04), "link.bytes_per_second is '12.5e6', and must be"),
    "seed": (lambda p: p.simulate(INPUTS, seed=-1), "a seed is a whole number, 0 or more, not -1"),
    "raw": (lambda p: p.simulate(INPUTS, raw=any("no")), "raw is True or False, not 'no'"),
    "not private": (lambda p: p.run(INPUTS, not_private=any("no")), "not_private is True or False, not 'no'"),
    "progress": (lambda p: p.run(INPUTS, progress=any(1)), "progress is True or False, not 1"),
    "endless": (lambda p: p.run(INPUTS, timeout=float("inf")), "timeout is inf, and must be a finite number above 0"),
    "whole float": (lambda p: p.inspect(records=any(455.0)), "records is a whole number above 0, not 455.0$"),
    "mapping": (lambda p: p.inspect(records=any({"records": 8})), "whole number above 0, not {'records': 8}$"),
    "port": (lambda _: met(connect="hospital"), "connection.connect is a host and a port, .*, not 'hospital'"),
    "large port": (
        lambda _: met(connect="", listen="0.0.0.0:70000"),
        "connection.listen is a host and a port, .*70000",
    ),
    "two ends": (lambda _: met(listen="0.0.0.0:7000"), "one of `connect` and `listen`"),
    "wait": (lambda _: met(wait=-1.0), "connection.wait is -1.0, and must be a number of seconds above 0"),
    "key": (lambda _: met(key=any(7)), "connection.key is a path, text or a Path, not 7"),
    "to go on": (lambda _: met(goes_on=any("yes")), "connection.goes_on is True or False, not 'yes'"),
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
        "a seed is a whole number, 0 or more, not 'now'",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_of_the_wrong_sort(wrong: str) -> None:
    call, said = WRONG[wrong]
    with pytest.raises(ValueError, match=said):
        call(small())


def test_numbers_of_every_sort() -> None:
    for given in (3, np.int64(3), np.uint8(3)):
        assert options.count("records", given) == 3
    for given in (0, -1, 3.0, np.float32(3.0), float("inf"), float("nan"), 10**400):
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


SAID = {
    "add --input w0=FILE": "add w0=...",
    "add --input bank_a.payments=FILE": 'add {"bank_a.payments": ...}',
    "say it with --columns": "say it with `columns`",
    "--columns x=a,b": "columns={\"x\": ['a', 'b']}",
    "write `-D STEPS=60`": "write `STEPS=60`",
    "leave out --seed": "leave out `seed`",
    "or allow more with --wait": "or allow more with `wait`",
    "`ccr budget grant` makes one, or give --ledger FILE": "`ccr budget grant` makes one, or give `ledger`",
    "as the contract does: --evaluator honest": 'as the contract does: evaluator="honest"',
    "`ccr run --continue` goes on": "`ccr run --continue` goes on",
    "--continue was given here": "goes_on=True was given here",
}


@pytest.mark.parametrize("said", SAID)
def test_options_are_arguments_here(said: str) -> None:
    assert own_words(said) == SAID[said]


def test_errors_speak_of_arguments() -> None:
    """They named what is written in a shell."""
    with pytest.raises(ccr.Rejected, match=r"= help: write `RATE=1\.5`"):
        small(RATE="much")
    with pytest.raises(ccr.Rejected, match=r"for `RAT=\.\.\.`"):
        small(RAT=1)
    with pytest.raises(ccr.InputError, match=r'^columns=\{"x0": \.\.\.\}: no data set has a field'):
        small().simulate(INPUTS, columns={"x0": "a"})


@pytest.mark.parametrize("given", [None, object(), [{"x": 1}], print])
def test_what_is_no_array(given: Any) -> None:
    """It was told of its shape, which is that of whatever holds one object."""
    with pytest.raises(ccr.InputError, match="it is not an array of numbers: it"):
        small().simulate(INPUTS | {"records": given})
