"""`ccr import`: the program checks, is formatted and runs; what is a pickle is opened only by whoever says so."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from support.command import call
from support.graphs import chain
from support.own_tables import own_table

RNG = np.random.default_rng(4)
IMAGE = {"k": RNG.normal(size=(2, 1, 2, 2)), "w": RNG.normal(size=(2, 3)), "b": RNG.normal(size=3)}
NODES = [
    ("Conv", ["k"], {}),
    ("Relu", [], {}),
    ("MaxPool", [], {"kernel_shape": [2, 2], "strides": [2, 2]}),
    ("Flatten", [], {}),
    ("Gemm", ["w", "b"], {}),
]


def fitted(place: Path) -> tuple[str, str]:
    """A model of two columns of a table, and the table."""
    rows = np.random.default_rng(5).normal(size=(40, 2)) * [100, 0.1]
    labels = np.where(rows[:, 0] > 10 * rows[:, 1], "far", "near")
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, labels)
    path, table = place / "model.joblib", place / "rows.csv"
    joblib.dump(model, path)
    table.write_text("a,b,label\n" + "".join(f"{a:.6g},{b:.6g},{y}\n" for (a, b), y in zip(rows, labels, strict=True)))
    return str(path), str(table)


def test_a_model_of_scikit_learn(tmp_path: Path) -> None:
    """From its file to the classes that both parties' run tells of the table."""
    model, table = fitted(tmp_path)
    out = tmp_path / "score.ccr"
    given = ("--samples", table, "--without", "label", "--records", "40", "--owner", "clinic")
    done = call("import", model, "-o", str(out), "--trust", *given, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert 0 < told["measured"] <= told["bound"] and told["samples"] == 40 and told["same_class"] == 1
    assert json.loads(call("check", str(out), "--json").stdout)["problems"] == []
    assert call("fmt", "--check", str(out)).exit_code == 0
    assert "// 0, 1, ... are far, near" in out.read_text() and f"Off by {told['bound']:.2g} at most" in out.read_text()
    inputs = ("--inputs", str(tmp_path / "score.npz"), "--input", f"records={table}", "--columns", "records=a,b")
    ran = call("run", str(out), *inputs, "--output", f"class={tmp_path / 'told.npz'}", "--not-private", "--quiet")
    assert ran.exit_code == 0, ran.output
    wanted = joblib.load(model).predict(np.loadtxt(table, delimiter=",", skiprows=1, usecols=(0, 1)))
    assert np.array_equal(np.load(tmp_path / "told.npz")["class"] == 1, wanted == "near")


def test_a_network_of_onnx(tmp_path: Path) -> None:
    path = chain(tmp_path / "m.onnx", (1, 3, 3), NODES, IMAGE)
    out = tmp_path / "image.ccr"
    images = RNG.uniform(0, 1, (4, 1, 3, 3))
    np.save(tmp_path / "images.npy", images)
    done = call("import", path, "-o", str(out), "--range=0,1", "--within", "0.05", "--records", "4", "--json")
    assert done.exit_code == 0 and json.loads(done.stdout)["bound"] <= 0.05, done.output
    assert call("fmt", "--check", str(out)).exit_code == 0
    inputs = ("--inputs", str(tmp_path / "image.npz"), "--input", f"records={tmp_path / 'images.npy'}")
    ran = call("run", str(out), *inputs, "--not-private", "--quiet", "--json")
    assert ran.exit_code == 0, ran.output
    seen = np.lib.stride_tricks.sliding_window_view(images[:, 0], (2, 2), axis=(1, 2))
    pooled = np.maximum(np.einsum("nhwkl,okl->nohw", seen, IMAGE["k"][:, 0]).max(axis=(2, 3)), 0)
    told = json.loads(ran.stdout)["outputs"]["scores"]
    assert np.abs(np.array(told) - (pooled @ IMAGE["w"] + IMAGE["b"])).max() <= 0.05


def test_what_is_next(tmp_path: Path) -> None:
    """Typed as it stands, but for what is in capitals."""
    model, table = fitted(tmp_path)
    done = call("import", model, "-o", str(tmp_path / "my score.ccr"), "--trust")
    inspect, simulate = done.stdout.splitlines()[-2:]
    assert inspect.startswith("next: ")
    simulate = simulate.replace("FILE", table).replace("A,B,...", "a,b").replace("=N", "=40")
    for line in inspect.removeprefix("next: "), simulate:
        typed = call(*shlex.split(line)[1:])
        assert typed.exit_code == 0, typed.output


class Bomb:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> object:
        return Path.touch, (self.path,)


def test_a_pickle_is_never_opened_unasked(tmp_path: Path) -> None:
    went_off = tmp_path / "went off"
    for ending in (".joblib", ".pkl", ".pickle", ".pt"):
        path = tmp_path / f"model{ending}"
        joblib.dump(Bomb(went_off), path)
        done = call("import", str(path), "-o", str(tmp_path / "m.ccr"))
        assert done.exit_code == 2 and "is a pickle" in done.stderr
        assert ("--trust opens it, if you made it yourself" in done.stderr) == (ending != ".pt")
        assert not went_off.exists()
    trusted = call("import", str(tmp_path / "model.pt"), "-o", str(tmp_path / "m.ccr"), "--trust")
    assert trusted.exit_code == 2 and "which is never opened" in trusted.stderr and not went_off.exists()
    opened = call("import", str(tmp_path / "model.joblib"), "-o", str(tmp_path / "m.ccr"), "--trust")
    assert went_off.exists() and opened.exit_code == 2 and "`NoneType` of builtins cannot be taken" in opened.stderr


WRONG = {
    "no ending": (["-o", "m.txt"], "-o m.txt does not end in .ccr"),
    "no range": ([], "nothing says between which the features are"),
    "a range": (["--range=1,0"], "--range 1,0 is not LOW,HIGH"),
    "an error": (["--range=0,1", "--within", "0"], "--within"),
    "a party": (["--range=0,1", "--owner", "records"], "the program calls something else so"),
    "a word": (["--range=0,1", "--owner", "party"], "`--owner party`: `party` is a word of the language"),
    "samples": (
        ["--samples", "rows.csv", "--without", "name", "--without", "kind"],
        "have 4 numbers, and the model takes 9",
    ),
    "text": (["--samples", "rows.csv"], 'rows.csv, line 2, column "name": `n0` is not a number'),
    "a column": (["--samples", "rows.csv", "--without", "nix"], "it has no column `nix`"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    own_table(tmp_path / "rows.csv", 2)
    chain(tmp_path / "m.onnx", (1, 3, 3), NODES, IMAGE)
    more, said = WRONG[name]
    done = call("import", "m.onnx", *(() if "-o" in more else ("-o", "m.ccr")), *more)
    assert done.exit_code == 2 and said in done.stderr, done.output
    assert not (tmp_path / "m.ccr").exists()


def test_files_that_are_no_models(tmp_path: Path) -> None:
    for name, said in (("m.onnx", "it is no model of ONNX"), ("m.h5", "is neither .onnx nor .joblib")):
        (tmp_path / name).write_bytes(b"\xff\xff")
        done = call("import", str(tmp_path / name), "-o", str(tmp_path / "m.ccr"))
        assert done.exit_code == 2 and said in done.stderr
    done = call("import", str(tmp_path / "none.onnx"), "-o", str(tmp_path / "m.ccr"))
    assert done.exit_code == 1 and "No such file" in done.stderr


@pytest.mark.parametrize("name", ["m.ccr", "m.npz"])
def test_nothing_is_overwritten(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    model = chain(tmp_path / "m.onnx", (1, 3, 3), NODES, IMAGE)
    done = call("import", model, "-o", str(tmp_path / "m.ccr"), "--range=0,1")
    assert done.exit_code == 2 and f"{name} is there already" in done.stderr
    assert {p.name for p in tmp_path.iterdir()} == {"m.onnx", name} and (tmp_path / name).read_text() == "mine"


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.cli.import_model.find_spec", lambda name: None)
    done = call("import", str(tmp_path / "m.onnx"), "-o", str(tmp_path / "m.ccr"))
    assert done.exit_code == 2 and "pip install 'ccr-lang[onnx]'" in done.stderr


def test_a_name_of_a_file_stays_in_its_comment(tmp_path: Path) -> None:
    out, name = tmp_path / "my score.ccr", "two\nlines.onnx"
    model = chain(tmp_path / name, (1, 6, 6), [*NODES[3:4], ("Gemm", ["w"], {})], {"w": np.ones((36, 2))})
    done = call("import", model, "-o", str(out), "--range=-1,1")
    assert done.exit_code == 0 and f"next: ccr inspect '{out}'" in done.stdout
    assert "written by `ccr import` from two lines.onnx.\n" in out.read_text()
