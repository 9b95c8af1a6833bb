"""Garbling and evaluating in C, see module.c; absent where it was not built.

Labels are 16 bytes, registers (registers, lanes, 16 bytes), tables as in `runtime.execute.backend`.  Every length is
checked (ValueError), and nobody else may write what is handed over while a call lasts.
"""

from typing import Any, Final, final

from numpy.typing import NDArray

VERSION: Final[int]

def paths() -> list[tuple[str, bool]]:
    """Every path that was built, the fastest first, and whether this CPU has it."""

@final
class Kernel:
    """A kernel's program, of instructions (op, left, right, out), for one path."""

    def __new__(cls, path: str, code: NDArray[Any], registers: int, /) -> Kernel:
        """Raises ValueError for a path that this CPU has not and for an instruction that no kernel has."""

    def garble(
        self,
        first: int,
        rows: int,
        registers: NDArray[Any],
        lanes: int,
        seed: bytes,
        row: int,
        delta: NDArray[Any],
        tables: NDArray[Any],
        /,
    ) -> None:
        """The kernel's rows from `first` on, which is row `row` of the run, into `tables`."""

    def evaluate(
        self,
        first: int,
        rows: int,
        registers: NDArray[Any],
        lanes: int,
        seed: bytes,
        row: int,
        tables: bytes | bytearray | memoryview | NDArray[Any],
        /,
    ) -> None:
        """The same rows with active labels."""

    def finish(self, registers: NDArray[Any], lanes: int, /) -> None:
        """The XORs behind the last row."""
