"""Choosing: between two values, and between what two arms have assigned.

Of a tensor only what the arms have written is chosen, element by element; the rest is what it was before they parted.
What an arm has chosen itself, under a condition or at a private index, is chosen once, under both conditions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from compiler.lowering.context import Lowering, Scope
from compiler.lowering.history import Masked, Region, Step, Written, apart, region_of, same, step, united
from compiler.words.builder import Builder
from compiler.words.ir import Item, Value
from compiler.words.leaves import Word, flatten
from compiler.words.operations import And, Constant, View


def merge(c: Lowering, choice: Choice, then: Scope, otherwise: Scope) -> None:
    for number, old in list(c.scope.items()):
        if then[number] != old or otherwise[number] != old:
            c.scope[number] = choice.of(then[number], otherwise[number], old)


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm's tensor, and the steps from it down to `under`, the last first."""

    word: int
    steps: Sequence[Step]
    under: int

    @property
    def mask(self) -> int | None:
        """The first step that is a choice of its own."""
        return next((place for place, s in enumerate(self.steps) if isinstance(s, Masked)), None)

    def parts(self) -> dict[Region, int | None]:
        """What was written last at each place."""
        found: dict[Region, int | None] = {}
        for s in self.steps:
            for region, part in s.parts.items() if isinstance(s, Written) else ():
                found.setdefault(region, part)
        return found

    def at(self, b: Builder, region: Region, parts: dict[Region, int | None]) -> int:
        """What stands there in the end; the arm writes its `parts`, no two of which meet."""
        part = parts.get(region)
        if part is not None:
            return b.reshape(part, region.shape)
        return b.view(self.word if region in parts else self.under, region.at, region.shape, region.indices)

    def split(self, place: int | None) -> tuple[Arm, Masked | None, Arm]:
        """What was written after the choice at a place, the choice, and what was before it."""
        if place is None:
            return Arm(self.word, (), self.word), None, self
        mask = self.steps[place]
        assert isinstance(mask, Masked)
        return (
            Arm(self.word, self.steps[:place], mask.word),
            mask,
            Arm(mask.before, self.steps[place + 1 :], self.under),
        )


