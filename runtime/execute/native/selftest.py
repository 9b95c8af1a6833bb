"""Does a path make what the portable engines make?  Both garble and evaluate a small circuit, and multiply a little."""

from __future__ import annotations

from io import BytesIO

import numpy as np

from compiler.gates.circuit import Circuit, Gate, GateOp
from compiler.schedule.plan import Kernel, Transfer
from runtime.crypto.labels import Labels
from runtime.crypto.prg import Prg
from runtime.crypto.secret import LabelSecret
from runtime.execute.backend import Engine, ReceiveTables
from runtime.execute.native.engine import NativeEvaluator, NativeGarbler
from runtime.execute.native.shares import NativeEvaluatorProducts, NativeGarblerProducts
from runtime.execute.portable import PortableEvaluator, PortableGarbler
from runtime.execute.products import EvaluatorProducts, GarblerProducts

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
PRODUCT = Transfer(words=5, width=2, signed=True, shared=13, ring=27)
KERNEL = Kernel("self-test", CIRCUIT, tuple(range(1 + INPUTS + len(GATES))), 1 + INPUTS + len(GATES), 64)


def works(path: str) -> bool:
    """Tables, labels, corrections and shares are those of the portable engines, byte for byte."""
    return _gates_agree(path) and _products_agree(path)


def _gates_agree(path: str) -> bool:
    labels = Prg(SEED).words(2 * (2 + INPUTS * LANES)).reshape(-1, 2)
    labels[0, 0] |= np.uint64(1)
    secret, constant, zero = LabelSecret(labels[:1]), labels[1:2], labels[2:].reshape(INPUTS, LANES, 2)
    tables, expected = bytearray(), bytearray()
    garblers: tuple[Engine, Engine] = (
        NativeGarbler(path, [KERNEL], secret, SEED, constant, tables.extend),
        PortableGarbler([KERNEL], secret, SEED, constant, expected.extend),
    )
    if not _agree(garblers, zero) or tables != expected:
        return False
    evaluators: tuple[Engine, Engine] = (
        NativeEvaluator(path, [KERNEL], SEED, constant, _reader(expected)),
        PortableEvaluator([KERNEL], SEED, constant, _reader(expected)),
    )
    return _agree(evaluators, zero)


def _agree(engines: tuple[Engine, Engine], labels: Labels) -> bool:
    first, second = (engine.run(0, labels, ROW) for engine in engines)
    return first.tobytes() == second.tobytes()


def _products_agree(path: str) -> bool:
    shape = PRODUCT
    stream = Prg(SEED)
    delta = stream.words(2).reshape(1, 2) | np.array([1, 0], dtype=np.uint64)
    labels = stream.words(2 * shape.words * shape.width).reshape(shape.words, shape.width, 2)
    numbers = stream.words(shape.words * shape.shared).reshape(shape.words, shape.shared)
    secret, sent, expected = LabelSecret(delta), bytearray(), bytearray()
    mine = NativeGarblerProducts(path, SEED, secret, sent.extend).multiply(labels, numbers, shape, ROW)
    theirs = GarblerProducts(SEED, secret, expected.extend).multiply(labels, numbers, shape, ROW)
    active = NativeEvaluatorProducts(path, SEED, _reader(expected)).multiply(labels, shape, ROW)
    known = EvaluatorProducts(SEED, _reader(expected)).multiply(labels, shape, ROW)
    return sent == expected and mine.tobytes() == theirs.tobytes() and active.tobytes() == known.tobytes()


def _reader(data: bytearray) -> ReceiveTables:
    rest = BytesIO(data)
    return rest.read
