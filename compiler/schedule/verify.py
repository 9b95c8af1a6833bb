"""Holds a plan to what the runtime believes of it, before anything runs.

What is true of one iteration is shown for all of them by arithmetic, so the work follows the text of the plan.  Three
rules are stricter than a run needs, and the compiler keeps them: a body frees only what it made, rows are numbered
without gaps, and what fills a buffer is a run of wires that does not move with a loop (a window that moves is copied
into a buffer that is full already).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import assert_never

from compiler.schedule import reach, registers
from compiler.schedule.plan import (
    PUBLIC,
    WIDEST_RING,
    Carry,
    Clear,
    Copy,
    Disclose,
    Enter,
    Free,
    Hand,
    Launch,
    Open,
    Plan,
    Product,
    Repeat,
    Step,
    Tell,
    View,
)
from compiler.schedule.reach import Filled
from compiler.words.ir import Block, Loop, Type, full_range
from compiler.words.verify import Malformed, Outside, verify_block

LIMIT = 1 << 62  # of every number, so that none of their sums leaves 64 bits


class PlanError(Exception):
    """A plan that the compiler does not make: which kernel or step (numbered as `show` does), and why."""


def verify(plan: Plan, outside: Outside) -> None:
    """Raises PlanError unless the parties can run the plan; `outside` has them, their inputs and data sets."""
    for number, kernel in enumerate(plan.kernels):
        wrong = registers.fault(kernel)
        if wrong is not None:
            raise PlanError(f"kernel {number}: {wrong}")
    for number, wires in enumerate(plan.buffers):
        if not 0 < wires <= LIMIT:
            raise PlanError(f"buffer {number}: {wires} wires")
    _Verifier(plan, outside).body(plan.steps, "", (), frozenset())


class _Verifier:
    """Goes through the steps once, in order; a body is looked at as in its first iteration."""

    def __init__(self, plan: Plan, outside: Outside) -> None:
        self.plan, self.outside, self.parties = plan, outside, outside.parties
        self.and_gates = [kernel.circuit.and_gates for kernel in plan.kernels]
        self.filled: dict[int, Filled] = {}  # of each buffer in use
        self.words: dict[int, tuple[str, Type]] = {}  # owner and type of each clear word made so far
        self.outputs: set[str] = set()
        self.step = ""

    def require(self, condition: bool, reason: str) -> None:
        if not condition:
            raise PlanError(f"step {self.step}: {reason}")

    def body(self, steps: Sequence[Step], prefix: str, counts: tuple[int, ...], outer: frozenset[int]) -> int:
        """Its rows in one iteration; `outer` are the buffers in use around it, which later iterations rely on."""
        row, before = 0, frozenset(self.words) if counts else frozenset[int]()
        for number, step in enumerate(steps):
            self.step = f"{prefix}{number}"
            match step:
                case Launch():
                    row += self._launch(step, counts, row)
                case Repeat():
                    row += self._repeat(step, counts, row)
                case Clear():
                    self._clear(step, counts)
                case Product():
                    row += self._product(step, counts, row)
                case Enter():
                    self._enter(step)
                case Copy():
                    self._copy(step, counts)
                case Free():
                    self.require(step.buffer in self.filled, f"buffer {step.buffer} is freed and is not in use")
                    self.require(
                        step.buffer not in outer, f"buffer {step.buffer} is freed in a loop that did not make it"
                    )
                    del self.filled[step.buffer]
                case Open():
                    self._open(step, counts)
                case Disclose() | Hand():
                    self._disclose(step, counts)
                case Carry():
                    self._carry(step, before)
                case Tell():
                    self._tell(step, counts)
                case _:
                    assert_never(step)
            self.require(row <= LIMIT, "the rows are more than can be numbered")
        return row

    # -- loops and launches ---------------------------------------------------------------------

    def _repeat(self, step: Repeat, counts: tuple[int, ...], row: int) -> int:
        place = self.step
        self.require(step.count >= 1, f"it repeats {step.count} times")
        self.require(prod(counts) * step.count <= LIMIT, "it repeats more often than can be counted")
        rows = self.body(step.body, f"{place}.", (*counts, step.count), frozenset(self.filled))
        self.step = place
        self.require(step.row == row, f"its rows begin at {step.row}, those before it end at {row}")
        self.require(step.rows == rows, f"an iteration takes {rows} rows, not {step.rows}")
        return step.count * rows

    def _launch(self, step: Launch, counts: tuple[int, ...], row: int) -> int:
        self.require(0 <= step.kernel < len(self.plan.kernels), f"there is no kernel {step.kernel}")
        kernel = self.plan.kernels[step.kernel]
        for view in step.reads:
            self._reads(view, step.lanes, counts)
        for view in step.writes:
            self._reaches(view, step.lanes, counts)
        inputs, outputs = (sum(_ports(v) for v in views) for views in (step.reads, step.writes))
        self.require(inputs == kernel.circuit.inputs, f"{inputs} wires are read for {kernel.circuit.inputs} inputs")
        self.require(
            outputs == len(kernel.circuit.outputs),
            f"{outputs} wires are written for {len(kernel.circuit.outputs)} outputs",
        )
        for number, view in enumerate(step.writes):
            self.require(
                all(v == view or self._apart(v, view, step.lanes, counts) for v in step.reads),
                f"it writes to buffer {view.buffer} what another lane reads",
            )
            self.require(
                all(self._apart(v, view, step.lanes, counts) for v in step.writes[:number]),
                f"it writes a wire of buffer {view.buffer} twice",
            )
        for view in step.writes:
            self._writes(view, step.lanes, counts)
        self.require(step.row == row, f"its rows begin at {step.row}, those before it end at {row}")
        return -(-prod(step.lanes) // kernel.tile) * self.and_gates[step.kernel]

    def _product(self, step: Product, counts: tuple[int, ...], row: int) -> int:
        garbler, evaluator = step.parties
        self.require(garbler != evaluator, "both shares are one party's")
        for party in step.parties:
            self.require(party in self.parties, f"there is no party `{party}`")
        owner, known = self._word(step.own)
        self.require(owner in (PUBLIC, garbler), f"`{garbler}` does not know clear word {step.own}")
        self.require(known.shape == step.extents, f"clear word {step.own} is {known}, not of shape {step.extents}")
        type = step.type
        whole = (type.lo, type.hi) == full_range(type.width, True)
        self.require(whole and type.width <= WIDEST_RING, f"{type} is not a ring of {WIDEST_RING} bits at the most")
        self._reads(step.joint, step.extents, counts)
        [(width, stride)] = step.joint.port if len(step.joint.port) == 1 else [(0, 0)]
        self.require(1 <= width <= type.width and stride == 1, "its joint words are not words that fit the ring")
        self.require(step.row == row, f"its rows begin at {step.row}, those before it end at {row}")
        for party, number in zip(step.parties, step.shares, strict=True):
            self.require(number >= 0 and number not in self.words, f"clear word {number} is made twice")
            self.words[number] = party, type
        return step.transfer.rows

    def _copy(self, step: Copy, counts: tuple[int, ...]) -> None:
        self._reads(step.source, step.lanes, counts)
        self._reaches(step.target, step.lanes, counts)
        source, target = _ports(step.source), _ports(step.target)
        self.require(source == target, f"{source} wires are copied to {target}")
        self.require(
            self._apart(step.source, step.target, step.lanes, counts),
            f"it writes to buffer {step.target.buffer} what it reads",
        )
        self._writes(step.target, step.lanes, counts)

    # -- views ----------------------------------------------------------------------------------

    def _reaches(self, view: View, lanes: tuple[int, ...], counts: tuple[int, ...]) -> tuple[int, int]:
        """The lowest and highest wire of all lanes, ports and iterations, which lie in the buffer."""
        self._buffer(view.buffer)
        self.require(len(view.lane) == len(lanes), f"a view has {len(view.lane)} lane strides for {len(lanes)} axes")
        self.require(len(view.loop) == len(counts), f"a view has {len(view.loop)} loop strides in {len(counts)} loops")
        axes = reach.of_run(view, lanes, counts)
        self.require(all(1 <= extent <= LIMIT for extent, _ in axes), "an extent is not positive")
        self.require(all(abs(stride) <= LIMIT for _, stride in axes), "a stride is too large")
        low, high = reach.span(view.offset, axes)
        size = self.plan.buffers[view.buffer]
        outside = low if low < 0 else high
        self.require(low >= 0 and high < size, f"a view reaches wire {outside} of the {size} of buffer {view.buffer}")
        return low, high

    def _reads(self, view: View, lanes: tuple[int, ...], counts: tuple[int, ...]) -> None:
        low, high = self._reaches(view, lanes, counts)
        self._holds(view.buffer, low, high)

    def _holds(self, buffer: int, low: int, high: int) -> None:
        self.require(buffer in self.filled, f"buffer {buffer} is read and is not in use")
        self.require(
            self.filled[buffer].holds(low, high), f"wires {low}..{high} of buffer {buffer} are not all written before"
        )

    def _writes(self, view: View, lanes: tuple[int, ...], counts: tuple[int, ...]) -> None:
        """`_reaches` has been asked."""
        axes = reach.of_iteration(view, lanes)
        self.require(reach.distinct(axes), f"it writes a wire of buffer {view.buffer} twice")
        filled = self.filled.setdefault(view.buffer, Filled())
        if not reach.moving(zip(counts, view.loop, strict=True)) and reach.gapless(axes):
            filled.add(*reach.span(view.offset, axes))

    def _apart(self, one: View, other: View, lanes: tuple[int, ...], counts: tuple[int, ...]) -> bool:
        return one.buffer != other.buffer or reach.apart(one, other, lanes, counts)

    def _buffer(self, number: int) -> None:
        self.require(0 <= number < len(self.plan.buffers), f"there is no buffer {number}")

    # -- clear words and outputs ----------------------------------------------------------------

    def _clear(self, step: Clear, counts: tuple[int, ...]) -> None:
        self.require(step.party in (PUBLIC, *self.parties), f"there is no party `{step.party}`")
        block = step.block
        self.require(
            len(block.params) == len(counts) + len(step.reads),
            f"{len(counts)} indices and {len(step.reads)} words are given for {len(block.params)} parameters",
        )
        for index, count in zip(block.params, counts, strict=False):
            self.require(not index.shape and index.lo <= 0 and count <= index.hi + 1, "an index leaves its range")
        for type, number in zip(block.params[len(counts) :], step.reads, strict=True):
            owner, known = self._word(number)
            self.require(owner in (PUBLIC, step.party), f"`{step.party}` does not know clear word {number}")
            self.require(type == known, f"clear word {number} is read as {type} and is {known}")
        types = _types(block)
        self.require(len(step.writes) == len(block.results), "its words are not as many as its results")
        for number, result in zip(step.writes, block.results, strict=True):
            self.require(result in types, f"there is no value {result} for clear word {number}")
            self.require(number >= 0 and number not in self.words, f"clear word {number} is made twice")
            self.words[number] = step.party, types[result]
        try:
            verify_block(block, self.outside, step.party)
        except Malformed as error:
            raise PlanError(f"step {self.step}: {error}") from None

    def _enter(self, step: Enter) -> None:
        self._buffer(step.buffer)
        owner, known = self._word(step.clear)
        self.require(owner == step.party, f"`{step.party}` enters clear word {step.clear}, which is `{owner}`'s")
        self.require(
            step.type.shape == known.shape, f"clear word {step.clear} is entered as {step.type} and is {known}"
        )
        self.require(
            step.type.lo <= known.lo and known.hi <= step.type.hi, f"clear word {step.clear} does not fit {step.type}"
        )
        self._whole(step.buffer, step.type)
        self.filled.setdefault(step.buffer, Filled()).add(0, self.plan.buffers[step.buffer] - 1)

    def _open(self, step: Open, counts: tuple[int, ...]) -> None:
        self._output(step, counts)
        self._buffer(step.buffer)
        self._whole(step.buffer, step.type)
        self._holds(step.buffer, 0, self.plan.buffers[step.buffer] - 1)

    def _disclose(self, step: Disclose | Hand, counts: tuple[int, ...]) -> None:
        self.require(len(counts) == 1, "a noisy sum is told outside of the one loop of its steps")
        self.require(step.to in self.parties, f"there is no party `{step.to}`")
        if isinstance(step, Disclose):
            self._buffer(step.buffer)
            self._whole(step.buffer, step.type)
            self._holds(step.buffer, 0, self.plan.buffers[step.buffer] - 1)
        else:
            owner, known = self._word(step.own)
            whole = (known.lo, known.hi) == full_range(known.width, True)
            self.require(owner not in (PUBLIC, step.to), f"`{step.to}` is handed what it has")
            other = self._word(step.other)
            self.require(other == (step.to, known), f"clear word {step.other} is not the other share of {step.own}")
            self.require(step.type == known, f"clear word {step.own} is handed as {step.type} and is {known}")
            self.require(
                whole and known.width <= WIDEST_RING, f"{known} is not a ring of {WIDEST_RING} bits at the most"
            )
        self.require(step.clear >= 0 and step.clear not in self.words, f"clear word {step.clear} is made twice")
        self.words[step.clear] = step.to, step.type

    def _carry(self, step: Carry, before: frozenset[int]) -> None:
        """Of a target that was made before the body, an iteration makes the next value; else it is made here."""
        self.require(step.party in self.parties, f"there is no party `{step.party}`")
        self.require(
            len(step.sources) == len(step.targets) == len(step.types) == len(set(step.targets)),
            "its words are not as many as they become",
        )
        for source, target, type in zip(step.sources, step.targets, step.types, strict=True):
            owner, known = self._word(source)
            self.require(owner in (PUBLIC, step.party), f"`{step.party}` does not know clear word {source}")
            fits = type.lo <= known.lo and known.hi <= type.hi
            self.require(
                fits and (type.shape, type.scale) == (known.shape, known.scale), f"{known} is carried as {type}"
            )
            self.require(type.lo <= type.hi and target >= 0, f"{type} holds nothing")
            self.require(
                target not in self.words or (target in before and self.words[target] == (step.party, type)),
                f"clear word {target} is made twice",
            )
        for target, type in zip(step.targets, step.types, strict=True):
            self.words[target] = step.party, type

    def _tell(self, step: Tell, counts: tuple[int, ...]) -> None:
        self._output(step, counts)
        owner, known = self._word(step.clear)
        self.require(step.type == known, f"clear word {step.clear} is told as {step.type} and is {known}")
        self.require(
            owner == PUBLIC or all(party == owner for party in step.to),
            f"clear word {step.clear} is `{owner}`'s and is told to another",
        )

    def _output(self, step: Open | Tell, counts: tuple[int, ...]) -> None:
        self.require(not counts, f"output `{step.name}` stands in a loop")
        self.require(step.name not in self.outputs, f"there are two outputs `{step.name}`")
        self.require(bool(step.to), f"output `{step.name}` is for nobody")
        for party in step.to:
            self.require(party in self.parties, f"there is no party `{party}`")
        self.outputs.add(step.name)

    def _word(self, number: int) -> tuple[str, Type]:
        self.require(number in self.words, f"clear word {number} is read and is not made before")
        return self.words[number]

    def _whole(self, buffer: int, type: Type) -> None:
        """The words of the type are the buffer's wires, no more and no fewer."""
        self.require(type.lo <= type.hi and all(n >= 1 for n in type.shape), f"{type} holds nothing")
        wires, size = type.size * type.width, self.plan.buffers[buffer]
        self.require(wires == size, f"{type} takes {wires} wires, buffer {buffer} has {size}")


def _ports(view: View) -> int:
    return prod(extent for extent, _ in view.port)


def _types(block: Block) -> dict[int, Type]:
    """Of the parameters and items; a finished loop as such has none."""
    known = dict(enumerate(block.params, block.first))
    return known | {number: item.type for number, item in block.numbered() if not isinstance(item, Loop)}
