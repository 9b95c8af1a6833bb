"""Half-gates on numpy: one AND gate over a tile of lanes at a time.

Zahur, Rosulek, Evans, "Two Halves Make a Whole" (EUROCRYPT 2015, ePrint 2014/756, figure 2).  For an AND of two
literals with zero labels A, B (an inverted literal's is its net's plus Δ), permute bits a = lsb A, b = lsb B, and with
a half's hash H(., j):

    T_G = H(A, jG) + H(A+Δ, jG) + bΔ         T_E = H(B, jE) + H(B+Δ, jE) + A
    zero label of the result:  H(A+aΔ, jG) + H(B+bΔ, jE) + abΔ
    evaluator, active A', B':  H(A', jG) + lsb(A') T_G + H(B', jE) + lsb(B') (T_E + A')

which is the paper's: a T_G + H(A) is H(A+aΔ) + abΔ, and b (T_E + A) + H(B) is H(B+bΔ).  Since A+aΔ is the label with
permute bit 0 whether the literal is inverted or not, an inversion only flips a or b, and adds Δ to A in T_E.
Bits never choose a branch or an address: they become masks of 64 ones or zeros.

Where a party knows an operand one half is left, see `one_sided`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import assert_never

import numpy as np

from compiler.gates.knowledge import Half
from compiler.schedule.plan import Kernel
from runtime.crypto.hash import TileHash
from runtime.crypto.labels import Labels
from runtime.crypto.secret import LabelSecret
from runtime.execute.backend import HALVES, Joint, ReceiveTables, SendTables, Together, chunks, ciphertext_bytes
from runtime.execute.instructions import And, Program, Programs, Xor
from runtime.execute.masks import Masks, Views
from runtime.execute.one_sided import OneSidedEvaluator, OneSidedGarbler


@dataclass(frozen=True, slots=True)
class Row:
    """The XORs since the row before, and then an AND."""

    xors: tuple[Views, ...]
    views: Views
    gate: And


@dataclass(frozen=True, slots=True)
class Bound:
    """A program whose operands are views of registers of shape (registers, lanes, 2)."""

    registers: Labels
    rows: tuple[Row, ...]
    ciphertexts: tuple[int, ...]  # of each row, a lane
    rest: tuple[Views, ...]  # XORs after the last AND
    program: Program

    def load(self, constant: Labels, inputs: Labels) -> None:
        self.registers[0] = constant
        self.registers[1 : 1 + len(inputs)] = inputs

    def results(self) -> Labels:
        """A copy of the outputs' registers, not yet complemented; shape (outputs, lanes, 2)."""
        for left, right, out in self.rest:
            np.bitwise_xor(left, right, out)
        return self.registers[np.array(self.program.outputs, dtype=np.intp)]


class Registers:
    """The memory of one tile, and every kernel's program bound to it once for each number of lanes."""

    def __init__(self, kernels: Sequence[Kernel] | Programs) -> None:
        self._programs = Programs.of(kernels)
        kernels = self._kernels = self._programs.kernels
        self._memory = np.zeros(max((2 * k.register_count * k.tile for k in kernels), default=0), dtype=np.uint64)
        self._bound: dict[tuple[int, int], Bound] = {}

    def bind(self, kernel: int, lanes: int) -> Bound:
        """The kernel's program for a tile of `lanes` lanes.  What it returned before keeps no values."""
        if (kernel, lanes) not in self._bound:
            self._bound[kernel, lanes] = self._bind(self._programs[kernel], self._kernels[kernel], lanes)
        return self._bound[kernel, lanes]

    def _bind(self, code: Program, kernel: Kernel, lanes: int) -> Bound:
        if lanes > kernel.tile:
            raise ValueError(f"kernel {kernel.name} runs {kernel.tile} lanes at once, not {lanes}")
        registers = self._memory[: 2 * kernel.register_count * lanes].reshape(kernel.register_count, lanes, 2)
        view = list(registers)
        rows: list[Row] = []
        xors: list[Views] = []
        for item in code.instructions:
            views = (view[item.left], view[item.right], view[item.out])
            match item:
                case Xor():
                    xors.append(views)
                case And():
                    rows.append(Row(tuple(xors), views, item))
                    xors = []
                case _:
                    assert_never(item)
        ciphertexts = tuple(row.gate.half.ciphertexts for row in rows)
        return Bound(registers, tuple(rows), ciphertexts, tuple(xors), code)


