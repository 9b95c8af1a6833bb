"""No row adds more than the clip to the sum: in exact integers, whatever the weights and the row are."""

from __future__ import annotations

import random
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from support.one_row import contribution, squared_norm
from support.reading import Meant, reading

from compiler.pipeline import understand
from compiler.words.integers import Array
from compiler.words.ir import Loop, Type, Value, Words
from compiler.words.operations import Bound, Ring, View
from lang.source import Source

TRIES = 12

# name -> (inputs and fields, the body)
PROGRAMS = {
    "by structure": (
        "w: fix<12, 8>[4]",
        "x: fix<7, 6>[4] where norm2(x) <= 1.0; y: bit;",
        "loss logistic(dot(w, row.x), row.y);",
    ),
    "a linear model with long rows": (
        "w: fix<12, 8>[4]",
        "x: fix<7, 3>[4]; y: fix<6, 2>;",
        "loss squared(dot(w, row.x), row.y);",
    ),
    "one number for all weights": (
        "w: fix<12, 8>[3]",
        "s: fix<7, 3>; y: fix<6, 2>;",
        "loss squared(sum(w * row.s), row.y);",
    ),
    "one number for a matrix": (
        "w: fix<9, 5>[3, 2]",
        "x: fix<7, 3>[2]; y: fix<6, 2>[3];",
        "loss squared(sum(w * row.x, axis = 1), row.y);",
    ),
    "two layers": (
        "w: fix<9, 6>[3, 4], v: fix<9, 6>[4, 2], b: fix<9, 6>[2]",
        "x: fix<8, 5>[3]; y: uint<1>;",
        """
        let hidden: fix<10, 6>[4] = relu(row.x @ w);
        let scores: fix<10, 6>[2] = hidden @ v + b;
        let hot = [row.y == 0, row.y == 1];
        loss sum(logistic(scores, hot));""",
    ),
    "activations that wrap": (
        "w: fix<9, 6>[3, 4], v: fix<9, 6>[4]",
        "x: fix<8, 5>[3]; y: fix<6, 3>;",
        """
        let hidden = (row.x @ w) as fix<6, 3> wrap;
        loss squared((hidden @ v) as fix<7, 2> wrap, row.y);""",
    ),
    "a convolution": (
        "k: fix<8, 5>[2, 2, 2], d: fix<8, 5>[8]",
        "x: fix<6, 4>[6, 6]; y: bit;",
        """
        let seen: fix<10, 5>[2, 5, 5] = conv2d(row.x, k);
        let pooled = relu(maxpool(seen[:, 0..4, 0..4], 2));
        loss logistic(dot(reshape(pooled, 8), d), row.y);""",
    ),
    "one weight used twice": (
        "w: fix<9, 6>[3]",
        "x: fix<8, 5>[3]; y: fix<6, 3>;",
        "loss squared(dot(w, row.x) * w[0], row.y);",
    ),
    "element by element": ("w: fix<9, 6>[3]", "x: fix<8, 5>[3];", "loss sum(w * w * row.x);"),
    "gradients given": (
        "w: fix<9, 6>[3], b: fix<9, 6>",
        "x: fix<8, 5>[3]; y: fix<6, 3>;",
        """
        let off = dot(w, row.x) + b - row.y;
        grad w = off * row.x;
        grad b = off;""",
    ),
    "gradients that are not zero on a row of zeros": (
        "w: fix<9, 6>[3]",
        "x: fix<8, 5>[3];",
        """
        grad w = w * 4 - row.x;""",
    ),
    "gradients without the row": ("w: fix<9, 6>[3]", "x: fix<8, 5>[3];", "grad w = w;"),
    "a bias alone": ("b: fix<9, 6>", "y: fix<8, 5>;", "loss squared(b, row.y);"),
    "arms": (
        "w: fix<9, 6>[3]",
        "x: fix<8, 5>[3]; y: bit;",
        """
        let score = dot(w, row.x);
        loss squared(if row.y { clamp(score, -1, 1) } else { abs(score) * 3 }, 2.5);""",
    ),
}
CLIPS = ("1.0", "0.3", "7.5", "0.01")


