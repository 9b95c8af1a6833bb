"""Programs and records for what is tried from Python."""

from __future__ import annotations

import pandas as pd

import ccr

SMALL = """party vendor; party hospital;
param RATE = 1.0;
input w0: fix<16, 8>[2] from vendor;
input level: uint<4> from vendor;
dataset records from hospital { x: fix<12, 10>[2] where norm2(x) <= 1.0; y: bit; }
var w = w0;
dpsgd w on records(batch = 2, steps = 1, clip = 1.0, noise = NOISE, rate = RATE) as row {
    loss logistic(dot(w, row.x), row.y);
}
output w = W to vendor;
output reveal(level > 3) to hospital, vendor;
"""
ROWS = pd.DataFrame({"name": ["a", "b", "c"], "y": [1, 0, 1], "x1": [0.25, 0.5, 0.1], "x0": [0.5, -0.25, 0.2]})
OWNERS = """party vendor; party bank_a; party bank_b;
input w0: fix<12, 6>[2] from vendor;
dataset payments from bank_a, bank_b { x: fix<9, 8>[2] where norm2(x) <= 1.0; y: bit; }
var w = w0;
dpsgd w on payments(batch = 2, steps = 2, clip = 1.0, noise = 4.0, rate = 1.0, release = step) as row {
    loss logistic(dot(w, row.x), row.y);
}
output w to vendor;
"""


def small(noise: float = 4.0, output: str = "w", **params: object) -> ccr.Program:
    return ccr.compile(SMALL.replace("NOISE", str(noise)).replace("W to", f"{output} to"), **params)
