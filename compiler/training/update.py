"""How the weights follow the noisy sums of the steps, as words of whoever learns them.

Plain descent is w -= rate / batch * noisy, rounded to w's kind.  With anything more the update carries values of its
own, on a grid that is finer than the clip, and so than the noise, by `GUARD` bits.  The same words are evaluated in the
clear and in a run, so that both give the same bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import assert_never

from compiler.words.builder import Builder
from compiler.words.ir import Type, full_range
from compiler.words.leaves import type_of
from compiler.words.operations import Div, Sqrt, Strided
from lang.kinds import Kind, Tensor
from lang.typed import Adam, Momentum, Update

GUARD = 24  # bits
PRECISION = 24  # bits of the smallest entry of a table of numbers by step


@dataclass(frozen=True, slots=True)
class Follower:
    """The update of one variable."""

    update: Update
    steps: int
    batch: int
    kind: Kind  # of the variable
    clip: Fraction
    reach: Fraction  # hardly any noisy sum is longer: what goes beyond is cut

    def states(self) -> list[Type]:
        """What it carries beside the variable, from 0."""
        own = _holding(type_of(self.kind).shape, Fraction(2) ** (_octave(self.clip) - GUARD), self.reach)
        match self.update.optimizer:
            case Momentum(factor):
                found = [] if not factor else [_wider(own, 1 / (1 - factor))]
            case Adam():
                found = [own, _squared(own)]
            case _:
                assert_never(self.update.optimizer)
        if self.update.average:
            weight = type_of(self.kind)
            found += [_wider(weight, Fraction(self.update.average)), weight]
        return found

    def step(self, b: Builder, index: int, weight: int, noisy: int, states: Sequence[int]) -> tuple[int, list[int]]:
        """(the weights after the step, the states after it)."""
        rates = [rate / self.batch for rate in self.update.rates]
        match self.update.optimizer:
            case Momentum(factor) if not factor:
                moved, kept = noisy, list[int]()
            case Momentum(factor):
                moved = _carried(b, b.affine([(factor, states[0]), (Fraction(1), noisy)]), b.type(states[0]))
                kept = [moved]
            case Adam() as adam:
                rates = list(self.update.rates)
                moved, kept = self._adam(b, adam, index, noisy, states)
            case _:
                assert_never(self.update.optimizer)
        if len(rates) == 1:
            stepped = b.affine([(Fraction(1), weight), (-rates[0], moved)])
        else:
            stepped = b.sub(weight, b.mul(moved, self._by_step(b, index, rates, b.type(moved).shape)))
        after = self._rounded(b, stepped)
        if self.update.average:
            kept += self._average(b, index, after, states[-2])
        return after, kept

    def _adam(self, b: Builder, adam: Adam, index: int, noisy: int, states: Sequence[int]) -> tuple[int, list[int]]:
        """The direction, a number of about 1, and both moments."""
        first, second = b.type(states[0]), b.type(states[1])
        mean = _carried(b, b.affine([(adam.beta1, states[0]), (1 - adam.beta1, noisy)]), first)
        square = b.mul(noisy, noisy)
        spread = _carried(b, b.affine([(adam.beta2, states[1]), (1 - adam.beta2, square)]), second)
        unbiased = [
            b.mul(moment, self._by_step(b, index, _corrections(beta, self.steps), shape))
            for moment, beta, shape in ((mean, adam.beta1, first.shape), (spread, adam.beta2, second.shape))
        ]
        top = b.round(unbiased[0], first.scale, *full_range(first.width + 64, True))
        below = b.round(unbiased[1], first.scale**2, 0, full_range(second.width + 64, True)[1])
        root_type = Type(first.shape, first.scale, 0, 1 << (b.type(below).width // 2 + 1))
        root = b.add(Sqrt(), (below,), root_type)
        # of the mean, not of the sum: epsilon is added to that of the gradient itself
        divisor = b.affine([(Fraction(1), root)], Fraction(ceil(adam.epsilon * self.batch / first.scale)) * first.scale)
        fine = Fraction(1, 1 << PRECISION)
        dividend = b.round(top, first.scale * fine, *full_range(b.type(top).width + PRECISION + 1, True))
        lo, hi = full_range(b.type(dividend).width + 1, True)
        ratio = Type(first.shape, fine, lo, hi)
        return b.add(Div(lo, hi), (dividend, divisor), ratio), [mean, spread]

    def _average(self, b: Builder, index: int, after: int, total: int) -> list[int]:
        """The sum of the weights after the last steps, and its mean."""
        before = b.const([Fraction(self.steps - self.update.average - 1)])
        added = _carried(b, b.add2(total, b.mul(after, b.less(before, index))), b.type(total))
        return [added, self._rounded(b, b.scaled(added, Fraction(1, self.update.average)))]

    def _rounded(self, b: Builder, number: int) -> int:
        assert isinstance(self.kind, Tensor)
        scalar = self.kind.scalar
        return b.fit(b.round(number, scalar.scale, scalar.lo, scalar.hi), type_of(self.kind))

    def _by_step(self, b: Builder, index: int, values: Sequence[Fraction], shape: tuple[int, ...]) -> int:
        """The step's entry of a public table, to `PRECISION` bits of its smallest, for every element."""
        if len(set(values)) == 1:
            return b.const(values[:1], shape)
        grid = Fraction(2) ** (_octave(min(values)) - PRECISION)
        table = b.const([Fraction(round(v / grid)) * grid for v in values], (len(values),))
        return b.view(table, Strided(0, (0,) * len(shape), (1,)), shape, [index])