class GarblerTile:
    """Garbles one AND over a tile of lanes."""

    def __init__(self, hash_seed: bytes, secret: LabelSecret, lanes: int) -> None:
        self._hash = TileHash(hash_seed, (0, 1, 0, 1), lanes)
        self._masks = Masks(lanes)
        secret.entrusted(self._masks.both)
        labels = secret.entrusted(self._hash.input)
        self._zero, self._one = labels[:2], labels[2:]  # those with permute bit 0, and 1
        self._left, self._right = self._zero
        self._hash_left, self._hash_right = self._hash.output[:2]
        self._hash_zero, self._hash_one = self._hash.output[:2], self._hash.output[2:]
        self._sum = np.zeros((HALVES, lanes, 2), dtype=np.uint64)
        self._sum_left, self._sum_right = self._sum
        self._delta = secret.spread(HALVES * lanes).reshape(HALVES, lanes, 2)
        self._delta_left, self._delta_right = self._delta

    def garble(self, views: Views, gate: And, row: int, tables: Labels) -> None:
        """Zero labels in, zero labels and the row's `tables`, shape (2, lanes, 2), out."""
        left, right, out = views
        xor, masks = np.bitwise_xor, self._masks
        generator, evaluator = tables
        masks.take(left, right)
        np.bitwise_and(masks.both, self._delta, masks.both)  # aΔ, bΔ of the registers
        xor(left, masks.left, self._left)
        xor(right, masks.right, self._right)
        xor(self._zero, self._delta, self._one)
        self._hash(row)
        xor(self._hash_zero, self._hash_one, self._sum)
        xor(self._sum_right, left, evaluator)
        if gate.invert_left:
            xor(evaluator, self._delta_left, evaluator)
            xor(masks.left, self._delta_left, masks.left)
        if gate.invert_right:
            xor(masks.right, self._delta_right, masks.right)
        xor(self._sum_left, masks.right, generator)
        np.bitwise_and(masks.left, masks.right, masks.left)  # abΔ
        xor(self._hash_left, self._hash_right, self._hash_left)
        xor(self._hash_left, masks.left, out)


class EvaluatorTile:
    """Evaluates one AND over a tile of lanes."""

    def __init__(self, hash_seed: bytes, lanes: int) -> None:
        self._hash = TileHash(hash_seed, (0, 1), lanes)
        self._masks = Masks(lanes)
        self._left, self._right = self._hash.input
        self._hash_left, self._hash_right = self._hash.output

    def evaluate(self, views: Views, row: int, tables: Labels) -> None:
        """Active labels and the row's `tables`, shape (2, lanes, 2), in, active labels out."""
        left, right, out = views
        xor, masks = np.bitwise_xor, self._masks
        generator, evaluator = tables
        masks.take(left, right)
        np.copyto(self._left, left)
        np.copyto(self._right, right)
        self._hash(row)
        np.bitwise_and(masks.left, generator, masks.left)
        xor(self._left, evaluator, self._left)
        np.bitwise_and(masks.right, self._left, masks.right)
        xor(self._hash.output, masks.both, self._hash.output)
        xor(self._hash_left, self._hash_right, out)


