"""What `ccr new` and `ccr tune` make of three public tables, beside programs that were written by hand, at epsilon 2.

    python -m benchmarks.authoring [breast|digits|wine|diabetes ...]

The tables are those that scikit-learn ships, dealt out as examples/ deals them where there is an example: records to
train on, and others, which neither way has seen, to score on.  By hand are examples/tumour, digits/softmax and
diabetes; of the wines, which have none, a softmax regression in the manner of digits/softmax.ccr, below.  Both ways are
trained by `simulate`, in the circuit's own arithmetic, with the same seeds.
"""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import util
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray
from sklearn import datasets

import ccr

Floats = NDArray[np.float64]
Rows = Sequence[int]

ROOT = Path(__file__).parents[1]
SEEDS = range(1, 21)
EPSILON = 2.0

WINE = """party vendor; party clinic;
input w0: fix<12, 7>[14, 3] from vendor;
dataset records from clinic { x: fix<9, 8>[14] where norm2(x) <= 1.0; y: uint<2> where y < 3; }
var w = w0;
dpsgd w on records(batch = 48, steps = 20, clip = 0.5, noise = NOISE, rate = 4.0) as row {
    loss cross_entropy(row.x @ w, row.y);
}
output w to vendor;
"""


@dataclass(frozen=True)
class Case:
    """A public table, who trains on which of it, and what a program by hand makes of that."""

    raw: Floats
    y: Floats
    model: str
    records: Rows
    test: Rows
    by_hand: Callable[[int], float]  # the score of a seed


def example(name: str, module: str) -> ModuleType:
    spec = util.spec_from_file_location(f"{name}_{module}", ROOT / "examples" / name / f"{module}.py")
    assert spec and spec.loader
    found = util.module_from_spec(spec)
    sys.modules[spec.name] = found
    spec.loader.exec_module(found)
    return found


def breast() -> Case:
    prepare, score = example("tumour", "prepare"), example("tumour", "reference")
    folder = ROOT / "examples" / "tumour"
    data = datasets.load_breast_cancer()
    y = 1 - data.target
    records, _, test = prepare.split(y, prepare.SPLIT)
    program = ccr.compile(folder / "tumour.ccr")

    def by_hand(seed: int) -> float:
        found = program.simulate(w0=str(folder / "base.npz"), records=str(folder / "records.csv"), seed=seed)
        return float(score.accuracy(found["w"]))

    return Case(data.data, y.astype(np.float64), "logistic", records, test, by_hand)


def digits() -> Case:
    prepare, score = example("digits", "prepare"), example("digits", "reference")
    folder = ROOT / "examples" / "digits"
    data = datasets.load_digits()
    records, test = prepare.split(data.target, prepare.SPLIT)
    program = ccr.compile(folder / "softmax.ccr")

    def by_hand(seed: int) -> float:
        found = program.simulate(w0=str(folder / "linear.npz"), digits=str(folder / "records.csv"), seed=seed)
        return float(score.accuracy(score.MODELS["softmax"], [found["w"]]))

    return Case(data.data, data.target.astype(np.float64), "softmax", records, test, by_hand)


def diabetes() -> Case:
    prepare, score = example("diabetes", "prepare"), example("diabetes", "reference")
    folder = ROOT / "examples" / "diabetes"
    raw, y = datasets.load_diabetes(return_X_y=True, scaled=False)
    records, _, test = prepare.split(len(y))
    program = ccr.compile(folder / "diabetes.ccr")
    variance = float(np.var(y[test]))

    def by_hand(seed: int) -> float:
        found = program.simulate(w0=str(folder / "base.npz"), records=str(folder / "records.csv"), seed=seed)
        return 1 - float(score.error(found["w"])) ** 2 / variance

    return Case(raw, y, "linear", records, test, by_hand)


