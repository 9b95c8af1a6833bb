"""Which wires of a party's buffers are with whom, while a run of joint steps is shared among its workers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from runtime.execute.sharing import MOST

HOME = np.uint64(1 << MOST)  # the party's coordinator; workers are the bits below

Wires = NDArray[np.int64]  # addresses in a buffer
NONE: Wires = np.zeros(0, np.int64)


def bit(worker: int) -> np.uint64:
    return np.uint64(1 << worker)


class Holdings:
    """Who has the present label of each wire.  Of a buffer that no worker has written all is at home."""

    def __init__(self, sizes: tuple[int, ...]) -> None:
        self._sizes = sizes
        self._held: dict[int, NDArray[np.uint64]] = {}

    def wrote(self, buffer: int, wires: Wires, who: np.uint64) -> None:
        """Nobody else has these now."""
        self._of(buffer)[wires] = who

    def copied(self, buffer: int, wires: Wires, who: np.uint64) -> None:
        """He has them too."""
        self._of(buffer)[wires] |= who

    def lacking(self, buffer: int, wires: Wires, who: np.uint64) -> Wires:
        """Those of the wires that he has not."""
        if buffer not in self._held:
            return wires[:0] if who == HOME else wires
        missing: Wires = wires[self._held[buffer][wires] & who == 0]
        return missing

    def away(self, buffer: int) -> Wires:
        """The wires of a buffer that are not at home, but with somebody."""
        held = self._held.get(buffer)
        return NONE if held is None else np.flatnonzero((held & HOME == 0) & (held != 0))

    def holders(self, buffer: int, wires: Wires) -> Iterator[tuple[int, Wires]]:
        """Workers that have wires which are not at home, one for each wire."""
        held = self._held[buffer][wires]
        while len(wires):
            worker = int(held[0]).bit_length() - 1
            has = held & bit(worker) != 0
            yield worker, wires[has]
            wires, held = wires[~has], held[~has]

    def free(self, buffer: int) -> None:
        self._held.pop(buffer, None)

    def __iter__(self) -> Iterator[int]:
        """The buffers of which workers have some."""
        return iter(list(self._held))

    def _of(self, buffer: int) -> NDArray[np.uint64]:
        if buffer not in self._held:
            self._held[buffer] = np.full(self._sizes[buffer], HOME)
        return self._held[buffer]
