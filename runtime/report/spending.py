"""`ccr privacy`: what a program costs, what that is made of, and what a budget would ask for."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from compiler.program import Compiled, owner
from compiler.words.operations import Mechanism
from lang.numerals import counted
from runtime.privacy import accountant, cost
from runtime.privacy.accountant import Guarantee
from runtime.privacy.calibrate import GRAIN, MOST_STEPS, OutOfReach, noise_for, steps_for
from runtime.privacy.certificate import ENOUGH, Certificate
from runtime.privacy.cost import certificate
from runtime.report.everyone import Everyone, Parts, privacy_of
from runtime.report.privacy import Privacy, privacy
from runtime.report.wording import count, duration, indent

_CURVE = 12  # points over the steps
_DELTAS = tuple(10.0**-k for k in range(3, 11))


class Unknown(ValueError):
    """Nobody can say what the program costs; the message says why."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What an epsilon asks of each mechanism: its noise (None if none is enough), or its steps beside the others."""

    epsilon: float
    noise: tuple[float, ...] | None
    steps: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Spending:
    """The cost of a program with mechanisms; sequences are by mechanism."""

    privacy: Privacy
    told: tuple[accountant.Mechanism, ...]
    certificates: tuple[Certificate | None, ...]
    each: tuple[Guarantee, ...]
    renyi: Guarantee
    budget: Budget | None

    @property
    def delta(self) -> float:
        return self.privacy.delta

    def text(self) -> str:
        lines = self.privacy.lines()
        for i, m in enumerate(self.privacy.mechanisms):
            lines.append(f"mechanism {i + 1}, on `{m.dataset}`:")
            lines.append(f"  alone: {self.each[i]}")
            lines += [f"  {line}" for line in self._noise(i)]
        lines.append(f"second opinion: {self.renyi}")
        lines.append("  for comparison: a coarser way to count, of batches without a limit and of exact Gaussian noise")
        return "\n".join([*lines, *self._budget()])

    def _noise(self, i: int) -> list[str]:
        proved = self.certificates[i]
        if proved is None:
            said = f"noise: a rounded Gaussian of {self.told[i].noise_multiplier:g} clips, which is what it costs"
            return [said]
        if self.told[i].added_delta() >= self.privacy.delta:
            return [
                f"noise: too little for joint noise at this delta, of which its own delta alone takes "
                f"{self.told[i].added_delta():.2g}: ask for more noise, or for noise `drawn by` the data provider"
            ]
        verdict = "enough" if proved.holds else f"NOT enough: {100 * ENOUGH:g} % are wanted"
        overflow = (
            "" if self.privacy.mechanisms[i].whole else f", {proved.far_delta:.2g} where a batch has no slot for all"
        )
        return [
            f"noise: hides as much as a Gaussian of {proved.sigma_eff:.6g} clips, {100 * proved.ratio:.4f} % of the "
            f"{proved.sigma:g} that the program says ({verdict}; proved in {duration(proved.seconds)})",
            f"  but for a delta of {proved.delta:g} for each draw of {count(proved.dimension)} numbers{overflow}; "
            "epsilon counts both",
        ]

    def _budget(self) -> list[str]:
        if self.budget is None:
            return []
        b = self.budget
        said = [f"epsilon {b.epsilon:g} at delta {self.privacy.delta:g} ({accountant.ADJACENCY}; {accountant.UNIT}):"]
        if b.noise is None:
            said.append("  no noise is enough at this delta")
        else:
            for i, (noise, m) in enumerate(zip(b.noise, self.privacy.mechanisms, strict=True)):
                said.append(f"  mechanism {i + 1}: noise {noise:.3f} instead of {float(m.noise_multiplier):g}")
        beside = ", the others as they are" if len(b.steps) > 1 else ""
        for i, (bought, m) in enumerate(zip(b.steps, self.privacy.mechanisms, strict=True)):
            said.append(f"  mechanism {i + 1}: {_steps(bought, m)}, its noise as it is{beside}")
        return said

    def as_json(self) -> dict[str, object]:
        base = self.privacy.as_json()
        mechanisms = base["mechanisms"]
        assert isinstance(mechanisms, list)
        base["mechanisms"] = [dict(m) | self._as_json(i) for i, m in enumerate(mechanisms)]
        base |= {
            "adjacency": accountant.ADJACENCY,
            "unit": accountant.UNIT,
            "rdp_plain_poisson": {"epsilon": _finite(self.renyi.epsilon), "note": self.renyi.accountant},
        }
        if self.budget is not None:
            b = self.budget
            base["budget"] = {
                "epsilon": b.epsilon,
                "noise_multipliers": list(b.noise) if b.noise else None,
                "steps": list(b.steps),
            }
        return base

    def _as_json(self, i: int) -> dict[str, object]:
        proved, told = self.certificates[i], self.told[i]
        return {
            "epsilon": _finite(self.each[i].epsilon),
            "delta": self.privacy.delta,
            "adjacency": accountant.ADJACENCY,
            "unit": accountant.UNIT,
            "noise_multiplier_effective": told.noise_multiplier,
            "delta_of_noise": told.added_delta(),
            "certificate": None
            if proved is None
            else {
                "sigma": proved.sigma,
                "sigma_eff": proved.sigma_eff,
                "ratio": proved.ratio,
                "holds": proved.holds,
                "delta": proved.delta,
                "far_delta": proved.far_delta,
                "dimension": proved.dimension,
                "seconds": proved.seconds,
                "tables": [s.digest for s in self.privacy.mechanisms[i].samplers],
            },
        }


