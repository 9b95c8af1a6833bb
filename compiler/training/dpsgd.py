"""`dpsgd`: batches, clipped gradients, their exact sum, noise, and the step of the weights.

    sum   = sum over slots of clip(gradient of the row)          exact integers
    noisy = sum + noise of deviation noise * clip                integers on the sum's grid
    w    -= rate / batch * noisy                                 rounded to w's kind, after the noise

The noise is drawn by both parties inside the circuit (`sampler.py`) or, `drawn by` the owner of the data set, a rounded
Gaussian that it enters.  The batch size is the public one: dividing by the number of rows drawn would tell that number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor, isqrt
from typing import assert_never

from compiler.training import bounds
from compiler.training.clip import clipped, masked
from compiler.training.own import Own
from compiler.training.rings import Cheaper, added, with_room
from compiler.training.start import starts
from compiler.training.update import Follower, Followers
from compiler.words.builder import Builder
from compiler.words.ir import Type, full_range
from compiler.words.leaves import type_of
from compiler.words.noise_bound import REACH, noise_bound
from compiler.words.operations import Bound, Coins, Constant, Draw, Held, Learn, Mechanism, Noise, Pooled
from compiler.words.sampler import Sampler, refinement, sampler
from compiler.words.vmap import sum_slots, vmap
from lang import typed as t
from lang.numerals import show_number
from lang.problems.flow import ClauseValue
from lang.problems.problem import Rejected

# (builder of one example, fields of the row, weights) -> gradient of each weight
Gradients = Callable[[Builder, dict[str, int], list[int]], list[int]]


def slot_count(batch: int) -> int:
    """S = B + ceil(4 sqrt(B)): a Poisson batch exceeds it with a chance of about 1e-4 at most."""
    return batch + isqrt(16 * batch - 1) + 1


def train(
    b: Builder, s: t.Train, program: t.Program, weights: Sequence[int], gradients: Gradients, draw: int
) -> list[int]:
    """The trained variables after the last step."""
    dataset = next(d for d in program.datasets if d.name == s.dataset)
    kinds = [v.kind for v in s.variables]
    init = [b.fit(w, type_of(kind)) for w, kind in zip(weights, kinds, strict=True)]
    batch = Batch(s, dataset, program.parties, draw, slot_count(s.batch))
    if batch.receiver:
        names = [(v.name, span) for v, span in zip(s.variables, s.variable_spans, strict=True)]
        init = starts(b, init, names, batch.receiver)
    followers = followers_of(s, batch)
    body = Builder([Type((), Fraction(1), 0, s.steps - 1), *map(type_of, kinds), *followers.types], b)
    body.span = s.span
    body.rings = Cheaper(Own(dataset.party)) if s.noise else None
    carried = list(range(body.first + 1, body.first + len(body.params)))
    sums = clipped_sums(body, batch, carried[: len(kinds)], gradients)
    own = held(body, batch.receiver, carried)
    after = followers.step(body, body.first, own, pooled(body, batch, noisy_sums(body, batch, sums)))
    start = [b.add(Constant((0,)), (), type) for type in followers.types]
    return followers.weights(b.loop(s.steps, [*init, *start], body.block(after)))


def followers_of(s: t.Train, batch: Batch) -> Followers:
    """The updates of its variables."""
    reach, size = batch.honest_together, sum(s.batches) or s.batch
    kinds = [v.kind for v in s.variables]
    return Followers(tuple(Follower(s.update, s.steps, size, kind, s.clip, reach) for kind in kinds if kind))


def held(b: Builder, receiver: str, carried: Sequence[int]) -> list[int]:
    """The weights, and what else is carried, as the update reads them: by whoever makes it."""
    if not receiver:
        return list(carried)
    return [b.add(Held(receiver), (n,), b.type(n)) for n in carried]


@dataclass(frozen=True, slots=True)
class Batch:
    """One `dpsgd` or `measure` of the program."""

    train: t.Train | t.Measure
    dataset: t.Dataset
    parties: tuple[str, ...]
    draw: int
    slots: int

    @property
    def receiver(self) -> str:
        """Who is told the noisy sums after each step; "": nobody."""
        moment = t.Moment.END if isinstance(self.train, t.Measure) else self.train.release
        if self.sizes:
            moment = t.Moment.STEP
        match moment:
            case t.Moment.STEP:
                return next(p for p in self.parties if p != self.dataset.party)
            case t.Moment.END:
                return ""
            case _:
                assert_never(moment)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Of all owners; () where there is one."""
        return self.train.each if isinstance(self.train, t.Measure) else self.train.batches

    @property
    def honest(self) -> Fraction:
        """Hardly any noisy sum is further from 0."""
        return self._honest(self.slots)

    @property
    def honest_together(self) -> Fraction:
        """Nor of all owners together."""
        slots = self.sizes if self.whole else map(slot_count, self.sizes)
        return sum(map(self._honest, slots), Fraction(0)) or self.honest

    def _honest(self, slots: int) -> Fraction:
        return (slots + REACH * self.train.noise) * self.train.clip

    @property
    def whole(self) -> bool:
        """Is it of all rows?"""
        return isinstance(self.train, t.Measure)

    @property
    def size(self) -> int:
        return self.train.rows if isinstance(self.train, t.Measure) else self.train.batch

    def sample(self, b: Builder, name: str, type: Type) -> int:
        """A field of the step's batch; the valid bit where name is ""."""
        draw = Draw(self.train.dataset, name, self.dataset.party, self.draw, self.size, self.slots, self.whole)
        return b.add(draw, (), replace(type, shape=(self.slots, *type.shape)))

    def sigma(self, sum: Type) -> Fraction:
        """The deviation of a sum's noise, in points of the sum's grid."""
        return self.train.noise * self.train.clip / sum.scale

    def reach(self, sum: Type) -> Fraction:
        """No noise is further from 0."""
        sigma = self.sigma(sum)
        if self.train.drawn_by:
            return noise_bound(sigma) * sum.scale
        finer = 1 << refinement(sigma)
        return sampler(sigma * finer).reach * sum.scale / finer

    def mechanism(self, samplers: tuple[Sampler, ...], sizes: tuple[int, ...]) -> Mechanism:
        s = self.train
        return Mechanism(
            s.dataset,
            self.draw,
            self.size,
            self.slots,
            1 if isinstance(s, t.Measure) else s.steps,
            s.clip,
            s.noise,
            s.drawn_by or "",
            samplers,
            sizes,
            whole=self.whole,
            to=self.receiver,
        )


