"""Locality: what depends on one party's inputs alone is computed by that party, in the clear.

Such a value enters the joint computation with all values of its bit width, whatever its formula says.
The evaluator is trusted with nothing but its inputs, each of which enters once and whole: what is computed from them is
computed in the circuit.  What it learns in the middle of a run it goes on from as it likes, and enters again whole.
Were a comparison entered by itself, a check of its own input would hold whatever the input
is, and min(x, 1) could be x above 1 (docs/decisions/evaluator-enters-inputs.md).  Only where both parties take it for
honest, and no data set is at stake, does it compute like the garbler.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import assert_never

from compiler.joint.choices import Evaluator as Evaluator
from compiler.joint.choices import Products
from compiler.joint.shares import Halves, Shares
from compiler.joint.told import Told, kept
from compiler.words.builder import Builder
from compiler.words.ir import Block, Claim, Item, Loop, Result, Type, Value, Words, full_range
from compiler.words.operations import (
    PUBLIC,
    Coins,
    Compute,
    Constant,
    Dot,
    Draw,
    Enter,
    Entry,
    Held,
    Learn,
    Linear,
    Mark,
    Noise,
    Pooled,
    Ring,
    Share,
    Transfer,
    View,
    Wiring,
)
from compiler.words.rewrite import Rewriter
from lang.source import Span

JOINT = "joint"
Owners = dict[int, str]  # value -> PUBLIC, a party, or JOINT (which no party can be called)


@dataclass(frozen=True, slots=True)
class Roles:
    garbler: str
    evaluator: str
    taken_for: Evaluator


def roles(program: Words, taken_for: Evaluator = Evaluator.MALICIOUS) -> Roles:
    """The owner of the data sets garbles; else who receives nothing, who has more input bits, who is named first.

    No evaluator is taken for honest where a data set is at stake: bounds of its privacy rest on what is entered.
    """
    if program.datasets:
        garbler = program.datasets[0].party
    else:
        receives = {p: any(p in o.receivers for o in program.outputs) for p in program.parties}
        bits = {p: sum(t.size * t.width for e, t in program.inputs if e.party == p) for p in program.parties}
        garbler = min(program.parties, key=lambda p: (receives[p], -bits[p], program.parties.index(p)))
    evaluator = next(p for p in program.parties if p != garbler)
    return Roles(garbler, evaluator, Evaluator.MALICIOUS if program.datasets else taken_for)


def share_of(party: str) -> str:
    """The owner of what a party makes of its shares: in the clear like its other words, but after a transfer.

    The evaluator may: whatever it enters instead adds a number to a Ring, which may have any value as it is.
    """
    return f"{party}'s shares"


def learned_by(party: str) -> str:
    """The owner of what a party makes of what it is told in the middle of a step: in the clear, whatever it is taken
    for.  It enters as a carried value of the next step, with all values of its type."""
    return f"{party}'s from what it learned"


def join(owners: Iterator[str], roles: Roles) -> str:
    """What the garbler makes of its shares and what is its own, or the evaluator of all that and what it has learned,
    is theirs; what else has two owners is joint."""
    named = {o for o in owners if o != PUBLIC}
    if len(named) < 2:
        return named.pop() if named else PUBLIC
    garbler, evaluator = roles.garbler, roles.evaluator
    if named == {garbler, share_of(garbler)}:
        return share_of(garbler)
    if learned_by(evaluator) in named and named <= {evaluator, share_of(evaluator), learned_by(evaluator)}:
        return learned_by(evaluator)
    return JOINT


def told(loop: Loop) -> str | None:
    """The party that learns something in the loop's body, and whose the carried values therefore are."""
    return next((i.op.party for i in loop.body.items if isinstance(i, Value) and isinstance(i.op, Learn)), None)


def analyse(block: Block, owners: Owners, roles: Roles) -> None:
    """Add the owner of every item of the block to `owners`; those of its parameters are there already."""
    for number, item in block.numbered():
        owners[number] = _owner(item, owners, roles)


def _owner(item: Item, owners: Owners, roles: Roles) -> str:
    match item:
        case Value():
            return _value_owner(item, owners, roles)
        case Loop():
            return _loop_owner(item, owners, roles)
        case Result():
            return owners[item.loop]


