"""Are words well formed?  Called between the stages of the compiler in tests, and where an artifact is loaded.

Every number that an item reads is an earlier one that it can see; operands, payloads and shapes fit together; a view
stays within what it shows for every value of its indices; a declared range contains the one that the operands give, or
says why not (`Claim`); a source exists and belongs to the party that reads it; what one party enters is its own.

An honest party's values are what is verified: what a party enters is declared with all values of its width, since
nothing holds it to less, but known by the range it is computed with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import assert_never

from compiler.words.ir import Block, Claim, Dataset, Loop, Result, Type, Value, Words, interval
from compiler.words.needs import Operand, Range, Wrong, need
from compiler.words.operations import (
    NAMES,
    PUBLIC,
    Coins,
    Constant,
    Digits,
    Div,
    Dot,
    Draw,
    Enter,
    Entry,
    Held,
    Learn,
    Linear,
    Mechanism,
    Mul,
    Noise,
    Op,
    Pooled,
    Put,
    Round,
    Select,
    Share,
    Sum,
    Transfer,
    View,
)
from compiler.words.rules import made
from compiler.words.triangles import Triangles

JOINT = "*"  # among the owners of a value: it has been entered (no party can be called so)
Owners = frozenset[str]  # whose sources a value is made from
MAY_CLAIM: Mapping[Claim, tuple[type[Op], ...]] = {
    Claim.REMAINDER: (Linear,),
    Claim.EXTREME: (Select,),
    Claim.FUNCTION: (Select, Linear, Sum, Div, Round),
    Claim.NORM: (Linear, Mul, Dot),
    Claim.CONTRACTION: (Linear, Sum, Dot, Digits, Triangles),
}


class Malformed(ValueError):
    """Words that no compiler of ours makes: the number of the value at fault, and what is wrong with it."""

    def __init__(self, number: int | None, reason: str) -> None:
        super().__init__(reason if number is None else f"%{number}: {reason}")
        self.number, self.reason = number, reason


@dataclass(frozen=True, slots=True)
class Outside:
    """What words may read from."""

    parties: tuple[str, ...]
    inputs: Mapping[Entry, Type]
    datasets: Mapping[str, Dataset]


def verify(words: Words, *, entered: bool = False) -> None:
    """Raises Malformed.  If `entered`, the values of two parties meet only where each has been entered."""
    outside = Outside(words.parties, dict(words.inputs), {d.name: d for d in words.datasets})
    try:
        need(len(outside.inputs) == len(words.inputs), "an input twice")
        need(len(outside.datasets) == len(words.datasets), "a data set twice")
        for party in (*(e.party for e in outside.inputs), *(d.party for d in words.datasets)):
            need(party in words.parties, f"`{party}` is not a party")
        need(words.block.first == 0 and not words.block.params, "a program with parameters")
        need(words.block.results == tuple(o.value for o in words.outputs), "the outputs are not the block's results")
        for output in words.outputs:
            strangers = set(output.receivers) - set(words.parties)
            need(not strangers and bool(output.receivers), f"`{output.name}` goes to nobody of the program")
    except Wrong as wrong:
        raise Malformed(None, str(wrong)) from None
    _Verifier(outside, None, entered, _drawers(words.block, outside)).block(words.block, {}, {})


def verify_block(block: Block, outside: Outside, party: str) -> None:
    """Raises Malformed.  The clear words of one party, or of both (PUBLIC), whose parameters are taken as they are."""
    if block.first:
        raise Malformed(None, f"a block on its own that begins with %{block.first}")
    verifier = _Verifier(outside, party, False, _drawers(block, outside))
    verifier.block(block, dict(_parameters(block)), dict.fromkeys(range(len(block.params)), frozenset[str]()))


def _parameters(block: Block) -> Iterator[tuple[int, Operand]]:
    for number, type in enumerate(block.params, block.first):
        yield number, Operand(type, (type.lo, type.hi), number)


def _drawers(block: Block, outside: Outside) -> dict[int, str]:
    """The owner of the data set that each `dpsgd` of the block samples, or lets out where no row is read."""
    found: dict[int, str] = {}
    for item in block.items:
        match item:
            case Loop():
                found |= _drawers(item.body, outside)
            case Value(op=Draw(party=party, draw=draw)):
                found[draw] = party
            case Value(op=Mechanism(dataset=dataset, draw=draw)) if dataset in outside.datasets:
                found.setdefault(draw, outside.datasets[dataset].party)
            case Value() | Result():
                pass
    return found


@dataclass
class _Verifier:
    outside: Outside
    party: str | None  # whose clear words these are; None: a whole program
    entered: bool
    drawers: Mapping[int, str]

    def block(self, block: Block, seen: dict[int, Operand], owners: dict[int, Owners]) -> None:
        """Adds the block's values to `seen` and `owners`, which have its parameters already."""
        loops: dict[int, Loop] = {}
        for number, item in block.numbered():
            try:
                match item:
                    case Value():
                        seen[number] = self._value(number, item, seen, owners)
                    case Loop():
                        loops[number] = item
                        self._loop(number, item, seen, owners)
                    case Result():
                        need(item.loop in loops, f"the result of %{item.loop}, which is no loop of this block")
                        carried = loops[item.loop].body.params[1:]
                        need(0 <= item.position < len(carried), f"result {item.position} of {len(carried)}")
                        need(item.type == carried[item.position], f"the loop carries {carried[item.position]}")
                        seen[number] = Operand(item.type, (item.type.lo, item.type.hi), number)
                        owners[number] = owners[item.loop]
            except Wrong as wrong:
                raise Malformed(number, str(wrong)) from None
        for result in block.results:
            if result not in seen:
                raise Malformed(result, "a result that does not exist")

    # -- values ---------------------------------------------------------------------------------

    def _value(self, number: int, item: Value, seen: dict[int, Operand], owners: dict[int, Owners]) -> Operand:
        need(item.type.lo <= item.type.hi and item.type.scale > 0, f"no number is of type {item.type}")
        need(all(n > 0 for n in item.type.shape), f"a tensor without elements: {item.type}")
        for a in item.args:
            need(a in seen, f"reads %{a}, which is not there")
        args = [seen[a] for a in item.args]
        owners[number] = self._owners(item, [owners[a] for a in item.args])
        self._meeting(item, seen, owners)
        op = item.op
        if isinstance(op, Entry | Draw):
            self._exists(op, item.type)
            need(not args, "a source with operands")
            return Operand(item.type, (item.type.lo, item.type.hi), number)
        uniform = isinstance(op, Constant) and len(op.values) == 1
        return Operand(item.type, _within(item, made(op, args, item.type), args), number, uniform)

    def _exists(self, op: Entry | Draw, type: Type) -> None:
        match op:
            case Entry(name):
                need(op in self.outside.inputs, f"reads the input `{name}` of `{op.party}`, which there is not")
                need(type == self.outside.inputs[op], f"the input is {self.outside.inputs[op]}")
            case Draw(dataset, name, party, _, batch, slots, whole):
                need(dataset in self.outside.datasets, f"samples `{dataset}`, which there is not")
                held = self.outside.datasets[dataset]
                need(party == held.party, f"`{party}` samples the data set of `{held.party}`")
                fields = {f.name: f.type for f in held.fields}
                need(name in fields or not name, f"samples `{dataset}.{name}`, which there is not")
                row = fields[name] if name else Type((), type.scale, 0, 1)
                wanted = Type((slots, *row.shape), row.scale, row.lo, row.hi)
                need(0 < batch <= slots and (batch == slots or not whole), f"a batch of {batch} in {slots} slots")
                need(type == wanted and (bool(name) or type.scale == 1), f"the field's batch is {wanted}")
            case _:
                assert_never(op)

    # -- ownership ------------------------------------------------------------------------------

    def _owners(self, item: Value, args: list[Owners]) -> Owners:
        joined = frozenset[str]().union(*args)
        match item.op:
            case Entry(party=party) | Draw(party=party) | Noise(party=party) | Coins(party=party):
                need(party in self.outside.parties, f"`{party}` is not a party")
                need(self.party in (None, party), f"reads what is `{party}`'s among the words of `{self.party}`")
                if isinstance(item.op, Noise):
                    holders = {d.party for d in self.outside.datasets.values()}
                    unsampled = party in holders and (self.entered or self.party is not None)
                    holder = self.drawers.get(item.op.draw, party if unsampled else "nobody")
                    need(party == holder, f"`{party}` draws the noise of `{holder}`'s data set")
                return frozenset({party})
            case Transfer():
                need(self.party is None, "a transfer among clear words")
                return frozenset({JOINT})
            case Share(party):
                need(party in self.outside.parties, f"`{party}` is not a party")
                return frozenset({party})
            case Enter(party):
                need(self.party is None, "something enters among clear words")
                need(joined <= {party} - {PUBLIC}, f"`{party}` enters what is not its own")
                return frozenset({JOINT})
            case Learn(party) | Held(party) | Pooled(party):
                need(party in self.outside.parties, f"`{party}` is not a party")
                need(self.party in (None, party), f"`{party}` is told something among the words of `{self.party}`")
                if isinstance(item.op, Held | Pooled):
                    need(joined <= {party}, f"`{party}` holds what is not its own")
                return frozenset({party})
            case Mechanism(dataset=dataset, drawn_by=drawn_by):
                need(dataset in self.outside.datasets, f"lets `{dataset}` out, which there is not")
                holder = self.outside.datasets[dataset].party
                need(drawn_by in ("", holder), f"`{drawn_by}` draws the noise of `{holder}`'s data set")
                return joined
            case View() | Put():
                need(not any(args[len(item.data) :]), "an index that is not public")
                return joined
            case _:
                return joined

    def _meeting(self, item: Value, seen: Mapping[int, Operand], owners: Mapping[int, Owners]) -> None:
        """Once entered, joint work reads what has been entered, public indices and uniform constants."""
        if isinstance(item.op, Transfer):
            own, joint = item.args
            need(
                JOINT not in owners[own] and len(owners[own]) <= 1, f"transfers by %{own}, which is not one party's own"
            )
            need(JOINT in owners[joint], f"transfers by the bits of %{joint}, which has not been entered")
            return
        if not self.entered or isinstance(item.op, Enter | Learn | Share):
            return
        joined = frozenset[str]().union(*(owners[a] for a in item.data))
        if JOINT in joined:
            for a in item.data:
                need(JOINT in owners[a] or seen[a].uniform, f"reads %{a}, which has not been entered")
        else:
            need(len(joined) <= 1, f"values of {' and '.join(sorted(joined))} meet before they are entered")

    # -- loops ----------------------------------------------------------------------------------

    def _loop(self, number: int, loop: Loop, seen: dict[int, Operand], owners: dict[int, Owners]) -> None:
        body = loop.body
        need(loop.count > 0, f"a loop of {loop.count} iterations")
        need(body.first == number, f"its body's values begin with %{body.first}")
        index = Type((), Fraction(1), 0, loop.count - 1)
        need(body.params[:1] == (index,), f"its first parameter is not the index, {index}")
        need(
            len(loop.init) == len(body.params) - 1 == len(body.results),
            "carries more or less than it is given",
        )
        for i in loop.init:
            need(i in seen, f"begins with %{i}, which is not there")
        self._carried([seen[i] for i in loop.init], body, "begins with")
        inside = {n: o for n, o in seen.items() if n < body.first} | dict(_parameters(body))
        carried = _settled(loop, owners)
        self.block(body, inside, owners | dict(enumerate([frozenset[str](), *carried], body.first)))
        self._carried([inside[r] for r in body.results], body, "goes on with")
        owners[number] = frozenset[str]().union(*carried)

    def _carried(self, values: list[Operand], body: Block, what: str) -> None:
        for found, type in zip(values, body.params[1:], strict=True):
            same = (found.type.shape, found.type.scale, found.type.width, found.type.signed)
            need(same == (type.shape, type.scale, type.width, type.signed), f"carries {type}, {what} {found.type}")
            need(type.lo <= found.known[0] and found.known[1] <= type.hi, f"carries {type}, {what} {found.exact}")