class PortableGarbler:
    """The garbling engine: `run` maps zero labels to zero labels and sends the tables."""

    def __init__(
        self,
        kernels: Sequence[Kernel] | Programs,
        secret: LabelSecret,
        hash_seed: bytes,
        constant: Labels,
        send: SendTables,
    ) -> None:
        self._registers = Registers(kernels)
        self._secret, self._constant, self._send = secret, constant, send
        self._tile = cache(lambda lanes: GarblerTile(hash_seed, secret, lanes))
        self._one_sided = cache(lambda lanes, half: OneSidedGarbler(hash_seed, secret, lanes, half))

    @property
    def by_lanes(self) -> bool:
        return True

    def run(self, kernel: int, inputs: Labels, row: int) -> Labels:
        lanes = inputs.shape[1]
        bound, tile = self._registers.bind(kernel, lanes), self._tile(lanes)
        bound.load(self._constant, inputs)
        for chunk in chunks(bound.ciphertexts, lanes):
            tables = np.empty((sum(bound.ciphertexts[chunk.start : chunk.stop]), lanes, 2), dtype=np.uint64)
            made = 0
            with self._secret.in_use():
                for number in chunk:
                    item = bound.rows[number]
                    for left, right, out in item.xors:
                        np.bitwise_xor(left, right, out)
                    if item.gate.half is Half.BOTH:
                        tile.garble(item.views, item.gate, row + number, tables[made : made + HALVES])
                    else:
                        one = self._one_sided(lanes, item.gate.half)
                        one.garble(item.views, item.gate, row + number, tables[made])
                    made += bound.ciphertexts[number]
            self._send(tables.reshape(-1).view(np.uint8).data)
        outputs = bound.results()
        with self._secret.in_use() as delta:
            outputs[np.array(bound.program.inverted, dtype=np.bool_)] ^= delta
        return _shown(outputs, bound.program)

    def together(
        self, steps: Sequence[Joint], sizes: Sequence[int], filled: Collection[int], depth: int
    ) -> Together | None:
        return None


class PortableEvaluator:
    """The evaluating engine: `run` maps active labels to active labels and asks for the tables."""

    def __init__(
        self, kernels: Sequence[Kernel] | Programs, hash_seed: bytes, constant: Labels, receive: ReceiveTables
    ) -> None:
        self._registers = Registers(kernels)
        self._constant, self._receive = constant, receive
        self._tile = cache(lambda lanes: EvaluatorTile(hash_seed, lanes))
        self._one_sided = cache(lambda lanes, half: OneSidedEvaluator(hash_seed, lanes, half))

    @property
    def by_lanes(self) -> bool:
        return True

    def run(self, kernel: int, inputs: Labels, row: int) -> Labels:
        lanes = inputs.shape[1]
        bound, tile = self._registers.bind(kernel, lanes), self._tile(lanes)
        bound.load(self._constant, inputs)
        for chunk in chunks(bound.ciphertexts, lanes):
            data = self._receive(sum(bound.ciphertexts[chunk.start : chunk.stop]) * ciphertext_bytes(lanes))
            tables, read = np.frombuffer(data, dtype=np.uint64).reshape(-1, lanes, 2), 0
            for number in chunk:
                item = bound.rows[number]
                for left, right, out in item.xors:
                    np.bitwise_xor(left, right, out)
                if item.gate.half is Half.BOTH:
                    tile.evaluate(item.views, row + number, tables[read : read + HALVES])
                else:
                    one = self._one_sided(lanes, item.gate.half)
                    one.evaluate(item.views, item.gate, row + number, tables[read])
                read += bound.ciphertexts[number]
        return _shown(bound.results(), bound.program)

    def together(
        self, steps: Sequence[Joint], sizes: Sequence[int], filled: Collection[int], depth: int
    ) -> Together | None:
        return None


def _shown(outputs: Labels, program: Program) -> Labels:
    """Both parties move both labels of a complement that the evaluator knows, so that its colour is the value again."""
    outputs[np.array(program.shown, dtype=np.bool_), :, 0] ^= np.uint64(1)
    return outputs