class Choice:
    """Between the values of two arms, which have been lowered."""

    def __init__(self, b: Builder, condition: int, since: int, *kept: Word) -> None:
        """The arms' words have numbers from `since` on; `kept` are the values that outlive them."""
        self.b, self.condition, self.since = b, condition, since
        self.readers, self.others = b.readers(), Counter(leaf for word in kept for leaf in flatten(word))

    @cached_property
    def _otherwise(self) -> int:
        return self.b.invert(self.condition)

    def of(self, then: Word, otherwise: Word, old: Word | None = None) -> Word:
        """`old` is what a variable held before the arms."""
        if isinstance(then, int) and isinstance(otherwise, int):
            return self.tensor(then, otherwise, then == old)
        assert isinstance(then, tuple) and isinstance(otherwise, tuple)
        before = old if isinstance(old, tuple) else (None,) * len(then)
        return tuple(self.of(*each) for each in zip(then, otherwise, before, strict=True))

    def tensor(self, then: int, otherwise: int, unchanged: bool) -> int:
        arms = self._since_parting(then, otherwise)
        return self._joined(*arms) if arms else self._plain(then, otherwise, unchanged)

    def _plain(self, then: int, otherwise: int, unchanged: bool) -> int:
        """What was there before stands last: there `step` looks for it."""
        if unchanged:
            return self.b.select(self._otherwise, otherwise, then)
        return self.b.select(self.condition, then, otherwise)

    def _since_parting(self, then: int, otherwise: int) -> tuple[Arm, Arm] | None:
        """Both, down to the tensor that both were made from; None if there is none."""
        at, steps = [then, otherwise], (list[Step](), list[Step]())
        while not same(self.b, *at):
            later = 0 if at[0] > at[1] else 1
            made = self._step(at[later])
            if made is None and _made_anew(self.b.item(at[later])):
                later = 1 - later
                made = self._step(at[later])
            if made is None:
                return None
            steps[later].append(made)
            at[later] = made.before
        return Arm(then, steps[0], at[0]), Arm(otherwise, steps[1], at[0])

    def _step(self, number: int) -> Step | None:
        """A choice counts only if nothing else reads it: what else would, it would be made for."""
        if number in self.b.derivatives:
            return None
        made = step(self.b, number) or self._elsewhere(number)
        shared = self.readers[number] + self.others[number] > 1
        if isinstance(made, Masked) and (number < self.since or shared):
            return None
        if isinstance(made, Written) and shared:
            self.others.update(p for p in made.parts.values() if p is not None)
        return made

    def _elsewhere(self, number: int) -> Step | None:
        """A view of a tensor in which an arm has written other elements: as it was before that."""
        b, item = self.b, self.b.item(number)
        if not (isinstance(item, Value) and isinstance(item.op, View) and item.args[0] >= self.since):
            return None
        at, (whole, *indices), shape = item.op.at, item.args, item.type.shape
        made = step(b, whole)
        if isinstance(made, Written) and apart(b, [region_of(at, shape, indices), *made.parts]):
            return Written(number, b.view(made.before, at, shape, indices))
        return None

    def _joined(self, then: Arm, otherwise: Arm) -> int:
        """The last choices of the arms are one, of what was before them; what was written after them comes after."""
        if then.mask is None and otherwise.mask is None:
            return self._written(then.under, then, otherwise)
        (last, mask, first), (other_last, other_mask, other_first) = (
            then.split(then.mask),
            otherwise.split(otherwise.mask),
        )
        below = self._joined(first, other_first)
        return self._written(self._masked(mask, other_mask, below), last, other_last)

    def _masked(self, then: Masked | None, otherwise: Masked | None, below: int) -> int:
        b = self.b
        if then is None or otherwise is None:
            only, taken = (then, self.condition) if then else (otherwise, self._otherwise)
            assert only
            where = _inside(b, lambda bits: b.logic(And(), taken, bits[0]), [only.where])
            return b.select(where, only.value, below)
        where, value = (
            _inside(b, lambda each: b.select(self.condition, *each), list(pair))
            for pair in ((then.where, otherwise.where), (then.value, otherwise.value))
        )
        return b.select(where, value, below)

    def _written(self, whole: int, then: Arm, otherwise: Arm) -> int:
        """`whole`, with a choice for each element that one of the arms has written."""
        b, mine, theirs = self.b, then.parts(), otherwise.parts()
        regions = list(mine | theirs)
        if not apart(b, regions):
            regions = united(regions)
            mine = theirs = dict.fromkeys(regions)
        for region in regions:
            one, other = then.at(b, region, mine), otherwise.at(b, region, theirs)
            known = mine.get(region) is not None or theirs.get(region) is not None
            choose = self.tensor if known else self._plain  # a part may be a choice itself
            whole = b.put(whole, choose(one, other, region not in mine), region.at, region.indices)
        return whole


def _made_anew(item: Item | None) -> bool:
    """It may be older than its number: a constant for words of another width, a view where it is looked at."""
    return isinstance(item, Value) and isinstance(item.op, Constant | View)


def _inside(b: Builder, make: Callable[[list[int]], int], words: list[int]) -> int:
    """What is made of words element by element; of what they repeat, if they repeat it alike."""
    items = [b.item(w) for w in words]
    views = [i for i in items if isinstance(i, Value) and isinstance(i.op, View)]
    shown = {(i.op, i.args[1:], b.type(i.args[0]).shape) for i in views}
    if len(shown) != 1 or any(b.type(i.args[0]).size >= i.type.size for i in views):
        return make(words)
    (at, indices, shape), inner = next(iter(shown)), list[int]()
    assert isinstance(at, View)
    for word, item in zip(words, items, strict=True):
        uniform = b.constant(word)
        if isinstance(item, Value) and isinstance(item.op, View):
            inner.append(item.args[0])
        elif uniform is not None:
            inner.append(b.const([uniform], shape))
        else:
            return make(words)
    made = make(inner)
    return b.view(made, at.at, b.type(words[0]).shape, indices)