def _value_owner(item: Value, owners: Owners, roles: Roles) -> str:
    op = item.op
    if isinstance(op, Constant | Compute | Wiring | Mark):
        owner = join((owners[a] for a in item.args), roles)
        return JOINT if owner == roles.evaluator and roles.taken_for is Evaluator.MALICIOUS else owner
    match op:
        case Entry(party=p) | Draw(party=p) | Noise(party=p) | Coins(party=p):
            return p
        case Enter() | Transfer():
            return JOINT
        case Share(party=p):
            return share_of(p)
        case Learn(party=p) | Held(party=p) | Pooled(party=p):
            return learned_by(p)
        case Ring():
            return join((owners[a] for a in item.args), roles)
        case _:
            assert_never(op)


def _loop_owner(loop: Loop, owners: Owners, roles: Roles) -> str:
    """One party's, if everything in it is; else joint, and then every carried value is.

    An evaluator that is not trusted has none, even one that only copies: its input would enter a second time.  But the
    carried values of a loop that tells a party something are that party's, like inputs, whatever else is in it.
    """
    learner = told(loop)
    if learner is not None:
        return learner
    owner = join((owners[i] for i in loop.init), roles)
    while owner != JOINT and not (owner == roles.evaluator and roles.taken_for is Evaluator.MALICIOUS):
        inside = dict(owners)
        inside.update(enumerate([PUBLIC] + [owner] * len(loop.init), loop.body.first))
        analyse(loop.body, inside, roles)
        made = [*(n for n, _ in loop.body.numbered()), *loop.body.results]  # a result may be of the blocks around it
        joined = join(iter([owner, *(inside[n] for n in made)]), roles)
        if joined == owner:
            return owner
        owner = joined
    return JOINT


def localise(program: Words, roles: Roles, products: Products) -> Words:
    """The program with an `Enter` wherever a local value meets a joint one, and its Rings as `products` says."""
    return Localise(Builder(), roles=roles, products=products).program(program)


