"""No row adds more than the clip to the sum and an empty slot adds nothing, whatever numbers the Rings read.

Each rule that this rests on is broken once, and then it is not so.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import count

import numpy as np
import pytest
from properties.test_clip_holds import CLIPS, PROGRAMS, compiled, numbers
from support.one_row import contribution, squared_norm
from support.reading import Meant
from support.rings import Ideal, Offsets, joint_rings, nothing, sums, wrapped

from compiler.lowering import lower
from compiler.lowering import understand as understanding
from compiler.pipeline import understand
from compiler.training import bounds, clip, dpsgd, loss
from compiler.training.rings import Cheaper
from compiler.training.short import Moves
from compiler.training.verify import check
from compiler.words.builder import Builder
from compiler.words.evaluate import Array, as_array
from compiler.words.ir import Claim, Type, Value, Words
from compiler.words.operations import Ring, View
from compiler.words.prune import prune
from compiler.words.verify import Malformed
from lang.source import Source

HIDDEN = ("w: fix<9, 6>[3, 4], v: fix<9, 6>[4, 2]", "x: fix<8, 5>[3]; y: uint<1>;")
NETWORKS = {
    "a network without a bias": (*HIDDEN, "loss sum(squared(relu(row.x @ w) @ v, [row.y == 0, row.y == 1]));"),
    "a network with a hidden bias": (
        f"{HIDDEN[0]}, c: fix<9, 6>[4]",
        HIDDEN[1],
        "loss sum(squared(relu(row.x @ w + c) @ v, [row.y == 0, row.y == 1]));",
    ),
    "a network without a nonlinearity": (*HIDDEN, "loss sum(squared((row.x @ w) @ v, [row.y == 0, row.y == 1]));"),
    "softmax": (
        "w: fix<9, 6>[3, 2]",
        HIDDEN[1],
        "let s: fix<9, 5>[2] = row.x @ w; loss cross_entropy(s, row.y);",
    ),
}
EVERY = PROGRAMS | NETWORKS
SEEDS = count()
ACTIVATIONS = (
    "tanh(z)",
    "sigmoid(z)",
    "exp(z)",
    "sqrt(abs(z))",
    "log(abs(z) + 1)",
    "rsqrt(abs(z) + 1)",
    "softmax(z)",
    "max(z, 0)",
    "z / 2",
    "z / (norm2(z) + 1)",
    "norm2(z) * z",
    "z as fix<12, 6> wrap",
)


def offsets(words: Words, rng: np.random.Generator) -> Callable[[int, int, Type], Array]:
    """For every Ring in front of the clipping: an offset on a sum is one of the sum, and not of a row's."""
    last, chosen = sums(words), Offsets(rng)
    return lambda ring, time, type: np.zeros(type.shape, dtype=object) if ring in last else chosen(ring, time, type)


def worst(
    words: Words, bound: str, tries: int = 40, ideal: type[Ideal] = Ideal, ranged: bool = False
) -> tuple[Fraction, Fraction]:
    """The largest squared norm of a row's gradient, and of what an empty batch adds, in squared clips."""
    draw, rng = random.Random(bound), np.random.default_rng(len(bound))
    rows, empty = [Fraction(0)], [Fraction(0)]
    for _ in range(tries):
        weights = {entry.name: numbers(draw, type) for entry, type in words.inputs}
        row = {f.name: numbers(draw, f.type) for f in words.datasets[0].fields}
        for f in words.datasets[0].fields:
            while f.norm and squared_norm([row[f.name] * f.type.scale]) > f.norm**2:
                row[f.name] = row[f.name] // 2
        world, slot = ideal(words, offsets(words, rng), ranged), draw.randint(0, 7)
        alone = world.during(lambda w=weights, r=row, s=slot: contribution(words, w, r, s))
        nobody = world.during(lambda w=weights: contribution(words, w, None))
        rows.append(squared_norm(alone) / Fraction(bound) ** 2)
        empty.append(squared_norm(nobody) / Fraction(bound) ** 2)
    return max(rows), max(empty)


