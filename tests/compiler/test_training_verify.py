"""What privacy rests on is held of finished words: what the compiler makes passes, a defect is refused by its rule."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest
from support.damaged_training import (
    again,
    alike,
    at_least_9,
    at_most_6,
    both,
    clamped,
    compared,
    diagonal,
    early,
    extreme,
    instead,
    moved,
    narrowed,
    norm,
    of_the_row,
    one_draw,
    other_arm,
    other_mantissa,
    remainder,
    ring_of,
    rounded,
    squared_otherwise,
    strides,
    stunted,
    table,
    unclamped,
    uneven,
    unmasked,
    viewed,
    within_slots,
)
from support.damaged_words import Change, argument, beside, damaged, nth, op, typed
from support.random_training import training

from compiler import pipeline
from compiler.training.verify import Unsafe, check
from compiler.words.ir import Claim, Loop, Value, Words
from compiler.words.operations import (
    Bound,
    Coins,
    Constant,
    Dot,
    Draw,
    Entry,
    Exact,
    Linear,
    Mechanism,
    Mul,
    Ring,
    Round,
    Select,
)
from compiler.words.sampler import Sampler
from lang.problems.problem import Rejected
from lang.source import Source
from lang.syntax.load import read

HERE = Path(__file__).parent / "words"
EXAMPLES = sorted(Path(__file__).parents[2].glob("examples/*/*.ccr"))


# name -> (fields, of w0 and of the records; batches of 4 have 12 slots)
LINEAR = {
    "some": ("12", "x: fix<8, 4>[24]; y: fix<8, 4>;", "loss squared(dot(w, row.x[0..12]), row.y);"),
    "square": ("12", "x: fix<8, 4>[12]; y: fix<8, 4>;", "loss squared(dot(w, row.x), row.y);"),
    "remainder": ("3", "x: int<8>[3]; y: fix<8, 4>;", "loss squared(dot(w, row.x % 7), row.y);"),
    "negative": ("3", "x: int<8>[3]; y: fix<8, 4>;", "loss squared(dot(w, row.x % -7), row.y);"),
    "divided": ("3", "x: int<8>[3]; z: int<4>; y: fix<8, 4>;", "loss squared(dot(w, row.x % row.z), row.y);"),
}


@cache
def understood(name: str) -> Words:
    if name not in LINEAR:
        return pipeline.understand(read(HERE / f"{name}.ccr")).words
    size, fields, body = LINEAR[name]
    text = f"""party vendor; party clinic; input w0: fix<12, 8>[{size}] from vendor;
        dataset rows from clinic {{ {fields} }} var w = w0;
        dpsgd w on rows(batch = 4, steps = 1, clip = 1.0, noise = 1000.0, rate = 1.0) as row {{ {body} }}
        output w to vendor;"""
    return pipeline.understand(Source("linear.ccr", text)).words


# -- what the compiler makes ------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*EXAMPLES, *sorted(HERE.glob("*.ccr"))], ids=lambda p: p.stem)
def test_what_the_compiler_makes_passes(path: Path) -> None:
    check(pipeline.understand(read(path)).words)


def rings(words: Words) -> int:
    bodies = [item.body for item in words.block.items if isinstance(item, Loop)]
    return sum(isinstance(i, Value) and isinstance(i.op, Ring) for body in bodies for i in body.items)


LONG = 0  # a proof of some seconds
SOME, MORE = range(LONG + 1, 12), [LONG, *range(12, 120)]


@pytest.mark.parametrize("seeds", [SOME, pytest.param(MORE, marks=pytest.mark.slow)])
def test_random_programs_pass(seeds: Sequence[int]) -> None:
    found: list[int] = []
    for seed in seeds:
        try:
            words = pipeline.understand(Source("random.ccr", training(seed))).words
        except Rejected:
            continue
        check(words)
        found.append(rings(words))
    assert len(found) > len(seeds) // 2 and sum(n > 2 for n in found) > len(seeds) // 4


# -- damage -----------------------------------------------------------------------------------------


DAMAGES: dict[str, tuple[str, Change, str]] = {
    # 1, 2: where Rings stand, and how they leave
    "a ring outside": ("layers", beside(Entry, lambda b, v, n: ring_of(b, n)), "stands outside"),
    "a batch for all steps": (
        "layers",
        beside(Entry, lambda b, v, n: b.emit(early(understood("layers")))),
        "in front of the steps",
    ),
    "no noise": ("layers", op(Mechanism, -1, noise_multiplier=Fraction(0)), "a mechanism without noise"),
    "another mechanism": ("layers", op(Mechanism, -1, draw=1), "the batch of another mechanism"),
    "two mechanisms": ("layers", op(Mechanism, 1, batch=8), "2 mechanisms"),
    "a variable past its mechanism": ("layers", argument(Mechanism, 0, 1), "leaves a `dpsgd` without its noise"),
    # 3, 13: ranges, claims and widths
    "a ring that is not whole": ("layers", typed(Ring, 0, hi=5), "not a whole ring"),
    "a row's ring too narrow": ("layers", typed(Ring, 1, lo=-(1 << 20), hi=(1 << 20) - 1), "too narrow for its sum"),
    "a sum's ring too narrow": ("layers", narrowed(1048575), "too narrow for sums and noise"),
    "an update without its clamp": ("train", argument(Round, 0, 1), "goes on with"),
    "a norm too narrow": ("layers", norm(lambda v: replace(v, type=replace(v.type, hi=200))), "ends before"),
    # 1, 10: one value, two cuts
    "a ring made twice": ("peaks", extreme(again(Ring)), "extreme of two numbers"),
    "a sum in gates for one reader": ("peaks", extreme(again(Dot)), "extreme of two numbers|declared"),
    # 4
    "an exact division": ("layers", beside(Ring, lambda b, v, n: b.add(Exact(1), (n,), v.type)), "too early"),
    # 5, 6: how long a gradient is
    "a smaller clip": (
        "train",
        both(
            op(Bound, -1, norm=Fraction(1, 2)),
            op(Mechanism, -1, clip=Fraction(1, 2), noise_multiplier=Fraction(3)),
        ),
        "is not scaled",
    ),
    "another square": ("layers", squared_otherwise, "does not know the norm"),
    "a part left out": ("layers", instead(Linear((256, 1)), Linear((256, 0))), "does not know the norm"),
    "a part weighted less": ("layers", instead(Linear((256, 1)), Linear((128, 1))), "is scaled by"),
    "a norm rounded down": ("layers", instead(Linear((1,), 262143), Linear((1,), 262142)), "is scaled by"),
    "moves that the norm does not know": ("layers", moved(lambda b, v: v.args[2]), "does not know the norm"),
    "moves that the norm knows by half": (
        "layers",
        moved(lambda b, v: b.select(v.args[0], b.scaled(v.args[2], Fraction(1 << 7)), v.args[2])),
        "does not know the norm",
    ),
    "a norm chosen by other bits": (
        "layers",
        moved(lambda b, v: b.select(b.invert(v.args[0]), b.scaled(v.args[2], Fraction(1 << 8)), v.args[2])),
        "does not know the norm",
    ),
    "moves forgotten where it is scaled": (
        "layers",
        instead(Linear((1, -4, -4), 8), Linear((1, -4), 8), 0, 2),
        "does not know the norm",
    ),
    "a mantissa of one part's own": ("layers", nth(Mul, -1, other_mantissa), "more than one factor"),
    "a product moved up": ("layers", instead(Linear((8,)), Linear((16,))), "is scaled by"),
    "an exponent too small": ("layers", at_most_6, "is scaled by"),
    "a mantissa too large": ("layers", at_least_9, "is scaled by"),
    "a threshold too high": ("layers", table("thresholds", lambda t: tuple(2 * n for n in t)), "is scaled by"),
    "one threshold too high": (
        "layers",
        table("thresholds", lambda t: (*t[:-1], t[-1] + (len(t) == 128))),
        "is scaled by",
    ),
    "rounded to nearest": ("layers", rounded(lambda r: replace(r, nearest=True)), "is scaled by"),
    "a threshold that its word ends": ("layers", clamped, "is scaled by"),
    "a norm that says it is never 0": ("layers", norm(lambda v: replace(v, type=replace(v.type, lo=100))), "never 0"),
    "a norm of a function's range": (
        "layers",
        nth(
            Linear,
            -1,
            lambda b, v: (
                b.emit(replace(v, type=replace(v.type, hi=1000), claim=Claim.FUNCTION))
                if v.op == Linear((256, 1))
                else None
            ),
        ),
        "made of more than a norm",
    ),
    "the norm of another slot's row": ("some", diagonal, "does not know the norm|more than a norm"),
    "a sum within slots": ("square", within_slots, "not over the rows"),
    "the other extreme": ("peaks", other_arm, "extreme of two numbers"),
    "one slot's factor": ("layers", nth(Constant, 6, uneven), "scaled otherwise in one slot"),
    "an exponent that may be negative": (
        "layers",
        nth(Select, 11, lambda b, v: b.emit(replace(v, type=replace(v.type, lo=-1)))),
        "not scaled by its norm's factor",
    ),
    "a remainder that ends too soon": ("remainder", remainder(hi=1), "claims to be a remainder"),
    "a remainder that begins too late": ("remainder", remainder(lo=1), "claims to be a remainder"),
    "a negative remainder that ends too soon": ("negative", remainder(hi=1), "claims to be a remainder"),
    "a negative remainder that begins too late": ("negative", remainder(lo=1), "claims to be a remainder"),
    "a number by 0 that ends too soon": ("divided", remainder(hi=1), "its operands make it"),
    "a number by 0 that begins too late": ("divided", remainder(lo=1), "its operands make it"),
    "a remainder of less than a quotient": ("remainder", stunted, "claims to be a remainder"),
    "a sum that shows a part again": ("layers", viewed((8, 8), Ring, (0, 8)), "a scaled gradient is repeated"),
    "both factors along one axis": ("layers", viewed((8, 8, 21), Linear, (0, 1, 8)), "no outer product"),
    "neither factor along an axis": ("layers", viewed((8, 8, 21), Linear, (0, 0, 8)), "no outer product"),
    "a factor of the row": ("layers", of_the_row, "made of more than a norm"),
    # 7: empty slots and rows
    "no mask": ("layers", unmasked, "an empty slot's gradient"),
    "the first row for all": ("layers", strides(0, 0, 1), "in another slot than its own"),
    "rows shifted": ("layers", strides(1, 8, 8), "in another slot than its own"),
    # 8, 9: the noise
    "a sum read beside its noise": ("layers", beside(Bound, compared), "only the addition of noise may read"),
    "noise clamped": (
        "layers",
        nth(
            Round,
            -1,
            lambda b, v: (
                b.emit(replace(v, op=replace(v.op, wrap=False))) if isinstance(v.op, Round) and v.op.wrap else None
            ),
        ),
        "outside the ring",
    ),
    "noise read twice": ("layers", beside(Sampler, compared), "noise that is read twice"),
    "coins read twice": ("layers", beside(Coins, compared), "noise that is read twice"),
    "noise of another deviation": ("layers", op(Mechanism, -1, noise_multiplier=Fraction(2)), "noise of deviation"),
    # measures
    "a measure of a sample": ("measure", op(Draw, 0, whole=False), "the batch of another mechanism"),
    "a measure that is charged as of a sample": (
        "measure",
        op(Mechanism, 0, whole=False),
        "the batch of another mechanism",
    ),
    "a `dpsgd` that is charged as a measure": (
        "layers",
        op(Mechanism, -1, whole=True, batch=12, slots=12),
        "the batch of another mechanism",
    ),
    "a measure of more rows than slots": ("measure", op(Mechanism, 0, batch=3), "not all rows"),
    "rows of another measure": ("measure", op(Draw, 0, draw=1), "the batch of another mechanism"),
    "two measures of one draw": ("measure", one_draw, "the draw of another mechanism"),
    "coins of another measure": ("measure", op(Coins, 0, draw=2), "the noise of another mechanism"),
    "a measure past its noise": ("measure", argument(Mechanism, 0, 0), "outside a `dpsgd`|another mechanism|0 mech"),
    "a bit that is more than the clip": (
        "measure",
        both(op(Bound, 0, norm=Fraction(1, 2)), op(Mechanism, 0, clip=Fraction(1, 2), noise_multiplier=Fraction(8))),
        "is not scaled",
    ),
    "a score that is not clamped": ("measure", unclamped, "its operands make it"),
    "two bins alike": ("measure", alike, "is not scaled"),
    "bins for other numbers in each": ("measure", viewed((4, 3), Draw, (0, 1)), "in another slot|is not scaled"),
    "an empty slot that counts": ("measure", nth(Select, 0, unmasked), "an empty slot's gradient|would"),
    "the first row in all slots": ("measure", viewed((2, 2, 4), Linear, (2, 1, 0)), "in another slot than its own"),
    "a sum without noise": (
        "layers",
        beside(Bound, lambda b, v, n: b.emit(replace(v, args=(n,)))),
        "only the addition|no noise",
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_refused_by_its_rule(name: str) -> None:
    program, change, rule = DAMAGES[name]
    words = understood(program)
    broken = damaged(words, change)
    assert broken != words
    with pytest.raises(Unsafe) as error:
        check(broken)
    assert re.search(rule, error.value.rule), error.value.rule


# -- who can steer what -----------------------------------------------------------------------------
