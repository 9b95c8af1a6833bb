"""What nets have in common in samples: which of them are sums, mod 2, of others.

A row is the values of a net in all samples, one bit each, with the mask of the nets whose sum it is.
"""

from __future__ import annotations

from collections.abc import Sequence


class Span:
    """Rows of which none is a sum of others."""

    def __init__(self) -> None:
        self._rows: dict[int, tuple[int, int]] = {}  # by the bits of the values

    def reduced(self, values: int, mask: int) -> tuple[int, int]:
        """What is left of a row once rows that are here are taken off it; no values if it is a sum of them."""
        rows = self._rows
        while values and (row := rows.get(values.bit_length())) is not None:
            values ^= row[0]
            mask ^= row[1]
        return values, mask

    def add(self, values: int, mask: int) -> None:
        """A row as it is left, which has values."""
        self._rows[values.bit_length()] = values, mask

    def extend(self, samples: Sequence[int]) -> None:
        """By samples, each the mask of those nets that are 1 in it; they are the lowest bits from now on."""
        rows, self._rows = self._rows.values(), {}
        for values, mask in rows:
            self.add(values << len(samples) | parities(mask, samples), mask)


def parities(mask: int, samples: Sequence[int]) -> int:
    """The sum of the nets in the mask, in each of the samples."""
    return sum(((sample & mask).bit_count() & 1) << i for i, sample in enumerate(samples))


def transposed(rows: Sequence[int], width: int) -> list[int]:
    """Bit i of number j of what comes is bit j of `rows[i]`."""
    columns = [0] * width
    for i, row in enumerate(rows):
        while row:
            low = row & -row
            columns[low.bit_length() - 1] |= 1 << i
            row ^= low
    return columns
