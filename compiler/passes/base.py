"""What a gate pass is, and the loop that runs passes and holds each to its word."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from compiler.gates.circuit import Circuit
from compiler.gates.equal import proved
from compiler.gates.graph import Graph, origins, to_circuit, to_graph
from compiler.gates.simulate import simulate
from compiler.gates.verify import verify
from lang.collecting import paused

EXHAUSTIVE = 10  # inputs up to which all assignments are tried
SAMPLES = 256  # assignments tried beyond that
SEED = 0x5EED

Rewrite = Callable[[Graph], bool | None]  # False where the graph is as it was


class Miscompiled(Exception):
    """A pass changed what its circuit computes: a defect of the pass, never of the program."""


@dataclass(frozen=True, slots=True)
class Pass:
    """A named rewrite of a circuit's graph, in place; `why` is the sentence that reports print."""

    name: str
    why: str
    rewrite: Rewrite
    proved: bool = False  # it proves what it does, and ends in an error where it cannot


@dataclass(frozen=True, slots=True)
class Step:
    """What one pass did."""

    name: str
    and_before: int
    and_after: int
    xor_before: int
    xor_after: int


@dataclass(frozen=True, slots=True)
class Stage:
    """A circuit as it was given or as a pass left it, and the gate of the given one that each of its gates was.

    A gate that a pass made (no `origin` in the graph) counts as the one before it.
    """

    circuit: Circuit
    origins: Sequence[int]


def run(passes: Sequence[Pass], circuit: Circuit) -> tuple[Circuit, list[Step]]:
    """Run the passes in order; after each the circuit is well-formed and agrees with what it was before.

    Raises `Malformed` or `Miscompiled`, which name the pass.
    """
    stages, steps = traced(passes, circuit)
    return stages[-1].circuit, steps


def proven(passes: Sequence[Pass], circuit: Circuit) -> tuple[Circuit, list[Step]]:
    """As `run`, and what comes out is proved to compute the same for all inputs; raises Miscompiled where it is not."""
    steps: list[Step] = []
    for shows_it, group in groupby(passes, key=lambda p: p.proved):
        after, made = run([*group], circuit)
        if not shows_it and not proved(circuit, after):
            raise Miscompiled(f"passes up to `{made[-1].name}` made a circuit that is not proved to be the same")
        circuit = after
        steps += made
    return circuit, steps


def traced(passes: Sequence[Pass], circuit: Circuit) -> tuple[list[Stage], list[Step]]:
    """As `run`: the circuit as it is given and after each pass."""
    steps: list[Step] = []
    stages = [Stage(circuit, range(len(circuit.gates)))]
    verify(circuit)
    inputs, count = assignments(circuit.inputs)
    expected = simulate(circuit, inputs, count)
    ands, xors = circuit.and_gates, circuit.xor_gates
    with paused():
        graph = to_graph(circuit)
        for p in passes:
            after = circuit if p.rewrite(graph) is False else to_circuit(graph)
            before = ands, xors
            if after is not circuit and after != circuit:
                _check(p, after, inputs, count, expected)
                circuit = after
                ands, xors = circuit.and_gates, circuit.xor_gates
            steps.append(Step(p.name, before[0], ands, before[1], xors))
            stages.append(Stage(circuit, origins(graph)))
        return stages, steps


def _check(p: Pass, after: Circuit, inputs: Sequence[int], count: int, expected: Sequence[int]) -> None:
    verify(after)
    for position, (want, got) in enumerate(zip(expected, simulate(after, inputs, count), strict=True)):
        if want != got:
            raise Miscompiled(
                f"pass `{p.name}` changed output {position} in {(want ^ got).bit_count()} of {count} assignments"
            )


def assignments(inputs: int) -> tuple[list[int], int]:
    """(one integer of bits for each input, how many assignments): all where inputs are few, else random ones."""
    if inputs <= EXHAUSTIVE:
        count = 1 << inputs
        return [sum(1 << v for v in range(count) if v >> i & 1) for i in range(inputs)], count
    draw = random.Random(SEED)
    return [draw.getrandbits(SAMPLES) for _ in range(inputs)], SAMPLES
