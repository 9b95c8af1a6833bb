"""ccr.sklearn: programs as estimators, tried in the clear."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from support.command import ROOT

import ccr
from ccr.sklearn import DPClassifier, DPRegressor

TRAINING = """party vendor; party hospital;
param RATE = 2.0;
type Weight = fix<16, 8>;
INPUTS
dataset records from hospital { x: fix<12, 10>[2] where norm2(x) <= 1.0; y: LABEL; }
VARIABLES
dpsgd TRAINED on records(batch = 16, steps = 20, clip = 1.0, noise = 1.0, rate = RATE) as row {
    BODY
}
OUTPUTS
"""
Numbers = NDArray[Any]


def training(body: str, label: str = "bit", **variables: str) -> ccr.Program:
    """Of variables with these shapes."""
    names = list(variables)
    text = TRAINING.replace("BODY", body).replace("LABEL", label).replace("TRAINED", ", ".join(names))
    text = text.replace("INPUTS", "\n".join(f"input {n}0: Weight{s} from vendor;" for n, s in variables.items()))
    text = text.replace("VARIABLES", "\n".join(f"var {n} = {n}0;" for n in names))
    return ccr.compile(text.replace("OUTPUTS", "\n".join(f"output {n} to vendor;" for n in names)))


def points(classes: int) -> tuple[Numbers, Numbers]:
    """Around as many corners of a circle, told apart by the angle."""
    rng = np.random.default_rng(1)
    numbered = rng.integers(0, classes, 120)
    angle = 2 * np.pi * numbered / classes + rng.normal(0, 0.2, 120)
    return 0.9 * np.column_stack([np.cos(angle), np.sin(angle)]), numbered


@cache
def binary() -> ccr.Program:
    return training("loss logistic(dot(w, row.x) + b, row.y);", w="[2]", b="")


def softmax() -> ccr.Program:
    return training("loss cross_entropy(row.x @ w, row.y);", "uint<2> where y < 3", w="[2, 3]")


@cache
def one_vs_all() -> ccr.Program:
    return training(
        """let scores: fix<16, 8>[3] = row.x @ w;
        var hot: bit[3] = 0;
        for i in 0..3 { hot[i] = row.y == i; }
        loss sum(logistic(scores, hot));""",
        "uint<2>",
        w="[2, 3]",
    )


@pytest.mark.parametrize(("program", "classes"), [(binary, 2), (softmax, 3), (one_vs_all, 3)])
def test_classes_are_told_apart(program: Callable[[], ccr.Program], classes: int) -> None:
    rows, numbered = points(classes)
    names = np.array(["ape", "bee", "cat"])[numbered]
    model = DPClassifier(program(), random_state=1).fit(rows, names)
    assert model.score(rows, names) > 0.95
    assert model.classes_.tolist() == sorted(set(names)) and model.n_features_in_ == 2
    assert is_classifier(model) and 0 < model.epsilon_ < np.inf


def test_scores_are_the_program_s_own() -> None:
    """Of the weights that were learned, on the grid of the row."""
    rows, numbered = points(2)
    model = DPClassifier(binary(), random_state=1).fit(rows, numbered)
    grid = np.floor(rows * 1024 + 0.5) / 1024
    assert np.array_equal(model.decision_function(rows), grid @ model.outputs_["w"] + model.outputs_["b"])
    rounded = DPClassifier(one_vs_all(), random_state=1).fit(*points(3))
    scores = np.floor(grid @ rounded.outputs_["w"] * 256 + 0.5) / 256
    assert np.array_equal(rounded.decision_function(rows), scores)


def test_fit_is_simulate() -> None:
    rows, numbered = points(2)
    model = DPClassifier(binary(), inputs={"w0": [0.5, -0.5]}, random_state=3).fit(rows, numbered)
    found = binary().simulate(w0=[0.5, -0.5], b0=0, records={"x": rows, "y": numbered}, seed=3)
    assert np.array_equal(model.outputs_["w"], found["w"])


def test_what_a_body_reads_besides() -> None:
    """Values from before the training, functions, and an input that is not trained."""
    program = ccr.compile(
        """party vendor; party hospital;
        fn score<N>(w: fix<16, 8>[N], x: fix<12, 10>[N]) -> fix<20, 10> { dot(w, x) }
        input scale: fix<8, 4> from vendor;
        dataset records from hospital { x: fix<12, 10>[2] where norm2(x) <= 1.0; y: bit; }
        let twice = 2 * scale;
        var w: fix<16, 8>[2] = 0;
        dpsgd w on records(batch = 16, steps = 2, clip = 1.0, noise = 1.0, rate = 1.0) as row {
            loss logistic(twice * score(w, row.x), row.y);
        }
        output tuned = w to vendor;"""
    )
    rows, numbered = points(2)
    model = DPClassifier(program, inputs={"scale": 1.5}, random_state=1).fit(rows, numbered)
    grid = np.floor(rows * 1024 + 0.5) / 1024
    inner = np.floor(grid @ model.outputs_["tuned"] * 1024 + 0.5) / 1024
    assert np.array_equal(model.decision_function(rows), 3 * inner)


def test_a_regression() -> None:
    program = training("let guess: fix<16, 8> = dot(w, row.x); loss squared(guess, row.y);", "fix<12, 8>", w="[2]")
    rows, _ = points(3)
    wanted = rows @ [0.5, -0.25]
    model = DPRegressor(program, random_state=1).fit(rows, wanted)
    assert model.score(rows, wanted) > 0.8 and is_regressor(model)
    with pytest.raises(ValueError, match="the program's loss is `squared`, which is not for a DPClassifier"):
        DPClassifier(program).fit(rows, rows[:, 0] > 0)


def test_the_conventions() -> None:
    rows, numbered = points(2)
    model = DPClassifier(binary(), inputs={"b0": 0.5})
    assert model.get_params() == {"program": binary(), "inputs": {"b0": 0.5}, "random_state": None}
    copy = clone(model).set_params(random_state=1)
    assert copy.program is binary() and "tried in the clear" in str(DPClassifier.__doc__)
    with pytest.raises(NotFittedError):
        copy.predict(rows)
    with pytest.raises(ValueError, match="X has 3 features, but the program takes 2"):
        copy.fit(np.zeros((120, 3)), numbered)
    with pytest.raises(ValueError, match="X has 1 features, but DPClassifier is expecting 2"):
        copy.fit(rows, numbered).predict(rows[:, :1])
    with pytest.raises(ccr.InputError, match=r"norm2\(x\) is"):
        copy.fit(2 * rows, numbered)
    search = GridSearchCV(model, {"random_state": [1, 2]}, cv=2).fit(rows, numbered)
    assert search.best_score_ > 0.9


def test_programs_that_are_no_estimators() -> None:
    rows, numbered = points(2)
    grads = training("grad w = row.x;", w="[2]")
    nothing = ccr.compile("party a; party b; input x: bit from a; output reveal(x) to b;")
    for program, said in ((grads, "gradients and no `loss`"), (nothing, "one `dpsgd` on one data set")):
        with pytest.raises(ValueError, match=said):
            DPClassifier(program).fit(rows, numbered)
    with pytest.raises(ValueError, match="if it is one of `cross_entropy`, `logistic`, `squared`"):
        own = training("let e: fix<16, 8> = dot(w, row.x); loss e * e;", w="[2]")
        DPClassifier(own).fit(rows, numbered)


def test_the_digits_of_the_examples() -> None:
    folder = ROOT / "examples" / "digits"
    table = np.loadtxt(folder / "records.csv", delimiter=",", skiprows=1)
    test = np.loadtxt(folder / "test.csv", delimiter=",", skiprows=1)
    program = ccr.compile(folder / "mlp.ccr", STEPS=40)
    model = DPClassifier(program, inputs=dict(np.load(folder / "mlp.npz")), random_state=1)
    assert model.fit(table[:, :-1], table[:, -1]).score(test[:, :-1], test[:, -1]) > 0.8