def clipped_sums(b: Builder, batch: Batch, weights: list[int], gradients: Gradients) -> list[int]:
    """The sum over the slots of each variable's gradient; together they have norm at most `clip` for each row."""
    fields = [(f, type_of(f.kind)) for f in batch.dataset.fields]
    bit = Type((), Fraction(1), 0, 1)
    example = Builder([*(ty for _, ty in fields), bit, *(b.type(w) for w in weights)], b)
    example.span = batch.train.span
    numbers = range(example.first, example.first + len(example.params))
    row = {f.name: n for (f, _), n in zip(fields, numbers, strict=False)}
    valid, inside = numbers[len(fields)], list(numbers[len(fields) + 1 :])
    norms = {n: f.norm for (f, _), n in zip(fields, numbers, strict=False)}
    own = Own(batch.dataset.party, numbers[: len(fields) + 1])
    if batch.train.noise:
        example.rings = Cheaper(own, norms)

    found, bound = _bounded(example, batch, gradients(example, row, inside), norms, (own, valid))

    samples = [batch.sample(b, f.name, ty) for f, ty in fields]
    args = [*samples, batch.sample(b, "", bit), *weights]
    flags = [True] * (len(samples) + 1) + [False] * len(weights)
    sums: list[int] = []
    for number, batched in vmap(b, example.block(found), args, flags, batch.slots):
        total = sum_slots(b, number) if batched else number  # what no row moves vanishes, or a valid bit moves it
        if batch.train.noise:
            total = with_room(b, total, batch.slots * batch.train.clip, batch.reach(b.type(total)))
        sums.append(b.add(bound, (total,), b.type(total)))
    return sums