def spending(program: Compiled, records: Mapping[str, int], delta: float | None, epsilon: float | None) -> Spending:
    """The whole report; takes seconds.  Raises Unknown, and ValueError for an epsilon not above 0."""
    whole = privacy(program, records, delta)
    if whole.unknown:
        raise Unknown(whole.unknown)
    told, delta = cost.told(program, records), whole.delta
    proved = tuple(certificate(m) for m in program.mechanisms)
    alone = [whole.guarantee] if whole.guarantee and len(told) == 1 else [accountant.account([m], delta) for m in told]
    return Spending(
        whole,
        tuple(told),
        proved,
        tuple(alone),
        accountant.rdp(told, delta),
        None if epsilon is None else _asked(told, proved, epsilon, delta),
    )


@dataclass(frozen=True, slots=True)
class SpendingOfAll:
    """Of each of several owners, and of a person whom all of them know."""

    of: Mapping[str, Spending]
    everyone: Everyone

    @property
    def dearest(self) -> Spending:
        return max(self.of.values(), key=lambda s: s.privacy.cost or 0.0)

    @property
    def delta(self) -> float:
        return self.everyone.delta

    def text(self) -> str:
        said = [line for name, s in self.of.items() for line in (f"{name}:", *indent(s.text().splitlines()))]
        return "\n".join([*said, *self.everyone.everywhere_lines()])

    def as_json(self) -> dict[str, object]:
        return {**self.everyone.as_json(), "spending": {name: s.as_json() for name, s in self.of.items()}}


def spending_of_all(parts: Parts, delta: float | None, epsilon: float | None) -> SpendingOfAll:
    """At one delta for all.  Takes seconds.  Raises as `spending`."""
    everyone = privacy_of(parts, delta)
    assert isinstance(everyone, Everyone)
    of = {owner(program): spending(program, rows, everyone.delta, epsilon) for program, rows in parts}
    return SpendingOfAll(of, everyone)


def _asked(
    told: Sequence[accountant.Mechanism], proved: Sequence[Certificate | None], epsilon: float, delta: float
) -> Budget:
    try:
        effective = noise_for(told, epsilon, delta)
    except OutOfReach:
        noise = None
    else:
        noise = tuple(_claimed(s, c) for s, c in zip(effective, proved, strict=True))
    return Budget(epsilon, noise, tuple(steps_for(told, i, epsilon, delta) for i in range(len(told))))


def _claimed(effective: float, proved: Certificate | None) -> float:
    """The multiplier to write in a program: another table's ratio is not this one's, but not below ENOUGH."""
    return math.ceil(round(effective / (1 if proved is None else ENOUGH) * GRAIN, 6)) / GRAIN


def over_steps(told: Sequence[accountant.Mechanism], delta: float) -> list[tuple[int, float]]:
    """(steps in all, epsilon), up to twice the program's steps, each training in proportion, beside all that is
    measured; without a training each sum over all records."""
    counts = _trains(told)
    shares = [2 * (i + 1) / _CURVE for i in range(_CURVE)]
    scaled = [[replace(m, steps=math.ceil(m.steps * share)) if counts(m) else m for m in told] for share in shares]
    return [(steps_of(ms), accountant.account(ms, delta).epsilon) for ms in scaled]


def steps_of(told: Sequence[accountant.Mechanism]) -> int:
    """Those that `over_steps` counts."""
    return sum(m.steps for m in told if _trains(told)(m))


def _trains(told: Sequence[accountant.Mechanism]) -> Callable[[accountant.Mechanism], bool]:
    """Whether steps of a mechanism are what one may have more of: not of sums over all records beside a training."""
    training = any(m.batch < m.n for m in told)
    return lambda m: not training or m.batch < m.n


def over_delta(told: Sequence[accountant.Mechanism]) -> list[Guarantee]:
    """The cost at deltas from 1e-3 to 1e-10."""
    return accountant.curve(told, _DELTAS)


def _finite(x: float) -> float | None:
    return x if math.isfinite(x) else None


def _steps(bought: int, m: Mechanism) -> str:
    what = "noisy sum" if m.whole else "step"
    if bought == m.steps:
        return f"or {counted(bought, what)} as written, and no more"
    if bought == 0:
        return f"or not even one {what}"
    return f"or {counted(bought, what)}{' or more' if bought == MOST_STEPS else ''} instead of {count(m.steps)}"
