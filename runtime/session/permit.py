"""Where a session asks before it goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runtime.contract.amounts import Spend


@dataclass(frozen=True, slots=True)
class Charge:
    """What was taken from a budget, once, for this run or for all `runs` of its contract."""

    amount: Spend
    runs: int = 1


class Permit:
    """Every run asks for one; this one is given freely, and charges nothing.

    Its methods are called in this order, each before the step it names; the first three may raise Refused, and then
    the session ends there.  `labels` and `released` are the garbler's alone.
    """

    def __init__(self, contract: str = "") -> None:
        """`contract` is the digest of what both parties signed, or empty: without one nobody checks anything."""
        self.contract = contract

    @property
    def records(self) -> Mapping[str, int]:
        """The rows of each data set, where both parties have signed how many there are."""
        return {}

    @property
    def continues(self) -> bool:
        """Whether the session goes on with a run that was cut."""
        return False

    @property
    def run(self) -> str:
        """The owner's name of a run that tells steps, where it is counted; empty elsewhere."""
        return ""

    @property
    def first(self) -> int:
        """The index of the first step that is not spent, as the ledger of this party says; 0 without one."""
        return 0

    @property
    def told(self) -> bool:
        """Whether a step of the run has left, as the ledger of this party says."""
        return False

    @property
    def charged(self) -> Charge | None:
        """What is taken from a budget of this party's, if anything is."""
        return None

    @property
    def unfinished(self) -> str:
        """What is left of an earlier run that this one does not go on with; empty if nothing is."""
        return ""

    def opening(self) -> None:
        """The peer has said that it is about to run the same; only greetings have been sent."""

    def labels(self) -> None:
        """Nothing that depends on a record has been sent."""

    def releasing_step(self, index: int) -> None:
        """The peer has nothing by which it could open the noisy sums of this step.  Told of it once for each sum, one
        after the other; may raise Refused."""

    def releasing(self) -> None:
        """The peer has nothing by which it could open an output: no decoding bit, if it evaluates, and no label of its
        outputs, if it garbles."""

    def released(self) -> None:
        """The peer has its outputs."""

    def attacked(self, why: str) -> None:
        """The peer has cheated, in a way that has this name.  Never raises."""

    def failed(self, error: BaseException) -> None:
        """The run has ended before its end, and the peer was told so.  Never raises."""

    def ended(self) -> None:
        """The run is over, well or not, at whatever point.  Never raises."""
