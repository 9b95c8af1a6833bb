"""What a run without a contract will cost, told before anything is sent; nobody else would refuse it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from runtime.cli.options import UsageError, checked_delta
from runtime.cli.screen import say
from runtime.contract.refused import Refused
from runtime.party.both import Part
from runtime.report.everyone import Everyone, privacy_of
from runtime.report.privacy import Privacy


@dataclass(slots=True)
class Beforehand:
    """What whoever starts a run without a contract agrees to, and what it was told."""

    delta: float | None
    epsilon_at_most: float | None = None
    not_private: bool = False
    quiet: bool = False
    told: Privacy | Everyone | None = None

    def __post_init__(self) -> None:
        checked_delta(self.delta)
        if self.epsilon_at_most is None:
            return
        if not 0 < self.epsilon_at_most < inf:
            raise UsageError(f"--epsilon-at-most {self.epsilon_at_most:g} is not a number above 0")
        if self.not_private:
            raise UsageError("--epsilon-at-most and --not-private exclude each other")

    def accept(self, parts: Sequence[Part]) -> None:
        """Tell what the run costs; the parts have the rows of each data set that this side has.  Takes seconds.

        Raises Refused (not-private, epsilon-above), and UsageError where a bound is asked for that cannot be told.
        """
        found = self.told = privacy_of(parts, self.delta)
        if not self.quiet:
            for line in found.price():
                say(line)
        if found.cost is None and self.epsilon_at_most is not None:
            raise UsageError(
                f"--epsilon-at-most cannot be held here: {found.unknown}", "it is for the party that owns the records"
            )
        if found.cost == inf and not self.not_private:
            raise Refused("not-private", found.why_infinite(), help=_HELP)
        if self.epsilon_at_most is not None and (found.cost or 0) > self.epsilon_at_most:
            raise Refused(
                "epsilon-above",
                f"epsilon would be {found.cost:.6g} at delta {found.delta:g}, above {self.epsilon_at_most:g}",
                help="`ccr privacy` says with what noise, or for how many steps, it would be less",
            )

    def afterwards(self, parts: Sequence[Part]) -> Privacy | Everyone:
        """What the run has cost, now that the number of all records is known.  Takes seconds, unless it was told."""
        if self.told is None or self.told.cost is None:
            return privacy_of(parts, self.delta)
        return self.told


_HELP = (
    "--not-private runs it all the same; for noise, write `noise = 1.0` and more, and no `reveal` of what is trained"
)
