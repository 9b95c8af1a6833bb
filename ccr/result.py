"""What a run has given, taken and cost, beside what was predicted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from numpy.typing import NDArray

from ccr import looks
from runtime.report.everyone import Everyone
from runtime.report.run import Ended
from runtime.report.wording import duration, size


@dataclass(frozen=True, slots=True)
class Amounts:
    """Of a run, but for its set-up (processes, the greeting, base transfers) and TLS."""

    and_gates: int
    bytes: int
    seconds: float


class Result:
    """Of `Program.run`.  `print` tells it as the command does."""

    def __init__(self, ended: Ended, outputs: dict[str, NDArray[Any]]) -> None:
        self._ended, self._outputs = ended, outputs

    @property
    def outputs(self) -> Mapping[str, NDArray[Any]]:
        """All that any party learned."""
        return self._outputs

    @property
    def learned(self) -> Mapping[str, tuple[str, ...]]:
        """The names of the outputs that each party learned."""
        return {party: tuple(report.outputs) for party, report in self._ended.reports.items()}

    @property
    def seconds(self) -> float:
        """From the start of the processes to the last output."""
        return self._ended.seconds["total"]

    @property
    def bytes(self) -> int:
        """All that was sent."""
        return sum(report.sent_bytes for report in self._ended.reports.values())

    @property
    def epsilon(self) -> float:
        """What the outputs tell of the records, for `delta`; of several owners that of the one who loses most.

        0 where nothing of them is told.  Infinite where records were told as they are, and for a run with a seed: who
        knows it can take the noise away.  An upper bound.
        """
        return inf if self.seeded else _known(self._ended.privacy.cost)

    @property
    def epsilons(self) -> Mapping[str, float]:
        """By owner of a data set, each about its own records."""
        privacy = self._ended.privacy
        if isinstance(privacy, Everyone):
            return {owner: inf if self.seeded else _known(own.cost) for owner, own in privacy.of.items()}
        return {dataset.party: self.epsilon for dataset in self._ended.program.compiled.datasets}

    @property
    def delta(self) -> float:
        """For which epsilon is told."""
        return self._ended.privacy.delta

    @property
    def seeded(self) -> bool:
        """With a seed, and so not private."""
        return self._ended.seeded

    @property
    def actual(self) -> Amounts:
        """What it took, to be held against `predicted`."""
        return Amounts(self._ended.and_gates, self._ended.traffic.total, self._ended.took)

    @property
    def predicted(self) -> Amounts:
        """What `Program.inspect` said it would take; of the seconds the work alone, without the network."""
        ended = self._ended
        return Amounts(ended.foretold.and_gates, ended.foretold.bytes.total, ended.predicted)

    def as_dict(self) -> dict[str, object]:
        """As `ccr run --json`."""
        return self._ended.as_json()

    def __str__(self) -> str:
        return self._ended.text()

    def __repr__(self) -> str:
        return (
            f"<ccr run of {self._ended.program.name}: {', '.join(self._outputs) or 'nothing'} in "
            f"{duration(self.seconds)}, {size(self.bytes)}, epsilon {looks.epsilon(self.epsilon)}>"
        )

    def _repr_html_(self) -> str:
        return looks.result(self._ended)


def _known(cost: float | None) -> float:
    """A run in which all data sets are here knows what it costs."""
    assert cost is not None
    return cost
