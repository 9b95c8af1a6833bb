"""A training as a loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any

from numpy.typing import ArrayLike, NDArray

from ccr.wording import in_python
from compiler.words.integers import Array
from runtime.api import Driven
from runtime.party.driven import Floats

Numbers = Callable[[Mapping[str, Array]], dict[str, NDArray[Any]]]


class Session:
    """Of which each step is one turn of a loop:

        with program.session(w0=weights, records=frame) as session:
            for noisy in session:
                session.weights = {"w": session.weights["w"] - 0.125 * noisy["w"]}
        session.outputs["w"]

    `noisy` has the step's noisy sums, float64 by variable.
    """

    def __init__(self, driven: Driven, numbers: Numbers) -> None:
        self._driven, self._numbers = driven, numbers

    def __enter__(self) -> Session:
        """Begins it.  Raises what `Program.run` raises, and ValueError the second time."""
        with in_python():
            self._driven.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._driven.__exit__(kind, error, trace)

    def __iter__(self) -> Iterator[Mapping[str, Floats]]:
        """Raises PartyFailed, Refused, and ValueError outside of its context and for a second loop."""
        with in_python():
            yield from self._driven

    @property
    def index(self) -> int:
        """Of the step, from 0."""
        return self._driven.index

    @property
    def weights(self) -> Mapping[str, Floats]:
        """Those that the step began with, float64 by variable; they are replaced as a whole, and not changed.

        What is assigned is what the next step begins with, rounded to the grid of the variable's kind and cut to its
        ends.  Where nothing is assigned the program's own update stands.
        """
        return self._driven.weights

    @weights.setter
    def weights(self, values: Mapping[str, ArrayLike]) -> None:
        """Raises ValueError for a variable that is not trained, another shape, or no number."""
        self._driven.weights = values

    @property
    def outputs(self) -> dict[str, NDArray[Any]]:
        """What the parties that ran here learned.  Raises ValueError before the loop has come to its end."""
        reports = self._driven.reports.values()
        if not reports:
            raise ValueError("there are no outputs before the loop has come to its end")
        return self._numbers({name: value for report in reports for name, value in report.outputs.items()})

    def __repr__(self) -> str:
        at = "ended" if self._driven.reports else f"step {self.index}" if self.index >= 0 else "not begun"
        return f"<ccr session, {at}>"
