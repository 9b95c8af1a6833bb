"""What a run costs: epsilon at a given delta, from the mechanisms that touched the data set.

What was released (`Mechanism`) is kept apart from what it costs (`Guarantee`), and no epsilon is handed out without
the adjacency and the unit it speaks of.  The cost is that of the privacy loss distribution (PLD) of the Gaussian
mechanism under truncated Poisson sampling (arXiv:2508.15089), composed over the steps; what is told is an upper bound
on it, floating-point errors included (composition.py).  Noise that is Gaussian only but for some delta adds about
q delta a step (docs/privacy.md, theorem 2).

Nothing here depends on the records: q is batch / n and n is public, the divisor of an update is the public batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from importlib.metadata import version
from itertools import product
from math import ceil, floor, inf, log10, nextafter

from runtime.privacy.composition import ACCURACY, Uncertified, epsilon
from runtime.privacy.losses import Pair

ADJACENCY = "zero-out of one record"
UNIT = "one record = one row"
# Noise below this many clips counts as none: a step may lose 200 and more.
LEAST_NOISE = 0.05
ACCOUNTANT = "PLD, an upper bound"
# From 2 on: below, dp-accounting's series need not converge.
ORDERS = (*[x / 10 for x in range(20, 110)], *range(11, 64), 80, 96, 128, 192, 256, 512, 1024)
_NOTHING = 1e-6  # an epsilon that nobody prints
_BINOMIAL = 1 + 2.0**-30  # scipy's binomial tails are better than that, relative


@dataclass(frozen=True, slots=True, kw_only=True)
class Mechanism:
    """`steps` noisy sums over Poisson batches of `batch` out of `n` records, at most `slots` of them in each."""

    name: str  # of the data set
    n: int
    batch: int
    slots: int
    steps: int
    noise_multiplier: float  # standard deviation of the noise / clip; of joint noise the certified one
    noise_delta: float = 0.0  # by which the noise of one step may miss a Gaussian, for sums one clip apart
    far_delta: float = 0.0  # for sums two clips apart, which only batches over their limit are
    apart: frozenset[str] = frozenset()  # data sets in which no person is that is in this one

    def __post_init__(self) -> None:
        if not 0 < self.batch <= self.n:
            raise ValueError(f"{self.name}: a batch of {self.batch} from {self.n} records: it takes 1 <= batch <= n")
        if self.slots < 1 or self.steps < 0 or not 0 <= self.noise_multiplier < inf:
            raise ValueError(f"{self.name}: slots, steps and noise must be positive: {self}")
        if not (0 <= self.noise_delta <= 1 and 0 <= self.far_delta <= 1):
            raise ValueError(f"{self.name}: a delta lies between 0 and 1: {self}")

    @property
    def rate(self) -> float:
        """q, with which each record joins a batch."""
        return self.batch / self.n

    def added_delta(self) -> float:
        """What its noise, where it is not exactly Gaussian, adds to delta in all steps together (theorem 2)."""
        if not self.noise_delta and not self.far_delta:
            return 0.0
        return self.rate * self.steps * (self.noise_delta + self.overflow() * self.far_delta)

    def pairs(self) -> tuple[tuple[float, Pair], ...]:
        """What dominates one step: by weight, the pairs without and with an overflow of the slots (theorem 2)."""
        shift = nextafter(1 / self.noise_multiplier, inf)
        usual = Pair(min(1.0, nextafter(self.rate, inf)), shift)
        full = min(1.0, self.overflow() * _BINOMIAL)
        if not full:
            return ((1.0, usual),)
        return (1.0 - full / _BINOMIAL**2, usual), (full, Pair(self._kept(full), 2 * shift, opposed=True))

    def _kept(self, full: float) -> float:
        """With which chance a record is in a batch whose slots the others fill alone."""
        from scipy.special import bdtrc

        return min(1.0, float(bdtrc(self.slots, self.n, self.rate)) * self.slots / self.n / full * _BINOMIAL**3)

    def overflow(self) -> float:
        """The chance that the other n - 1 records alone fill the slots."""
        from scipy.special import bdtrc  # here, because scipy takes longer to import than most commands to run

        return float(bdtrc(self.slots - 1, self.n - 1, self.rate)) if self.slots < self.n else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarantee:
    """(epsilon, delta) with what it is a statement about."""

    epsilon: float  # infinite if something is released without noise
    delta: float
    noise_delta: float  # of it, what noise that is not exactly Gaussian takes; all of it, and epsilon is infinite
    adjacency: str
    unit: str
    accountant: str

    def __str__(self) -> str:
        about = f"{self.adjacency}; {self.unit}; {self.accountant}"
        return f"epsilon = {upward(self.epsilon)} at delta = {self.delta:g} ({about})"


def upward(epsilon: float) -> str:
    """Never less than it is: three decimals, and below 1 four digits, six decimals at most."""
    if epsilon == inf:
        return "inf"
    places = 3 if epsilon >= 1 or not epsilon else min(6, 3 - floor(log10(epsilon)))
    return f"{float(Fraction(ceil(Fraction(epsilon) * 10**places), 10**places)):.{places}f}"


def account(mechanisms: Sequence[Mechanism], delta: float, accuracy: float = ACCURACY) -> Guarantee:
    """The cost of all of them together, on one data set; of those that are apart, what the dearest person loses.

    Under zero-out adjacency n is the same for both neighbours, hence public; a record is replaced by one that is never
    sampled and adds nothing to any sum.  `accuracy` is about the share of epsilon by which it may be overstated.
    Raises ValueError unless 0 < delta < 1, and Uncertified.
    """
    if not 0 < delta < 1:
        raise ValueError(f"delta must lie between 0 and 1: {delta}")
    return max((_account(some, delta, accuracy) for some in persons(mechanisms)), key=lambda g: g.epsilon)


def persons(mechanisms: Sequence[Mechanism]) -> list[list[Mechanism]]:
    """The mechanisms that one person may be in, as many of them as may be: of data sets that are apart, those of one.

    Theorem 3 for each: to a person, what the others' mechanisms tell is no more than what follows from its own.
    """
    apart = {frozenset({m.name}) | m.apart for m in mechanisms if m.apart}
    held = {m.name for m in mechanisms}
    return [
        [m for m in mechanisms if not m.apart or m.name in chosen]
        for chosen in product(*(sorted(group & held) for group in apart))
    ]


def _account(mechanisms: Sequence[Mechanism], delta: float, accuracy: float) -> Guarantee:
    used = [m for m in mechanisms if m.steps]
    taken = sum(m.added_delta() for m in used)
    left = delta - taken
    if not used:
        bound = 0.0
    elif left <= 0 or any(m.noise_multiplier < LEAST_NOISE for m in used):
        bound = inf
    else:
        try:
            bound = epsilon([(m.steps, m.pairs()) for m in merged(used)], left, accuracy)
        except Uncertified:
            raise Uncertified(delta) from None
    return Guarantee(
        epsilon=bound, delta=delta, noise_delta=taken, adjacency=ADJACENCY, unit=UNIT, accountant=ACCOUNTANT
    )


def curve(mechanisms: Sequence[Mechanism], deltas: Sequence[float], accuracy: float = ACCURACY) -> list[Guarantee]:
    """The cost at each of several deltas.  Raises as `account`."""
    found: dict[float, Guarantee] = {}
    last: Guarantee | None = None
    for delta in sorted(deltas):  # once epsilon is nothing it stays so
        if last is None or last.epsilon >= _NOTHING:
            last = account(mechanisms, delta, accuracy)
        found[delta] = last = replace(last, delta=delta)
    return [found[delta] for delta in deltas]


def merged(mechanisms: Sequence[Mechanism]) -> list[Mechanism]:
    """Those that lose alike as one of all their steps: to compose them one by one would only take longer."""
    steps: dict[Mechanism, int] = {}
    for m in mechanisms:
        alike = replace(m, name="", steps=0, noise_delta=0.0, far_delta=0.0, apart=frozenset())
        steps[alike] = steps.get(alike, 0) + m.steps
    return [replace(m, steps=number) for m, number in steps.items()]


def rdp(mechanisms: Sequence[Mechanism], delta: float) -> Guarantee:
    """Renyi DP (Mironov, Talwar and Zhang 2019) of plain Poisson sampling: a second opinion, *not of what is run*.

    Batches without a limit, noise as if it were Gaussian.  Raises ValueError unless 0 < delta < 1.
    """
    if not 0 < delta < 1:
        raise ValueError(f"delta must lie between 0 and 1: {delta}")
    from dp_accounting.dp_event import GaussianDpEvent, PoissonSampledDpEvent, SelfComposedDpEvent
    from dp_accounting.privacy_accountant import NeighboringRelation
    from dp_accounting.rdp.rdp_privacy_accountant import RdpAccountant

    found = 0.0
    for some in persons(mechanisms):
        accountant = RdpAccountant(ORDERS, NeighboringRelation.REPLACE_SPECIAL)
        for m in some:
            event = PoissonSampledDpEvent(m.rate, GaussianDpEvent(m.noise_multiplier))
            accountant.compose(SelfComposedDpEvent(event, m.steps))
        found = max(found, float(accountant.get_epsilon(delta)))
    return Guarantee(
        epsilon=found,
        delta=delta,
        noise_delta=0.0,
        adjacency=ADJACENCY,
        unit=UNIT,
        accountant="Renyi DP of plain Poisson sampling, which is not what is run, by dp-accounting "
        f"{version('dp-accounting')}",
    )