@pytest.mark.parametrize(
    "bounds",
    [pytest.param((CLIPS[0], CLIPS[-1]), id="two clips"), pytest.param(CLIPS[1:-1], id="more", marks=pytest.mark.slow)],
)
@pytest.mark.parametrize("name", EVERY)
def test_no_row_adds_more_than_the_clip(name: str, bounds: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PROGRAMS, name, EVERY[name])
    longest = Fraction(0)
    for bound in bounds:
        words = compiled(name, bound)
        check(words)
        row, empty = worst(words, bound, 10, ranged=True)
        assert row <= 1 and not empty, bound
        longest = max(longest, row)
    assert longest > Fraction(1, 2)


@dataclass
class Ends(Ideal):
    """Rings that are the ends of their range, or next to zero: where a function of one would be out of its depth."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._rng, self._last = np.random.default_rng(next(SEEDS)), sums(self.words)

    def read(self, item: Value, args: list[Array], honest: Meant) -> Array:
        found, ring, type = super().read(item, args, honest), self._rings.get(id(item)), item.type
        if ring is None or ring in self._last:
            return found
        return as_array(self._rng.choice([type.lo, type.lo + 1, -1, 0, 1, type.hi], type.shape), type)


@pytest.mark.parametrize(
    "activation", [pytest.param(a, marks=() if i < 2 else pytest.mark.slow) for i, a in enumerate(ACTIVATIONS)]
)
def test_no_function_of_a_ring_lets_more_through(activation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs, fields, _ = NETWORKS["a network without a bias"]
    body = (
        f"let z = row.x @ w; let h: fix<12, 6>[4] = {activation}; loss sum(squared(h @ v, [row.y == 0, row.y == 1]));"
    )
    monkeypatch.setitem(PROGRAMS, activation, (inputs, fields, body))
    for bound in ("1.0", "100.0"):
        row, empty = worst(compiled(activation, bound), bound, 12, Ends, ranged=True)
        assert row <= 1 and not empty


def network(name: str, monkeypatch: pytest.MonkeyPatch) -> Words:
    monkeypatch.setitem(PROGRAMS, name, EVERY[name])
    return compiled(name, "1.0")


# -- the rules, broken ----------------------------------------------------------------------------


def test_what_vanishes_is_asked_before_there_are_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    """A score of an empty slot is 0, but what is entered in its place is not."""
    honest = bounds._vanishing

    def vanishing(b: Builder, number: int, item: Value, vanishes: Callable[[int], bool]) -> bool:
        return any(map(vanishes, item.args)) if isinstance(item.op, Ring) else honest(b, number, item, vanishes)

    monkeypatch.setattr(bounds, "_vanishing", vanishing)
    row, empty = worst(network("a network without a bias", monkeypatch), "1.0")
    assert row > 1 or empty > 0


def test_the_mask_at_the_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    """What flows back through the weights enters behind it, and is alive again."""
    honest = loss.seeds

    def seeds(b: Builder, inner: loss.Lower, judged: object, factor: Fraction = Fraction(1)) -> list[loss.Seed]:
        valid = b.first + 2  # behind the fields x and y
        found = honest(b, inner, judged, factor)
        return [(value, b.select(valid, adjoint, b.const([Fraction(0)]))) for value, adjoint in found]

    monkeypatch.setattr(lower, "seeds", seeds)
    monkeypatch.setattr(dpsgd, "clipped", lambda b, gradients, *others: clip.clipped(b, gradients, *others[:-1]))
    _, empty = worst(network("a network with a hidden bias", monkeypatch), "1.0")
    assert empty > 1  # together more than a row that is there


def test_the_norm_enters(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Cheaper.__call__

    def cheaper(self: Cheaper, b: Builder, left: int, right: int, exact: Type, axes: int) -> Type | None:
        norm = left == right and not self.own.knows(b, left)
        return exact if norm else honest(self, b, left, right, exact, axes)

    monkeypatch.setattr(Cheaper, "__call__", cheaper)
    monkeypatch.setattr(Builder, "narrowed", lambda b, number, *range_and_claim: number)
    row, _ = worst(network("a network without a bias", monkeypatch), "1.0")
    assert row > 10


def test_the_factor_times_what_flows_back_enters(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Builder.mul

    def mul(b: Builder, left: int, right: int) -> int:
        made = honest(b, left, right)
        shape = b.type(made).shape
        return b.ring(b.broadcast(left, shape), b.broadcast(right, shape), 0, b.type(made))

    shrunk = clip.Scaling.shrunk

    def entered(self: clip.Scaling, b: Builder, by: clip.Factor) -> int:
        with monkeypatch.context() as patch:
            patch.setattr(Builder, "mul", mul)
            return shrunk(self, b, by)

    monkeypatch.setattr(clip.Scaling, "shrunk", entered)
    row, _ = worst(network("a linear model with long rows", monkeypatch), "1.0")
    assert row > 1


def test_a_ring_of_the_honest_range(monkeypatch: pytest.MonkeyPatch) -> None:
    """The word of the norm would be as wide as honest scores make it."""

    def ring(b: Builder, left: int, right: int, axes: int, least: Type) -> int:
        return b.add(Ring(axes), (left, right), least)

    monkeypatch.setattr(Builder, "ring", ring)
    with pytest.raises(Malformed, match="is not a whole ring"):
        network("a linear model with long rows", monkeypatch)
    monkeypatch.setattr(understanding, "lowered", lambda checked, watch: prune(lower.lower(checked.program, watch)))
    words = network("a linear model with long rows", monkeypatch)
    with pytest.raises(AssertionError, match="outside"):
        worst(words, "1.0", ranged=True)


@dataclass
class Honest(Ideal):
    """Nobody lies."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.reading = nothing


