"""Plans and kernels whose ANDs are of operands that a party knows."""

from __future__ import annotations

import random
from dataclasses import replace

from compiler.gates.knowledge import Knows, Runs, runs
from compiler.schedule.knowledge import specialised, verify
from compiler.schedule.plan import Kernel, Plan


def as_known(plan: Plan, garbler: str) -> Plan:
    """The same with kernels made for what is known where they are launched; its rows stay."""
    steps, kernels = specialised(plan.steps, plan.kernels, len(plan.buffers), garbler)
    made = Plan(kernels, plan.buffers, steps)
    verify(made, garbler)
    return made


def some_known(rng: random.Random, inputs: int) -> Runs:
    """Of each input somebody, or nobody."""
    return runs([(1, rng.choice([Knows.NEITHER, Knows.GARBLER, Knows.EVALUATOR])) for _ in range(inputs)])


def knowing(kernel: Kernel, rng: random.Random) -> Kernel:
    return replace(kernel, known=some_known(rng, kernel.circuit.inputs))