@dataclass
class Localise(Rewriter):
    roles: Roles = field(kw_only=True)
    products: Products = field(kw_only=True)
    owners: Owners = field(default_factory=Owners, kw_only=True)
    entered: dict[int, int] = field(default_factory=dict[int, int], kw_only=True)  # local value -> its joint word
    joint_body: bool = field(default=False, kw_only=True)  # the body of a loop whose carried values are joint
    around: Span | None = field(default=None, kw_only=True)  # the place of the loop whose body it is

    def begin(self, block: Block) -> None:
        analyse(block, self.owners, self.roles)
        self.shares = Shares(self.b, self.roles.garbler, self.roles.evaluator)
        self.told = Told(self.b, self.shares)
        self.kept = kept(block) if self.products is Products.SHARES else frozenset[int]()

    def value(self, number: int, item: Value) -> int:
        if number in self.kept and not isinstance(item.op, Ring):
            return self._kept(number, item)
        if self.owners[number] != JOINT:
            return self.b.emit(self._learned(item) if isinstance(item.op, Learn) else self.moved(item))
        if isinstance(item.op, Ring):
            self.b.span = item.span
            made = self._ring(number, item, item.op)
            self.b.span = None
            return made
        args = [(self.dense if isinstance(item.op, Wiring) else self.joint)(a) for a in item.data]
        args += [self.place[a] for a in item.args[len(item.data) :]]  # public indices
        return self.b.emit(replace(item, args=tuple(args)))

    def _learned(self, item: Value) -> Value:
        """What is opened lies in a buffer, also where the garbler alone has made it: of rows that no weight meets."""
        return replace(item, args=(self.dense(item.args[0]),))

    def _kept(self, number: int, item: Value) -> int:
        """Nothing but what follows in the chain asks for the place of a value that is two halves."""
        noise = self.place[item.args[1]] if len(item.args) > 1 and isinstance(item.op, Linear) else None
        self.b.span = item.span
        learned = self.told.value(number, item, noise)
        self.b.span = None
        return self.told.halves[number][0] if learned is None else learned

    def _ring(self, number: int, item: Value, ring: Ring) -> int:
        left, right = item.args
        match self.products:
            case Products.GATES:
                args = self.joint(left), self.joint(right)
                whole = self.b.emit(  # or wider than the sum is
                    Value(Dot(ring.count), args, item.type, item.span, Claim.NORM)
                )
                return self.b.raised(whole, ring.more) if ring.more else whole
            case Products.SHARES:
                halves = self._halves(left, right, ring, item.type)
                if number in self.kept:
                    self.told.halves[number] = halves
                    return halves[0]
                return self.shares.entered(halves, item.type)
            case _:
                assert_never(self.products)

    def _halves(self, left: int, right: int, ring: Ring, type: Type) -> Halves:
        for own, other in ((left, right), (right, left)):
            if self.owners[own] == self.roles.garbler:
                return self.shares.by_own(self.place[own], self.dense(other), ring, type)
        return self.shares.joint(self.dense(left), self.dense(right), ring, type)

    def nested(self, b: Builder, number: int, loop: Loop) -> Localise:
        carried = [self.owners[number]] * (len(loop.body.params) - 1)
        owners = self.owners | dict(enumerate([PUBLIC, *carried], loop.body.first))
        return Localise(
            b,
            dict(self.place),
            roles=self.roles,
            products=self.products,
            owners=owners,
            entered=dict(self.entered),
            joint_body=self.owners[number] == JOINT,
            around=loop.span,
        )

    def carried(self, number: int, loop: Loop) -> list[int]:
        if self.owners[number] == JOINT or told(loop):
            for outside in self._entering(number, loop, self.owners):
                self.joint(outside)
        if self.owners[number] != JOINT:
            return super().carried(number, loop)
        return [self.b.fit(self.dense(i), type) for i, type in zip(loop.init, loop.body.params[1:], strict=True)]

    def result(self, number: int) -> int:
        return self.dense(number) if self.joint_body else self.place[number]

    def output(self, number: int, receivers: tuple[str, ...]) -> int:
        """A value that its receivers can compute on their own stays local."""
        owner = self.owners[number]
        alone = owner == PUBLIC or (owner != JOINT and all(r == owner for r in receivers))
        return self.place[number] if alone else self.dense(number)

    def joint(self, number: int) -> int:
        """A value as an operand of joint work: as it is if joint or a uniform constant, else entered."""
        if self.owners[number] == JOINT:
            return self.place[number]
        if number in self.entered:
            return self.entered[number]
        item = self.items.get(number)
        if isinstance(item, Value) and isinstance(item.op, Constant) and len(item.op.values) == 1:
            return self.place[number]
        if isinstance(item, Value) and isinstance(item.op, View) and self._base_is_better(item):
            self.entered[number] = self.b.emit(
                replace(item, args=(self.joint(item.args[0]), *(self.place[a] for a in item.args[1:])))
            )
        else:
            self.entered[number] = self._enter(self.place[number], self.owners[number], self._written(number))
        return self.entered[number]

    def _base_is_better(self, item: Value) -> bool:
        """A view is wiring: enter what it shows rather than every copy, and outside the loop rather than in it."""
        base = item.args[0]
        return base in self.entered or base not in self.items or self.b.type(self.place[base]).size <= item.type.size

    def _written(self, number: int) -> Span | None:
        """Where; of what a loop carries, where the loop is."""
        item = self.items.get(number)
        if isinstance(item, Result):
            item = self.items[item.loop]
        return item.span if isinstance(item, Value | Loop) else self.around

    def _enter(self, number: int, owner: str, span: Span | None = None) -> int:
        type = self.b.type(number)
        if owner != PUBLIC:
            lo, hi = full_range(type.width, type.signed)
            type = replace(type, lo=lo, hi=hi)
        return self.b.add(Enter(owner), (number,), type, span)

    def dense(self, number: int) -> int:
        """A joint value that lives in a buffer: constants are entered too."""
        word = self.joint(number)
        return word if self.owners[number] == JOINT or number in self.entered else self._enter(word, PUBLIC)

    def _entering(self, loop_number: int, loop: Loop, owners: Owners) -> list[int]:
        """Local values from outside a loop that its body will use jointly, in order."""
        body = loop.body
        inside = owners | dict(enumerate([PUBLIC] + [owners[loop_number]] * (len(body.params) - 1), body.first))
        analyse(body, inside, self.roles)
        items = dict(body.numbered())
        used: list[int] = []
        for number, item in body.numbered():
            if inside[number] != JOINT:
                continue
            if isinstance(item, Loop):
                used += [*item.init, *self._entering(number, item, inside)]
            elif isinstance(item, Value) and not isinstance(item.op, Enter):
                used += item.args
        roots = dict.fromkeys(root(n, items) for n in (*used, *body.results))
        return [n for n in roots if n < body.first and inside[n] not in (JOINT, PUBLIC)]


def root(number: int, items: Mapping[int, Item]) -> int:
    """What a chain of views shows."""
    item = items.get(number)
    while isinstance(item, Value) and isinstance(item.op, View):
        number = item.args[0]
        item = items.get(number)
    return number
