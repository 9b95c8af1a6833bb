"""`ccr new`: a folder whose program checks, is formatted, keeps to its epsilon, learns, and runs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from support.command import ROOT, call
from support.own_tables import own_table

from runtime.authoring import prepare
from runtime.authoring.choice import Model
from runtime.authoring.own_table import read
from runtime.authoring.prepare import Scaling, Unusable, features, labels
from runtime.authoring.search import Search, Wanted

MODELS = {"logistic": 2, "softmax": 3, "linear": 0, "mlp": 3, "mlp of two": 2}


def made(place: Path, model: str, *more: str, classes: int | None = None) -> tuple[Path, Any]:
    kind = model.split()[0]
    table = own_table(place / "own table.csv", MODELS[model] if classes is None else classes)
    folder = place / "made"
    given = ("--data", table, "--label", "kind", "--model", kind, "--without", "name", "--seeds", "2", "--quiet")
    done = call("new", str(folder), *given, "--hidden", "4", *more, "--json")
    assert done.exit_code == 0, done.output
    return folder, json.loads(done.stdout)


@pytest.mark.parametrize("model", MODELS)
def test_a_program_that_learns(tmp_path: Path, model: str) -> None:
    folder, told = made(tmp_path, model, "--owner", "clinic", "--records", "600")
    program = str(folder / "made.ccr")
    for command in ("check", program), ("fmt", "--check", program):
        assert call(*command).exit_code == 0
    checked = json.loads(call("check", program, "--json").stdout)
    assert checked["problems"] == [], "no update is lost, nothing is clamped"
    spent = json.loads(call("privacy", program, "--records", "600", "--json").stdout)
    assert 1.95 < spent["epsilon"] <= 2 and told["records"] == 600
    assert np.mean(told["fixed"]) > (0.6 if model == "linear" else 0.85)
    given = ("--inputs", str(folder / "start.npz"), "--input", f"records={folder / 'own.csv'}")
    learned = str(folder / "model.npz")
    ran = call("run", program, *given, "-D", "STEPS=1", "-D", "BATCH=4", "--outputs", learned, "--quiet")
    assert ran.exit_code == 0, ran.output
    assert set(np.load(learned).files) == ({"w1", "w2", "b2"} if model.startswith("mlp") else {"w"})
    readme = (folder / "README.md").read_text()
    assert (
        "`ccr keys new clinic`" in readme and "--as clinic" in readme and "$" not in readme and "tells `kind`" in readme
    )


def test_the_way_the_readme_says(tmp_path: Path) -> None:
    """Its Makefile, its script on the owner's table, and its snippet on the model that comes out."""
    folder, _ = made(tmp_path, "softmax")
    if shutil.which("make"):
        done = subprocess.run(
            ["make", f"CCR={sys.executable} -m ccr", "SEEDS=2"],
            cwd=folder,
            env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert "picked: epsilon 2" in done.stdout and (folder / "simulated.npz").exists()
    script = [sys.executable, "prepare.py", str(tmp_path / "own table.csv"), "records.csv"]
    subprocess.run(script, cwd=folder, check=True, capture_output=True)
    assert (folder / "records.csv").read_bytes() == (folder / "own.csv").read_bytes()
    snippet = (folder / "README.md").read_text().split("## The model")[1]
    code = "\n".join(line[4:] for line in snippet.splitlines() if line.startswith("    "))
    np.savez(folder / "model.npz", w=np.arange(12).reshape(4, 3))
    loaded = (
        "import csv\nrows = list(csv.DictReader(open('../own table.csv')))\n"
        "raw = np.array([[float(row[name]) for name in ('the size', 'weight', 'noise')] for row in rows])\n"
    )
    code = code.replace("from prepare", loaded + "from prepare") + "\nprint(told[0])"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    assert done.stdout.startswith("class "), done.stderr


def test_other_records_by_the_same_constants(tmp_path: Path) -> None:
    """However far they lie: the script cuts them to the length that the program checks."""
    folder, _ = made(tmp_path, "logistic")
    scaling = json.loads((folder / "scaling.json").read_text())
    assert scaling["columns"] == ["the size", "weight", "noise"], "what says nothing is left out"
    other = tmp_path / "other.csv"
    other.write_text("kind;noise;weight;the size;age\nclass b;-1e9;3;2e5;60\nclass a;0;0.001;-3;61\n")
    script = [sys.executable, "prepare.py", str(other), "records.csv"]
    subprocess.run(script, cwd=folder, check=True, capture_output=True)
    shown = call("data", "show", str(folder / "records.csv"), str(folder / "made.ccr"))
    assert shown.exit_code == 0, shown.output
    for text, said in (
        ("kind,noise,weight\n", "no column `the size`"),
        ("kind,noise,weight,the size\nclass a,,1,1\n", "line 2: `` in the column `noise` is not a number"),
        ("kind,noise,weight,the size\nclass z,1,1,1\n", "`class z` in the column `kind` is none of class a, class b"),
        ("kind,noise,weight,the size\nclass a,1,1,grö\xdfer\n", "other.csv is not UTF-8: save it as UTF-8"),
        ("kind,noise,weight,the size\nclass a,1,1," + 200_000 * "1", "other.csv is not a CSV text: field larger"),
    ):
        other.write_text(text, encoding="latin-1")
        done = subprocess.run(script, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 1 and said in done.stderr and "Traceback" not in done.stderr


def test_records_that_cannot_be_used_are_named_by_their_lines(tmp_path: Path) -> None:
    """The first ten, what is no class and what is no number alike."""
    (tmp_path / "prepare.py").write_bytes(Path(prepare.__file__).read_bytes())
    scaling = Scaling(["a", "b"], "y", ["no", "yes"], [0.0, 0.0], [1.0, 1.0], 0.25, 8)
    (tmp_path / "scaling.json").write_text(json.dumps(asdict(scaling)))
    lines = ["y,a,b", "yes,1,2", "no,high,2", "", "maybe,1,2", *["no,1,"] * 10]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    script = [sys.executable, "prepare.py", "t.csv", "out.csv"]
    done = subprocess.run(script, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1 and not (tmp_path / "out.csv").exists()
    assert done.stderr.splitlines() == [
        "error: t.csv, line 3: `high` in the column `a` is not a number",
        "t.csv, line 5: `maybe` in the column `y` is none of no, yes",
        *[f"t.csv, line {n}: `` in the column `b` is not a number" for n in range(6, 14)],
        "... and 2 more",
        "correct these records, or leave them out",
    ]


def prepared(folder: Path, table: str, encoding: str = "utf-8") -> str:
    """What becomes of a table, or what is said of it."""
    (folder / "t.csv").write_text(table, encoding=encoding)
    script = [sys.executable, "prepare.py", "t.csv", "out.csv"]
    done = subprocess.run(script, cwd=folder, capture_output=True, text=True)
    return done.stderr or (folder / "out.csv").read_text()


def test_tables_as_spreadsheets_of_other_countries_save_them(tmp_path: Path) -> None:
    """`ccr new` reads them too."""
    (tmp_path / "prepare.py").write_bytes(Path(prepare.__file__).read_bytes())
    scaling = Scaling(["a", "b"], "y", [], [0.0, 0.0], [1.0, 1.0], 0.25, 8)
    (tmp_path / "scaling.json").write_text(json.dumps(asdict(scaling)))
    plain = prepared(tmp_path, "y,a,b\n0.5,0.25,-0.5\n-0.125,1e-2,0\n")
    assert plain.startswith("x0,x1,x2,y\n0.25,-0.5,0.25,0.5\n")
    commas = "y;a;b\n0,5;0,25;-0,5\n-0,125;1e-2;0\n"
    assert plain == prepared(tmp_path, commas) == prepared(tmp_path, commas, "utf-16")
    assert "`0.25` has a point where other numbers have a decimal comma" in prepared(tmp_path, "y;a;b\n0,5;0.25;1\n")
    said = "line 2: `0,5` in the column `a` is not a number: separate cells by semicolons where commas are decimal"
    assert said in prepared(tmp_path, 'y,a,b\n1,"0,5",1\n')


@settings(deadline=None, max_examples=100)
@given(
    arrays(np.float64, st.tuples(st.integers(1, 5), st.just(3)), elements=st.floats(-1e6, 1e6)),
    st.sampled_from([0.125, 0.25, 0.5]),
    st.integers(5, 12),
)
def test_no_row_is_longer_than_one(raw: Any, bias: float, fraction: int) -> None:
    """After rounding, exactly; and what was short enough stays as it is, but for that."""
    scaling = Scaling(["a", "b", "c"], "y", [], [0.0, 1.0, -1.0], [1.0, 10.0, 0.1], bias, fraction)
    rows = features(raw, scaling) * 2**fraction
    assert np.array_equal(rows, np.round(rows)) and ((rows**2).sum(axis=1) <= 4**fraction).all()
    assert (np.abs(rows) < 2**fraction).all(), "what the kind holds"
    scaled = (raw - [0, 1, -1]) / [1, 10, 0.1]
    short = np.linalg.norm(scaled, axis=1) < scaling.reach - 2 / 2**fraction
    assert np.abs(rows[short, :3] / 2**fraction - scaled[short]).max(initial=0) <= 0.5 / 2**fraction


def test_labels() -> None:
    classes = Scaling(["a"], "y", ["1", "2.5", "x"], [0.0], [1.0], 0.25, 8)
    assert labels(["2.50", "1.0", " x"], classes).tolist() == [1, 0, 2]
    with pytest.raises(Unusable, match=r"`3` in the column `y` is none of 1, 2\.5, x"):
        labels(["3"], classes)
    numbers = Scaling(["a"], "y", [], [0.0], [1.0], 0.25, 8, 10.0, 4.0)
    assert labels(["11", "100", "-100"], numbers).tolist() == [0.25, 255 / 256, -1]
    with pytest.raises(Unusable, match="`nan` in the column `y` is not a number"):
        labels(["nan"], numbers)


WRONG = {
    "a column": (["--label", "kinds"], "it has no column `kinds`"),
    "text": ([], 'own.csv, line 2, column "name": `n0` is not a number'),
    "too many classes": (["--without", "name"], "3 classes, and --model logistic tells two apart"),
    "no number": (["--without", "name", "--model", "linear"], 'line 2, column "kind": `class a` is not a number'),
    "a name": (["--without", "name", "--model", "softmax", "--owner", "a b"], "`--owner a b` is no name"),
    "a taken name": (["--without", "name", "--model", "softmax", "--owner", "records"], "calls something else so"),
    "a word": (["--owner", "party"], "`--owner party`: `party` is a word of the language"),
    "the label": (["--without", "kind"], "--label and --without are both `kind`"),
    "one name": (["--without", "name", "--model", "softmax", "--owner", "vendor"], "are both `vendor`"),
    "no epsilon": (["--epsilon", "0"], "--epsilon 0 is not a number above 0"),
    "out of reach": (
        ["--without", "name", "--model", "softmax", "--epsilon", "1e-9"],
        "no noise keeps to epsilon 1e-09",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be(tmp_path: Path, name: str) -> None:
    more, said = WRONG[name]
    table = own_table(tmp_path / "own.csv", 3)
    given = ["--data", table, "--label", "kind", "--model", "logistic"]
    for option, value in zip(more[::2], more[1::2], strict=True):
        given = given[: given.index(option)] + given[given.index(option) + 2 :] if option in given else given
        given += [option, value]
    done = call("new", str(tmp_path / "made"), *given)
    assert done.exit_code == 2 and said in done.stderr
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(("classes", "fits"), [(2, "logistic"), (3, "softmax")])
def test_a_label_that_is_no_number(tmp_path: Path, classes: int, fits: str) -> None:
    """What is advised is a model that tells classes, not to leave the label out."""
    table = own_table(tmp_path / "own.csv", classes)
    done = call(
        "new", str(tmp_path / "made"), "--data", table, "--label", "kind", "--model", "linear", "--without", "name"
    )
    assert done.exit_code == 2 and f"--model {fits} is for classes" in done.stderr and "--without" not in done.stderr


def test_a_number_with_a_gap(tmp_path: Path) -> None:
    table = tmp_path / "own.csv"
    table.write_text("x,y\n" + "".join(f"{i},{i if i else ''}\n" for i in range(30)))
    done = call("new", str(tmp_path / "made"), "--data", str(table), "--label", "y", "--model", "linear")
    assert done.exit_code == 2 and "correct these records, or leave them out" in done.stderr


def test_what_is_next_can_be_typed(tmp_path: Path) -> None:
    table = own_table(tmp_path / "own.csv", 2)
    folder = tmp_path / "my loans"
    given = ("--data", table, "--label", "kind", "--model", "logistic", "--without", "name", "--seeds", "2", "--quiet")
    done = call("new", str(folder), *given)
    assert f"next: cd '{folder}' && make" in done.stdout, done.output


def test_a_folder_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    table = own_table(tmp_path / "own.csv", 2)
    done = call("new", str(tmp_path), "--data", table, "--label", "kind", "--model", "logistic", "--without", "name")
    assert done.exit_code == 2 and "is there already" in done.stderr


def test_what_is_tried(tmp_path: Path) -> None:
    """Rates between powers of two, and a batch of half of all records, where a step's noise weighs least."""
    own = read(own_table(tmp_path / "own.csv", 0), "kind", ("name",), Model.LINEAR)
    search = Search(own, Wanted(Model.LINEAR, 0, 2.0, 1e-5, 100, 2), lambda _: None)
    chosen = search.best()
    assert chosen in search.tried and {choice.batch for choice in search.tried} == {25, 32, 50}
    assert any(np.log2(choice.rate) % 1 for choice in search.tried)
    assert search.mean(chosen) >= max(search.mean(choice) for choice in search.tried) - 0.01
