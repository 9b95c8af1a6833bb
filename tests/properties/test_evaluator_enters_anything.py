"""No row adds more than the clip to the sum, whatever bits the evaluator enters in place of what it should."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from support.reading import Meant, reading

from compiler.joint.locality import localise, roles
from compiler.joint.shares import Products
from compiler.pipeline import understand
from compiler.words.evaluate import NoSources, evaluate
from compiler.words.integers import Array
from compiler.words.ir import Type, Value, full_range
from compiler.words.operations import Bound, Coins, Draw, Enter, Entry
from lang.source import Source

TEXT = """
party vendor;
party hospital;
type Weight = fix<6, 3>;
input w0: Weight[2] from vendor;
input s: Weight[2] from vendor;
dataset records from hospital { x: fix<4, 3>[2] where norm2(x) <= 1.0; y: bit; }
let factor = FACTOR;
var w = w0;
dpsgd w on records(batch = 1, steps = 1, clip = 1.0, noise = 2.0, rate = 1.0) as row { BODY }
output w to vendor;
"""


class OneRow(NoSources):
    """A batch of one row within its `where`; what the vendor brings is entered in its place."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def input(self, at: Entry, type: Type) -> Array:
        return np.zeros(type.shape, dtype=np.int64)

    def coins(self, at: Coins, type: Type, position: tuple[int, ...]) -> Array:
        return np.zeros(type.shape, dtype=np.int64)

    def sample(self, at: Draw, type: Type, position: tuple[int, ...]) -> Array:
        rows = np.zeros(type.shape, dtype=np.int64)
        if at.name == "x":
            direction = self.rng.normal(size=2)
            rows[0] = np.trunc(direction / np.linalg.norm(direction) / float(type.scale))
        else:
            rows[0] = 1 if at.name == "" else self.rng.integers(2)
        return rows


@pytest.mark.parametrize("factor", ["clamp(s[0], -1.0, 1.0)", "softmax(s)[0]"])
@pytest.mark.parametrize("body", ["grad w = factor * row.x;", "loss squared(dot(w, row.x) * factor, row.y);"])
def test_no_row_adds_more_than_the_clip(factor: str, body: str) -> None:
    words = understand(Source("any.ccr", TEXT.replace("FACTOR", factor).replace("BODY", body))).words
    ready = localise(words, roles(words), Products.GATES)
    rng = np.random.default_rng(7)
    norms: list[Fraction] = []

    def read(item: Value, args: list[Array], honest: Meant) -> Array:
        if isinstance(item.op, Enter) and item.op == Enter("vendor"):
            lo, hi = full_range(item.type.width, item.type.signed)
            return np.where(
                rng.integers(2, size=item.type.shape) == 0,
                rng.choice([lo, hi, 0], item.type.shape),
                rng.integers(lo, hi + 1, item.type.shape),
            )
        found = honest(args)
        if isinstance(item.op, Bound):
            norms.append(sum(Fraction(int(n)) ** 2 for n in found.flat) * item.type.scale**2)
        return found

    with reading(read):
        for _ in range(150):
            evaluate(ready.block, [], OneRow(rng))
    assert len(norms) == 150 and 0 < max(norms) <= 1
