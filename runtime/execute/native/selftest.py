"""Does a path make what the portable engines make?  Both garble and evaluate a small circuit, multiply a
little, and make columns of transfers."""

from __future__ import annotations

from io import BytesIO

import numpy as np

from compiler.gates.circuit import Circuit, Gate, GateOp
from compiler.gates.knowledge import Knows
from compiler.schedule.plan import Kernel, Transfer
from runtime.crypto.columns import LEAVES, PORTABLE, TREES, Columns
from runtime.crypto.labels import LABEL_BITS, Labels
from runtime.crypto.prg import SEED_BYTES, Prg
from runtime.crypto.secret import LabelSecret
from runtime.execute.backend import Engine, ReceiveTables
from runtime.execute.native.columns import NativeColumns
from runtime.execute.native.engine import NativeEvaluator, NativeGarbler
from runtime.execute.native.shares import NativeEvaluatorProducts, NativeGarblerProducts
from runtime.execute.portable import PortableEvaluator, PortableGarbler
from runtime.execute.products import EvaluatorProducts, GarblerProducts
from runtime.execute.threads import ALONE

LANES = 61  # whole strips, vectors of every width, and lanes that are left
ROW = (1 << 40) - 1
SEED = bytes(range(16))
INPUTS = 5
KNOWN = ((1, Knows.GARBLER), (2, Knows.EVALUATOR), (2, Knows.NEITHER))
WORDS = 2 * 37  # of a column: whole groups of vectors, one vector, and blocks that are left
GATES = (
    Gate(GateOp.AND, 8, 11),  # of joint operands
    Gate(GateOp.XOR, 12, 9),
    Gate(GateOp.AND, 2, 15),  # one that the garbler knows, and one that the evaluator does, inverted and not
    Gate(GateOp.AND, 11, 3),
    Gate(GateOp.AND, 5, 13),
    Gate(GateOp.AND, 16, 6),
    Gate(GateOp.AND, 5, 7),  # two that the evaluator knows
    Gate(GateOp.AND, 4, 24),
    Gate(GateOp.XOR, 25, 6),
    Gate(GateOp.XOR, 1, 28),
    *(Gate(GateOp.AND, literal, literal - 3) for literal in range(16, 40, 2)),  # more rows than keys are made at once
)
CIRCUIT = Circuit(INPUTS, GATES, (51, 28, 29, 10, 1, 30, 31))
PRODUCT = Transfer(words=5, width=2, signed=True, shared=13, ring=27)
KERNEL = Kernel("self-test", CIRCUIT, tuple(range(1 + INPUTS + len(GATES))), 1 + INPUTS + len(GATES), 64, KNOWN)


def works(path: str) -> bool:
    """Tables, labels, corrections, shares and columns are those of the portable engines, byte for byte."""
    return _gates_agree(path) and _products_agree(path) and _columns_agree(path)


def _gates_agree(path: str) -> bool:
    labels = Prg(SEED).words(2 * (2 + INPUTS * LANES)).reshape(-1, 2)
    labels[0, 0] |= np.uint64(1)
    secret, constant, zero = LabelSecret(labels[:1]), labels[1:2], labels[2:].reshape(INPUTS, LANES, 2)
    tables, expected = bytearray(), bytearray()
    garblers: tuple[Engine, Engine] = (
        NativeGarbler(path, [KERNEL], secret, SEED, constant, tables.extend, ALONE),
        PortableGarbler([KERNEL], secret, SEED, constant, expected.extend),
    )
    if not _agree(garblers, zero) or tables != expected:
        return False
    evaluators: tuple[Engine, Engine] = (
        NativeEvaluator(path, [KERNEL], SEED, constant, _reader(expected), ALONE),
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
    mine = NativeGarblerProducts(path, SEED, secret, sent.extend, ALONE).multiply(labels, numbers, shape, ROW)
    theirs = GarblerProducts(SEED, secret, expected.extend).multiply(labels, numbers, shape, ROW)
    active = NativeEvaluatorProducts(path, SEED, _reader(expected), ALONE).multiply(labels, shape, ROW)
    known = EvaluatorProducts(SEED, _reader(expected)).multiply(labels, shape, ROW)
    return sent == expected and mine.tobytes() == theirs.tobytes() and active.tobytes() == known.tobytes()


def _columns_agree(path: str) -> bool:
    stream = Prg(SEED)
    leaves = stream.bytes(TREES * LEAVES * SEED_BYTES).reshape(TREES, LEAVES, SEED_BYTES)
    mask = np.negative(stream.words(LABEL_BITS) & np.uint64(1)).reshape(-1, 1)
    factors = stream.words(WORDS).reshape(-1, 2)
    ways: tuple[Columns, Columns] = NativeColumns(path), PORTABLE
    made: list[bytes] = []
    for by in ways:
        streams = by.streams(leaves)
        sums, columns = streams.read(WORDS)
        found = sums, columns, streams.corrected(sums, mask), by.fold(columns, factors), by.transpose(columns)
        made.append(b"".join(each.tobytes() for each in found))
    return made[0] == made[1]


def _reader(data: bytearray) -> ReceiveTables:
    rest = BytesIO(data)
    return rest.read
