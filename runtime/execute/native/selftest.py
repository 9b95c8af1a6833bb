"""Does a path make what the portable engines make?  A small circuit is garbled and evaluated by both."""

from __future__ import annotations

import numpy as np

from compiler.gates.circuit import Circuit, Gate, GateOp
from compiler.schedule.plan import Kernel
from runtime.crypto.labels import Labels
from runtime.crypto.prg import Prg
from runtime.crypto.secret import LabelSecret
from runtime.execute.backend import Engine
from runtime.execute.native.engine import NativeEvaluator, NativeGarbler
from runtime.execute.portable import PortableEvaluator, PortableGarbler

LANES = 61  # whole strips, vectors of every width, and lanes that are left
ROW = (1 << 40) - 1
SEED = bytes(range(16))
INPUTS = 3
GATES = (
    Gate(GateOp.AND, 2, 5),
    Gate(GateOp.XOR, 8, 7),
    Gate(GateOp.AND, 11, 4),
    Gate(GateOp.AND, 9, 13),
    Gate(GateOp.XOR, 1, 14),
    *(Gate(GateOp.AND, literal, literal - 3) for literal in range(16, 28, 2)),  # more rows than keys are made at once
)
CIRCUIT = Circuit(INPUTS, GATES, (27, 28, 29, 10, 1))
KERNEL = Kernel("self-test", CIRCUIT, tuple(range(1 + INPUTS + len(GATES))), 1 + INPUTS + len(GATES), 64)


def works(path: str) -> bool:
    """Tables, zero labels and active labels are those of the portable engines, byte for byte."""
    labels = Prg(SEED).words(2 * (2 + INPUTS * LANES)).reshape(-1, 2)
    labels[0, 0] |= np.uint64(1)
    secret, constant, zero = LabelSecret(labels[:1]), labels[1:2], labels[2:].reshape(INPUTS, LANES, 2)
    tables, expected = bytearray(), bytearray()
    garblers: tuple[Engine, Engine] = (
        NativeGarbler(path, [KERNEL], secret, SEED, constant, tables.extend),
        PortableGarbler([KERNEL], secret, SEED, constant, expected.extend),
    )
    evaluators: tuple[Engine, Engine] = (
        NativeEvaluator(path, [KERNEL], SEED, constant, lambda size: expected[:size]),
        PortableEvaluator([KERNEL], SEED, constant, lambda size: expected[:size]),
    )
    return _agree(garblers, zero) and tables == expected and _agree(evaluators, zero)


def _agree(engines: tuple[Engine, Engine], labels: Labels) -> bool:
    first, second = (engine.run(0, labels, ROW) for engine in engines)
    return first.tobytes() == second.tobytes()
