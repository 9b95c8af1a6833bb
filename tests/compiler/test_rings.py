"""Which sums of products are Rings: those with a word that the data provider does not know by itself."""

from __future__ import annotations

import pytest

from compiler.pipeline import lowered
from compiler.words.ir import Block, Loop, Value
from compiler.words.operations import Ring
from lang.checker.check import check
from lang.source import Source

TEXT = """party vendor; party clinic;
input fixed: fix<14, 10>[16, 8] from {owner}; input w0: fix<14, 10>[8] from vendor;
dataset rows from clinic {{ x: fix<7, 7>[16] where norm2(x) <= 1.0; y: bit; }}
var w = w0;
dpsgd w on rows(batch = 8, steps = 1, clip = 1.0, noise = 1.0, rate = 1.0) as row {{
    let h: fix<12, 8>[8] = row.x @ fixed;
    loss logistic(dot(h, w), row.y);
}}
output w to vendor;"""


def rings(block: Block) -> list[Value]:
    inside = [r for item in block.items if isinstance(item, Loop) for r in rings(item.body)]
    return inside + [item for item in block.items if isinstance(item, Value) and isinstance(item.op, Ring)]


@pytest.mark.parametrize(("owner", "joint"), [("vendor", 3), ("clinic", 2)])
def test_a_weight_that_is_not_trained(owner: str, joint: int) -> None:
    """The vendor's layer, score and sum; a layer of the clinic's own it computes by itself."""
    block = lowered(check(Source("a.ccr", TEXT.format(owner=owner)), {})).block  # the clinic's would not be let out
    assert len(rings(block)) == joint