def test_a_norm_as_wide_as_honest_scores_make_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quarter of what its Rings make possible; it would wrap, and the gradient be let through as it is."""
    honest = clip.moved_up

    def moved_up(b: Builder, n: int, moves: Moves, by: int) -> int:
        whole = honest(b, n, moves, by)
        return b.narrowed(whole, Fraction(0), Fraction(b.type(whole).hi // 4), Claim.NORM)

    monkeypatch.setattr(clip, "moved_up", moved_up)
    with pytest.raises(Malformed, match="as a norm, which it cannot be"):
        network("a linear model with long rows", monkeypatch)
    monkeypatch.setattr(understanding, "lowered", lambda checked, watch: prune(lower.lower(checked.program, watch)))
    words = network("a linear model with long rows", monkeypatch)
    worst(words, "1.0", ideal=Honest, ranged=True)
    with pytest.raises(AssertionError, match=r"outside .* claim=<Claim.NORM"):
        worst(words, "1.0", ideal=Ends, ranged=True)


@dataclass
class Copied(Ideal):
    """Each reader of a Ring reads another entry, as where a Ring is copied, or whole for one and cut for another."""

    copies: dict[int, tuple[Array, int]] = field(default_factory=dict[int, tuple[Array, int]])
    reads: int = 1000

    def read(self, item: Value, args: list[Array], honest: Meant) -> Array:
        ring = self._rings.get(id(item))
        if isinstance(item.op, View) and id(args[0]) in self.copies:  # shows the copies to readers of its own
            ring = self.copies[id(args[0])][1]
        else:
            args = [self._copy(arg) if id(arg) in self.copies else arg for arg in args]
        found = super().read(item, args, honest)
        if ring is not None:
            self.copies[id(found)] = found, ring
        return found

    def _copy(self, value: Array) -> Array:
        ring = self.copies[id(value)][1]
        self.reads += 1
        type = replace(joint_rings(self.words)[ring].type, shape=value.shape)
        return wrapped(value + self.reading(ring, self.reads, type), type)


def test_a_ring_that_enters_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The norm would be of one copy and the gradient of another."""
    words = network("a network without a nonlinearity", monkeypatch)
    assert worst(words, "1.0")[0] <= 1
    assert worst(words, "1.0", ideal=Copied)[0] > 10


def test_no_ring_without_noise() -> None:
    """Nothing would hide what an offset moves."""
    text = """party vendor; party clinic; input w0: fix<12, 8>[4] from vendor;
        dataset rows from clinic { x: fix<7, 3>[4]; y: fix<6, 2>; } var w = w0;
        dpsgd w on rows(batch = 2, steps = 1, clip = 1.0, noise = NOISE, rate = 1.0) as row {
            loss squared(dot(w, row.x), row.y);
        }
        output w = reveal(w) to clinic;"""
    without, hidden = (understand(Source("a.ccr", text.replace("NOISE", n))).words for n in ("0", "1.0"))
    assert joint_rings(hidden) and not joint_rings(without)
