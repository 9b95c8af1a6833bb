"""Rows of compiled plans: each keys the hash of one AND gate or of some wires of a product, so no two share one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from support.compiled import EXAMPLES, example
from support.random_text import program

from compiler import pipeline
from compiler.joint.shares import Products
from compiler.schedule.plan import Launch, Plan, Product, Repeat, Step, lane_count, table_rows
from lang.source import Source
from lang.syntax.load import read

Starts = NDArray[np.int64]
SMALL: dict[str, dict[str, str]] = {"tumour": {}, "mlp": {"HIDDEN": "2", "BATCH": "1", "STEPS": "2"}}
RANDOM = range(60, 160)  # gates after a loop with gates in six of them
AFTER_LOOPS = """party a; party b;
input x: uint<4>[3] from a; input y: uint<4> from b;
var t: uint<8> = y;
for i in 0..3 { for j in 0..2 { t = t ^ (t * x[i] + j); } t = t * y; }
for i in 0..1 { t = t * x[i] ^ t; }
output reveal(t * y) to b;
"""


def launches(plan: Plan, steps: Sequence[Step], bases: Starts) -> Iterator[tuple[Starts, int]]:
    """For each launch and product the first rows of all its times, and how many rows it takes each time."""
    for step in steps:
        match step:
            case Launch():
                yield bases + step.row, table_rows(plan.kernels[step.kernel], lane_count(step))
            case Product():
                yield bases + step.row, step.transfer.rows
            case Repeat():
                times = bases[:, None] + step.row + step.rows * np.arange(step.count, dtype=np.int64)
                yield from launches(plan, step.body, times.reshape(-1))
            case _:
                pass


def assert_disjoint(plan: Plan) -> int:
    """The rows of the whole run, which lie next to each other from 0 on."""
    taken = [
        (starts, np.full_like(starts, rows))
        for starts, rows in launches(plan, plan.steps, np.zeros(1, np.int64))
        if rows
    ]
    if not taken:
        return 0
    starts, rows = (np.concatenate(column) for column in zip(*taken, strict=True))
    order = np.argsort(starts)
    first, end = starts[order], (starts + rows)[order]
    assert first[0] == 0 and np.array_equal(first[1:], end[:-1])
    return int(end[-1])


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_no_row_of_an_example_is_used_twice(path: Path) -> None:
    assert assert_disjoint(example(path).plan) > 0


@pytest.mark.parametrize("name", SMALL)
def test_no_row_is_used_twice_where_products_go_as_shares(name: str) -> None:
    [path] = (path for path in EXAMPLES if path.stem == name)
    plan = pipeline.build(pipeline.understand(read(path), SMALL[name]), Products.SHARES).plan
    assert [step for step in every(plan.steps) if isinstance(step, Product)]
    assert assert_disjoint(plan) > 0


def every(steps: Sequence[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        if isinstance(step, Repeat):
            yield from every(step.body)


@pytest.mark.parametrize("number", RANDOM)
def test_no_row_of_a_random_program_is_used_twice(number: int) -> None:
    assert_disjoint(pipeline.compile(Source("random.ccr", program(number))).plan)


def test_no_row_is_used_twice_in_and_after_nested_loops() -> None:
    plan = pipeline.compile(Source("loops.ccr", AFTER_LOOPS)).plan
    counts = [starts.size for starts, rows in launches(plan, plan.steps, np.zeros(1, np.int64)) if rows]
    assert {1, 3, 6} <= set(counts)  # loops stayed loops, and something follows them
    assert assert_disjoint(plan) > 0
