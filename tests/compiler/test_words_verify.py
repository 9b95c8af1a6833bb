"""The verifier of words: it accepts what the compiler makes, and names what is wrong with anything else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest
from support.clear import clear_steps
from support.edited_words import Damage, at, body, indexed, item, loop, op, outputs, typed, unclaimed, value

from compiler import pipeline
from compiler.gates.circuit import Circuit
from compiler.joint.locality import roles
from compiler.joint.shares import Products
from compiler.words.ir import Block, Claim, Item, Result, Type, Value, Words
from compiler.words.operations import (
    Bits,
    Bound,
    Coins,
    Concat,
    Constant,
    Digits,
    Div,
    Draw,
    Enter,
    Entry,
    Exact,
    Less,
    Linear,
    Mechanism,
    Mul,
    Noise,
    Op,
    Pieces,
    Put,
    Remainder,
    Ring,
    Round,
    Select,
    Sqrt,
    Strided,
    Sum,
    View,
    Xor,
)
from compiler.words.sampler import Sampler
from compiler.words.verify import Malformed, Outside, verify, verify_block
from lang.syntax.load import read

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent / "words"
EXAMPLES = sorted(ROOT.glob("examples/*/*.ccr"))


@cache
def understood(name: str) -> Words:
    return pipeline.understand(read(HERE / f"{name}.ccr")).words


@cache
def joint(name: str) -> Words:
    words = understood(name)
    return pipeline.joint(pipeline.localised(words, roles(words), Products.GATES), roles(words))


# -- what the compiler makes ------------------------------------------------------------------------


class AsTheyAre(pipeline.Minimiser):
    """Circuits are left as they are made: nobody looks at them here."""

    def _minimised(self, block: Block, whole: Circuit, owners: Sequence[int]) -> pipeline.Minimised:
        return pipeline.Minimised(whole, (), (), len(whole.gates))


@pytest.mark.parametrize(
    ("path", "products"),
    [
        pytest.param(path, products, id=f"{path.stem}-{products.value}", marks=pytest.mark.slow if long else ())
        for path in [*EXAMPLES, *sorted(HERE.glob("*.ccr"))]
        for products in Products
        for long in [products is Products.GATES and path.parent.name == "digits"]
    ],
)
def test_every_stage_is_well_formed(path: Path, products: Products) -> None:
    """So is each clear step of the plan, on its own."""
    meaning = pipeline.understand(read(path))
    verify(meaning.words)
    who = roles(meaning.words)
    local = pipeline.localised(meaning.words, who, products)
    verify(local, entered=True)
    ready = pipeline.joint(local, who)
    verify(ready, entered=True)
    outside = Outside(ready.parties, dict(ready.inputs), {d.name: d for d in ready.datasets})
    plan = pipeline.planned(ready, who, AsTheyAre())
    for step in clear_steps(plan.steps):
        verify_block(step.block, outside, step.party)


NUMBERING: dict[str, tuple[str, Damage, str]] = {
    "reads itself": ("loop", item(lambda n, i: replace(i, args=(n,)) if has_args(i) else None), "which is not there"),
    "reads a later value": ("loop", item(lambda n, i: replace(i, args=(n + 1,)) if has_args(i) else None), "not there"),
    "reads a loop": ("loop", value(Linear, lambda v: replace(v, args=(4,)), lambda v: v.args == (3,)), "%4, which is"),
    "reads a value of the body": (
        "loop",
        value(Concat, lambda v: replace(v, args=(v.args[0], 99))),
        "reads %99, which is not there",
    ),
    "a result of no loop": (
        "loop",
        item(lambda _, i: replace(i, loop=0) if isinstance(i, Result) else None),
        "no loop",
    ),
    "a result too far": ("loop", item(lambda _, i: replace(i, position=1) if isinstance(i, Result) else None), "of 1"),
    "a result of another type": (
        "loop",
        item(lambda _, i: replace(i, type=replace(i.type, hi=0)) if isinstance(i, Result) else None),
        "the loop carries",
    ),
    "a body numbered from elsewhere": ("loop", body(first=lambda b: b.first + 1), "begin with %5"),
    "a loop without an index": ("loop", body(params=lambda b: b.params[1:]), "not the index"),
    "an index too long": ("loop", loop(count=lambda i: i.count + 1), "not the index"),
    "no iterations": ("loop", loop(count=lambda i: 0), "loop of 0"),
    "nothing to begin with": ("loop", loop(init=lambda i: ()), "more or less"),
    "begins with a later value": ("loop", loop(init=lambda i: (77,)), "begins with %77"),
    "begins with another type": ("loop", loop(init=lambda i: (1,)), "carries .* begins with"),
    "goes on with another type": ("loop", body(results=lambda b: (b.first,)), "carries .* goes on with"),
    "a result of the body that is not there": ("loop", body(results=lambda b: (88,)), "does not exist"),
    "an output of nothing": (
        "loop",
        lambda w: outputs(value=66)(replace(w, block=replace(w.block, results=(66, *w.block.results[1:])))),
        "does not exist",
    ),
    "outputs that are not the results": ("loop", outputs(value=0), "not the block's results"),
}

SHAPES: dict[str, tuple[str, Damage, str]] = {
    "a sum over too many axes": ("train", op(Ring, count=3), "3 axes of 2"),
    "a sum of another shape": ("loop", typed(Sum, shape=(2,)), "axes left"),
    "a sum of another scale": ("loop", typed(Sum, scale=Fraction(1, 2)), "the scale is 1/2"),
    "factors of different shapes": (
        "train",
        value(Ring, lambda v: replace(v, args=(2, v.args[1]))),
        "different shapes",
    ),
    "a linear of another shape": ("loop", typed(Linear, shape=(2,)), "shape is not"),
    "a coefficient too many": ("loop", op(Linear, coefficients=(1, 1, 1, 1)), "operands instead of 4"),
    "a product of three": (
        "loop",
        value(Xor, lambda v: Value(Mul(), (0, 0, 0), replace(TYPE, shape=(3,)))),
        "3 operands",
    ),
    "a view of too few axes": ("loop", at(View, strides=(1, 1, 1)), "3 strides for"),
    "a view beyond the end": ("loop", at(View, offset=7), "reaches 7..9 of 3"),
    "a view before the start": ("loop", at(View, indexed, steps=(-1,)), "reaches -2..0 of 3"),
    "a step without an index": ("loop", at(View, steps=(1, 1)), "2 steps for 1"),
    "put beyond the end": ("loop", at(Put, offset=1), "reaches 1..3 of 3"),
    "put into another width": ("loop", typed(Put, lo=-1000), "another width or sign"),
    "side by side too long": ("loop", typed(Concat, shape=(3, 3)), "do not add up"),
    "bits too many": ("loop", typed(Bits, shape=(9,)), "not the bits of"),
    "a constant of two": ("drawn", value(Round, lambda v: Value(Constant((1, 2)), (), TYPE)), "2 numbers for 1"),
    "a comparison that is no bit": ("loop", typed(Less, scale=Fraction(2)), "the scale is 2"),
    "a choice by no bit": (
        "loop",
        value(Select, lambda v: replace(v, args=(v.args[1], *v.args[1:]))),
        "chosen by no bit",
    ),
    "a root of another scale": ("loop", typed(Sqrt, scale=Fraction(1, 8)), "the scale is 1/64"),
    "a quotient of another scale": ("loop", typed(Div, scale=Fraction(1, 8)), "the scale is 1/8"),
    "a remainder of another scale": ("loop", typed(Remainder, scale=Fraction(1, 8)), "the scale is 1/8"),
    "too few coins": ("train", value(Coins, lambda v: replace(v, type=replace(v.type, shape=(2, 5)))), "bits for each"),
    "a bound of another shape": ("train", typed(Bound, shape=(3,)), "the operand's shape is not"),
    "noise of nobody's bits": ("train", value(Sampler, lambda v: replace(v, args=())), "nobody's bits"),
    "a view of nothing": ("loop", value(View, lambda v: replace(v, args=())), "no operand"),
    "nothing to put": ("loop", value(Put, lambda v: replace(v, args=v.args[:1])), "nothing to put"),
    "put into another shape": ("loop", typed(Put, shape=(3, 1)), "put into another shape"),
    "numbers of two scales compared": ("loop", value(Less, lambda v: replace(v, args=(6, 7))), "different scales"),
    "a tensor without elements": ("loop", typed(Linear, shape=(0,)), "without elements"),
    "a range that is none": ("loop", typed(Linear, lo=9, hi=8), "no number is of type"),
}

PAYLOADS: dict[str, tuple[str, Damage, str]] = {
    "a ratio in higher terms": ("loop", op(Round, numerator=2, denominator=4), "lowest terms"),
    "another ratio": ("loop", op(Round, denominator=4), "the scale is"),
    "bounds the wrong way round": ("loop", op(Round, lo=5, hi=4), "bounds 5..4"),
    "wrapping at no kind's end": ("loop", op(Round, wrap=True, hi=99), "cannot wrap"),
    "an entry too few": (
        "train",
        value(Pieces, lambda v: replace(v, op=shorter(v.op))),
        "31 and 32 entries instead of 32",
    ),
    "an entry below the centre": ("train", value(Pieces, lambda v: replace(v, op=sunk(v.op))), "below the centre"),
    "a limit that is no power of two": ("train", op(Pieces, limit=500), "a limit of 500"),
    "a shift to the left": ("train", op(Pieces, drop=-1), "shift to the left"),
    "noise of no deviation": ("drawn", op(Noise, sigma=Fraction(0)), "without a deviation"),
    "a bound of 0": ("train", op(Bound, norm=Fraction(0)), "not positive"),
    "a mechanism of no steps": ("train", op(Mechanism, steps=0), "no batch, step or clip"),
    "a batch that does not fit": ("train", op(Draw, batch=13), "13 in 12 slots"),
}

RANGES: dict[str, tuple[str, Damage, str]] = {
    "a linear that is narrower": ("loop", typed(Linear, hi=507), "declared -512..507, its operands make it -512..508"),
    "a sum that is narrower": ("loop", typed(Sum, hi=7), "0..7, its operands make it 0..8"),
    "a ring that is narrower": ("train", typed(Ring, lo=-5), "is not a whole ring"),
    "a rounding that is narrower": ("loop", typed(Round, hi=126), "make it -64..127"),
    "a quotient that is narrower": ("loop", typed(Div, hi=254), "make it 0..255"),
    "a private remainder that is narrower": ("loop", typed(Remainder, hi=254), "make it 0..255"),
    "noise that is narrower": ("drawn", typed(Noise, hi=9), "make it"),
    "joint noise that is narrower": ("train", typed(Sampler, hi=46326), "make it -46327..46327"),
    "a view that is narrower": ("loop", typed(View, lo=-127), "make it -128..127"),
    "an input of another range": ("loop", typed(Entry, hi=126), "the input is"),
    "a field of another range": ("train", typed(Draw, hi=126), "the field's batch is"),
    "a loop that carries less": (
        "loop",
        body(params=lambda b: (b.params[0], replace(b.params[1], hi=126))),
        r"carries 3 -128..126 .* begins with 3 -128..127",
    ),
    "an extreme without its claim": ("loop", unclaimed(Claim.EXTREME), "make it -512..508"),
    "a remainder without its claim": ("loop", unclaimed(Claim.REMAINDER), "declared 0..9"),
    "an extreme that is narrower": ("loop", typed(Select, hi=100), "no extreme"),
    "a claim of what cannot be": (
        "loop",
        value(Sum, lambda v: replace(v, type=replace(v.type, hi=1), claim=Claim.REMAINDER)),
        "`sum` claims 0..1 as a remainder",
    ),
    "a claim beside the range": (
        "loop",
        value(Linear, lambda v: replace(v, type=replace(v.type, lo=600, hi=700), claim=Claim.FUNCTION)),
        "claims 600..700 of -512..508",
    ),
}

EXISTENCE: dict[str, tuple[str, Damage, str]] = {
    "an input that is not there": ("loop", op(Entry, name="q"), "reads the input `q`"),
    "another's input": ("loop", op(Entry, party="bob"), "the input `a` of `bob`"),
    "a data set that is not there": ("train", op(Draw, dataset="q"), "samples `q`"),
    "a field that is not there": ("train", op(Draw, name="z"), "samples `records.z`"),
    "a stranger's coins": ("train", op(Coins, party="eve"), "`eve` is not a party"),
    "another's data set": ("train", op(Draw, party="vendor"), "samples the data set of `hospital`"),
    "noise of who does not hold it": ("drawn", op(Noise, party="vendor"), "`vendor` draws the noise of `hospital`"),
    "noise of a dpsgd that is not there": ("drawn", op(Noise, draw=7), "draws the noise of `nobody`"),
    "a mechanism of no data set": ("train", op(Mechanism, dataset="q"), "lets `q` out"),
    "a mechanism with another's noise": ("train", op(Mechanism, drawn_by="vendor"), "`vendor` draws the noise"),
    "a source with operands": ("train", value(Draw, lambda v: replace(v, args=(2,))), "a source with operands"),
    "an input twice": ("loop", lambda w: replace(w, inputs=(*w.inputs, w.inputs[0])), "an input twice"),
    "a data set twice": ("train", lambda w: replace(w, datasets=w.datasets * 2), "a data set twice"),
    "an input of a stranger": ("loop", lambda w: replace(w, parties=("alice",)), "`bob` is not a party"),
    "an output to a stranger": ("loop", outputs(receivers=("eve",)), "goes to nobody"),
    "an output to nobody": ("loop", outputs(receivers=()), "goes to nobody"),
    "a program with parameters": (
        "loop",
        lambda w: replace(w, block=replace(w.block, params=(TYPE,))),
        "with parameters",
    ),
    "an index that is not public": (
        "loop",
        value(View, lambda v: replace(v, args=(0, 2)), indexed),
        "an index that is not public",
    ),
}

ENTERED: dict[str, tuple[str, Damage, str]] = {
    "digits read with another offset": ("train", op(Digits, left=3), "offsets 3, 1"),
    "an exact division that is not": ("train", op(Exact, by=3), "the scale is"),
    "division by nothing": ("train", op(Exact, by=0), "division by 0"),
    "entering another's": ("loop", op(Enter, party="alice"), "`alice` enters what is not its own"),
    "entering what is private as public": ("loop", op(Enter, party=""), "`` enters what is not its own"),
    "entering twice": (
        "loop",
        value(Enter, lambda v: replace(v, args=(4,)), lambda v: v.args == (2,)),
        "shape is not|enters what is not",
    ),
    "entering less than all values": ("loop", typed(Enter, lo=-100), "make it -128..127"),
    "entering another width": ("loop", typed(Enter, hi=1000), "another width or sign"),
    "joint work on what was not entered": (
        "loop",
        value(Div, lambda v: replace(v, args=(2, v.args[1]))),
        "reads %2, which has not been entered",
    ),
    "two parties' values that meet": (
        "loop",
        value(Div, lambda v: replace(v, args=(2, 3))),
        "values of alice and bob meet",
    ),
}

TYPE = Type((), Fraction(1), 0, 2)


def has_args(i: Item) -> bool:
    return isinstance(i, Value) and len(i.args) == 1


def sunk(pieces: Op) -> Op:
    assert isinstance(pieces, Pieces)
    return replace(pieces, base=(-1, *pieces.base[1:]))


def shorter(pieces: Op) -> Op:
    assert isinstance(pieces, Pieces)
    return replace(pieces, base=pieces.base[1:])


@pytest.mark.parametrize(
    ("name", "damage", "reason"),
    [
        pytest.param(*case, id=what)
        for group in (NUMBERING, SHAPES, PAYLOADS, RANGES, EXISTENCE)
        for what, case in group.items()
    ],
)
def test_damaged_words_are_named(name: str, damage: Damage, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        verify(damage(understood(name)))


@pytest.mark.parametrize(("name", "damage", "reason"), [pytest.param(*case, id=w) for w, case in ENTERED.items()])
def test_damaged_joint_words_are_named(name: str, damage: Damage, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        verify(damage(joint(name)), entered=True)


def test_the_value_at_fault_is_named() -> None:
    with pytest.raises(Malformed) as caught:
        verify(typed(Sum, hi=7)(understood("loop")))
    number = next(n for n, i in understood("loop").block.numbered() if isinstance(i, Value) and isinstance(i.op, Sum))
    assert caught.value.number == number and re.match(f"%{number}: ", str(caught.value))


def test_words_are_not_entered_before_they_are_localised() -> None:
    with pytest.raises(Malformed, match="values of alice and bob meet"):
        verify(understood("loop"), entered=True)


@pytest.mark.parametrize("index", [Type((2,), Fraction(1), 0, 1), Type((), Fraction(1, 2), 0, 1)])
def test_an_index_is_one_whole_number(index: Type) -> None:
    word = Type((3,), Fraction(1), 0, 9)
    view = Value(View(Strided(0, (), (1,))), (0, 1), replace(word, shape=()))
    verify_block(Block(0, (word, replace(TYPE, hi=2)), (view,), (2,)), Outside((), {}, {}), "")
    with pytest.raises(Malformed, match="not one whole number"):
        verify_block(Block(0, (word, index), (view,), (2,)), Outside((), {}, {}), "")


@pytest.mark.parametrize(
    ("parts", "whole", "reason"), [((), (2,), "without an axis"), ((2, 3), (4, 2), "operands of different shapes")]
)
def test_parts_side_by_side_have_an_axis_and_one_shape(
    parts: tuple[int, ...], whole: tuple[int, ...], reason: str
) -> None:
    joined = Value(Concat(), (0, 0), replace(TYPE, shape=whole))
    with pytest.raises(Malformed, match=reason):
        verify_block(Block(0, (replace(TYPE, shape=parts),), (joined,), (1,)), Outside((), {}, {}), "")


# -- one party's words ------------------------------------------------------------------------------


def test_clear_words_are_of_their_own_party() -> None:
    words = joint("loop")
    outside = Outside(words.parties, dict(words.inputs), {})
    own = Block(0, (), (words.block.items[0],), (0,))
    verify_block(own, outside, "alice")
    for party in ("bob", ""):
        with pytest.raises(Malformed, match="reads what is `alice`'s"):
            verify_block(own, outside, party)
    with pytest.raises(Malformed, match="enters among clear words"):
        verify_block(Block(0, (), (*own.items, Value(Enter("alice"), (0,), own.items[0].type)), (1,)), outside, "alice")
    with pytest.raises(Malformed, match="begins with %3"):
        verify_block(replace(own, first=3, results=(3,)), outside, "alice")