def _within(item: Value, found: Range, args: list[Operand]) -> Range:
    """What is known of a value: the range that its operands give it, narrowed by a claim that it may make."""
    lo, hi = item.type.lo, item.type.hi
    if lo <= found[0] and found[1] <= hi:
        return found
    need(item.claim is not None, f"declared {interval(lo, hi)}, its operands make it {interval(*found)}")
    assert item.claim is not None
    allowed = isinstance(item.op, MAY_CLAIM[item.claim])
    need(allowed, f"`{NAMES[type(item.op)]}` claims {interval(lo, hi)} as a {item.claim.value}, which it cannot be")
    if item.claim is Claim.EXTREME:
        ends = [[pick(a.known[end] for a in args[1:]) for end in (0, 1)] for pick in (min, max)]
        need(any(lo <= low and high <= hi for low, high in ends), f"declared {interval(lo, hi)}, which is no extreme")
    need(max(lo, found[0]) <= min(hi, found[1]), f"claims {interval(lo, hi)} of {interval(*found)}")
    return max(lo, found[0]), min(hi, found[1])


def _settled(loop: Loop, owners: Mapping[int, Owners]) -> list[Owners]:
    """Whose sources the carried values are made from, before and after every iteration."""
    carried = [owners[i] for i in loop.init]
    while True:
        inside = dict(owners) | dict(enumerate([frozenset[str](), *carried], loop.body.first))
        _spread(loop.body, inside)
        joined = [before | inside.get(r, frozenset()) for before, r in zip(carried, loop.body.results, strict=True)]
        if joined == carried:
            return carried
        carried = joined


def _spread(block: Block, owners: dict[int, Owners]) -> None:
    """The owners of a block's values, before it is verified."""
    for number, item in block.numbered():
        match item:
            case Value(op=Entry(party=p) | Draw(party=p) | Noise(party=p) | Coins(party=p)):
                owners[number] = frozenset({p})
            case Value(op=Enter() | Transfer()):
                owners[number] = frozenset({JOINT})
            case Value(op=Learn(party) | Held(party) | Pooled(party) | Share(party)):
                owners[number] = frozenset({party})
            case Value():
                owners[number] = frozenset[str]().union(*(owners.get(a, frozenset()) for a in item.args))
            case Loop():
                known = all(i in owners for i in item.init) and len(item.init) == len(item.body.results)
                owners[number] = frozenset[str]().union(*(_settled(item, owners) if known else ()))
            case Result():
                owners[number] = owners.get(item.loop, frozenset())
