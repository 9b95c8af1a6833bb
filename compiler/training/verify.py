"""Do the finished words of a program keep what privacy rests on, whatever a party adds to a Ring?

Called on every compile, and strict: what it refuses is a defect of the compiler, never of a program.  It reads the
words that joint work is made of (before `joint.locality` cuts them), takes every Ring for a source of any value, and
shows for each `dpsgd` and each `measure` with noise, from nothing but its items:

    each row is by itself until its sum; its part of the sums has norm at most `clip`, and an empty slot's is 0
    the sums are read by the addition of noise alone, which is that of this `dpsgd`, drawn once for each sum
    a sum that is a Ring has room for all rows and the noise, which is added in the ring
    no value that a Ring is among the sources of leaves the body but through its mechanism, and no Ring stands elsewhere
    what is told after a step is such a sum, to the party that its mechanism names, which is not the rows' owner
    what other owners told is added to such a sum alone, once it has been told, by the party that it was told to
    no other mechanism has its draw; the rows of a `measure` are all rows, and its mechanism says so

That declared ranges hold for every value of a Ring is `words.verify`'s, which is called first.  Of the claims that it
believes, a norm's is made again here; an extreme's and a remainder's are held to their form; that of an approximation
is about the one operand that all of its words are made from, which a Ring only replaces by another number: no
approximation makes a Ring of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import isqrt

from compiler.training import ghost
from compiler.training.bounds import largest
from compiler.training.claims import is_extreme, is_remainder
from compiler.training.slots import ALL, Slots, repeats
from compiler.training.squares import bound, squares
from compiler.words.arithmetic import product, split
from compiler.words.ir import Block, Claim, Loop, Result, Type, Value, Words, full_range
from compiler.words.needs import Wrong, need
from compiler.words.noise_bound import noise_bound
from compiler.words.operations import (
    Bound,
    Coins,
    Digits,
    Draw,
    Exact,
    Learn,
    Linear,
    Mechanism,
    Noise,
    Pooled,
    Ring,
    Round,
    Share,
    Sum,
    Transfer,
    View,
)
from compiler.words.sampler import Sampler
from compiler.words.triangles import Triangles
from compiler.words.verify import Malformed, verify

# What following words that no rule foresees may end in.
_LOST = (LookupError, ValueError, TypeError, ArithmeticError, AttributeError, AssertionError, RecursionError)


class Unsafe(Exception):
    """Words whose privacy is not shown, a defect of the compiler: the value's number and the rule that it breaks."""

    def __init__(self, number: int | None, rule: str) -> None:
        super().__init__(rule if number is None else f"%{number}: {rule}")
        self.number, self.rule = number, rule


def check(words: Words) -> None:
    """Raises Unsafe; the words are those that `localise` is given."""
    norms = {d.name: {f.name: f.norm for f in d.fields} for d in words.datasets}
    try:
        verify(words)
        _outside(words.block, {}, norms, set())
    except Malformed as error:
        raise Unsafe(error.number, error.reason) from None
    except _LOST as error:
        raise Unsafe(None, f"cannot be followed: {type(error).__name__}") from error


# -- where Rings stand ------------------------------------------------------------------------------


Norms = Mapping[str, Mapping[str, Fraction | None]]  # of the fields of each data set


def _outside(block: Block, types: Mapping[int, Type], norms: Norms, draws: set[int]) -> None:
    """The block of a program, or of a loop that is no `dpsgd`; `draws` are those of the mechanisms before it.

    A mechanism by the draw of another would sample the same rows and add the same noise, and be counted as one.
    """
    known = {**types, **dict(enumerate(block.params, block.first))}
    for number, item in block.numbered():
        match item:
            case Loop():
                inside = {n: t for n, t in known.items() if n < item.body.first}
                if any(isinstance(i, Value) and isinstance(i.op, Mechanism) for i in item.body.items):
                    draw = _Body(item.body, inside, norms).check().draw
                    if draw in draws:
                        raise Unsafe(number, "the draw of another mechanism")
                    draws.add(draw)
                else:
                    _outside(item.body, inside, norms, draws)
            case Value():
                if isinstance(item.op, Ring | Mechanism | Learn | Pooled):
                    raise Unsafe(number, "stands outside a `dpsgd` with noise")
                if isinstance(item.op, Draw) and any(isinstance(i, Loop) for i in block.items):
                    raise Unsafe(number, "is drawn in front of the steps that read it")
                if isinstance(item.op, Digits | Triangles | Exact | Transfer | Share):
                    raise Unsafe(number, "is cut into shares or digits before its time")
                known[number] = item.type
            case Result():
                known[number] = item.type


