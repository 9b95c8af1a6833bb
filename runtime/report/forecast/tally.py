"""The work of a run by kind, counted from its schedule: whatever a machine has a rate for.

Counts are of a whole run, and of both parties where it is not said whose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from compiler.program import Compiled
from compiler.schedule.plan import (
    PUBLIC,
    Clear,
    Enter,
    Kernel,
    Launch,
    Plan,
    Product,
    Repeat,
    Step,
    Transfer,
    lane_count,
    stages,
)
from compiler.words.ir import Block, Loop, Value
from compiler.words.operations import Draw, Noise
from runtime.crypto.labels import LABEL_BYTES
from runtime.execute.backend import ciphertext_bytes, is_joint
from runtime.execute.sharing import LABEL_MOVED, Sharing
from runtime.ot import extension


@dataclass(slots=True)
class Clearly:
    """What one party does in the clear: words, and their elements."""

    words: int = 0
    elements: int = 0
    slots: int = 0  # of batches that are drawn
    noise: bool = False  # is drawn by this party alone

    def add(self, block: Block, times: int) -> None:
        drawn = [i.op for i in block.items if isinstance(i, Value) and isinstance(i.op, Draw)]
        self.slots += times * sum({op.draw: op.slots for op in drawn}.values())
        for item in block.items:
            if isinstance(item, Loop):
                self.add(item.body, times * item.count)
            elif isinstance(item, Value):
                self.words += times
                self.elements += times * item.type.size
                self.noise = self.noise or isinstance(item.op, Noise)


@dataclass(slots=True)
class Tally:
    rows: int = 0  # AND gates of a tile of lanes
    gates: int = 0  # AND gates of one lane: ciphertext pairs
    xor_rows: int = 0  # likewise
    xors: int = 0
    tiles: int = 0  # lanes that are launched together
    wires: int = 0  # in and out of launches, and copied
    instructions: int = 0  # XOR gates of each kernel once: it is made ready
    and_instructions: int = 0  # AND gates likewise
    bits: int = 0  # of joint words that are multiplied: hashes are begun anew for each
    numbers: int = 0  # that are corrected
    messages: int = 0  # of transfers
    transfers: int = 0  # of a bit each
    walked: int = 0  # steps that wait for somebody, runs of those that do not, and orders to workers
    streamed: int = 0  # bytes of tables and corrections, over the connection that has most
    moved: int = 0  # bytes of labels between a party's coordinator and its workers
    garbler: Clearly = field(default_factory=Clearly)
    evaluator: Clearly = field(default_factory=Clearly)


def tally(program: Compiled, workers: int = 0) -> Tally:
    """With `workers` on both sides what is shared among them is counted as far as it goes to the one that has most, for
    all wait for that one."""
    counted = _Counting(program, Sharing(program.plan, workers) if workers else None)
    counted.steps(program.plan.steps, 1)
    used = {launch.kernel for launch in counted.launched}
    circuits = [program.plan.kernels[kernel].circuit for kernel in used]
    counted.found.instructions = sum(circuit.xor_gates for circuit in circuits)
    counted.found.and_instructions = sum(circuit.and_gates for circuit in circuits)
    return counted.found


class _Counting:
    def __init__(self, program: Compiled, sharing: Sharing | None) -> None:
        self.found = Tally()
        self.launched: list[Launch] = []
        self._program, self._plan, self._sharing = program, program.plan, sharing

    def steps(self, steps: Sequence[Step], times: int) -> None:
        self._requests(steps, times)
        if self._sharing is not None:
            for _, run in groupby(steps, is_joint):
                if together := [step for step in run if is_joint(step)]:
                    self.found.moved += times * LABEL_MOVED * self._sharing.moved(together)
        joint = False
        for step in steps:
            self.found.walked += times * (not (joint and is_joint(step)))
            joint = is_joint(step)
            if isinstance(step, Repeat) and not joint:
                self.steps(step.body, times * step.count)
            elif joint:
                self._joint(step, times)
            else:
                self._alone(step, times)

    def _joint(self, step: Step, times: int) -> None:
        """What runs in one go."""
        if isinstance(step, Repeat):
            for each in step.body:
                self._joint(each, times * step.count)
        elif isinstance(step, Launch):
            self.launched.append(step)
            self._launch(self._plan, step, times)

    def _launch(self, plan: Plan, step: Launch, times: int) -> None:
        found, kernel, lanes = self.found, plan.kernels[step.kernel], lane_count(step)
        if self._sharing is not None and self._sharing.large(step):
            axis, parts = self._sharing.lanes(step)
            lanes = lanes // step.lanes[axis] * max(map(len, parts))
            found.walked += times * sum(map(bool, parts))  # an order for each
        found.streamed += times * ciphertext_bytes(lanes * kernel.ciphertexts)
        tiles = -(-lanes // kernel.tile)
        found.rows += times * tiles * kernel.circuit.and_gates
        found.gates += times * lanes * kernel.circuit.and_gates
        found.xor_rows += times * tiles * kernel.circuit.xor_gates
        found.xors += times * lanes * kernel.circuit.xor_gates
        found.tiles += times * tiles
        found.wires += times * lanes * _ends(kernel)

    def _alone(self, step: Step, times: int) -> None:
        if isinstance(step, Clear):
            if step.party in (PUBLIC, self._program.garbler):
                self.found.garbler.add(step.block, times)
            if step.party in (PUBLIC, self._program.evaluator):
                self.found.evaluator.add(step.block, times)
        elif isinstance(step, Product):
            self._product(step.transfer, times)

    def _product(self, shape: Transfer, times: int) -> None:
        found = self.found
        if self._sharing is not None and (parts := self._sharing.words(shape)):
            labels, numbers = LABEL_BYTES * shape.words * shape.width, shape.number_bytes * shape.words * shape.shared
            found.moved += times * (labels + 2 * numbers)  # the garbler's, there and back
            found.walked += times * sum(map(bool, parts))
            shape = replace(shape, words=max(map(len, parts)))
        found.bits += times * shape.width
        found.numbers += times * shape.width * shape.words * shape.shared
        found.streamed += times * shape.correction_bytes

    def _requests(self, steps: Sequence[Step], times: int) -> None:
        for stage in stages(steps, self._program.evaluator):
            count = sum(_entered(step) for step in stage)
            self.found.messages += times * len(extension.messages(count))
            self.found.transfers += times * count


def _entered(step: Enter) -> int:
    return step.type.size * step.type.width


def _ends(kernel: Kernel) -> int:
    return kernel.circuit.inputs + len(kernel.circuit.outputs)
