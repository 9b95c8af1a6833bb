"""A compiled plan, damaged: each damage says how, and which reason the verifier must give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, TypeVar

from compiler.gates.circuit import Circuit, Gate, GateOp
from compiler.schedule.place import place
from compiler.schedule.plan import Clear, Copy, Enter, Free, Kernel, Launch, Open, Plan, Repeat, Step, Tell, View
from compiler.words.ir import Type

# What the damages rely on: a launch over 40 lanes, a loop with a launch and a copy of carried words, an array put
# together from its elements (three copies), a launch of several lanes, one output that is opened and one told.
TEXT = """party alice;
party bob;

input x: int<4>[40] from alice;
input w: int<4> from bob;

let y: int<8>[40] = x * w;
var total: int<8> = 0;
for i in 0..40 {
    total = total * w + y[i] - i;
}
var z: int<8>[3] = [total, y[0], y[1]];
z[w & 1] = 5;
output total = reveal(z * z) to alice, bob;
output twice = reveal(2 * w) to bob;
"""
BYTE = Type((), Fraction(1), -128, 127)
Damage = Callable[[Plan], Plan]
StepOf = TypeVar("StepOf", bound=Step)


# -- finding and replacing ------------------------------------------------------------------------


def nth(steps: Sequence[Step], kind: type[StepOf], n: int = 0) -> StepOf:
    return [step for step in steps if isinstance(step, kind)][n]


def edited(old: Step, *new: Step) -> Damage:
    """The step `old`, wherever it stands, replaced by others."""

    def body(steps: Sequence[Step]) -> tuple[Step, ...]:
        done: list[Step] = []
        for step in steps:
            if step is old:
                done += new
            else:
                done.append(replace(step, body=body(step.body)) if isinstance(step, Repeat) else step)
        return tuple(done)

    return lambda plan: replace(plan, steps=body(plan.steps))


@dataclass(frozen=True)
class At:
    """Changes one step, found by its kind."""

    kind: type[Any]
    n: int = 0
    inside: bool = False  # the loop

    def find(self, plan: Plan) -> Any:
        return nth(nth(plan.steps, Repeat).body if self.inside else plan.steps, self.kind, self.n)

    def set(self, **fields: Any) -> Damage:
        """Each field set to a value, or to a function of the value it has."""

        def damage(plan: Plan) -> Plan:
            old = self.find(plan)
            values = {k: v(getattr(old, k)) if callable(v) else v for k, v in fields.items()}
            return edited(old, replace(old, **values))(plan)

        return damage

    def by(self, new: Callable[[Any], Sequence[Step]]) -> Damage:
        def damage(plan: Plan) -> Plan:
            old = self.find(plan)
            return edited(old, *new(old))(plan)

        return damage

    def view(self, field: str, **fields: Any) -> Damage:
        """The first of the step's views of this name."""

        def damage(views: Any) -> Any:
            one = views if isinstance(views, View) else views[0]
            new = replace(one, **{k: v(getattr(one, k)) if callable(v) else v for k, v in fields.items()})
            return new if isinstance(views, View) else (new, *views[1:])

        return self.set(**{field: damage})


def kernel(**fields: Any) -> Damage:
    """Fields of kernel 1, likewise."""

    def damage(plan: Plan) -> Plan:
        old = plan.kernels[1]
        new = replace(old, **{k: v(getattr(old, k)) if callable(v) else v for k, v in fields.items()})
        return replace(plan, kernels=(plan.kernels[0], new, *plan.kernels[2:]))

    return damage


def _more(n: int) -> Callable[[int], int]:
    return lambda value: value + n


# -- kernels --------------------------------------------------------------------------------------


def reused_too_early(registers: tuple[int, ...]) -> tuple[int, ...]:
    """The first gate takes the register of the last input, which the circuit reads later."""
    inputs = 26
    return (*registers[: inputs + 1], inputs, *registers[inputs + 2 :])