def compiled(name: str, clip: str) -> Words:
    inputs, fields, body = PROGRAMS[name]
    names = [i.split(":")[0].strip() for i in _split(inputs)]
    declared = "".join(f"input {i.strip().replace(':', '0:', 1)} from vendor;" for i in _split(inputs))
    variables = "".join(f"var {n} = {n}0;" for n in names)
    outputs = "".join(f"output {n} to vendor;" for n in names)
    return understand(
        Source(
            "clip.ccr",
            f"""party vendor; party clinic; {declared}
        dataset rows from clinic {{ {fields} }} {variables}
        dpsgd {", ".join(names)} on rows(batch = 2, steps = 1, clip = {clip}, noise = 1.0, rate = 1.0) as row {{
            {body}
        }}
        {outputs}""",
        )
    ).words


def _split(inputs: str) -> list[str]:
    return inputs.replace("], ", "];").replace(">, ", ">;").split(";")


def numbers(draw: random.Random, type: Type) -> Any:
    """Grid integers: all the same extreme, extremes mixed, small or any."""
    ends = [type.lo, type.hi, 0, max(type.lo, -1), min(type.hi, 1)]
    match draw.randint(0, 3):
        case 0:
            flat = [draw.choice(ends[:2])] * type.size
        case 1:
            flat = [draw.choice(ends) for _ in range(type.size)]
        case 2:
            flat = [draw.randint(max(type.lo, -5), min(type.hi, 5)) for _ in range(type.size)]
        case _:
            flat = [draw.randint(type.lo, type.hi) for _ in range(type.size)]
    return np.array(flat, dtype=np.int64).reshape(type.shape)


@pytest.mark.parametrize("name", PROGRAMS)
def test_no_row_adds_more_than_the_clip(name: str) -> None:
    draw = random.Random(name)
    lengths: list[Fraction] = []
    for text in CLIPS:
        words, clip = compiled(name, text), Fraction(text)
        for _ in range(TRIES):
            weights = {entry.name: numbers(draw, type) for entry, type in words.inputs}
            row = {f.name: numbers(draw, f.type) for f in words.datasets[0].fields}
            for f in words.datasets[0].fields:
                while f.norm and squared_norm([row[f.name] * f.type.scale]) > f.norm**2:
                    row[f.name] = row[f.name] // 2
            lengths.append(squared_norm(contribution(words, weights, row, draw.randint(0, 7))) / clip**2)
            assert lengths[-1] <= 1, (text, weights, row)
            assert not squared_norm(contribution(words, weights, None)), "an empty slot adds something"
    assert max(lengths) > Fraction(1, 2)  # the bound is not met by doing nothing


def sums(words: Words) -> Iterator[Value]:
    """The Rings that are bounded sums over the rows."""
    body = next(dict(item.body.numbered()) for item in words.block.items if isinstance(item, Loop))
    for item in body.values():
        while isinstance(item, Value) and isinstance(item.op, Bound | View):
            item = body.get(item.args[0])
            if isinstance(item, Value) and isinstance(item.op, Ring):
                yield item


@pytest.mark.parametrize("name", PROGRAMS)
def test_whatever_is_entered_as_a_share(name: str) -> None:
    """A Ring of a row, empty slots' among them, reads anything at all; the sum's own is left alone."""
    draw = np.random.default_rng(5)
    summed: set[Value] = set()

    def read(item: Value, args: list[Array], honest: Meant) -> Array:
        found = honest(args)
        if isinstance(item.op, Ring) and item not in summed:
            ends = draw.choice([item.type.lo, item.type.hi, 0, 1], item.type.shape)
            anything = draw.integers(item.type.lo, item.type.hi + 1, item.type.shape)
            return np.where(draw.integers(2, size=item.type.shape) == 0, ends, anything).astype(found.dtype)
        return found

    with reading(read):
        for text in CLIPS:
            words, clip = compiled(name, text), Fraction(text)
            summed.update(sums(words))
            for seed in range(TRIES):
                numbers_of = random.Random(seed)
                weights = {entry.name: numbers(numbers_of, type) for entry, type in words.inputs}
                row = {f.name: numbers(numbers_of, f.type) for f in words.datasets[0].fields}
                for f in words.datasets[0].fields:
                    while f.norm and squared_norm([row[f.name] * f.type.scale]) > f.norm**2:
                        row[f.name] = row[f.name] // 2
                assert squared_norm(contribution(words, weights, row, numbers_of.randint(0, 7))) <= clip**2
                assert not squared_norm(contribution(words, weights, None)), "an empty slot adds something"
