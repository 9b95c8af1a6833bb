"""Functions that are not exact inside a loss: a trained program's circuits give what its words mean."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from runtime import api
from runtime.party.here import run_here

PROGRAM = """party vendor;
party clinic;
type Weight = fix<12, 8>;
input first: Weight[3, 2] from vendor;
input second: Weight[2, 3] from vendor;
dataset records from clinic {{
    x: fix<5, 4>[3] where norm2(x) <= 1.0;
    y: uint<2>;
}}
var w1 = first;
var w2 = second;
dpsgd w1, w2 on records(batch = 1, steps = 1, clip = 1.0, noise = 0.5 drawn by clinic, rate = 1.0) as row {{
    let hidden: Weight[2] = {hidden};
    loss {loss};
}}
output w1 to vendor;
output w2 to vendor;
"""
CASES = {
    "tanh": ("tanh(row.x @ w1)", "cross_entropy(hidden @ w2, row.y)"),
    "exp": ("exp(row.x @ w1)", "squared(log(sum(abs(hidden @ w2)) + 1.0), 0.5)"),
    "sqrt": ("sqrt(abs(row.x @ w1) + 0.25)", "squared(softmax(hidden @ w2), 0.25)"),
    "norm": ("(row.x @ w1) / (norm2(row.x @ w1) + 0.5)", "logistic(sum(rsqrt(abs(hidden @ w2) + 1.0)), row.y == 1)"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_training_runs_with_the_bits_of_the_simulation(name: str, tmp_path: Path) -> None:
    hidden, loss = CASES[name]
    path = tmp_path / "f.ccr"
    path.write_text(PROGRAM.format(hidden=hidden, loss=loss), encoding="utf-8")
    program = api.compile(path)
    rng = np.random.default_rng(1)
    np.savez(tmp_path / "w.npz", first=rng.uniform(-1, 1, (3, 2)).round(2), second=rng.uniform(-1, 1, (2, 3)).round(2))
    rows = [f"{a:.3f},{b:.3f},{c:.3f},{rng.integers(0, 3)}" for a, b, c in rng.uniform(-0.5, 0.5, (8, 3))]
    (tmp_path / "r.csv").write_text("\n".join(["x0,x1,x2,y", *rows]) + "\n", encoding="utf-8")
    given = {"first": str(tmp_path / "w.npz"), "second": str(tmp_path / "w.npz"), "records": str(tmp_path / "r.csv")}
    expected = api.simulate(program, given, seed=3)
    with np.load(tmp_path / "w.npz") as start:
        assert all(np.any(expected[w] / 256 != start[f]) for w, f in (("w1", "first"), ("w2", "second")))
    reports = run_here(program, given, seed=3, timeout=60.0)
    for w in "w1", "w2":
        assert np.array_equal(reports["vendor"].outputs[w], expected[w])