def output_given_away(old: Kernel) -> Kernel:
    """A last gate that nobody reads takes the register of an output."""
    circuit = old.circuit
    more = Circuit(circuit.inputs, (*circuit.gates, Gate(GateOp.XOR, 0, 0)), circuit.outputs)
    return replace(old, circuit=more, registers=(*old.registers, old.registers[circuit.outputs[0] >> 1]))


def reads_ahead(old: Kernel) -> Kernel:
    """The first gate reads the second."""
    circuit = old.circuit
    first, *rest = circuit.gates
    ahead = Gate(first.op, first.left, 2 * (circuit.inputs + 2))
    return replace(old, circuit=replace(circuit, gates=(ahead, *rest)))


def _kernel(change: Callable[[Kernel], Kernel]) -> Damage:
    return lambda plan: replace(plan, kernels=(plan.kernels[0], change(plan.kernels[1]), *plan.kernels[2:]))


KERNELS: dict[str, tuple[Damage, str]] = {
    "a register used again too early": (kernel(registers=reused_too_early), "whose register was given away"),
    "an output overwritten": (_kernel(output_given_away), "the register of output 0 was given away"),
    "the constant overwritten": (
        _kernel(lambda k: replace(k, registers=(*k.registers[:-1], 0))),
        "a gate overwrites the constant",
    ),
    "an input in another register": (
        _kernel(lambda k: replace(k, registers=(0, 2, 1, *k.registers[3:]))),
        "not in the register of its number",
    ),
    "a gate that reads ahead": (_kernel(reads_ahead), "gate 0 reads a net that is not made yet"),
    "an output that is no net": (
        _kernel(lambda k: replace(k, circuit=replace(k.circuit, outputs=(10_000, *k.circuit.outputs[1:])))),
        "output 0 is no net",
    ),
    "a register too many": (kernel(register_count=_more(1)), "its nets are in registers 0..31, not in 33"),
    "a register far beyond its nets": (
        kernel(registers=lambda r: (*r[:-1], 1 << 50), register_count=(1 << 50) + 1),
        f"{(1 << 50) + 1} registers are held for",
    ),
    "a net without a register": (kernel(registers=lambda r: r[:-1]), "registers are named for"),
    "a tile of 0": (kernel(tile=0), "tile of 0 lanes is not a power of two"),
    "a tile of 96": (kernel(tile=96), "tile of 96 lanes is not a power of two"),
    "a tile beyond the cache": (kernel(tile=2048), "tile of 2048 lanes is larger than 32 registers allow"),
    "a kernel of nothing": (_kernel(lambda k: place("", Circuit(0, (), ()))), "no inputs or no outputs"),
}

# -- launches, copies and rows --------------------------------------------------------------------


def backwards(old: Launch) -> Launch:
    """Each lane reads its result of the launch before, and writes over that of the lane opposite."""
    (first, second), (result,) = old.reads, old.writes
    reads = (replace(result, port=first.port), second)
    return replace(old, reads=reads, writes=(replace(result, offset=39 * 8, lane=(-8,)),), row=22)