def _bounded(
    b: Builder, batch: Batch, gradients: list[int], norms: bounds.Norms, row: tuple[Own, int]
) -> tuple[list[int], Bound]:
    """Gradients of joint norm at most `clip` for all weights, and why they are: their structure, or a factor.

    Empty slots are zeroed by their valid bit, behind every Ring: in front of one it would not hold.
    """
    clip, (own, valid) = batch.train.clip, row
    revived = [not bounds.vanishes(b, g, norms) for g in gradients]
    if sum(bounds.squared_norm(b, g, norms) for g in gradients) <= clip**2:
        zeroed = [masked(b, g, valid, own) if r else g for g, r in zip(gradients, revived, strict=True)]
        return zeroed, Bound(clip, "structure: values of bounded range times fields of bounded norm")
    # each slot has numbers of its own, also of what is the same for all rows
    gradients = [g if own.touches(b, g) else masked(b, g, valid, own) for g in gradients]
    scaled = clipped(b, gradients, clip, norms, own, valid if any(revived) else None)
    return scaled, Bound(clip, "ghost norm: each row's gradient is scaled to its norm")


def noisy_sums(b: Builder, batch: Batch, sums: Sequence[int]) -> list[int]:
    """The sums as they leave: with noise, and then without the data set among their sources."""
    if not batch.train.noise:
        return list(sums)
    samplers: list[Sampler] = []
    noisy: list[int] = []
    for position, total in enumerate(sums):
        if batch.train.drawn_by:
            noise = _drawn(b, batch, b.type(total), position)
        else:
            noise, made = _joint(b, batch, b.type(total), position)
            samplers.append(made)
        noisy.append(added(b, total, noise))
    mechanism = batch.mechanism(tuple(samplers), tuple(b.type(total).size for total in sums))
    released = [b.add(mechanism, (n,), b.type(n)) for n in noisy]
    if not mechanism.to:
        return released
    return [b.add(Learn(mechanism.to, batch.draw, i), (n,), b.type(n)) for i, n in enumerate(released)]


def pooled(b: Builder, batch: Batch, noisy: Sequence[int]) -> list[int]:
    """What all owners tell of a step, together."""
    if not batch.sizes:
        return list(noisy)
    found: list[int] = []
    for position, number in enumerate(noisy):
        type = b.type(number)
        most, together = ceil(batch.honest / type.scale), ceil(batch.honest_together / type.scale) + len(batch.sizes)
        op = Pooled(batch.receiver, batch.draw, position, most, together, batch.sizes)
        found.append(b.add(op, (number,), replace(type, lo=-together, hi=together)))
    return found


def _drawn(b: Builder, batch: Batch, sum: Type, position: int) -> int:
    """Noise that the owner of the data set draws and enters.  Raises Rejected where its draws leave 64-bit integers."""
    sigma = batch.sigma(sum)
    if noise_bound(sigma) >= 1 << 62:
        s, most = batch.train, floor((1 << 62) / REACH * batch.train.noise / sigma)
        raise Rejected(
            [
                ClauseValue(
                    span=s.span,
                    clause="noise",
                    wanted=f"at most {most} where one party draws it",
                    value=show_number(s.noise),
                    example="1.69",
                )
            ]
        )
    lo, hi = full_range(noise_bound(sigma).bit_length() + 1, True)
    return b.add(Noise(batch.dataset.party, batch.draw, sigma, position), (), Type(sum.shape, sum.scale, lo, hi))


def _joint(b: Builder, batch: Batch, sum: Type, position: int) -> tuple[int, Sampler]:
    """Noise from bits of both parties, on the sum's grid or one so fine that it has a sampler."""
    sigma = batch.sigma(sum)
    finer = 1 << refinement(sigma)
    made = sampler(sigma * finer)
    bits = Type((*sum.shape, made.bits), Fraction(1), 0, 1)
    coins = [b.add(Coins(party, batch.draw, position), (), bits) for party in batch.parties]
    return b.add(made, coins, Type(sum.shape, sum.scale / finer, -made.reach, made.reach)), made