@dataclass(frozen=True, slots=True)
class Followers:
    """The updates of all variables; a loop carries the variables, and then each one's states."""

    each: tuple[Follower, ...]

    @property
    def types(self) -> list[Type]:
        """Of the states."""
        return [type for follower in self.each for type in follower.states()]

    def step(self, b: Builder, index: int, carried: Sequence[int], noisy: Sequence[int]) -> list[int]:
        """What is carried on."""
        count = len(self.each)
        weights, states, at = list[int](), list[int](), count
        for follower, weight, sum in zip(self.each, carried[:count], noisy, strict=True):
            own = carried[at : at + len(follower.states())]
            after, kept = follower.step(b, index, weight, sum, own)
            weights.append(after)
            states += kept
            at += len(own)
        return weights + states

    def weights(self, carried: Sequence[int]) -> list[int]:
        """The variables, of what is carried after the last step."""
        found, at = list[int](), len(self.each)
        for number, follower in zip(carried, self.each, strict=False):
            at += len(follower.states())
            found.append(carried[at - 1] if follower.update.average else number)
        return found


def _corrections(beta: Fraction, steps: int) -> list[Fraction]:
    """1 / (1 - beta^t) for t from 1, by which a moment that began at 0 is too small.

    The powers are held to so many bits that 1 less one of them is good to some more than `PRECISION`.
    """
    one = 1 << (2 * PRECISION + ceil(1 / (1 - beta)).bit_length())
    power, found = one, list[Fraction]()
    for _ in range(steps):
        power = power * beta.numerator // beta.denominator
        found.append(Fraction(one, one - power))
    return found


def _octave(value: Fraction) -> int:
    """floor(log2(value)), exactly, of any size."""
    guess = value.numerator.bit_length() - value.denominator.bit_length()
    return guess if value >= Fraction(2) ** guess else guess - 1


def _carried(b: Builder, number: int, type: Type) -> int:
    return b.fit(b.round(number, type.scale, type.lo, type.hi), type)


def _holding(shape: tuple[int, ...], scale: Fraction, most: Fraction) -> Type:
    """All words that hold numbers of up to `most`."""
    lo, hi = full_range(ceil(most / scale).bit_length() + 1, True)
    return Type(shape, scale, lo, hi)


def _wider(type: Type, times: Fraction) -> Type:
    return _holding(type.shape, type.scale, times * (type.hi + 1) * type.scale)


def _squared(type: Type) -> Type:
    lo, hi = full_range(2 * type.width, True)
    return Type(type.shape, type.scale**2, lo, hi)