LAUNCH, INNER, COPY, INNER_COPY = At(Launch), At(Launch, inside=True), At(Copy), At(Copy, inside=True)
LAUNCHES: dict[str, tuple[Damage, str]] = {
    "a kernel that is not there": (LAUNCH.set(kernel=3), "step 7: there is no kernel 3"),
    "a kernel from the end": (LAUNCH.set(kernel=-1), "there is no kernel -1"),
    "another kernel": (LAUNCH.set(kernel=1), "8 wires are read for 26 inputs"),
    "a buffer that is not there": (LAUNCH.view("reads", buffer=10), "there is no buffer 10"),
    "a view one wire past its buffer": (LAUNCH.view("reads", offset=1), "reaches wire 160 of the 160 of buffer 0"),
    "a view one wire before its buffer": (LAUNCH.view("writes", offset=-1), "reaches wire -1 of the 320 of buffer 4"),
    "a view that leaves in the last iteration": (
        INNER.view("writes", loop=(1,)),
        "step 11.2: a view reaches wire 46 of the 8 of buffer 7",
    ),
    "a stride beyond 64 bits": (At(Launch, 1).view("reads", port=((1, 1 << 80),)), "a stride is too large"),
    "a port of nothing": (LAUNCH.view("reads", port=((0, 1),)), "an extent is not positive"),
    "a bit too few": (LAUNCH.view("reads", port=((3, 1),)), "7 wires are read for 8 inputs"),
    "an output too few": (LAUNCH.view("writes", port=((7, 1),)), "7 wires are written for 8 outputs"),
    "a lane axis too many": (LAUNCH.set(lanes=(40, 1)), "a view has 1 lane strides for 2 axes"),
    "a view of another depth": (INNER.view("reads", loop=()), "step 11.2: a view has 0 loop strides in 1 loops"),
    "no lanes": (LAUNCH.set(lanes=(0,)), "an extent is not positive"),
    "lanes that write the same wires": (LAUNCH.view("writes", lane=(0,)), "writes a wire of buffer 4 twice"),
    "ports that write the same wires": (LAUNCH.view("writes", port=((8, 0),)), "writes a wire of buffer 4 twice"),
    "two writes of one place": (
        LAUNCH.set(writes=lambda v: (replace(v[0], port=((4, 1),)), replace(v[0], port=((4, 1),)))),
        "writes a wire of buffer 4 twice",
    ),
    "a write over what another lane reads": (
        LAUNCH.by(lambda step: [step, backwards(step)]),
        "step 8: it writes to buffer 4 what another lane reads",
    ),
    "a write over a lane that all read": (
        INNER.set(writes=lambda v: (replace(v[0], buffer=4, offset=4),)),
        "step 11.2: it writes to buffer 4 what another lane reads",
    ),
    "a copy onto itself": (
        INNER_COPY.set(target=lambda v: replace(v, buffer=7)),
        "step 11.4: it writes to buffer 7 what it reads",
    ),
    "a copy of another width": (COPY.view("target", port=((7, 1),)), "8 wires are copied to 7"),
    "a copy that fills less than is read": (At(Copy, 3).view("target", offset=8), "step 18: wires 0..23 of buffer 8"),
    "two launches on one row": (At(Launch, 1).set(row=0), "step 18: its rows begin at 0, those before it end at 2422"),
    "a row left out": (At(Launch, 1).set(row=_more(1)), "its rows begin at 2423, those before it end at 2422"),
}

# -- loops, buffers, clear words and outputs ------------------------------------------------------


def again_and_again(old: Launch) -> Repeat:
    """Its 42 rows, 2^58 times."""
    reads, writes = (tuple(replace(v, loop=(0,)) for v in views) for views in (old.reads, old.writes))
    return Repeat(1 << 58, (replace(old, reads=reads, writes=writes, row=0),), old.row, 42)


