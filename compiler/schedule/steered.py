"""Which outputs the evaluator can steer: what is made from a product that goes as shares, plus whatever it enters.

Privacy is proved for every number that it may add.  That the outcome is the program's is not: a malicious evaluator
trains what it likes.  Where it alone learns the result it deceives nobody but itself; see `program.unclaimed`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import assert_never

from compiler.gates.circuit import Circuit
from compiler.schedule.plan import (
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
)


def steered(plan: Plan) -> frozenset[str]:
    """The names of those outputs."""
    found = _Steered(plan)
    found.settle(plan.steps)
    return frozenset(found.outputs)


@dataclass
class _Steered:
    plan: Plan
    buffers: set[int] = field(default_factory=set[int])
    clear: set[int] = field(default_factory=set[int])
    outputs: set[str] = field(default_factory=set[str])
    known: dict[tuple[int, frozenset[int]], frozenset[int]] = field(
        default_factory=dict[tuple[int, frozenset[int]], frozenset[int]]
    )

    def settle(self, steps: Sequence[Step]) -> None:
        """Once more for as long as it finds more: an iteration may read what the one before has written."""
        before = -1
        while before < (before := len(self.buffers) + len(self.clear)):
            for step in steps:
                self._step(step)

    def _step(self, step: Step) -> None:
        match step:
            case Product(shares=shares):
                self.clear.update(shares)
            case Clear(reads=reads, writes=writes):
                if self.clear.intersection(reads):
                    self.clear.update(writes)
            case Disclose(clear=clear) | Hand(clear=clear):
                self.clear.add(clear)  # the evaluator goes on from what it likes
            case Carry(sources=sources, targets=targets):
                self.clear.update(t for s, t in zip(sources, targets, strict=True) if s in self.clear)
            case Enter(clear=clear, buffer=buffer):
                if clear in self.clear:
                    self.buffers.add(buffer)
            case Copy(source=source, target=target):
                if source.buffer in self.buffers:
                    self.buffers.add(target.buffer)
            case Launch():
                self._launch(step)
            case Repeat(body=body):
                self.settle(body)
            case Open(name=name, buffer=buffer):
                if buffer in self.buffers:
                    self.outputs.add(name)
            case Tell(name=name, clear=clear):
                if clear in self.clear:
                    self.outputs.add(name)
            case Free():
                pass
            case _:
                assert_never(step)

    def _launch(self, step: Launch) -> None:
        touched: set[int] = set()
        start = 0
        for view in step.reads:
            end = start + prod(extent for extent, _ in view.port)
            if view.buffer in self.buffers:
                touched.update(range(start, end))
            start = end
        if not touched:
            return
        key = step.kernel, frozenset(touched)
        if key not in self.known:
            self.known[key] = _reached(self.plan.kernels[step.kernel].circuit, key[1])
        start = 0
        for view in step.writes:
            end = start + prod(extent for extent, _ in view.port)
            if not self.known[key].isdisjoint(range(start, end)):
                self.buffers.add(view.buffer)
            start = end


def _reached(circuit: Circuit, inputs: frozenset[int]) -> frozenset[int]:
    """The outputs that some of these inputs lead to."""
    nets = [False, *(i in inputs for i in range(circuit.inputs))]
    for _, left, right in circuit.gates:
        nets.append(nets[left >> 1] or nets[right >> 1])
    return frozenset(i for i, literal in enumerate(circuit.outputs) if nets[literal >> 1])
