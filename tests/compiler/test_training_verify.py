"""What privacy rests on is held of finished words: what the compiler makes passes, a defect is refused by its rule."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest
from support.damaged_words import Change, argument, beside, damaged, nth, op, typed
from support.random_training import training

from compiler import pipeline
from compiler.training.verify import Unsafe, check
from compiler.words.builder import BIT, Builder
from compiler.words.ir import Claim, Loop, Value, Words, full_range
from compiler.words.operations import (
    Bound,
    Coins,
    Dot,
    Draw,
    Entry,
    Exact,
    Less,
    Linear,
    Mechanism,
    Mul,
    Op,
    Pieces,
    Ring,
    Round,
    Select,
    Strided,
    View,
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


@pytest.mark.parametrize("seeds", [range(12), pytest.param(range(12, 120), marks=pytest.mark.slow)])
def test_random_programs_pass(seeds: range) -> None:
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


def both(*changes: Change) -> Change:
    def changed(b: Builder, v: Value) -> int | None:
        return next((n for n in (c(b, v) for c in changes) if n is not None), None)

    return changed


def narrowed(hi: int) -> Change:
    """Every value of a sum's ring by a bit less."""

    def changed(b: Builder, v: Value) -> int | None:
        if v.type.hi != hi:
            return None
        type = replace(v.type, lo=v.type.lo // 2, hi=hi // 2)
        made = replace(v.op, lo=type.lo, hi=type.hi) if isinstance(v.op, Round) else v.op
        return b.emit(replace(v, op=made, type=type))

    return changed


def extreme(other: Callable[[Builder, int], int]) -> Change:
    """One arm of an extreme is another value than the one that was compared."""

    def changed(b: Builder, v: Value) -> int | None:
        if v.claim is not Claim.EXTREME:
            return None
        return b.emit(replace(v, args=(*v.args[:2], other(b, v.args[2]))))

    return changed


def again(op: type[Ring] | type[Dot]) -> Callable[[Builder, int], int]:
    """The same sum of products once more, its factors changed about."""

    def made(b: Builder, number: int) -> int:
        ring = b.item(number)
        assert isinstance(ring, Value) and isinstance(ring.op, Ring)
        return b.emit(Value(op(ring.op.count), ring.args[::-1], ring.type))

    return made


def norm(change: Callable[[Value], Value]) -> Change:
    return lambda b, v: b.emit(change(v)) if v.claim is Claim.NORM else None


def table(name: str, change: Callable[[tuple[int, ...]], tuple[int, ...]]) -> Change:
    def changed(b: Builder, v: Value) -> int | None:
        if not (isinstance(v.op, Pieces) and v.op.name == name):
            return None
        base = change(v.op.base)
        return b.emit(replace(v, op=replace(v.op, base=base), type=replace(v.type, hi=max(base))))

    return changed


def squared_otherwise(b: Builder, v: Value) -> int | None:
    """A square is of one element of what is scaled, again and again."""
    if not isinstance(v.op, Dot) or v.args[0] != v.args[1] or b.type(v.args[0]).shape != (21, 8):
        return None
    part = b.view(v.args[0], Strided(0, (8, 0)), (21, 8))
    return b.emit(replace(v, args=(part, part)))


def instead(old: Linear, new: Linear, *kept: int) -> Change:
    """Another sum, of all operands or of some, whatever its type was."""

    def changed(b: Builder, v: Value) -> int | None:
        if v.op != old:
            return None
        args = tuple(v.args[k] for k in kept) if kept else v.args
        ends = [sorted((c * b.type(a).lo, c * b.type(a).hi)) for c, a in zip(new.coefficients, args, strict=True)]
        lo, hi = (new.constant + sum(e[i] for e in ends) for i in (0, 1))
        return b.emit(replace(v, op=new, args=args, type=replace(v.type, lo=lo, hi=hi)))

    return changed


def moved(change: Change) -> Change:
    """Of a squared norm that moves up by eight places where a bit is set."""

    def changed(b: Builder, v: Value) -> int | None:
        up = b.item(v.args[1]) if v.op == Select() else None
        return change(b, v) if isinstance(up, Value) and up.op == Linear((256,)) else None

    return changed


def rounded(change: Callable[[Round], Round]) -> Change:
    """Of a product that moves down by eight places."""

    def changed(b: Builder, v: Value) -> int | None:
        here = isinstance(v.op, Round) and v.op.denominator == 256 and not v.op.nearest and len(v.type.shape) == 2
        return b.emit(replace(v, op=change(v.op))) if here and isinstance(v.op, Round) else None

    return changed


def viewed(shape: tuple[int, ...], of: type[Op], strides: tuple[int, ...]) -> Change:
    """A view of so many elements of such a value shows others."""

    def changed(b: Builder, v: Value) -> int | None:
        whole = b.item(v.args[0]) if isinstance(v.op, View) and v.type.shape == shape else None
        if not isinstance(whole, Value) or not isinstance(whole.op, of):
            return None
        return b.emit(replace(v, op=View(Strided(0, strides))))

    return changed


def drawn(b: Builder, name: str) -> int:
    return next(
        b.first + len(b.params) + n
        for n, i in enumerate(b.items)
        if isinstance(i, Value) and isinstance(i.op, Draw) and i.op.name == name
    )


def unmasked(b: Builder, v: Value) -> int | None:
    return v.args[1] if v.op == Select() and v.args[0] == drawn(b, "") else None


def other_mantissa(b: Builder, v: Value) -> int | None:
    if v.type.shape != (21,) or v.args[0] == v.args[1] or v.type.hi != 255 * 63:
        return None
    return b.mul(v.args[0], b.select(drawn(b, ""), b.const([Fraction(32)], (21,)), b.const([Fraction(0)], (21,))))


def of_the_row(b: Builder, v: Value) -> int | None:
    """The mantissa's last bit."""
    if v.op != Linear((-16, -8, -4, -2, -1), 31):
        return None
    return b.emit(replace(v, args=(*v.args[:-1], drawn(b, "y"))))


def strides(*strides: int) -> Change:
    return op(View, 0, at=Strided(0, strides))


def ring_of(b: Builder, number: int) -> None:
    lo, hi = full_range(40, True)
    type = b.type(number)
    b.add(Ring(0), (number, number), replace(type, scale=type.scale**2, lo=lo, hi=hi))


def early() -> Value:
    [loop] = [i for i in understood("layers").block.items if isinstance(i, Loop)]
    return next(i for i in loop.body.items if isinstance(i, Value) and isinstance(i.op, Draw))


def clamped(b: Builder, v: Value) -> int | None:
    """The last threshold is one more than its table says: its word begins there."""
    if not (isinstance(v.op, Pieces) and v.op.name == "thresholds" and len(v.op.base) == 128):
        return None
    base = (*v.op.base[:-1], -(10**6))
    return b.emit(replace(v, op=replace(v.op, base=base), type=replace(v.type, lo=v.op.base[-1] + 1)))


def other_arm(b: Builder, v: Value) -> int | None:
    return b.emit(replace(v, args=(v.args[0], v.args[2], v.args[1]))) if v.claim is Claim.EXTREME else None


def stunted(b: Builder, v: Value) -> int | None:
    """A quotient by 7 that is held to -1..1."""
    if not (isinstance(v.op, Round) and v.op.denominator == 7):
        return None
    return b.emit(replace(v, op=replace(v.op, lo=-1, hi=1), type=replace(v.type, lo=-1, hi=1)))


def diagonal(b: Builder, v: Value) -> int | None:
    """Of the features turned over, the norm has the first 12 of a row, and its gradient those from its slot on."""
    if not isinstance(v.op, View) or v.args != (drawn(b, "x"),):
        return None
    turned = b.add(View(Strided(0, (1, 24))), v.args, replace(b.type(v.args[0]), shape=(24, 12)))
    at = {(24, 1): (1, 12), (1, 24): (12, 13), (1, 0, 24): (12, 0, 13)}[v.op.at.strides]
    return b.emit(replace(v, op=View(Strided(0, at)), args=(turned,)))


def within_slots(b: Builder, v: Value) -> int | None:
    """A sum over the features instead of the rows, of which there are as many."""
    if not isinstance(v.op, Ring) or b.type(v.args[0]).shape != (12, 12):
        return None
    parts = [b.item(a) for a in v.args]
    turned = [
        b.emit(replace(p, op=View(Strided(0, p.op.at.strides[::-1]))))
        for p in parts
        if isinstance(p, Value) and isinstance(p.op, View)
    ]
    return b.emit(replace(v, args=tuple(turned))) if len(turned) == 2 else None


COMPARED = lambda b, v, n: b.add(Less(), (n, n), replace(BIT, shape=v.type.shape))  # noqa: E731  # one line

DAMAGES: dict[str, tuple[str, Change, str]] = {
    # 1, 2: where Rings stand, and how they leave
    "a ring outside": ("layers", beside(Entry, lambda b, v, n: ring_of(b, n)), "stands outside"),
    "a batch for all steps": ("layers", beside(Entry, lambda b, v, n: b.emit(early())), "in front of the steps"),
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
    "an exponent too small": ("layers", instead(Linear((-1,), 8), Linear((-1,), 7)), "is scaled by"),
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
    "a sum read beside its noise": ("layers", beside(Bound, COMPARED), "only the addition of noise may read"),
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
    "noise read twice": ("layers", beside(Sampler, COMPARED), "noise that is read twice"),
    "coins read twice": ("layers", beside(Coins, COMPARED), "noise that is read twice"),
    "noise of another deviation": ("layers", op(Mechanism, -1, noise_multiplier=Fraction(2)), "noise of deviation"),
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
