"""`ccr tune`: which rows are tried, what each comes to, and which is picked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from fractions import Fraction
from itertools import product

import numpy as np

from compiler.lowering.understand import understand
from compiler.training.dpsgd import slot_count
from lang.numerals import spelled
from lang.problems.problem import Rejected
from lang.source import Source
from runtime.authoring import calibrated
from runtime.authoring.choice import Fix
from runtime.authoring.knobs import Knobs, knobs
from runtime.authoring.learner import Learner
from runtime.authoring.search import MARGIN
from runtime.authoring.trial import Outcome, Trials
from runtime.data.errors import InputError
from runtime.privacy.accountant import Mechanism, account
from runtime.privacy.calibrate import OutOfReach
from runtime.report.wording import listing

AXES = ("epsilon", "batch", "steps", "rate", "kinds")
_WIDER, _NARROWER = 3, 2  # fraction bits more and less that are tried of a weight's kind


@dataclass(frozen=True, slots=True)
class Point:
    """One way to train."""

    epsilon: float
    batch: int
    steps: int
    rate: Fraction
    kinds: tuple[tuple[str, Fix], ...]  # by the name of a `type`

    def shown(self, axis: str) -> str:
        match axis:
            case "epsilon":
                return f"{self.epsilon:.4g}"
            case "batch":
                return str(self.batch)
            case "steps":
                return str(self.steps)
            case "rate":
                return _numeral(self.rate)
            case "kinds":
                return ", ".join(str(fix) for _, fix in self.kinds)
            case _:
                raise ValueError(f"there is no axis {axis}")


@dataclass(frozen=True, slots=True)
class Row:
    point: Point
    noise: float
    source: Source
    outcome: Outcome | None  # None where it cannot be
    why: str = ""  # it cannot

    @property
    def mean(self) -> float:
        return float(np.mean(self.outcome.fixed)) if self.outcome else float("-inf")

    @property
    def spread(self) -> float:
        """The standard deviation over the seeds."""
        return float(np.std(self.outcome.fixed, ddof=1)) if self.outcome and len(self.outcome.fixed) > 1 else 0.0

    @property
    def floating(self) -> float | None:
        return float(np.mean(self.outcome.floating)) if self.outcome and self.outcome.floating else None

    @property
    def work(self) -> float:
        """What it costs, next to others of one program: slots, steps, bits."""
        bits = sum(fix.bits for _, fix in self.point.kinds) or 1
        return float(slot_count(self.point.batch) * self.point.steps * bits)


@dataclass(frozen=True, slots=True)
class Lists:
    """What is to be tried of each; None: half and twice of what the program has."""

    epsilon: tuple[float, ...] | None = None
    batch: tuple[int, ...] | None = None
    steps: tuple[int, ...] | None = None
    rate: tuple[Fraction, ...] | None = None
    kinds: Mapping[str, tuple[Fix, ...]] | None = None

    @property
    def given(self) -> bool:
        """Something else than a single epsilon, which only says what is to be kept to."""
        more = self.epsilon is not None and len(self.epsilon) > 1
        return more or any(x is not None for x in (self.batch, self.steps, self.rate, self.kinds))


class Untunable(ValueError):
    """A program that cannot be tuned, or not in this; the message says why, `help` what may be meant."""

    def __init__(self, what: str, help: str = "") -> None:
        super().__init__(what)
        self.help = help


@dataclass
class Tuning:
    source: Source
    trials: Trials
    delta: float
    say: Callable[[str], None]
    rows: list[Row] = field(default_factory=list[Row])

    def __post_init__(self) -> None:
        try:
            self.knobs = knobs(self.source)
            self.learner = Learner.made(understand(self.source))
        except ValueError as error:
            raise Untunable(str(error)) from None
        train = self.learner.of.train
        if not train.noise:
            raise Untunable("its noise is 0: nothing is private, and there is nothing to weigh")
        if train.batch > self.trials.records:
            raise Untunable(f"a batch of {train.batch} from {self.trials.records} records cannot be")
        self.weights = _weights(self.knobs, self.learner)

    def own(self) -> Point:
        """As the program has it."""
        train = self.learner.of.train
        told = Mechanism(
            name="",
            n=self.trials.records,
            batch=train.batch,
            slots=slot_count(train.batch),
            steps=train.steps,
            noise_multiplier=float(train.noise),
        )
        epsilon = account([told], self.delta).epsilon
        kinds = tuple((name, self.knobs.kinds[name]) for name in self.weights)
        return Point(epsilon, train.batch, train.steps, train.update.rates[0], kinds)

    def run(self, lists: Lists) -> Row:
        """Tries all of it; what is picked is returned.  Raises Untunable, Rejected and InputError."""
        if strange := [name for name in lists.kinds or () if name not in self.weights]:
            near = get_close_matches(strange[0], self.weights, 1)
            asked = f"did you mean `{near[0]}`?  " if near else ""
            known = listing(self.weights) if self.weights else "none: declare one, type Weight = fix<9, 5>"
            raise Untunable(
                f"there is no `type {strange[0]}` of weights that is a `fix` of numbers", f"{asked}there is {known}"
            )
        own = self.own()
        base = own if lists.epsilon is None else replace(own, epsilon=lists.epsilon[0])
        points = list(dict.fromkeys((base, *(_product(base, lists) if lists.given else self._around(base)))))
        self._turnable(base, points)
        for number, point in enumerate(points, 1):
            row = self._row(point, own)
            self.rows.append(row)
            came = f"{row.mean:.3f}" if row.outcome else row.why
            self.say(f"{number} of {len(points)}: {_said(point)}: {came}")
        return picked(self.rows)

    def _around(self, base: Point) -> Iterator[Point]:
        """One thing at a time, half and twice."""
        places, n = self.knobs.places, self.trials.records
        if "noise" in places:
            yield from (replace(base, epsilon=base.epsilon * by) for by in (0.5, 2.0))
            if "batch" in places:
                yield from (replace(base, batch=b) for b in (base.batch // 2, base.batch * 2) if 0 < b <= n)
            if "steps" in places:
                yield from (replace(base, steps=s) for s in (base.steps // 2, base.steps * 2) if s)
        if "rate" in places:
            yield from (replace(base, rate=base.rate * by) for by in (Fraction(1, 2), Fraction(2)))
        for by in (-_NARROWER, _WIDER):
            kinds = tuple((name, Fix(k.bits + by, k.fraction + by)) for name, k in base.kinds)
            if kinds and all(k.bits > 1 and k.fraction >= 0 for _, k in kinds):
                yield replace(base, kinds=kinds)

    def _turnable(self, base: Point, points: Sequence[Point]) -> None:
        """Raises Untunable where something is asked for that the text does not let be turned."""
        for axis in AXES[1:4]:
            if axis not in self.knobs.places and any(getattr(p, axis) != getattr(base, axis) for p in points):
                raise Untunable(f"`{axis}` of the `dpsgd` is not a number nor a `param` that is one")
        if "noise" not in self.knobs.places and len({(p.epsilon, p.batch, p.steps) for p in points}) > 1:
            raise Untunable("`noise` of the `dpsgd` is not a number nor a `param` that is one")

    def _row(self, point: Point, own: Point) -> Row:
        noise = float(self.learner.of.train.noise)
        try:
            if (point.epsilon, point.batch, point.steps) != (own.epsilon, own.batch, own.steps):
                noise = calibrated.noise(point.epsilon, self.delta, self.trials.records, point.batch, point.steps)
            source = self._text(point, own, noise)
        except OutOfReach as error:
            return Row(point, noise, self.source, None, str(error))
        try:
            return Row(point, noise, source, self.trials.outcome(source))
        except Rejected as error:
            if source is self.source:
                raise
            return Row(point, noise, source, None, error.problems[0].say(error.problems[0].title))
        except InputError as error:
            if point.kinds == own.kinds:
                raise
            return Row(point, noise, source, None, error.what)
        except ValueError as error:
            raise Untunable(str(error)) from None

    def _text(self, point: Point, own: Point, noise: float) -> Source:
        """Only what differs is written."""
        values = {axis: point.shown(axis) for axis in AXES[1:4] if getattr(point, axis) != getattr(own, axis)}
        values |= {name: str(fix) for (name, fix), was in zip(point.kinds, own.kinds, strict=True) if was[1] != fix}
        if noise != float(self.learner.of.train.noise):
            values["noise"] = f"{noise:.3f}".rstrip("0").rstrip(".")
        if "." not in values.get("rate", "."):
            values["rate"] += ".0"
        return self.knobs.turned(values) if values else self.source


def picked(rows: Sequence[Row]) -> Row:
    """Of the rows at the first one's epsilon the first, unless another is clearly better: by two standard errors of
    the difference, seed by seed.  Of those within MARGIN of the best of these, the cheapest."""
    known = [row for row in rows if row.outcome and row.point.epsilon == rows[0].point.epsilon]
    if not known:
        raise Untunable(f"none of it can be: {rows[0].why}")
    first = rows[0] if rows[0].outcome else max(known, key=lambda row: row.mean)
    best = max([first, *(row for row in known if _clearly_better(row, first))], key=lambda row: row.mean)
    return min((row for row in known if row.mean >= best.mean - MARGIN), key=lambda row: (row.work, -row.mean))


def _clearly_better(row: Row, first: Row) -> bool:
    assert row.outcome and first.outcome
    apart = np.array(row.outcome.fixed) - np.array(first.outcome.fixed)
    error = float(np.std(apart, ddof=1)) / float(len(apart)) ** 0.5
    return bool(float(apart.mean()) > 2 * error)


def _product(base: Point, lists: Lists) -> Iterator[Point]:
    kinds = [
        tuple(zip([name for name, _ in base.kinds], chosen, strict=True))
        for chosen in product(*((lists.kinds or {}).get(name, (fix,)) for name, fix in base.kinds))
    ]
    for values in product(
        lists.epsilon or (base.epsilon,),
        lists.batch or (base.batch,),
        lists.steps or (base.steps,),
        lists.rate or (base.rate,),
        kinds,
    ):
        yield Point(*values)


def _numeral(value: Fraction) -> str:
    try:
        return spelled(value)
    except ValueError:
        return f"{float(value):.6g}"


def _weights(known: Knobs, learner: Learner) -> list[str]:
    """The types that trained variables have."""
    own = {str(v.kind).split("[")[0] for v in learner.of.train.variables}
    return [name for name, fix in known.kinds.items() if str(fix) in own]


def _said(point: Point) -> str:
    return ", ".join(f"{axis} {point.shown(axis)}" for axis in AXES if point.shown(axis))
