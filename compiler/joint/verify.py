"""Is each Ring of a program one entry of shares, and is nothing entered where digits are put together?

Called on every compile, beside `training.verify`, which shows that a program is private whatever is added to a Ring.
That is worth something only if what a party enters adds one number to one Ring: each joint Ring becomes one sum, in its
ring, of one entry of each party's shares; no entry has another reader, no share another way out.  And an exact division
drops the low bits that are known to be 0, as they are in a sum of digits read from wires, whatever these carry: were
the sum itself entered, they would be a cheater's to set.  So between a division and its digits nothing is entered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from compiler.joint.choices import Products
from compiler.joint.locality import JOINT, Owners, Roles, analyse, learned_by, root, share_of
from compiler.joint.told import kept
from compiler.words.ir import Block, Loop, Type, Value, Words, full_range
from compiler.words.operations import (
    PUBLIC,
    Digits,
    Enter,
    Exact,
    Learn,
    Linear,
    Noise,
    Ring,
    Round,
    Share,
    Sum,
    Transfer,
    View,
)
from compiler.words.reads import reads


class Miscut(Exception):
    """Shares or digits that are not those of the program, a defect of the compiler: the value at fault, and why."""

    def __init__(self, number: int | None, rule: str) -> None:
        super().__init__(rule if number is None else f"%{number}: {rule}")
        self.number, self.rule = number, rule


def check(words: Words, localised: Words, joint: Words, roles: Roles, products: Products) -> None:
    """Raises Miscut; `words` as they were understood, then with entries, then with digits."""
    _blocks(words.block, localised.block, {}, {}, roles, products)
    _digits(joint.block)


def _blocks(old: Block, new: Block, before: Owners, after: Owners, roles: Roles, products: Products) -> None:
    """One block before and after the cut, and the loops in it."""
    analyse(old, before, roles)
    analyse(new, after, roles)
    values = [(number, item) for number, item in old.numbered() if isinstance(item, Value)]
    apart = kept(old) if products is Products.SHARES else frozenset[int]()
    rings = Counter(
        item.type
        for number, item in values
        if isinstance(item.op, Ring) and before[number] == JOINT and number not in apart
    )
    entries = _Entries(new, after, roles)
    if entries.found != (rings if products is Products.SHARES else Counter[Type]()):
        raise Miscut(None, f"{entries.found.total()} entries of shares for {rings.total()} sums of products")
    sums = dict(values)
    hidden = Counter(_hiding(sums, number) for number, item in values if isinstance(item.op, Learn) and number in apart)
    if entries.told != hidden:
        raise Miscut(None, f"{entries.told.total()} shares told with noise, of {hidden.total()} sums, or with another")
    loops = [[(n, i) for n, i in block.numbered() if isinstance(i, Loop)] for block in (old, new)]
    if len(loops[0]) != len(loops[1]):
        raise Miscut(None, "loops that are not the program's")
    for (number, loop), (other, changed) in zip(*loops, strict=True):
        _blocks(loop.body, changed.body, _inside(loop, before, number), _inside(changed, after, other), roles, products)


def _inside(loop: Loop, owners: Owners, number: int) -> Owners:
    carried = [owners[number]] * (len(loop.body.params) - 1)
    kept = {n: owner for n, owner in owners.items() if n < loop.body.first}
    return kept | dict(enumerate([PUBLIC, *carried], loop.body.first))


Hiding = tuple[Linear, Noise, Type]  # how a sum is hidden: share and noise added, by which noise, in which ring


def _hiding(items: Mapping[int, Value], learned: int) -> Hiding:
    """Of what is kept apart until it is told: Learn, Mechanism, Round, Linear of sum and noise."""
    number = learned
    for _ in range(3):
        [number] = items[number].args
    added, noise = items[number], items[items[number].args[1]]
    assert isinstance(added.op, Linear) and isinstance(noise.op, Noise)
    return added.op, noise.op, items[learned].type


@dataclass
class _Entries:
    """The sums of entered shares of one block, by their rings."""

    block: Block
    owners: Owners
    roles: Roles
    found: Counter[Type] = field(default_factory=Counter[Type])
    told: Counter[Hiding] = field(default_factory=Counter[Hiding])  # shares that leave with noise

    def __post_init__(self) -> None:
        self.items = dict(self.block.numbered())
        self.readers: dict[int, list[int]] = {}
        for number, item in self.items.items():
            for a in reads(item):
                self.readers.setdefault(a, []).append(number)
        values = [(number, item) for number, item in self.items.items() if isinstance(item, Value)]
        entries = [(number, item) for number, item in values if self._value(number, item)]
        for number, item in entries:
            self._entry(number, item)

    def _late(self, number: int) -> bool:
        """Made of shares."""
        return self.owners[number] in {share_of(p) for p in (self.roles.garbler, self.roles.evaluator)}

    def _value(self, number: int, item: Value) -> bool:
        """Is it the entry of a share?  Shares go nowhere else."""
        late = [a for a in item.args if a in self.owners and self._late(a)]
        match item.op:
            case Ring() if self.owners[number] == JOINT:
                raise Miscut(number, "a joint sum of products that was not cut")
            case Transfer():
                if late and (late != [item.args[0]] or self.owners[late[0]] != share_of(self.roles.garbler)):
                    raise Miscut(number, "a transfer by the bits of a share")
            case Share():
                pass
            case Enter(party):
                if late and self.owners[late[0]] != share_of(party):
                    raise Miscut(number, f"`{party}` enters a share that is not its own")
                if self.owners.get(item.args[0]) == learned_by(self.roles.evaluator):
                    raise Miscut(number, "enters what was learned before the next step")
                return bool(late)
            case Learn(party):
                if party != self.roles.evaluator:
                    raise Miscut(number, "tells the garbler something in the middle of a run")
                if late:
                    halves = [share_of(self.roles.garbler), share_of(self.roles.evaluator)]
                    if [self.owners[a] for a in item.args] != halves:
                        raise Miscut(number, "tells what is not a half of each party")
                    self.told[self._hidden(number, item)] += 1
            case _:
                evaluator = self.roles.evaluator
                learned = self.owners[number] == learned_by(evaluator)
                if learned and all(self.owners[a] == share_of(evaluator) for a in late):
                    return False  # it makes of its own share what it likes
                if late and not self._late(number):
                    raise Miscut(number, "reads a share that was not entered")
        return False

    def _hidden(self, number: int, item: Value) -> Hiding:
        """A share that is told is the garbler's with noise of its own, in a ring that hides how far both went."""
        ring = self.items.get(item.args[0])
        added = self.items.get(ring.args[0]) if isinstance(ring, Value) and isinstance(ring.op, Round) else None
        lo, hi = full_range(item.type.width, True)
        if not (isinstance(ring, Value) and isinstance(ring.op, Round)):
            raise Miscut(number, "a share that is told bare")
        if ring.op != Round(1, 1, lo, hi, ring.op.nearest, True) or ring.type != item.type:
            raise Miscut(number, "a share that is told in another ring than its own")
        if not (isinstance(added, Value) and isinstance(added.op, Linear) and len(added.args) == 2):
            raise Miscut(number, "a share that is told without noise")
        noise = self.items.get(added.args[1])
        if not (self._late(added.args[0]) and isinstance(noise, Value) and isinstance(noise.op, Noise)):
            raise Miscut(number, "a share that is told without noise")
        if noise.op.party != self.roles.garbler or self.readers[added.args[1]] != [ring.args[0]]:
            raise Miscut(number, "a share that is told with noise that is not its own")
        self._read_by_nothing_else(added.args[0])
        return added.op, noise.op, item.type

    def _read_by_nothing_else(self, share: int) -> None:
        """What is told is the share of a whole sum: others are of the rows, and go on into products."""
        waiting = [root(share, self.items)]
        while waiting:
            number = waiting.pop()
            for reader in self.readers[number]:
                item = self.items[reader]
                if isinstance(item, Value) and isinstance(item.op, View):
                    waiting.append(reader)
                elif not (isinstance(item, Value) and len(item.args) == 2 and self._is_noise(item.args[1])):
                    raise Miscut(number, "a share that is told and is read otherwise")

    def _is_noise(self, number: int) -> bool:
        item = self.items.get(number)
        return isinstance(item, Value) and isinstance(item.op, Noise)

    def _entry(self, number: int, item: Value) -> None:
        """Read by one sum of two entries in their ring alone."""
        joined = self._only_reader(number)
        wrapped = self._only_reader(joined)
        added, ring = self.items[joined], self.items[wrapped]
        if not (isinstance(added, Value) and added.op == Linear((1, 1)) and isinstance(ring, Value)):
            raise Miscut(joined, "shares that are not added")
        of = [a.op for a in map(self.items.get, added.args) if isinstance(a, Value)]
        if of != [Enter(self.roles.garbler), Enter(self.roles.evaluator)]:
            raise Miscut(joined, "a sum of shares that are not one of each party")
        lo, hi = full_range(item.type.width, True)
        if (
            ring.op != Round(1, 1, lo, hi, False, True)
            or ring.type != item.type
            or (item.type.lo, item.type.hi) != (lo, hi)
        ):
            raise Miscut(wrapped, "shares that are added in another ring than theirs")
        if item.op == Enter(self.roles.evaluator):
            self.found[item.type] += 1

    def _only_reader(self, number: int) -> int:
        readers = self.readers.get(number, [])
        if len(readers) != 1 or number in self.block.results:
            raise Miscut(number, "a share that is read more than once, or never")
        return readers[0]


def _digits(block: Block) -> None:
    items = dict(block.numbered())
    for number, item in items.items():
        if isinstance(item, Loop):
            _digits(item.body)
        elif isinstance(item, Value) and isinstance(item.op, Exact):
            total = items.get(item.args[0])
            if not (isinstance(total, Value) and isinstance(total.op, Linear)):
                raise Miscut(number, "an exact division of what is no sum of digits")
            waiting, digits = [total.args[0]], 0
            while waiting:
                inner = items.get(waiting.pop())
                if not (isinstance(inner, Value) and isinstance(inner.op, Digits | Linear | Sum | View)):
                    raise Miscut(number, "something is entered between an exact division and its digits")
                if isinstance(inner.op, Digits):
                    digits += 1
                else:
                    waiting += inner.args[: 1 if isinstance(inner.op, View) else None]
            if not digits:
                raise Miscut(number, "an exact division of no digits")
