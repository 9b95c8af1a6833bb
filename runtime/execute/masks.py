"""Permute bits of two operands as masks: what a tile's gate works with beside hashes."""

from __future__ import annotations

import numpy as np

from runtime.crypto.labels import Labels
from runtime.execute.backend import HALVES

_TOP = np.array(63, dtype=np.uint64)  # 0-d arrays: scalars would be converted each time
_TOP_SIGNED = np.array(63, dtype=np.int64)

Views = tuple[Labels, Labels, Labels]  # left, right, out; each (lanes, 2)


class Masks:
    """Permute bits of two operands as masks; all views are made once, since a numpy call costs more than 96 lanes."""

    def __init__(self, lanes: int) -> None:
        self.both = np.zeros((HALVES, lanes, 2), dtype=np.uint64)
        self.left, self.right = self.both
        self._signed = self.both.view(np.int64)
        self._low, self._high = self._signed.reshape(-1)[0::2], self._signed.reshape(-1)[1::2]

    def take(self, left: Labels, right: Labels) -> None:
        """All ones where the operand's lsb is 1, in both words of a label."""
        np.left_shift(left, _TOP, self.left)
        np.left_shift(right, _TOP, self.right)
        np.copyto(self._high, self._low)
        np.right_shift(self._signed, _TOP_SIGNED, self._signed)
