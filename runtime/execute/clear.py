"""The schedule in the clear: wires are bits, and the very gates that would be garbled are run."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import assert_never

import numpy as np

from compiler.schedule.plan import Kernel, Open, Transfer
from runtime.execute.backend import Bits, Joint, Next, Numbers, Shares, StepSum, Together
from runtime.execute.instructions import And, Program, Xor, program
from runtime.execute.joint import in_turn
from runtime.execute.products import weight


class ClearBackend:
    """One process that knows every party's inputs; wires are bits, shape (n,)."""

    def __init__(self, kernels: Sequence[Kernel]) -> None:
        self._kernels = kernels
        self._programs: dict[int, Program] = {}

    def empty(self, wires: int) -> Bits:
        return np.zeros(wires, dtype=np.uint8)

    def enter(self, party: str, bits: Bits | None, count: int) -> Iterator[Bits]:
        if bits is None:
            raise ValueError(f"a run in the clear needs the inputs of every party, also of `{party}`")
        yield bits

    @property
    def by_lanes(self) -> bool:
        return True

    def words(self, party: str, bits: Bits | None, sizes: Sequence[int]) -> list[Next]:
        return in_turn(next(self.enter(party, bits, sum(sizes))), sizes)

    def run(self, kernel: int, inputs: Bits, row: int) -> Bits:
        if kernel not in self._programs:
            self._programs[kernel] = program(self._kernels[kernel])
        code = self._programs[kernel]
        registers = np.zeros((self._kernels[kernel].register_count, inputs.shape[1]), dtype=np.uint8)
        registers[1 : 1 + len(inputs)] = inputs
        view = list(registers)
        for item in code.instructions:
            left, right, out = view[item.left], view[item.right], view[item.out]
            match item:
                case Xor():
                    np.bitwise_xor(left, right, out)
                case And():
                    np.bitwise_and(left ^ _mask(item.invert_left), right ^ _mask(item.invert_right), out)
                    np.bitwise_xor(out, _mask(item.complemented), out)
                case _:
                    assert_never(item)
        outputs = registers[np.array(code.outputs, dtype=np.intp)]
        return outputs ^ np.array(code.inverted, dtype=np.uint8)[:, None]

    def together(
        self, steps: Sequence[Joint], sizes: Sequence[int], filled: Collection[int], depth: int
    ) -> Together | None:
        return None

    def multiply(self, words: Bits, numbers: Numbers | None, shape: Transfer, row: int) -> Shares:
        """All of it in the evaluator's share."""
        if numbers is None:
            raise ValueError("a run in the clear needs the numbers of every party")
        weights = np.array([weight(shape, bit) for bit in range(shape.width)])
        values = (words.astype(shape.dtype) * weights).sum(axis=1, dtype=shape.dtype)
        return np.zeros_like(numbers), (values[:, None] * numbers.astype(shape.dtype)).astype(np.uint64)

    def disclose(self, sum: StepSum, wires: Bits) -> Bits | None:
        return wires

    def hand(self, sum: StepSum, numbers: Numbers | None, count: int, ring: int) -> Numbers | None:
        return numbers

    def kept(self, output: Open, wires: Bits) -> Bits:
        return wires.copy()

    def open(self, outputs: Sequence[tuple[Open, Bits]]) -> list[Bits | None]:
        return [bits for _, bits in outputs]


def _mask(inverted: bool) -> np.uint8:
    return np.uint8(inverted)