REPEAT, ENTER, OPEN, TELL = At(Repeat), At(Enter), At(Open), At(Tell)
OTHERS: dict[str, tuple[Damage, str]] = {
    "an iteration one row short": (REPEAT.set(rows=_more(-1)), "step 11: an iteration takes 60 rows, not 59"),
    "a loop on rows of before": (REPEAT.set(row=0), "step 11: its rows begin at 0, those before it end at 22"),
    "an iteration more": (REPEAT.set(count=_more(1)), "step 11.0: an index leaves its range"),
    "no iteration": (REPEAT.set(count=0), "step 11: it repeats 0 times"),
    "iterations beyond 64 bits": (REPEAT.set(count=1 << 63), "it repeats more often than can be counted"),
    "a buffer of no wires": (lambda plan: replace(plan, buffers=(0, *plan.buffers[1:])), "buffer 0: 0 wires"),
    "a buffer that is too small": (
        lambda plan: replace(plan, buffers=(159, *plan.buffers[1:])),
        "takes 160 wires, buffer 0 has 159",
    ),
    "a buffer read before it is written": (ENTER.by(lambda step: []), "step 6: buffer 0 is read and is not in use"),
    "a buffer freed twice": (At(Free).by(lambda step: [step, step]), "step 9: buffer 0 is freed and is not in use"),
    "a buffer freed by its loop": (
        At(Free, inside=True).by(lambda step: [step, Free(4)]),
        "step 11.4: buffer 4 is freed in a loop that did not make it",
    ),
    "a buffer read after it is freed": (
        At(Free).by(lambda step: [step, Free(4)]),
        "step 12.2: buffer 4 is read and is not in use",
    ),
    "an output of a freed buffer": (
        OPEN.by(lambda step: [Free(step.buffer), step]),
        "step 22: buffer 9 is read and is not in use",
    ),
    "an output of another size": (OPEN.set(type=lambda t: replace(t, shape=(2,))), "30 wires, buffer 9 has 45"),
    "an output in a loop": (At(Free, inside=True).by(lambda s: [s, Open("z", 7, BYTE, ("bob",))]), "stands in a loop"),
    "an output for nobody": (OPEN.set(to=()), "output `total` is for nobody"),
    "an output for a stranger": (OPEN.set(to=("eve",)), "there is no party `eve`"),
    "an output of a buffer that is not there": (OPEN.set(buffer=10), "step 21: there is no buffer 10"),
    "an output of a backward shape": (OPEN.set(type=lambda t: replace(t, shape=(-1, -3))), "holds nothing"),
    "an output of no numbers": (OPEN.set(type=lambda t: replace(t, lo=t.hi + 1)), "holds nothing"),
    "a told output for a stranger": (TELL.set(to=("eve",)), "there is no party `eve`"),
    "an entry into a buffer that is not there": (ENTER.set(buffer=-10), "step 3: there is no buffer -10"),
    "rows beyond 64 bits": (At(Launch, 1).by(lambda step: [again_and_again(step)]), "more than can be numbered"),
    "an output twice": (OPEN.by(lambda step: [step, step]), "there are two outputs `total`"),
    "a word told to the other party": (TELL.set(to=("alice", "bob")), "is `bob`'s and is told to another"),
    "a word told as another kind": (TELL.set(type=lambda t: replace(t, hi=t.hi + 1)), "clear word 6 is told as"),
    "a clear word that is not there": (At(Enter, 2).set(clear=99), "clear word 99 is read and is not made before"),
    "a clear word of the other party": (At(Enter, 2).set(clear=3), "enters clear word 3, which is `alice`'s"),
    "a clear word that does not fit": (
        At(Enter, 2).set(type=lambda t: replace(t, hi=t.hi - 1)),
        "clear word 4 does not fit",
    ),
    "a clear word of another shape": (ENTER.set(type=lambda t: replace(t, shape=(4, 10))), "is entered as 4x10"),
    "a clear word made twice": (At(Clear, 1).set(writes=(0,)), "clear word 0 is made twice"),
    "a clear word too many": (At(Clear, 1).set(writes=(3, 100)), "not as many as its results"),
    "a result that is not there": (
        At(Clear, 1).set(block=lambda b: replace(b, results=(50,))),
        "there is no value 50 for clear word 3",
    ),
    "a word given to the other party": (
        At(Clear, 2).set(party="alice", writes=(4, 5, 6)),
        "step 2: .* reads what is `bob`'s among the words of `alice`",
    ),
    "a reader that does not know the word": (
        At(Clear, 2).set(reads=(1, 3)),
        "step 2: `bob` does not know clear word 3",
    ),
    "a word read as another type": (At(Clear, 2).set(reads=(1, 1)), "clear word 1 is read as"),
    "a parameter too few": (At(Clear, 2).set(reads=(1,)), "0 indices and 1 words are given for 2 parameters"),
    "a party that is not there": (At(Clear, 1).set(party="eve"), "there is no party `eve`"),
}
