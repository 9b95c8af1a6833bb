"""Words -> schedule: kernels for the joint work, clear steps for the local, buffers and wiring between them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import TypeVar

from compiler.gates.circuit import Circuit
from compiler.joint.locality import JOINT, Owners, Roles, analyse
from compiler.schedule import knowledge
from compiler.schedule.clear import clear_step
from compiler.schedule.cut import Group, cut
from compiler.schedule.lane import Lane, kernel_name, lane
from compiler.schedule.late import Late, tells
from compiler.schedule.order import topological
from compiler.schedule.place import place
from compiler.schedule.plan import (
    Carry,
    Charge,
    Copy,
    Disclose,
    Enter,
    Hand,
    Launch,
    Open,
    Plan,
    Product,
    Repeat,
    Step,
    Tell,
    Told,
)
from compiler.schedule.rows import free_buffers, number_rows
from compiler.schedule.shared import Shared
from compiler.schedule.storage import Stored
from compiler.words import operations
from compiler.words.ir import Block, Item, Loop, Result, Type, Value, Words
from compiler.words.operations import PUBLIC, Bits, Compute, Concat, Constant, Learn, Put, Share, Strided, Transfer
from compiler.words.reads import reads

Known = TypeVar("Known")
# lanes' words -> gates of each, minimised, and what each item of the block is charged with
Expand = Callable[[Sequence[Lane]], Iterable[tuple[Circuit, tuple[Charge, ...]]]]


def emit(program: Words, roles: Roles, expand: Expand) -> Plan:
    """The whole plan; both parties' outputs are its last steps."""
    shared = Shared(program.parties, roles)
    level = Level(shared, program.block, {}, {}, {}, ())
    steps = level.steps(tuple(o.value for o in program.outputs))
    for output in program.outputs:
        owner, type = level.owners[output.value], level.types[output.value]
        if owner == JOINT:
            buffer = level.dense(output.value, steps).buffer
            steps.append(Open(output.name, buffer, type, output.receivers, output.span))
        else:
            steps.append(Tell(output.name, level.clear[output.value], type, output.receivers))
    made = [
        replace(place(kernel_name(lane.block), circuit), charges=charges)
        for lane, (circuit, charges) in zip(shared.lanes, expand(shared.lanes), strict=True)
    ]
    known, kernels = knowledge.specialised(steps, made, len(shared.buffers), roles.garbler)
    numbered, _ = number_rows(free_buffers(known), kernels)
    return Plan(kernels, tuple(shared.buffers), numbered)


