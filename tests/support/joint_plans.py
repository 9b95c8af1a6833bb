"""Random plans of steps that wait for nobody: launches, copies and loops of them, from two inputs to the outputs."""

from __future__ import annotations

import random
from math import prod
from typing import Any

from support.small_plans import entered, random_circuit, small_tile, word

from compiler.schedule.plan import Copy, Free, Kernel, Launch, Open, Plan, Repeat, Step, View
from compiler.schedule.rows import number_rows

WORDS, BITS = 12, 5  # of each input


class _Maker:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.kernels: list[Kernel] = []
        self.buffers = [WORDS * BITS, WORDS * BITS]

    def body(self, full: list[int], counts: tuple[int, ...], outer: int) -> list[Step]:
        """Steps on the buffers that are `full`, of which the first `outer` belong to the loops around."""
        steps: list[Step] = []
        for _ in range(self.rng.randint(1, 4)):
            choice = self.rng.randrange(10)
            if choice < 2 and len(counts) < 3:
                count = self.rng.randint(1, 3)
                steps.append(Repeat(count, tuple(self.body(full, (*counts, count), len(full))), 0, 0))
            elif choice < 4:
                steps.append(self.window(full, counts))
            elif choice < 6 and len(full) > outer + 1:
                steps.append(Free(full.pop(self.rng.randrange(outer, len(full)))))
            else:
                steps.append(self.launch(full, counts))
        for buffer in full[outer:] if counts else ():
            if self.rng.random() < 0.7:
                full.remove(buffer)
                steps.append(Free(buffer))
        return steps

    def launch(self, full: list[int], counts: tuple[int, ...]) -> Launch:
        """From one or two buffers to a new one, or to the wires that it reads."""
        rng = self.rng
        lanes = tuple(rng.randint(1, 4) for _ in range(rng.randint(0, 2)))
        place = rng.choice(full)
        width = min(rng.randint(1, 4), self.buffers[place] // prod(lanes))
        in_place = [self.dense(place, lanes, width, counts)] if width and rng.random() < 0.3 else []
        others = [b for b in full if not in_place or b != place]
        reads = in_place + [self.view(rng.choice(others), lanes, counts, rng.randint(1, 4)) for _ in others[:2]]
        circuit = random_circuit(
            rng, sum(view.port[0][0] for view in reads), rng.randint(0, 25), width if in_place else rng.randint(1, 6)
        )
        self.kernels.append(small_tile(circuit, rng.choice([1, 2, 4])))
        writes = in_place or [self.new(full, lanes, len(circuit.outputs), counts)]
        return Launch(len(self.kernels) - 1, lanes, tuple(reads), tuple(writes), 0)

    def dense(self, buffer: int, lanes: tuple[int, ...], ports: int, counts: tuple[int, ...]) -> View:
        """So many wires for each lane, lane after lane."""
        strides = tuple(prod(lanes[axis + 1 :]) * ports for axis in range(len(lanes)))
        return View(buffer, 0, strides, ((ports, 1),), (0,) * len(counts))

    def new(self, full: list[int], lanes: tuple[int, ...], ports: int, counts: tuple[int, ...]) -> View:
        self.buffers.append(prod(lanes) * ports)
        full.append(len(self.buffers) - 1)
        return self.dense(full[-1], lanes, ports, counts)

    def window(self, full: list[int], counts: tuple[int, ...]) -> Copy:
        """Into a new buffer, or to a part of one that moves with the loops."""
        lanes = (self.rng.randint(1, 3),)
        source = self.view(self.rng.choice(full), lanes, counts, self.rng.randint(1, 3))
        wires = lanes[0] * source.port[0][0]
        fitting = [b for b in full if b != source.buffer and self.buffers[b] >= wires * max(1, prod(counts))]
        if not fitting:
            return Copy(source, self.new(full, lanes, source.port[0][0], counts), lanes)
        loop = tuple(prod(counts[axis + 1 :]) * wires for axis in range(len(counts)))
        ports = source.port[0][0]
        return Copy(source, View(self.rng.choice(fitting), 0, (ports,), ((ports, 1),), loop), lanes)

    def view(self, buffer: int, lanes: tuple[int, ...], counts: tuple[int, ...], ports: int) -> View:
        """Any wires of the buffer, also some of them more than once."""
        room, strides = self.buffers[buffer] - 1, list[int]()
        for extent in (ports, *lanes, *counts):
            stride = self.rng.randint(0, room // (extent - 1)) if extent > 1 else self.rng.randint(-3, 3)
            room -= (extent - 1) * stride if extent > 1 else 0
            strides.append(stride)
        back = self.rng.random() < 0.3  # ports in reverse order
        offset = self.rng.randint(0, room) + (back and (ports - 1) * strides[0])
        port = ((ports, -strides[0] if back else strides[0]),)
        return View(buffer, offset, tuple(strides[1 : 1 + len(lanes)]), port, tuple(strides[1 + len(lanes) :]))


def joint_plan(rng: random.Random) -> tuple[Plan, dict[str, Any]]:
    """With rows numbered; hospital's `x` and vendor's `y` are entered, and all that is left is opened to vendor."""
    maker, full = _Maker(rng), [0, 1]
    steps = maker.body(full, (), 2)
    numbered, _ = number_rows(steps, maker.kernels)
    top = (1 << BITS) - 1
    plan = Plan(
        tuple(maker.kernels),
        tuple(maker.buffers),
        (
            *entered("hospital", "x", word((WORDS,), 0, top), 0, 0),
            *entered("vendor", "y", word((WORDS,), 0, top), 1, 1),
            *numbered,
            *(Open(f"z{b}", b, word((maker.buffers[b],), 0, 1), ("vendor",)) for b in full),
        ),
    )
    return plan, {name: [rng.randint(0, top) for _ in range(WORDS)] for name in ("x", "y")}
