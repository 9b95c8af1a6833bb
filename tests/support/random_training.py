"""Random programs that train: layers, activations, losses, clips and noises in combinations that may meet."""

from __future__ import annotations

import random
import re

HIDDEN = (
    "relu({})",
    "tanh({})",
    "sigmoid({})",
    "({0}) * ({0})",
    "abs({})",
    "max({}, 0.25)",
    "exp({})",
    "sqrt(abs({}) + 0.25)",
    "({0}) / (norm2({0}) + 0.5)",
    "clamp({}, -0.5, 0.5)",
)
LOSSES = (
    "sum(logistic(s, row.y == 1))",
    "cross_entropy(s, row.y)",
    "sum(squared(s, 0.25))",
    "squared(max(s), dot(v, row.z))",
    "sum(s * s) * 0.5 - sum(s)",
    "sum(squared(softmax(s), 0.25))",
    "sum(logistic(s, row.y == 2)) + sum(v * v)",
    "sum(squared(s, given))",
)
SCORES = (
    "row.x @ a",
    "row.x @ (a * 2) + c",
    "h @ b + c",
    "(h @ b) * c",
    "h @ (b @ b) * 0.5 + dot(v, row.z)",
    "(h @ b) @ b",
    "h @ b + row.x @ a",
    "(row.x @ a) * dot(v, row.z)",
    "h * sum(v)",
)
LAYERS = ("row.x @ a", "row.x @ a + c", "h @ b", "row.x @ a * c[0]")


def training(seed: int) -> str:
    """A program; not each is one that the compiler takes (a gradient that it does not know, a range too wide)."""
    draw = random.Random(seed)
    hidden = draw.choice(HIDDEN).format(draw.choice(("row.x @ a", "row.x @ a + c", "row.x @ a * c[0]")))
    again = draw.choice(HIDDEN).format("h @ b") if draw.random() < 0.3 else "h"
    bounded = " where norm2(x) <= 1.0" if draw.random() < 0.6 else ""
    drawn = " drawn by clinic" if draw.random() < 0.3 else ""
    score = draw.choice(SCORES).replace("h", draw.choice(("h", "h1")))
    loss = draw.choice(LOSSES)
    layers = hidden * ("h" in score) + again * ("h1" in score)
    read = [name for name in "abcv" if re.search(rf"\b{name}\b", f"{loss} {score} {layers}")]
    trained = ", ".join([name for name in draw.choice(("a", "abcv", "ab", "vc", "av", "bc")) if name in read] or read)
    batch, clip = draw.choice((1, 4, 9)), draw.choice(("0.125", "1.0", "2.0", "40.0"))
    size = draw.choice((4, 8))
    text = f"""party vendor;
party clinic;
type Weight = fix<{draw.choice((8, 12, 16))}, {draw.choice((4, 6))}>;
type Seen = fix<12, 8>;
input a0: Weight[{size}, 4] from vendor;
input b0: Weight[4, 4] from vendor;
input c0: Weight[4] from vendor;
input v0: Weight[3] from vendor;
input given: Weight from vendor;
dataset records from clinic {{
    x: fix<{draw.choice((5, 8))}, 4>[{size}]{bounded};
    z: fix<5, 4>[3];
    y: uint<2>;
}}
var a = a0;
var b = b0;
var c = c0;
var v = v0;
dpsgd {trained} on records(batch = {batch}, steps = 2, clip = {clip}, noise = 1.5{drawn}, rate = 1.0) as row {{
    let h0: Seen[4] = {hidden};
    let h = h0;
    let h1: Seen[4] = {again};
    let s: Seen[4] = {score};
    loss {loss};
}}
"""
    return text + "".join(f"output {name} to vendor;\n" for name in trained.split(", "))