@dataclass
class Level:
    """One block on its way into steps; what it inherits from the enclosing blocks is copied, not shared."""

    shared: Shared
    block: Block
    owners: Owners
    types: dict[int, Type]
    stored: dict[int, Stored]  # where each joint value lives
    indices: tuple[int, ...]  # parameters of the enclosing loops, outermost first
    clear: dict[int, int] = field(default_factory=dict[int, int])  # clear word of each local value that has one
    constants: dict[int, Value] = field(default_factory=dict[int, Value])  # uniform, of this and enclosing blocks
    carried: dict[int, list[Stored]] = field(default_factory=dict[int, list[Stored]])  # of each finished loop
    parts: dict[int, tuple[int, int]] = field(default_factory=dict[int, tuple[int, int]])  # of each transfer
    after: dict[int, list[int]] = field(default_factory=dict[int, list[int]])  # clear words of each loop that tells

    def __post_init__(self) -> None:
        analyse(self.block, self.owners, self.shared.roles)
        self.items: dict[int, Item] = dict(self.block.numbered())
        self.late = Late(self.items, self.owners, self.shared.roles)
        self.types.update((n, i.type) for n, i in self.items.items() if not isinstance(i, Loop))
        self.constants.update(
            (n, i)
            for n, i in self.items.items()
            if isinstance(i, Value) and isinstance(i.op, Constant) and len(i.op.values) == 1
        )
        self._sources: dict[int, set[int]] = {}
        self._readers: dict[int, list[int]] = defaultdict(list)
        for number, item in self.items.items():
            for read in reads(item):
                self._readers[read].append(number)

    def steps(self, results: tuple[int, ...]) -> list[Step]:
        steps: list[Step] = []
        self._local_steps(steps, results)
        joint = [(n, i) for n, i in self.items.items() if self.owners[n] == JOINT or tells(i)]
        compute = [(n, i) for n, i in joint if isinstance(i, Value) and isinstance(i.op, Compute)]
        groups = cut(compute, self.sources, self.types.__getitem__)
        nodes: dict[int, Group | int] = {min(g.members): g for g in groups}
        home = {n: min(g.members) for g in groups for n in g.members}
        alone = [n for n, _ in joint if n not in home] + self.late.words(joint, results)
        nodes.update((n, n) for n in alone)
        home.update((n, n) for n in alone)
        needs = {key: self._needs(node, home) - {key} for key, node in nodes.items()}
        learned = {n for n in alone if self.late.learned(n)}  # told when all else of the step is done
        needs.update((n, needs[n] | (needs.keys() - learned)) for n in learned if _is_learn(self.items[n]))
        for key in topological(needs, self._entries()):
            node = nodes[key]
            if isinstance(node, Group):
                self._launch(node, steps, results)
            else:
                self._wire(node, steps)
        return steps

    def _entries(self) -> set[int]:
        """What the evaluator enters is a message of its own, but for what is entered right after it: so it waits."""
        party = self.shared.roles.evaluator
        return {n for n, i in self.items.items() if isinstance(i, Value) and i.op == operations.Enter(party)}

    # -- order ----------------------------------------------------------------------------------

    def _needs(self, node: Group | int, home: dict[int, int]) -> set[int]:
        members = node.members if isinstance(node, Group) else {node: self.items[node]}
        return {home[n] for item in members.values() for n in self._reads(item, home)}

    def _reads(self, item: Item, home: dict[int, int]) -> set[int]:
        """What an item waits for: of what a party makes of its shares, the nodes that it is made from."""
        found: set[int] = set()
        for number in reads(item):
            if number in home:
                found.add(number)
            elif number in self.items and self.late(number):
                found |= self._reads(self.items[number], home)
        return found

    def sources(self, number: int) -> set[int]:
        """The computed values of this block that a value is made from by wiring, entering and loops."""
        if number not in self._sources:
            item = self.items.get(number)
            if item is None:
                found: set[int] = set()
            elif self.owners[number] == JOINT and isinstance(item, Value) and isinstance(item.op, Compute):
                found = {number}
            else:
                found = set[int]().union(*(self.sources(n) for n in reads(item)))
            self._sources[number] = found
        return self._sources[number]

    # -- local work -----------------------------------------------------------------------------

    def _local_steps(self, steps: list[Step], results: tuple[int, ...]) -> None:
        """One Clear for each party, public words first; local values wait for nothing joint."""
        left = self._left_clear(results)
        wanted = [n for n in left if (n in self.items and not self.late(n)) or n in self.indices]
        for party in (PUBLIC, *self.shared.parties):
            mine = [n for n in wanted if self.owners[n] == party]
            if mine:
                words = [self.shared.clear_word() for _ in mine]
                steps.append(clear_step(party, self.block, mine, words, self.indices, self.types, self.clear))
                self.clear.update(zip(mine, words, strict=True))

    def _left_clear(self, results: Iterable[int]) -> list[int]:
        """Local values that something other than a local value of the same party and block reads."""
        found: dict[int, None] = {}
        for number, item in self.items.items():
            if self.owners[number] == JOINT:
                enters = isinstance(item, Value) and isinstance(item.op, operations.Enter | Transfer)
                arguments = item.args[:1] if isinstance(item, Value) and enters else ()
                inner = self._inner_reads(item) if isinstance(item, Loop) else ()
                found.update((n, None) for n in (*arguments, *inner))
            elif tells(item):
                assert isinstance(item, Loop)
                found.update((n, None) for n in (*item.init, *self._inner_reads(item)))
            elif self.owners[number] != PUBLIC:
                found.update((n, None) for n in sorted(reads(item)) if self.owners[n] == PUBLIC and n in self.items)
        found.update((n, None) for n in results if self.owners[n] != JOINT)
        return sorted(found)

    def _inner_reads(self, loop: Loop) -> list[int]:
        """Local values of enclosing blocks that clear words inside a joint loop may read; it knows the indices."""
        return [n for n in sorted(reads(loop)) if self.owners.get(n, JOINT) != JOINT and n not in self.indices]

    # -- joint work -----------------------------------------------------------------------------

    def _launch(self, group: Group, steps: list[Step], results: tuple[int, ...]) -> None:
        def leaves(number: int) -> bool:
            return number in results or any(reader not in group.members for reader in self._readers[number])

        body = lane(group, leaves, self.types.__getitem__, self.constants.get)
        rank, depth = len(group.lanes), len(self.indices)
        for number in body.writes:
            self.stored[number] = self.shared.buffer(self.types[number])
        steps.append(
            Launch(
                self.shared.kernel(body),
                group.lanes,
                tuple(self.stored[n].wiring(rank, depth) for n in body.reads),
                tuple(self.stored[n].wiring(rank, depth) for n in body.writes),
                0,
                body.places,
            )
        )

    def _wire(self, number: int, steps: list[Step]) -> None:
        item = self.items[number]
        match item:
            case Value(op=operations.Enter(party)):
                target = self.stored[number] = self.shared.buffer(item.type)
                steps.append(Enter(party, self.clear[item.args[0]], item.type, target.buffer, item.span))
            case Value(op=Transfer()):
                self.parts[number] = self._transfer(item, steps)
            case Value(op=Share(first=first)):
                self.clear[number] = self.parts[item.args[0]][0 if first else 1]
            case Value(op=Learn(to, draw, variable)):
                self.clear[number] = self._learn(item, Told(draw, variable), to, steps)
            case Result(loop, position) if loop in self.after:
                self.clear[number] = self.after[loop][position]
            case Value() if self.late(number):
                self.clear[number] = self.shared.clear_word()
                owner = self.late.party(number)
                assert owner is not None
                words = [self.clear[number]]
                known = {n: word for n, word in self.clear.items() if n != number}
                steps.append(clear_step(owner, self.block, [number], words, self.indices, self.types, known))
            case Value(op=operations.View(at)):
                self.stored[number] = self._view(
                    item, at, self.stored[item.args[0]], item.type.shape, item.args[1:], steps
                )
            case Value(op=Bits()):
                self.stored[number] = self.stored[item.args[0]].bits()
            case Value(op=Put(at)):
                whole, part = item.args[:2]
                target = self.stored[number] = self.shared.buffer(item.type)
                self._copy(self.stored[whole], target, steps)
                window = self._view(item, at, target, self.types[part].shape, item.args[2:], steps)
                self._copy(self.stored[part], window, steps)
            case Value(op=Concat()):
                target = self.stored[number] = self.shared.buffer(item.type)
                start, unit = 0, prod(item.type.shape[1:])
                for arg in item.args:
                    source = self.stored[arg]
                    window = Stored(target.buffer, source.shape, target.width, Strided(start * unit, target.at.strides))
                    self._copy(source, window, steps)
                    start += source.shape[0]
            case Loop() if tells(item):
                self._repeat_telling(number, item, steps)
            case Loop():
                self._repeat(number, item, steps)
            case Result(loop, position):
                self.stored[number] = self.carried[loop][position]
            case _:
                raise AssertionError(f"nothing to do for {item}")

    def _learn(self, item: Value, sum: Told, to: str, steps: list[Step]) -> int:
        """The clear word that a noisy sum becomes: of the wires that hold it, or of both shares."""
        word = self.shared.clear_word()
        if self.owners[item.args[0]] == JOINT:
            steps.append(Disclose(sum, self.dense(item.args[0], steps).buffer, item.type, to, word, item.span))
        else:
            own, other = (self.clear[half] for half in item.args)
            steps.append(Hand(sum, own, other, item.type, to, word, item.span))
        return word

    def _transfer(self, item: Value, steps: list[Step]) -> tuple[int, int]:
        """The clear words of the garbler's share and of the evaluator's.

        Of a word wider than the ring only the bits that the ring has, each with its weight: mod 2^l it is their sum.
        """
        own, joint = item.args
        shape, rank = self.types[own].shape, len(self.types[own].shape)
        parts = self.shared.clear_word(), self.shared.clear_word()
        words = self.stored[joint].wiring(rank, len(self.indices))
        [(width, stride)] = words.port
        cut = width > item.type.width
        steps.append(
            Product(
                parties=(self.shared.roles.garbler, self.shared.roles.evaluator),
                own=self.clear[own],
                joint=replace(words, port=((min(width, item.type.width), stride),)),
                terms=shape[len(item.type.shape) :],
                signed=self.types[joint].signed and not cut,
                type=item.type,
                shares=parts,
                row=0,
                place=item.span,
            )
        )
        return parts

    def _view(
        self,
        item: Value,
        at: Strided,
        base: Stored,
        shape: tuple[int, ...],
        indices: tuple[int, ...],
        steps: list[Step],
    ) -> Stored:
        loops = tuple(self.indices.index(i) for i in indices)
        last = [self.types[i].hi for i in indices]
        seen = base.view(at, shape, loops, last)
        if seen is None:  # not a view of the buffer: make it dense first
            seen = self._densely(base, steps).view(at, shape, loops, last)
        assert seen is not None
        return seen

    def dense(self, number: int, steps: list[Step]) -> Stored:
        stored = self.stored[number]
        whole = self.shared.buffers[stored.buffer] == stored.wires
        return stored if stored.is_dense() and whole else self._densely(stored, steps)

    def _densely(self, stored: Stored, steps: list[Step]) -> Stored:
        self.shared.buffers.append(stored.wires)
        target = Stored.dense(len(self.shared.buffers) - 1, stored.shape, stored.width)
        self._copy(stored, target, steps)
        return target

    def _copy(self, source: Stored, target: Stored, steps: list[Step]) -> None:
        rank, depth = len(source.shape), len(self.indices)
        steps.append(Copy(source.wiring(rank, depth), target.wiring(rank, depth), source.shape))

    # -- loops ----------------------------------------------------------------------------------

    def _repeat(self, number: int, loop: Loop, steps: list[Step]) -> None:
        """Carried values live in buffers of their own: filled before, replaced after each iteration."""
        carried = [self.shared.buffer(type) for type in loop.body.params[1:]]
        for source, target in zip(loop.init, carried, strict=True):
            self._copy(self.stored[source], target, steps)
        inner = self._inside(loop, JOINT)
        inner.stored.update(enumerate(carried, loop.body.first + 1))
        body = inner.steps(loop.body.results)
        inner.replace_carried(loop.body.results, carried, body)
        steps.append(Repeat(loop.count, tuple(body), 0, 0))
        self.carried[number] = carried

    def _repeat_telling(self, number: int, loop: Loop, steps: list[Step]) -> None:
        """Carried values live in clear words of the party that learns."""
        party = self.owners[number]
        types = loop.body.params[1:]
        words = [self.shared.clear_word() for _ in types]
        steps.append(Carry(party, tuple(self.clear[i] for i in loop.init), tuple(words), types))
        inner = self._inside(loop, party)
        inner.clear.update(enumerate(words, loop.body.first + 1))
        body = inner.steps(loop.body.results)
        body.append(Carry(party, tuple(inner.clear[r] for r in loop.body.results), tuple(words), types))
        steps.append(Repeat(loop.count, tuple(body), 0, 0))
        self.after[number] = words

    def _inside(self, loop: Loop, carried: str) -> Level:
        """Its body, with the owner of what it carries."""
        first, count = loop.body.first, len(loop.body.params)
        return Level(
            self.shared,
            loop.body,
            _before(first, self.owners) | {first: PUBLIC} | dict.fromkeys(range(first + 1, first + count), carried),
            _before(first, self.types) | dict(enumerate(loop.body.params, first)),
            _before(first, self.stored),
            (*self.indices, first),
            _before(first, self.clear),
            _before(first, self.constants),
        )

    def replace_carried(self, results: tuple[int, ...], carried: list[Stored], steps: list[Step]) -> None:
        """All at once: a result that lives in a carried buffer is copied aside before any is overwritten."""
        buffers = {c.buffer for c in carried}
        moves = [(self.stored[r], c) for r, c in zip(results, carried, strict=True)]
        moves = [(source, target) for source, target in moves if source != target]
        aside = [
            (self._densely(source, steps) if source.buffer in buffers else source, target) for source, target in moves
        ]
        for source, target in aside:
            self._copy(source, target, steps)


def _is_learn(item: Item) -> bool:
    return isinstance(item, Value) and isinstance(item.op, Learn)


def _before(first: int, known: dict[int, Known]) -> dict[int, Known]:
    """What a loop's body sees of the blocks around it: values after the loop have the numbers of the body's own."""
    return {number: value for number, value in known.items() if number < first}
