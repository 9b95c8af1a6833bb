"""Plans made by hand for tests of the runtime, and a plain reading of a schedule to hold the interpreter against."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from math import prod
from typing import Any

from compiler.gates.circuit import Circuit, Gate, GateOp
from compiler.schedule.place import place
from compiler.schedule.plan import (
    PUBLIC,
    Clear,
    Copy,
    Enter,
    Free,
    Kernel,
    Launch,
    Open,
    Plan,
    Repeat,
    Step,
    Tell,
    View,
    addresses,
    table_rows,
)
from compiler.words.ir import Block, Type, Value
from compiler.words.operations import Constant, Draw, Entry, Linear


def word(shape: tuple[int, ...], lo: int, hi: int) -> Type:
    return Type(shape, Fraction(1), lo, hi)


def random_circuit(rng: random.Random, inputs: int, gates: int, outputs: int) -> Circuit:
    """Any literals anywhere: both operands of one net, constants, inverted and repeated outputs."""
    made: list[Gate] = []
    for index in range(gates):
        top = 2 * (inputs + index) + 1
        made.append(Gate(rng.choice(list(GateOp)), rng.randint(0, top), rng.randint(max(0, top - 30), top)))
    top = 2 * (inputs + gates) + 1
    return Circuit(inputs, tuple(made), tuple(rng.randint(0, top) for _ in range(outputs)))


def small_tile(circuit: Circuit, tile: int, name: str = "k") -> Kernel:
    return replace(place(name, circuit), tile=tile)


def whole(buffer: int, lanes: int, width: int, depth: int = 0) -> View:
    """Lane by lane, the bits of a word together."""
    del lanes
    return View(buffer, 0, (width,), ((width, 1),), (0,) * depth)


def entered(party: str, name: str, type: Type, number: int, buffer: int) -> tuple[Step, ...]:
    block = Block(0, (), (Value(Entry(name, party), (), type),), (0,))
    return Clear(party, block, (), (number,)), Enter(party, number, type, buffer)


def one_launch(circuit: Circuit, lanes: int, tile: int, mine: int, to: tuple[str, ...]) -> Plan:
    """hospital's `x` gives the first `mine` inputs of each lane, vendor's `y` the others; all outputs are opened."""
    theirs, out = circuit.inputs - mine, len(circuit.outputs)
    kernel = small_tile(circuit, tile)
    launch = Launch(0, (lanes,), (whole(0, lanes, mine), whole(1, lanes, theirs)), (whole(2, lanes, out),), 0)
    return Plan(
        (kernel,),
        (lanes * mine, lanes * theirs, lanes * out),
        (
            *entered("hospital", "x", word((lanes,), 0, (1 << mine) - 1), 0, 0),
            *entered("vendor", "y", word((lanes,), 0, (1 << theirs) - 1), 1, 1),
            launch,
            Open("z", 2, word((lanes,), 0, (1 << out) - 1), to),
        ),
    )


LANES, OUTER, INNER = 10, 3, 2


def loop_plan(rng: random.Random) -> tuple[Plan, dict[str, Any]]:
    """Two nested loops: state updated in place, a broadcast view, views that move with both loops, a copy, samples.

    Buffers: 0 weights w (vendor, 3 x 4 bits), 1 state (10 x 6 bits), 2 sample (10 x 5 bits, fresh each iteration),
    3 public constants (10 x 2 bits), 4 history (3 x 2 x 10 x 6 bits), 5 one lane's result (8 bits).
    """
    depth2 = (0, 0)
    mix = small_tile(random_circuit(rng, 6 + 5 + 4 + 2, 70, 6), 4, "mix")
    last = small_tile(random_circuit(rng, 4 * 6, 40, 8), 1, "last")
    sample = word((LANES,), -16, 15)
    two = word((LANES,), 0, 3)
    draw = Block(
        0,
        (word((), 0, OUTER), word((), 0, INNER)),
        (Value(Draw("records", "x", "hospital", 0, 4, LANES), (), sample),),
        (2,),
    )
    public = Block(0, (), (Value(Constant(tuple(i % 4 for i in range(LANES))), (), two),), (0,))
    launch = Launch(
        0,
        (LANES,),
        (
            View(1, 0, (6,), ((6, 1),), depth2),
            View(2, 0, (5,), ((5, 1),), depth2),
            View(0, 0, (0,), ((4, 1),), (4, 0)),  # one weight for all lanes, by the outer index
            View(3, 9 * 2, (-2,), ((2, 1),), depth2),
        ),  # constants in reverse order
        (View(1, 0, (6,), ((6, 1),), depth2),),
        0,
    )
    keep = Copy(
        View(1, 0, (6,), ((6, 1),), depth2), View(4, 0, (6,), ((6, 1),), (INNER * LANES * 6, LANES * 6)), (LANES,)
    )
    rows = table_rows(mix, LANES)
    tail = Launch(
        1,
        (3,),
        (View(4, 7 * 6, (INNER * LANES * 6,), ((2, LANES * 6), (2, 6), (6, 1)), ()),),
        (View(5, 0, (8,), ((8, 1),), ()),),
        OUTER * INNER * rows,
    )
    steps: tuple[Step, ...] = (
        *entered("vendor", "w", word((3,), -8, 7), 0, 0),
        *entered("hospital", "s", word((LANES,), 0, 63), 1, 1),
        Clear(PUBLIC, public, (), (2,)),
        Enter(PUBLIC, 2, two, 3),
        Repeat(
            OUTER,
            (
                Repeat(
                    INNER,
                    (Clear("hospital", draw, (), (3,)), Enter("hospital", 3, sample, 2), launch, keep, Free(2)),
                    0,
                    rows,
                ),
            ),
            0,
            INNER * rows,
        ),
        tail,
        Open("state", 1, word((LANES,), -32, 31), ("vendor",)),
        Open("last", 5, word((3,), 0, 255), ("hospital", "vendor")),
        Free(5),
        Open("history", 4, word((OUTER * INNER * LANES,), 0, 63), ("hospital",)),
        Clear(
            "vendor",
            Block(5, (word((3,), -8, 7),), (Value(Linear((2,), 1), (5,), word((3,), -20, 20)),), (6,)),
            (0,),
            (9,),
        ),
        Tell("twice", 9, word((3,), -20, 20), ("vendor",)),
    )
    plan = Plan((mix, last), (12, 60, 50, 20, 360, 24), steps)
    return plan, {"w": [rng.randint(-8, 7) for _ in range(3)], "s": [rng.randint(0, 63) for _ in range(LANES)]}


def gate_by_gate(circuit: Circuit, inputs: list[int]) -> list[int]:
    """One lane of a circuit, by the book."""
    nets = [0, *inputs]
    for gate in circuit.gates:
        left, right = nets[gate.left >> 1] ^ gate.left & 1, nets[gate.right >> 1] ^ gate.right & 1
        nets.append(left & right if gate.op is GateOp.AND else left ^ right)
    return [nets[literal >> 1] ^ literal & 1 for literal in circuit.outputs]


def launches_by_the_book(
    plan: Plan, step: Launch | Copy, iteration: tuple[int, ...], buffers: Mapping[int, list[int]]
) -> None:
    """A launch or copy on lists of bits: all lanes read, then all written."""
    if isinstance(step, Copy):
        source, target = (addresses(v, step.lanes, iteration) for v in (step.source, step.target))
        moved = [buffers[step.source.buffer][a] for a in source.reshape(-1)]
        for address, bit in zip(target.reshape(-1), moved, strict=True):
            buffers[step.target.buffer][address] = bit
        return
    reads = [(v.buffer, addresses(v, step.lanes, iteration)) for v in step.reads]
    writes = [(v.buffer, addresses(v, step.lanes, iteration)) for v in step.writes]
    results = [
        gate_by_gate(plan.kernels[step.kernel].circuit, [buffers[b][a] for b, table in reads for a in table[:, lane]])
        for lane in range(prod(step.lanes))
    ]
    for lane, result in enumerate(results):
        places = [(b, a) for b, table in writes for a in table[:, lane]]
        for (buffer, address), bit in zip(places, result, strict=True):
            buffers[buffer][address] = bit
