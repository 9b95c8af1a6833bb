"""A sum that enters as shares: an offset of it moves the noisy sum round its ring, and tells nothing else.

The noise is added in the ring.  Were it added behind it, one record more could carry a sum over the ring's end, and
what is released would move by the whole ring: each way to do so is tried once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import pytest
from support.reading import Meant
from support.rings import Ideal, joint_rings, sums, wrapped
from support.training_text import Trial

from compiler.pipeline import understand
from compiler.training import dpsgd, rings
from compiler.words.builder import Builder
from compiler.words.evaluate import Array, NoSources, evaluate
from compiler.words.ir import Claim, Type, Value, Words
from compiler.words.operations import Draw, Mechanism
from lang.source import Source

Added = Callable[[Builder, int, int], int]


def widened(b: Builder, total: int, noise: int) -> int:
    return b.add2(total, noise)


def clamped(b: Builder, total: int, noise: int) -> int:
    """The sum clamped to half its ring first."""
    type = b.type(total)
    return b.add2(b.round(total, type.scale, type.lo // 2, type.hi // 2), noise)


def shifted(b: Builder, total: int, noise: int) -> int:
    """The sum on a coarser grid first."""
    type = b.type(total)
    return b.add2(b.round(total, type.scale * 8, type.lo // 8, type.hi // 8, nearest=False), noise)


WRONG = (widened, clamped, shifted)


# -- one ring -------------------------------------------------------------------------------------

REACH = 40


def advantage(added: Added, fine: int) -> Fraction:
    """How well the noisy sum tells sums that differ by one, for the sum at which it does best; noise is uniform."""
    word, noise = Type((), Fraction(1), -8, 7), Type((), Fraction(1, fine), -REACH, REACH)
    b = Builder([word, word, noise])
    ring = b.ring(0, 1, 0, Type((), Fraction(1), -64, 63))  # 7 bits
    block = b.block([added(b, ring, 2)])

    def seen(sum: int) -> set[int]:
        offset = [np.asarray(sum), np.asarray(1)]
        return {int(evaluate(block, [*offset, np.asarray(n)], NoSources())[0]) for n in range(-REACH, REACH + 1)}

    heard = {sum: seen(sum) for sum in range(-64, 64)}
    apart = [len(heard[s] - heard[s + 1 if s < 63 else -64]) for s in heard]
    return Fraction(max(apart), 2 * REACH + 1)


@pytest.mark.parametrize("fine", [1, 4])
def test_neighbouring_sums_look_alike(fine: int) -> None:
    """One and the next one round the ring: a step of noise apart, the last and the first no less."""
    assert advantage(rings.added, fine) == Fraction(fine, 2 * REACH + 1)


@pytest.mark.parametrize("added", WRONG)
def test_noise_outside_the_ring_tells_them_apart(added: Added) -> None:
    assert advantage(added, 1) == (Fraction(7, 9) if added is clamped else 1)


# -- a program ------------------------------------------------------------------------------------

TEXT = """party hospital; party vendor;
input w0: fix<6, 3>[2] from vendor;
dataset rows from hospital { x: fix<7, 6>[2] where norm2(x) <= 1.0; y: bit; }
var w = w0;
dpsgd w on rows(batch = 1, steps = 2, clip = 1.0, noise = NOISE, rate = RATE) as row {
    loss logistic(dot(w, row.x), row.y);
}
output w to vendor;
"""
NOISES = ("1.0", "1.0 drawn by hospital")


def words(noise: str, rate: str = "1.0") -> Words:
    return understand(Source("sum.ccr", TEXT.replace("NOISE", noise).replace("RATE", rate))).words


@dataclass
class Watched(Ideal):
    """Keeps what leaves the mechanism."""

    released: list[tuple[Type, Array]] = field(default_factory=list[tuple[Type, Array]])

    def read(self, item: Value, args: list[Array], honest: Meant) -> Array:
        found = super().read(item, args, honest)
        if isinstance(item.op, Mechanism):
            self.released.append((item.type, found))
        return found


def moves_round_its_ring(program: Words) -> bool:
    """Is the first noisy sum with an offset the one without it, and the offset, mod the ring?"""
    [last] = sums(program)
    ring = joint_rings(program)[last].type
    rng, alike = np.random.default_rng(3), True
    for seed in range(12):
        offset = rng.choice([1, ring.hi, ring.lo, int(rng.integers(ring.lo, ring.hi))], ring.shape).astype(object)
        honest, moved = Watched(program), Watched(program, _on(last, offset))
        for world in honest, moved:
            world.run(Trial(program, seed))
        (type, before), (_, after) = honest.released[0], moved.released[0]
        alike &= np.array_equal(after, wrapped(before + offset * int(ring.scale / type.scale), type))
    return alike


def _on(last: int, offset: Array) -> Callable[[int, int, Type], Array]:
    return lambda ring, time, type: offset if ring == last else np.zeros(type.shape, dtype=object)


@pytest.mark.parametrize("noise", NOISES)
def test_an_offset_moves_the_noisy_sum_round_its_ring(noise: str) -> None:
    assert moves_round_its_ring(words(noise))


@pytest.mark.parametrize("added", WRONG)
@pytest.mark.parametrize("noise", NOISES)
def test_noise_outside_the_ring(added: Added, noise: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dpsgd, "added", added)
    assert not moves_round_its_ring(words(noise))


def test_a_narrow_ring_is_harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the noise in it, that is: sums wrap, which nobody can use, and an offset is still nothing but a turn."""
    with_room = dpsgd.with_room
    monkeypatch.setattr(dpsgd, "with_room", lambda b, total, most, reach: with_room(b, total, most / 8, reach / 8))
    assert moves_round_its_ring(words("1.0"))


