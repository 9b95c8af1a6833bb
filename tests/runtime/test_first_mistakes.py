"""What somebody types wrong on a first day: said in words of ours, with what was meant as far as it can be told."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from support.command import EXAMPLES, MILLIONAIRES, call

from runtime.cli.options import UsageError, pairs

TUMOUR = str(EXAMPLES / "tumour" / "tumour.ccr")
RUN = ("run", MILLIONAIRES)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ((*RUN, "--threads", "two"), "'--threads': `two` is not a whole number"),
        ((*RUN, "--threads", "0"), "'--threads': 0 is below 1, the least"),
        ((*RUN, "--seed", "1.5"), "'--seed': `1.5` is not a whole number"),
        (("privacy", TUMOUR, "--delta", "small"), "'--delta': `small` is not a number"),
        (("circuit", "minimize", "a", "-o", "b", "-O", "3"), "'-O': 3 is above 2, the most"),
        (("new", "a", "--data", "b", "--label", "c", "--model", "mlp", "--seeds", "1"), "1 is below 2, the least"),
    ],
)
def test_a_number_that_is_none(command: tuple[str, ...], said: str) -> None:
    """In no words of the libraries that read it, to programs too."""
    done = call(*command, "--json")
    assert done.exit_code == 2 and said in done.stderr and "nput should" not in done.output
    assert said in json.loads(done.stdout)["error"]["message"]


@pytest.mark.parametrize(
    ("option", "text", "help"),
    [
        ("--input", "own.csv", "--input NAME=own.csv"),
        ("--input", "5", "--input NAME=5"),
        ("--output", "w", "--output w=VALUE"),
        ("-D", "STEPS", "-D STEPS=VALUE"),
        ("-D", "STEPS=", "-D NAME=VALUE"),
        ("--map", "=fc.weight", "--map NAME=VALUE"),
        ("--columns", "", "--columns NAME=VALUE"),
    ],
)
def test_half_of_a_pair_says_the_other(option: str, text: str, help: str) -> None:
    with pytest.raises(UsageError, match="is not NAME=VALUE") as caught:
        pairs(option, [text])
    assert caught.value.help.endswith(help)


def test_names_of_inputs() -> None:
    simulate = ("simulate", TUMOUR)
    done = call(*simulate, "--input", "record=a.csv")
    assert "has no input `record`" in done.stderr and "did you mean `records`?" in done.stderr
    done = call(*simulate)
    assert "the inputs `w0` and `records` are missing" in done.stderr
    assert "add --input w0=FILE --input records=FILE" in done.stderr
    done = call("run", TUMOUR, "--quiet")
    assert "the inputs `w0` and `records` are missing" in done.stderr, "of both parties that run here"


def test_a_folder_is_called_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "parts").mkdir()
    new = ("new", "made", "--label", "y", "--model", "linear", "--data")
    for folder in ("parts", "."):
        for command in (("simulate", TUMOUR, "--input", "w0=parts", "--input"), ("data", "show"), new):
            last = (f"records={folder}",) if command[0] == "simulate" else (folder,)
            done = call(*command, *last, *((TUMOUR,) if command[0] == "data" else ()))
            assert done.exit_code == 2 and "it is a folder" in done.stderr and "'FOLDER/*.parquet'" in done.stderr


def test_a_pattern_of_one_text_names_it(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("a,y\n1,1\n")
    done = call("data", "show", str(tmp_path / "o*.csv"), TUMOUR)
    assert "files are one data set, as a pattern, only if" in done.stderr and "/own.csv by its name" in done.stderr


def test_rows_of_another_number_say_the_param(tmp_path: Path) -> None:
    program, rows = tmp_path / "score.ccr", tmp_path / "rows.csv"
    program.write_text(
        "party a; party b;\nparam ROWS = 16;\ninput w: fix<9, 8>[2] from a;\ninput x: fix<9, 8>[ROWS, 2] from b;\n"
        "output reveal(x @ w) to b;\n"
    )
    program.write_text(program.read_text().replace("output reveal(x @ w)", "output s = reveal(x @ w)"))
    np.save(tmp_path / "w.npy", np.zeros(2))
    rows.write_text("x0,x1\n" + "0.5,0.5\n" * 3)
    given = (
        "simulate",
        str(program),
        "--input",
        f"w={tmp_path / 'w.npy'}",
        "--input",
        f"x={rows}",
        "--columns",
        "x=x0,x1",
    )
    done = call(*given)
    assert "3 rows where `x` needs 16" in done.stderr and "-D NAME=3" in done.stderr
    assert call(*given, "-D", "ROWS=3").exit_code == 0


@pytest.mark.parametrize("command", ["new", "import"])
def test_two_columns_of_one_name(tmp_path: Path, command: str) -> None:
    """Where no program says which columns are read: it was a traceback."""
    table = tmp_path / "own.csv"
    table.write_text("age,age,y\n" + "1,2,0\n2,1,1\n" * 20)
    if command == "new":
        done = call("new", str(tmp_path / "made"), "--data", str(table), "--label", "y", "--model", "logistic")
    else:
        joblib, linear = pytest.importorskip("joblib"), pytest.importorskip("sklearn.linear_model")
        joblib.dump(linear.LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0]), tmp_path / "m.joblib")
        model = ("import", str(tmp_path / "m.joblib"), "-o", str(tmp_path / "m.ccr"), "--trust")
        done = call(*model, "--samples", str(table), "--without", "y")
    assert done.exit_code == 2 and f"{table}: two columns are called `age`" in done.stderr, done.output


@pytest.mark.parametrize(
    "command",
    [
        ("contract", "show", "own.csv"),
        ("contract", "verify", "own.csv"),
        ("contract", "sign", "own.csv", "--key", "me.key", "--cert", "me.crt"),
        ("inspect", TUMOUR, "--contract", "own.csv"),
        ("budget", "compare", "own.csv", "own.csv", "--of", "me.crt"),
    ],
)
def test_a_file_that_is_no_contract_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.csv").write_text("a,y\n1,1\n")
    assert call("keys", "new", "me").exit_code == 0
    done = call(*command)
    assert done.exit_code == 3 and "refused (not-json): own.csv: the document is not JSON" in done.stderr


def test_a_secret_key_is_no_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever was handed one must not take it for a file that is merely damaged."""
    monkeypatch.chdir(tmp_path)
    assert call("keys", "new", "me").exit_code == 0
    done = call("keys", "show", "me.key")
    assert done.exit_code == 2 and "me.key is a secret key, which stays with its owner" in done.stderr
    assert (tmp_path / "me.key").read_text().split("\n")[1] not in done.output
