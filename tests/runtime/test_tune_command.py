"""`ccr tune`: what is tried, what it comes to, what is picked and written."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.command import BASE, EXAMPLES, RECORDS, TUMOUR, call

from compiler.lowering.understand import understand
from compiler.words.leaves import type_of
from lang.source import Source
from lang.syntax.load import read
from runtime import api
from runtime.authoring import counterpart, picture
from runtime.authoring.choice import Fix
from runtime.authoring.folds import FOLDS, held_out
from runtime.authoring.knobs import knobs
from runtime.authoring.learner import Learner
from runtime.authoring.trial import Outcome, Trials
from runtime.authoring.tuning import Point, Row, picked

DIGITS = EXAMPLES / "digits"
DIABETES = EXAMPLES / "diabetes"
TRIED = {
    "tumour": (TUMOUR, {"w0": BASE.split("=")[1], "records": RECORDS.split("=")[1]}),
    "diabetes": (
        str(DIABETES / "diabetes.ccr"),
        {"w0": str(DIABETES / "base.npz"), "records": str(DIABETES / "records.csv")},
    ),
    "softmax": (
        str(DIGITS / "softmax.ccr"),
        {"w0": str(DIGITS / "linear.npz"), "digits": str(DIGITS / "records.csv")},
    ),
    "mlp": (
        str(DIGITS / "mlp.ccr"),
        {"digits": str(DIGITS / "records.csv")} | {n: f"{DIGITS / 'mlp.npz'}:{n}" for n in ("first", "second", "bias")},
    ),
    "cnn": (
        str(DIGITS / "cnn.ccr"),
        {"digits": str(DIGITS / "records.csv")}
        | {n: f"{DIGITS / 'cnn.npz'}:{n}" for n in ("kernels0", "dense0", "bias0")},
    ),
}


def tuned(*more: str, program: str = TUMOUR) -> Any:
    done = call("tune", program, "--input", BASE, "--input", RECORDS, "--seeds", "2", "--json", "--quiet", *more)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def few(name: str, steps: int) -> tuple[Source, Trials]:
    path, given = TRIED[name]
    source = read(path)
    return knobs(source).turned({"steps": str(steps)}), Trials(given, 2, 300, {})


@pytest.mark.parametrize("name", ["tumour", "diabetes", "softmax", "mlp"])
def test_floating_point_is_the_same_training(name: str) -> None:
    """The same batches and the same noise: what differs is rounding, a last bit or two in a few steps."""
    source, trials = few(name, 4)
    found = trials.outcome(source)
    assert found.floating is not None and len(found.floating) == 2
    learner = Learner.made(understand(source))
    loaded, _ = trials.read(learner)
    (net,) = counterpart.candidates(learner)
    exact = counterpart.trained(learner, net, loaded, 1)
    for v, there, here in zip(
        learner.of.train.variables, learner.weights(learner.trained(loaded, 1)), exact, strict=True
    ):
        assert v.kind is not None
        assert np.abs(there - here).max() <= 3 * float(type_of(v.kind).scale) + 0.01 * np.abs(here).max()


def test_a_program_without_a_counterpart_is_scored_by_its_own_loss() -> None:
    source, trials = few("cnn", 1)
    found = trials.outcome(source)
    assert found.floating is None and 0 < min(found.fixed) < max(found.fixed) < 1


def test_what_is_not_the_same_training_is_seen() -> None:
    """Scores of the same shape by other arithmetic: half of the scores, and a feature left out."""
    path, given = TRIED["tumour"]
    text = Path(path).read_text().replace("STEPS    = 20", "STEPS    = 1")
    for body, same in (
        ("logistic(dot(w, row.x), row.y)", True),
        ("logistic(dot(w, row.x) / 2, row.y)", False),
        ("logistic(dot(w[..30], row.x[..30]), row.y)", False),
    ):
        source = Source("t.ccr", text.replace("logistic(dot(w, row.x), row.y)", body))
        learner = Learner.made(understand(source))
        loaded, _ = Trials(given, 2, 455, {}).read(learner)
        outputs = learner.trained(loaded, 1)
        nets = list(counterpart.candidates(learner))
        assert len(nets) == 1 and counterpart.agrees(learner, nets[0], loaded, 1, outputs) is same


def test_fixed_point_is_simulate() -> None:
    path, given = TRIED["tumour"]
    learner = Learner.made(understand(read(path)))
    loaded, _ = Trials(given, 2, 455, {}).read(learner)
    found = api.simulate(api.compile(path), given, 7)
    assert np.array_equal(learner.trained(loaded, 7)["w"], found["w"])
    (weights,) = learner.weights(found)
    rows = loaded["records"]
    assert isinstance(rows, dict)
    x, y = learner.numbers(rows)
    assert learner.scored(loaded, found, rows) == np.mean((x @ weights > 0) == y)


def test_each_record_is_held_out_once_in_five() -> None:
    y = np.array([0.0] * 30 + [1.0] * 13)
    parts = [held_out(y, seed) for seed in range(1, 2 * FOLDS + 1)]
    for fives in (parts[:FOLDS], parts[FOLDS:]):
        assert sorted(np.concatenate([held for _, held in fives]).tolist()) == list(range(43))
    for train, held in parts:
        assert sorted([*train, *held]) == list(range(43)) and 2 <= y[held].sum() <= 3
    assert parts[0][1].tolist() != parts[FOLDS][1].tolist()


def test_one_thing_at_a_time() -> None:
    told = tuned("--epsilon", "2")
    rows = told["rows"]
    base = rows[0]
    assert (base["batch"], base["steps"], base["rate"], base["kinds"]) == (64, 20, 8, {"Weight": "fix<9, 5>"})
    axes = ("epsilon", "batch", "steps", "rate", "kinds")
    assert [[a for a in axes if row[a] != base[a]] for row in rows[1:]] == [
        *[["epsilon"]] * 2,
        *[["batch"]] * 2,
        *[["steps"]] * 2,
        *[["rate"]] * 2,
        *[["kinds"]] * 2,
    ]
    assert base["noise"] == pytest.approx(1.682, abs=0.002) and rows[1]["noise"] > 2.7 > 1.2 > rows[2]["noise"]
    assert all(len(row["fixed"]) == len(row["floating"]) == 2 for row in rows)
    assert rows[told["picked"]]["epsilon"] == 2


def test_lists_in_all_combinations(tmp_path: Path) -> None:
    """Written, the program has what was picked, is formatted, and says what its noise buys."""
    program = tmp_path / "tumour.ccr"
    program.write_text(call_fmt(Path(TUMOUR).read_text()))
    drawn = tmp_path / "tried.svg"
    given = ("--rate", "16", "--steps", "5,10", "--kinds", "Weight=10.5", "--epsilon", "1", "--records", "300")
    told = tuned(*given, "--plot", str(drawn), "--write", program=str(program))
    rows = told["rows"]
    assert [(r["steps"], r["rate"], r["kinds"]["Weight"]) for r in rows[1:]] == [
        (5, 16, "fix<10, 5>"),
        (10, 16, "fix<10, 5>"),
    ]
    best = rows[told["picked"]]
    text = program.read_text()
    assert f"STEPS = {best['steps']};" in text and f"NOISE = {best['noise']:g};" in text
    assert "// epsilon 1 at delta 1e-5 for 300 records" in text
    assert call("fmt", "--check", str(program)).exit_code == 0
    spent = json.loads(call("privacy", str(program), "--records", "300", "--json").stdout)
    assert 0.97 < spent["epsilon"] <= 1
    assert b"<svg" in drawn.read_bytes()


def call_fmt(text: str) -> str:
    return call("fmt", "-", given=text.encode()).stdout


def test_records_that_were_kept_aside() -> None:
    told = tuned("--holdout", str(EXAMPLES / "tumour" / "test.csv"), "--rate", "8", "--seeds", "3")
    found = api.simulate(api.compile(TUMOUR), dict(TRIED["tumour"][1]), 3)
    table = np.loadtxt(EXAMPLES / "tumour" / "test.csv", delimiter=",", skiprows=1)
    right = np.mean((table[:, :-1] @ (found["w"] / 32) > 0) == (table[:, -1] == 1))
    assert told["rows"][0]["fixed"][2] == right


def test_fewer_records_than_a_run_will_have(tmp_path: Path) -> None:
    """They are repeated where others are scored on, too: twice the batch is more than the file has."""
    few = tmp_path / "few.csv"
    few.write_text("".join((EXAMPLES / "tumour" / "records.csv").read_text().splitlines(keepends=True)[:101]))
    more = ("--records", "200", "--holdout", str(EXAMPLES / "tumour" / "test.csv"), "--batch", "64,128")
    given = ("--input", BASE, "--input", f"records={few}", "--seeds", "2", "--json", "--quiet")
    done = call("tune", TUMOUR, *given, *more)
    assert done.exit_code == 0, done.output
    rows = json.loads(done.stdout)["rows"]
    assert [row["batch"] for row in rows] == [64, 128] and rows[1]["fixed"]


def test_what_it_says_of_privacy() -> None:
    done = call("tune", TUMOUR, "--input", BASE, "--input", RECORDS, "--seeds", "2", "--rate", "8")
    assert "each row here was trained on these records: were they private, every row would have cost" in done.stdout
    assert "never private records" in " ".join(call("tune", "--help").stdout.split())


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_what_is_done_when_it_is_interrupted(monkeypatch: pytest.MonkeyPatch, form: tuple[str, ...]) -> None:
    tried: list[Source] = []

    def outcome(self: Trials, source: Source) -> Outcome:
        tried.append(source)
        if len(tried) == 3:
            raise KeyboardInterrupt
        return Outcome((0.5, 0.7), None)

    monkeypatch.setattr(Trials, "outcome", outcome)
    given = ("--input", BASE, "--input", RECORDS, "--seeds", "2", "--rate", "8,16,32", "--quiet")
    done = call("tune", TUMOUR, *given, *form)
    assert done.exit_code == 130 and "nothing is picked, plotted or written\ninterrupted\n" in done.stderr
    if form:
        found = json.loads(done.stdout)
        assert [row["rate"] for row in found["rows"]] == [8, 16] and found["picked"] is None
    else:
        assert done.stdout.count("0.600 ± 0.141") == 2 and "*" not in done.stdout


def row(score: tuple[float, ...], work: int, epsilon: float = 2.0) -> Row:
    return Row(Point(epsilon, work, 1, Fraction(1), ()), 1.0, Source("", ""), Outcome(score, None))


def test_the_pick_is_the_cheapest_that_is_as_good() -> None:
    first, cheap = row((0.960, 0.980), 64), row((0.960, 0.978), 32)
    assert picked([first, cheap]) is cheap
    assert picked([first, row((0.940, 0.980), 32)]) is first, "a point less is not as good"
    assert picked([first, row((0.99, 0.99), 64, 4.0)]) is first, "another epsilon is another promise"
    assert picked([first, row((1.0, 0.96), 128)]) is first, "one seed's luck"
    better = row((0.970, 0.989), 128)
    assert picked([first, better]) is better


REFUSED = {
    "noise 0": ("noise = NOISE", "noise = 0.0", "its noise is 0"),
    "a formula": ("batch = BATCH", "batch = BATCH + 0", "`batch` of the `dpsgd` is not a number nor a `param`"),
    "two trainings": (
        "output w",
        "dpsgd w on records(batch = 64, steps = 1, clip = 1.0, noise = 1.0, rate = 1.0) as row "
        "{ loss logistic(dot(w, row.x), row.y); }\noutput w",
        "there must be one `dpsgd`",
    ),
    "own gradients": (
        "loss logistic(dot(w, row.x), row.y);",
        "grad w = (sigmoid(dot(w, row.x)) as Feature) * row.x;",
        "nothing is known of its scores",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_tuned(tmp_path: Path, name: str) -> None:
    old, new, said = REFUSED[name]
    program = tmp_path / "t.ccr"
    text = Path(TUMOUR).read_text().replace(old, new)
    program.write_text(text.replace("output w", "output reveal(w)") if name == "noise 0" else text)
    done = call("tune", str(program), "--input", BASE, "--input", RECORDS, "--batch", "32,64", "--quiet")
    assert done.exit_code == 2 and said in done.stderr, done.output


def test_what_the_command_line_cannot_say() -> None:
    given = ("tune", TUMOUR, "--input", BASE, "--input", RECORDS)
    for more, said in (
        (("--steps", "0"), "--steps: `0` is not a whole number above 0"),
        (("--rate", "x"), "--rate"),
        (("--kinds", "Weight=9"), "--kinds: `9` is no kind"),
        (("--kinds", "Nothing=9.5"), "there is no `type Nothing` of weights"),
        (("--kinds", "Wieght=9.5"), "did you mean `Weight`?  there is `Weight`"),
        (("--rate", "1e9"), "--rate: `1e9` is too large: it must lie below 1e+09"),
        (("--rate", "1e-31"), "--rate: `1e-31` is too fine: it may have 30 decimals"),
        (("--plot", "x.txt"), "--plot x.txt does not end in"),
        (("--plot", "nowhere/x.png"), "--plot nowhere/x.png: there is no folder nowhere"),
        (("--records", "10"), "a batch of 64 from 10 records cannot be"),
        (("--batch", "30,9999"), "--batch: a batch of 9999 from 455 records cannot be"),
        (("--batch", "301", "--records", "300"), "--batch: a batch of 301 from 300 records cannot be"),
    ):
        done = call(*given, *more)
        assert done.exit_code == 2 and said in done.stderr, (more, done.output)
        assert "1 of" not in done.stderr, "nothing has been trained"


def test_rows_that_cannot_be_say_why() -> None:
    """A kind that is too narrow for the start weights, and an epsilon that no noise reaches."""
    rows = tuned("--kinds", "Weight=9.5,2.1", "--epsilon", "2,1e-9")["rows"]
    assert [(r["epsilon"], r["kinds"]["Weight"], r["why"] is None) for r in rows] == [
        (2, "fix<9, 5>", True),
        (2, "fix<2, 1>", False),
        (1e-9, "fix<9, 5>", False),
        (1e-9, "fix<2, 1>", False),
    ]
    assert "is out of range of `fix<2, 1>`" in rows[1]["why"] and "no noise costs epsilon 1e-09" in rows[2]["why"]


def test_knobs_of_numbers_and_of_params() -> None:
    text = (
        "param A = 3;\ntype W = fix<9, 5>;\ntype V = fix<A, 1>;\n"
        "dpsgd w on d(batch = 64, steps = A, rate = 2 * A) as row { loss 1; }\n"
    )
    found = knobs(Source("t.ccr", text))
    assert set(found.places) == {"batch", "steps", "W"} and found.kinds == {"W": Fix(9, 5)}
    turned = found.turned({"steps": "4", "batch": "128", "W": "fix<12, 7>"}).text
    assert turned == text.replace("A = 3", "A = 4").replace("batch = 64", "batch = 128").replace("<9, 5>", "<12, 7>")


def test_panels_go_along_one_thing() -> None:
    rows = [row((0.5, 0.6), 64), row((0.5, 0.7), 32), row((0.5, 0.8), 64, 4.0)]
    assert picture.along(rows, rows[0], "batch") == [rows[1], rows[0]]
    assert picture.along(rows, rows[0], "epsilon") == [rows[0], rows[2]]
    assert picture.along(rows, rows[0], "rate") == [rows[0]]