# -- one `dpsgd` ------------------------------------------------------------------------------------


@dataclass
class _Body:
    block: Block
    outer: Mapping[int, Type]
    norms: Norms
    items: dict[int, Value] = field(default_factory=dict[int, Value])
    readers: dict[int, list[int]] = field(default_factory=dict[int, list[int]])

    def check(self) -> Mechanism:
        number: int | None = None
        try:
            for number, item in self.block.numbered():
                need(isinstance(item, Value), "a loop in a `dpsgd`")
                assert isinstance(item, Value)
                need(
                    not isinstance(item.op, Digits | Triangles | Exact | Transfer | Share),
                    "is cut into shares or digits too early",
                )
                self.items[number] = item
                for a in item.args:
                    self.readers.setdefault(a, []).append(number)
            number = None
            mechanism = self._mechanism()
            slots = Slots(mechanism.slots, self.norms.get(mechanism.dataset, {}), self._types())
            for number, value in self.items.items():
                slots.add(number, value)
            for number, value in self.items.items():
                self._value(slots, number, value)
            self._leaves(mechanism)
            self._told(mechanism)
            number = None
            sums = self._sums(slots, mechanism)
            self._bounded(slots, [self.items[b].args[0] for b in sums], mechanism.clip)
            return mechanism
        except Wrong as wrong:
            raise Unsafe(number, str(wrong)) from None

    def _types(self) -> dict[int, Type]:
        params = dict(enumerate(self.block.params, self.block.first))
        return {**self.outer, **params, **{n: item.type for n, item in self.items.items()}}

    def _mechanism(self) -> Mechanism:
        found = {item.op for item in self.items.values() if isinstance(item.op, Mechanism)}
        need(len(found) == 1, f"{len(found)} mechanisms in one `dpsgd`")
        mechanism = found.pop()
        need(mechanism.noise_multiplier > 0, "a mechanism without noise")
        for item in self.items.values():
            match item.op:
                case Draw() as d:
                    drawn = (d.dataset, d.draw, d.batch, d.slots, d.whole)
                    m = mechanism
                    need(drawn == (m.dataset, m.draw, m.batch, m.slots, m.whole), "the batch of another mechanism")
                case Noise(draw=draw) | Coins(draw=draw):
                    need(draw == mechanism.draw, "the noise of another mechanism")
                case _:
                    pass
        return mechanism

    def _leaves(self, mechanism: Mechanism) -> None:
        """Rings and rows leave the body through its mechanism alone."""
        hidden: dict[int, bool] = {}
        for number, item in self.items.items():
            match item.op:
                case Mechanism():
                    hidden[number] = False
                case Ring() | Draw():
                    hidden[number] = True
                case _:
                    hidden[number] = any(hidden.get(a, False) for a in item.args)
        for result in self.block.results:
            if hidden.get(result, False):
                raise Unsafe(result, "leaves a `dpsgd` without its noise")

    def _told(self, mechanism: Mechanism) -> None:
        """All that is told is a noisy sum, and all noisy sums are told where any is."""
        for number, item in self.items.items():
            match item.op:
                case Learn(party=party, draw=draw):
                    source = self.items.get(item.args[0])
                    hidden = source is not None and isinstance(source.op, Mechanism) and len(item.args) == 1
                    if not hidden or not party or (party, draw) != (mechanism.to, mechanism.draw):
                        raise Unsafe(number, "something else than a noisy sum is told after a step")
                case Pooled(party=party, draw=draw, variable=variable):
                    source = self.items.get(item.args[0])
                    if source is None or source.op != Learn(party, draw, variable):
                        raise Unsafe(number, "adds another's sums to something else than its own")
                case Mechanism(to=to):
                    readers = [self.items[r].op for r in self.readers.get(number, ())]
                    if to and (number in self.block.results or not all(isinstance(op, Learn) for op in readers)):
                        raise Unsafe(number, "a sum of a step goes on without being told")
                case Draw(party=party):
                    need(party != mechanism.to, "rows that are told to their owner")
                case _:
                    pass
        for type in self.block.params[1:] if mechanism.to else ():
            whole = (type.lo, type.hi) == full_range(type.width, type.signed)
            need(whole, "goes on with a number of which its party can take any, and which is less than a word")

    def _value(self, slots: Slots, number: int, item: Value) -> None:
        """A Ring has room for what it is, and a claim is true (a sum's Ring needs less, which its noise asks for)."""
        if isinstance(item.op, Ring):
            need(all(slots.types[a].width <= item.type.width for a in item.args), "a factor wider than its ring")
            need(slots.of(number) == ALL or _holds(slots, item, item.op), "a ring too narrow for its sum")
        match item.claim:
            case Claim.NORM:
                found = squares(slots, number, True)
                need(found is not None, "claims to be a norm")
                assert found is not None
                need(item.type.lo <= 0, "a norm that is never 0")
                most = bound(slots, found)
                need(most // item.type.scale <= item.type.hi, f"a norm of up to {most} in a word that ends before")
            case Claim.EXTREME:
                need(is_extreme(slots, item), "claims to be the extreme of two numbers, and is another choice")
            case Claim.REMAINDER:
                need(is_remainder(slots, item), "claims to be a remainder, and is another difference")
            case Claim.CONTRACTION:
                need(False, "claims to be put together from digits too early")
            case Claim.FUNCTION | None:
                pass

    # -- sums and their noise -------------------------------------------------------------------

    def _sums(self, slots: Slots, mechanism: Mechanism) -> list[int]:
        """The Bounds of the trained variables."""
        found: list[int] = []
        noises: list[int] = []
        for item in self.items.values():
            if isinstance(item.op, Mechanism):
                total, noise = self._noisy(slots, item.args[0], mechanism)
                found.append(total)
                noises.append(noise)
        drawn = [n for n, item in self.items.items() if isinstance(item.op, Noise | Coins | Sampler)]
        need(len(set(noises)) == len(noises), "noise that is added twice")
        need(all(len(self.readers[n]) == 1 and n not in self.block.results for n in drawn), "noise that is read twice")
        self._draws(mechanism, noises)
        bounds = {n for n, item in self.items.items() if isinstance(item.op, Bound)}
        need(bounds == set(found), "a sum of gradients that no noise is added to")
        return found

    def _draws(self, mechanism: Mechanism, noises: list[int]) -> None:
        """Noises of one party, draw and variable are the same numbers, and cancel in the difference of their sums."""
        ops = [op for i in self.items.values() if isinstance(op := i.op, Noise | Coins)]
        need(len({(type(op), op.party, op.variable) for op in ops}) == len(ops), "noise that is drawn twice alike")
        made = [(self.items[n].op, self.items[n].type.size) for n in noises]
        sizes = [size for _, size in made]
        need(sorted(sizes) == sorted(mechanism.sizes), "sums of other sizes than the mechanism says")
        samplers = Counter((op, size) for op, size in made if isinstance(op, Sampler))
        need(len(mechanism.samplers) in (0, len(sizes)), "noise of other samplers than the mechanism says")
        said = Counter(zip(mechanism.samplers, mechanism.sizes, strict=False))
        need(samplers == said, "noise of other samplers than the mechanism says")

    def _noisy(self, slots: Slots, number: int, mechanism: Mechanism) -> tuple[int, int]:
        """(sum, noise) of a sum with noise."""
        last = self.items.get(number)
        need(last is not None, "a mechanism of nothing")
        assert last is not None
        added = self.items[last.args[0]] if isinstance(last.op, Round) else last
        need(isinstance(added.op, Linear) and len(added.args) == 2 and not added.op.constant, "no sum and noise")
        assert isinstance(added.op, Linear)
        total, noise = added.args
        bound = self.items.get(total)
        need(
            bound is not None and isinstance(bound.op, Bound) and bound.op.norm == mechanism.clip,
            "noise without a bound",
        )
        ratios = [
            c * added.type.scale / slots.types[a].scale for c, a in zip(added.op.coefficients, added.args, strict=True)
        ]
        need(ratios == [1, 1], "a sum and noise of different weights")
        reach = self._reach(noise, mechanism)
        ring = self._ring(total)
        if ring is not None:
            self._in_ring(slots, ring, last, added, reach + mechanism.slots * mechanism.clip)
        else:
            need(last is added, "noise is added in a ring to what is none")
        return total, noise

    def _reach(self, noise: int, mechanism: Mechanism) -> Fraction:
        """How far the noise reaches, which is that of the mechanism."""
        item = self.items.get(noise)
        need(item is not None, "a mechanism without noise")
        assert item is not None
        match item.op:
            case Noise(party=party, sigma=sigma):
                need(party == mechanism.drawn_by, "noise of another party")
                reach = noise_bound(sigma)
            case Sampler(sigma=sigma) as made:
                drawn = [self.items[a].op for a in item.args]
                parties = {op.party for op in drawn if isinstance(op, Coins)}
                need(not mechanism.drawn_by and len(parties) == len(drawn) == 2, "coins of one party alone")
                need(made in mechanism.samplers, "noise of another sampler")
                reach = made.reach
            case _:
                raise Wrong("a sum that something else than noise is added to")
        deviation = mechanism.clip * mechanism.noise_multiplier
        need(sigma * item.type.scale == deviation, f"noise of deviation {sigma * item.type.scale}, not {deviation}")
        return reach * item.type.scale

    def _ring(self, number: int) -> int | None:
        """The Ring that a sum is, seen through views."""
        item = self.items.get(number)
        while item is not None and isinstance(item.op, View | Bound):
            number, item = item.args[0], self.items.get(item.args[0])
        return number if item is not None and isinstance(item.op, Ring) else None

    def _in_ring(self, slots: Slots, ring: int, last: Value, added: Value, most: Fraction) -> None:
        """The noise is added in the ring, which is wide enough, and nothing else reads what entered."""
        type, finer = slots.types[ring], slots.types[ring].scale / last.type.scale
        width = type.width + finer.numerator.bit_length() - 1
        lo, hi = full_range(width, True)
        wraps = last.op == Round(1, 1, lo, hi, last.op.nearest, True) if isinstance(last.op, Round) else False
        need(wraps and last.type == Type(last.type.shape, last.type.scale, lo, hi), "noise is added outside the ring")
        need(finer.denominator == 1 and finer.numerator.bit_count() == 1, "noise on a grid that is not the ring's")
        need(most <= type.hi * type.scale, f"a ring too narrow for sums and noise of up to {most}")
        waiting = [ring]
        while waiting:
            for reader in self.readers.get(waiting.pop(), ()):
                op = self.items[reader].op
                if isinstance(op, View | Bound):
                    waiting.append(reader)
                else:
                    noise = isinstance(op, Linear) and any(
                        isinstance(self.items[a].op, Noise | Sampler)
                        for a in self.items[reader].args
                        if a in self.items
                    )
                    need(
                        noise and all(isinstance(self.items[r].op, Round) for r in self.readers.get(reader, ())),
                        f"%{reader} reads a sum that only the addition of noise may read",
                    )

    # -- how long a row's gradient is -----------------------------------------------------------

    def _bounded(self, slots: Slots, sums: list[int], clip: Fraction) -> None:
        sums = [n for n in sums if not ghost.nothing(slots, n)]
        if sum((_structural(slots, n) for n in sums), Fraction(0)) > clip**2:
            ghost.check(slots, sums, clip)
            return
        for number in sums:
            item, _ = ghost.contraction(slots, number)
            parts = [slots.vanishes(a) for a in item.args]
            zero = parts[0] if isinstance(item.op, Sum) else any(parts)
            need(zero, "an empty slot's gradient is not 0 whatever its Rings are")


def _holds(slots: Slots, item: Value, ring: Ring) -> bool:
    """Does the Ring hold what a row's sum can be?  |sum of x y| is at most |x| |y|."""
    left, right = item.args
    shape, terms = split(slots.types[left].shape, ring.count)
    exact = product(slots.types[left], slots.types[right], shape, terms, False)
    norms = slots.norm_of_each(left, ring.count) * slots.norm_of_each(right, ring.count)
    most = isqrt(int(norms / exact.scale**2))
    lo, hi = max(exact.lo, -most) + ring.more, min(exact.hi, most) + ring.more
    return item.type.lo <= lo and hi <= item.type.hi


def _structural(slots: Slots, number: int) -> Fraction:
    """A bound on the squared norm of each row's part of a sum."""
    item = slots.items[number]
    if isinstance(item.op, View) and len(item.args) == 1:
        times = repeats(item.op.at, list(item.type.shape))
        need(times is not None, "a gradient of overlapping windows")
        return (times or 0) * _structural(slots, item.args[0])
    made, _ = ghost.contraction(slots, number)
    if isinstance(made.op, Sum):
        return slots.norm(made.args[0], slots.of(made.args[0]))
    left, right = made.args
    unit = slots.of(left) or slots.of(right)
    return min(largest(slots.types[x]) ** 2 * slots.norm(y, unit) for x, y in ((left, right), (right, left)))
