"""Garbling, evaluating and columns of transfers in C, see gates.h; absent where there was no compiler.

Labels are 16 bytes, and tables as in `runtime.execute.backend`; how the registers of a tile lie in memory, at least
(registers, lanes) labels, is known here alone.  Every length is checked (ValueError).  Other threads of Python go on
meanwhile, and must leave alone what is handed over.
"""

from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

VERSION: Final[int]

def fold(path: str, columns: NDArray[Any], factors: NDArray[Any], folds: NDArray[Any], /) -> None:
    """`runtime.crypto.columns.Columns.fold`.  Raises ValueError for a path that this CPU has not."""

def transpose(path: str, columns: NDArray[Any], labels: NDArray[Any], /) -> None:
    """`runtime.crypto.columns.Columns.transpose`.  Raises ValueError for a path that this CPU has not."""

def paths() -> list[tuple[str, bool]]:
    """Every path that was built, the fastest first, and whether this CPU has it."""

@final
class Kernel:
    """A kernel's program for one path: instructions (op, left, right, out) and outputs (register, inverted).

    Of an output that is `shown` inverted is 3."""

    def __new__(cls, path: str, registers: int, code: NDArray[Any], outputs: NDArray[Any], /) -> Kernel:
        """Raises ValueError for a path that this CPU has not, and for a register that the kernel has not."""

@final
class Stretch:
    """Launches, copies and loops, in the code of `runtime.execute.native.stretch`, so many loops deep.

    A memory is an array of labels, and all that is said of it in the code is held to its length.
    """

    def __new__(cls, kernels: tuple[Kernel, ...], code: NDArray[np.int64], depth: int, wide: int, /) -> Stretch:
        """A launch with so many bytes of tables is done in windows of its own, whose lanes can be shared; 0: none is.

        Raises ValueError for a code that is none.
        """

    def begin(self, iteration: tuple[int, ...], row: int, /) -> None:
        """In an iteration of the loops around it; rows are counted from `row` on."""

    def ahead(self, limit: int, /) -> tuple[int, int]:
        """The bytes of tables of the next window, of whole rows, as many as `limit` holds, at least of one; and its
        ANDs, those of each lane.

        Raises IndexError where a view leaves its buffer.
        """

    def is_wide(self) -> bool:
        """Is the next window part of a wide launch?"""

    def is_over(self) -> bool: ...
    def passed(self) -> None:
        """All parts of the window that `ahead` has told of are done: it is at the next one."""

    def garble(
        self,
        part: int,
        parts: int,
        memories: tuple[NDArray[Any], ...],
        registers: NDArray[Any],
        constant: NDArray[Any],
        seed: bytes,
        delta: NDArray[Any],
        tables: NDArray[Any],
        /,
    ) -> None:
        """The window that `ahead` has told of, zero labels in and out: of each tile a part of its lanes, whose tables
        it puts where they belong.  Parts of a wide launch may be done at once, with registers of their own, the same
        for the same part in all windows; what is not wide has one part."""

    def evaluate(
        self,
        part: int,
        parts: int,
        memories: tuple[NDArray[Any], ...],
        registers: NDArray[Any],
        constant: NDArray[Any],
        seed: bytes,
        tables: bytes | bytearray | memoryview,
        /,
    ) -> None:
        """The same with active labels."""

@final
class Product:
    """Products of one shape (`compiler.schedule.plan.Transfer`), some bits of all words at a time.

    Labels are (bits, words, 16 bytes), numbers (words, rows of a word * blocks * 16 bytes): as many of a word as its
    hashes give, of which `shared` count.  Threads may call at once, with shares of their own.
    """

    def __new__(
        cls,
        path: str,
        words: int,
        width: int,
        signed: bool,
        shared: int,
        ring: int,
        number_bytes: int,
        blocks: int,
        rows_of_a_word: int,
        words_of_a_row: int,
        /,
    ) -> Product:
        """Raises ValueError for a path that this CPU has not, and for a shape that no product has."""

    def correct(
        self,
        seed: bytes,
        row: int,
        labels: NDArray[Any],
        bits: tuple[int, int],
        part: int,
        parts: int,
        delta: NDArray[Any],
        own: NDArray[Any],
        share: NDArray[Any],
        packed: NDArray[Any],
        /,
    ) -> None:
        """The garbler's side, of each `parts`-th of these bits from the `part`-th on: corrections into `packed`, which
        has room for those of all these bits, and its shares, weighted, added to `share`.

        Raises ValueError for bits that the shape has not, and MemoryError.
        """

    def apply(
        self,
        seed: bytes,
        row: int,
        labels: NDArray[Any],
        bits: tuple[int, int],
        part: int,
        parts: int,
        packed: bytes | bytearray | memoryview,
        share: NDArray[Any],
        /,
    ) -> None:
        """The evaluator's."""

@final
class Streams:
    """The streams of all leaves, (trees, leaves, 16 bytes), from their starts: `runtime.crypto.columns.Streams`."""

    def __new__(cls, path: str, leaves: NDArray[Any], /) -> Streams:
        """Raises ValueError for a path that this CPU has not."""

    def read(self, sums: NDArray[Any], columns: NDArray[Any], /) -> None:
        """The next blocks, as many as `columns` holds of each.  Raises ValueError once they were wiped."""

    def corrected(self, corrections: bytes | NDArray[Any], mask: NDArray[Any], columns: NDArray[Any], /) -> None:
        """The same without sums, corrections added where the mask of a column is all ones."""

    def wipe(self) -> None:
        """Forget the seeds."""
