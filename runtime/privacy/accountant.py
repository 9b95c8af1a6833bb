"""What a run costs: epsilon at a given delta, from the mechanisms that touched the data set.

What was released (`Mechanism`) is kept apart from what it costs (`Guarantee`), and no epsilon is handed out without
the adjacency and the unit it speaks of.  The cost is Google's `dp-accounting`: the privacy loss distribution (PLD) of
the Gaussian mechanism under truncated Poisson sampling (arXiv:2508.15089), composed over the steps.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version

ADJACENCY = "zero-out of one record"
UNIT = "one record = one row"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mechanism:
    """`steps` noisy sums over Poisson batches of `batch` out of `n` records, at most `slots` of them in each."""

    name: str  # of the data set
    n: int
    batch: int
    slots: int
    steps: int
    noise_multiplier: float  # standard deviation of the noise / clip

    def __post_init__(self) -> None:
        if not 0 < self.batch <= self.n:
            raise ValueError(f"{self.name}: a batch of {self.batch} from {self.n} records: it takes 1 <= batch <= n")
        if self.slots < 1 or self.steps < 0 or not 0 <= self.noise_multiplier < float("inf"):
            raise ValueError(f"{self.name}: slots, steps and noise must be positive: {self}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarantee:
    """(epsilon, delta) with what it is a statement about."""

    epsilon: float  # infinite if something is released without noise
    delta: float
    adjacency: str
    unit: str
    accountant: str

    def __str__(self) -> str:
        return (
            f"epsilon = {self.epsilon:.3f} at delta = {self.delta:g} "
            f"({self.adjacency}; {self.unit}; {self.accountant})"
        )


def account(mechanisms: Sequence[Mechanism], delta: float) -> Guarantee:
    """The cost of all of them together, on one data set.  Takes seconds: each distinct mechanism is a PLD of its own.

    Under zero-out adjacency n is the same for both neighbours, hence public; a record is replaced by a row that adds
    nothing to any sum.  Raises ValueError unless 0 < delta < 1.
    """
    if not 0 < delta < 1:
        raise ValueError(f"delta must lie between 0 and 1: {delta}")
    from dp_accounting.dp_event import SelfComposedDpEvent, TruncatedSubsampledGaussianDpEvent
    from dp_accounting.pld.pld_privacy_accountant import PLDAccountant  # here, because this takes over a second
    from dp_accounting.privacy_accountant import NeighboringRelation

    accountant = PLDAccountant(NeighboringRelation.REPLACE_SPECIAL)
    for m in mechanisms:
        step = TruncatedSubsampledGaussianDpEvent(
            dataset_size=m.n,
            sampling_probability=m.batch / m.n,
            truncated_batch_size=m.slots,
            noise_multiplier=m.noise_multiplier,
        )
        accountant.compose(SelfComposedDpEvent(step, m.steps))
    return Guarantee(
        epsilon=float(accountant.get_epsilon(delta)),
        delta=delta,
        adjacency=ADJACENCY,
        unit=UNIT,
        accountant=f"PLD, dp-accounting {version('dp-accounting')}",
    )