def wine() -> Case:
    """Every fourth of each class is scored on; standardised by the records, all of them cut to length 1."""
    data = datasets.load_wine()
    y = data.target
    test = [i for label in range(3) for i in np.flatnonzero(y == label)[::4].tolist()]
    records = [i for i in range(len(y)) if i not in set(test)]
    own = data.data[records]
    scaled = (data.data - own.mean(axis=0)) / own.std(axis=0) / 4
    scaled *= 0.95 / np.maximum(np.linalg.norm(scaled, axis=1, keepdims=True), 0.95)
    x = np.hstack([scaled, np.full((len(y), 1), 0.25)])
    noise = ccr.compile(WINE.replace("NOISE", "3.0")).privacy(records=len(records), epsilon=EPSILON)
    asked = noise.as_dict()["budget"]["noise_multipliers"][0]
    program = ccr.compile(WINE.replace("NOISE", f"{asked:.3f}"))

    def by_hand(seed: int) -> float:
        mine = {"x": x[records], "y": y[records]}
        found = program.simulate({"w0": np.zeros((14, 3)), "records": mine}, seed=seed)
        return float(np.mean((x[test] @ found["w"]).argmax(axis=1) == y[test]))

    return Case(data.data, y.astype(np.float64), "softmax", records, test, by_hand)


CASES = {"breast": breast, "digits": digits, "wine": wine, "diabetes": diabetes}


def table(path: Path, case: Case, rows: Rows) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*(f"column {i}" for i in range(case.raw.shape[1])), "label"])
        writer.writerows([*map(repr, case.raw[i].tolist()), repr(float(case.y[i]))] for i in rows)


def command(*arguments: str | Path, folder: Path) -> float:
    """The seconds it took."""
    begin = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "ccr", *map(str, arguments)], cwd=folder, check=True, stdout=subprocess.DEVNULL
    )
    return time.perf_counter() - begin


def written(name: str, case: Case, place: Path) -> tuple[list[float], dict[str, float]]:
    """Scores by seed of what `ccr new` has written and `ccr tune` has turned, and what each took."""
    table(place / "records.csv", case, case.records)
    table(place / "test.csv", case, case.test)
    folder = place / name
    took = {
        "new": command(
            *("new", folder, "--data", "records.csv", "--label", "label", "--model", case.model, "--quiet"),
            *("--epsilon", str(EPSILON)),
            folder=place,
        )
    }
    given = ("--inputs", "start.npz", "--input", "records=own.csv", "--epsilon", str(EPSILON), "--quiet", "--write")
    took["tune"] = command("tune", f"{name}.ccr", *given, folder=folder)
    took["make"] = time.perf_counter()
    subprocess.run(["make", f"CCR={sys.executable} -m ccr", "SEEDS=2"], cwd=folder, check=True, capture_output=True)
    took["make"] = time.perf_counter() - took["make"]
    subprocess.run([sys.executable, "prepare.py", place / "test.csv", "test.csv"], cwd=folder, check=True)
    test = np.loadtxt(folder / "test.csv", delimiter=",", skiprows=1)
    program = ccr.compile(folder / f"{name}.ccr")
    return [scored(program, folder, case, test, seed) for seed in SEEDS], took


def scored(program: ccr.Program, folder: Path, case: Case, test: Floats, seed: int) -> float:
    found = program.simulate(w0=str(folder / "start.npz"), records=str(folder / "own.csv"), seed=seed)
    x, y, scores = test[:, :-1], test[:, -1], test[:, :-1] @ found["w"]
    if case.model == "linear":
        return 1 - float(np.mean((scores - y) ** 2) / np.var(y))
    return float(np.mean((scores > 0 if x.ndim and scores.ndim == 1 else scores.argmax(axis=1)) == y))


def main() -> None:
    for name in sys.argv[1:] or CASES:
        case = CASES[name]()
        hand = [case.by_hand(seed) for seed in SEEDS]
        with tempfile.TemporaryDirectory() as place:
            own, took = written(name, case, Path(place))
            text = (Path(place) / name / f"{name}.ccr").read_text()
        error = np.sqrt((np.var(own) + np.var(hand)) / len(SEEDS))
        print(
            f"{name}: by hand {np.mean(hand):.4f}, written {np.mean(own):.4f} (standard error of both {error:.4f}); "
            + ", ".join(f"{what} {seconds:.0f} s" for what, seconds in took.items()),
            flush=True,
        )
        print("\n".join(line for line in text.splitlines() if line.startswith(("param", "type"))), flush=True)


if __name__ == "__main__":
    main()