# -- what is around it ----------------------------------------------------------------------------


@dataclass
class Alike(Trial):
    """Every slot has the same row, so that all gradients pull one way."""

    full: float = 1.0

    def sample(self, at: Draw, type: Type, position: tuple[int, ...]) -> Array:
        rows = super().sample(at, type, position)
        rows[:] = rows[0]
        return rows


def released(noise: str) -> list[list[Fraction]]:
    program = words(noise)
    worlds = [Watched(program) for _ in range(12)]
    for seed, world in enumerate(worlds):
        world.run(Alike(program, seed))
    return [[int(n) * type.scale for type, noisy in world.released for n in noisy.reshape(-1)] for world in worlds]


@pytest.mark.parametrize("noise", NOISES)
def test_a_ring_has_room_for_the_sum_and_the_noise(noise: str, monkeypatch: pytest.MonkeyPatch) -> None:
    as_it_is, with_room = released(noise), dpsgd.with_room
    for times, alike in ((Fraction(256), True), (Fraction(1, 8), False)):
        monkeypatch.setattr(
            dpsgd, "with_room", lambda b, total, most, reach, f=times: with_room(b, total, most * f, reach * f)
        )
        assert (released(noise) == as_it_is) is alike


def steered(program: Words) -> bool:
    """Do offsets of the sum ever carry a weight out of its kind?"""
    [last] = sums(program)
    [(_, kind)] = program.inputs
    ring = joint_rings(program)[last].type
    ends = [np.full(ring.shape, end, dtype=object) for end in (ring.lo, ring.hi)]
    outputs = [Ideal(program, _on(last, end)).run(Trial(program, seed))["w"] for end in ends for seed in range(4)]
    return any(w.min() < kind.lo or w.max() > kind.hi for w in outputs)


def test_an_offset_does_not_carry_a_weight_out_of_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """The update is clamped, for what its ring makes possible and not for honest sums."""
    assert not steered(words("1.0"))
    honest = Builder.round

    def round(
        b: Builder, number: int, scale: Fraction, lo: int, hi: int, *, nearest: bool = True, wrap: bool = False
    ) -> int:
        item = b.item(number)
        if isinstance(item, Value) and any(b.item(a) is None for a in item.args) and b.outer and not b.outer.outer:
            unclamped = honest(b, number, scale, lo << 40, hi << 40, nearest=nearest)
            return b.narrowed(unclamped, lo * scale, hi * scale, Claim.FUNCTION)
        return honest(b, number, scale, lo, hi, nearest=nearest, wrap=wrap)

    monkeypatch.setattr(Builder, "round", round)
    program = words("1.0")
    with pytest.raises(AssertionError, match="outside"):
        steered(program)
