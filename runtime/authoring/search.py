"""Numbers for a program, by trying: one thing after another is changed, and what holds out better is kept.

All of it in floating point, on the vendor's own table, of which each seed holds out another fifth; kinds, which
floating point does not have, are chosen afterwards.  More steps and larger batches have to be better by a margin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import product

import numpy as np

from runtime.authoring.calibrated import noise
from runtime.authoring.choice import Choice, Model, Scale, net, start
from runtime.authoring.floating import Course, Floats, drawn, score
from runtime.authoring.folds import held_out, repeated
from runtime.authoring.own_table import Own
from runtime.authoring.prepare import Scaling, features, labels
from runtime.privacy.calibrate import OutOfReach

MARGIN = 0.002  # of accuracy, by which what costs more must be better
BATCHES = (32, 64, 128, 256)
STEPS = (10, 20, 40, 80)
CLIPS = {
    Model.LOGISTIC: (1.0,),  # a record's length, and so its gradient's: nothing is clipped
    Model.SOFTMAX: (0.25, 0.5, 1.0),
    Model.LINEAR: (0.125, 0.25, 0.5),
    Model.MLP: (0.5, 1.0, 2.0),
}
RATES = tuple(by * 2.0**k for k in range(-2, 8) for by in (1, 1.4))
_SCALES = [Scale(*of) for of in product((True, False), (0.0, 0.5, 0.9, 1.0), (0.125, 0.3, 0.5))]
_ROUNDS = 3
DIGITS = 5  # of the constants that are handed out


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for."""

    model: Model
    hidden: int
    epsilon: float
    delta: float
    records: int  # that the owner of the records has
    seeds: int


@dataclass
class Search:
    own: Own
    wanted: Wanted
    say: Callable[[str], None]
    tried: dict[Choice, list[float]] = field(default_factory=dict[Choice, list[float]])
    _longest: dict[Choice, float] = field(default_factory=dict[Choice, float])

    def best(self) -> Choice:
        """Raises OutOfReach where no noise is enough."""
        batch = max((b for b in BATCHES if b <= self.wanted.records / 4), default=max(1, self.wanted.records // 4))
        clip = CLIPS[self.wanted.model][len(CLIPS[self.wanted.model]) // 2]
        at = self._noisy(Choice(Scale(True, 0.5, 0.3), batch, 20, clip, 4.0, 0.0))
        if at is None:
            raise OutOfReach("no noise keeps to this epsilon")
        for _ in range(_ROUNDS):
            before, at = at, self._rates(at)
            at = self._of("scale", at, (replace(at, scale=scale) for scale in _SCALES))
            at = self._of("steps", at, self._steps(at), MARGIN)
            at = self._of("batch", at, self._batches(at), MARGIN)
            at = self._of("clip", at, (replace(at, clip=c, rate=r) for c, r in self._clips(at)))
            at = self._rates(at)
            if at == before:
                break
        return at

    def outcomes(self, choice: Choice) -> list[float]:
        """The score of what is held out, by seed."""
        if choice not in self.tried:
            scaling = scaling_of(self.own, choice)
            x, y = features(self.own.raw, scaling), labels(self.own.labels, scaling)
            self.tried[choice] = [self._once(choice, x, y, seed) for seed in range(1, self.wanted.seeds + 1)]
        return self.tried[choice]

    def mean(self, choice: Choice) -> float:
        return float(np.mean(self.outcomes(choice)))

    def longest(self, choice: Choice) -> float:
        """How far from 0 a weight was, at the end of any of these trainings."""
        self.outcomes(choice)
        return self._longest[choice]

    def _once(self, choice: Choice, x: Floats, y: Floats, seed: int) -> float:
        made = net(self.wanted.model, x.shape[1], len(self.own.classes), self.wanted.hidden)
        rows, held = held_out(y, seed)
        rows = repeated(rows, self.wanted.records)
        course = Course(choice.batch, choice.steps, choice.clip, choice.noise, choice.rate)
        weights = drawn(made, start(made), x[rows], y[rows], course, np.random.default_rng(seed))
        self._longest[choice] = max(self._longest.get(choice, 0.0), *(float(np.abs(w).max()) for w in weights))
        return score(made, weights, x[held], y[held])

    def _of(self, what: str, at: Choice, others: Iterable[Choice], margin: float = 0.0) -> Choice:
        """The best: the first of those within a margin of it, which is the cheapest."""
        choices = list(others)
        best = max([at, *choices], key=self.mean)
        found = next((c for c in choices if self.mean(c) >= self.mean(best) - margin), best)
        if not margin and self.mean(found) == self.mean(at):
            found = at
        if found != at:
            self.say(f"{what}: {described(found)}: {self.mean(found):.3f}, before {self.mean(at):.3f}")
        return found

    def _rates(self, at: Choice) -> Choice:
        """Up or down the list as long as it helps."""
        found, place = at, min(range(len(RATES)), key=lambda i: abs(RATES[i] - at.rate))
        for rates in (reversed(RATES[:place]), RATES[place + 1 :]):
            for rate in rates:
                there = replace(found, rate=rate)
                if self.mean(there) <= self.mean(found):
                    break
                found = there
            if found != at:
                break
        if found != at:
            self.say(f"rate: {found.rate:g}: {self.mean(found):.3f}, before {self.mean(at):.3f}")
        return found

    def _noisy(self, choice: Choice) -> Choice | None:
        """With the noise that its batch and its steps ask for; None where none is enough."""
        w = self.wanted
        if choice.batch > w.records:
            return None
        try:
            return replace(choice, noise=noise(w.epsilon, w.delta, w.records, choice.batch, choice.steps))
        except OutOfReach:
            return None

    def _steps(self, at: Choice) -> Iterator[Choice]:
        """Also with a rate that makes the way as long as before."""
        for steps in STEPS:
            for rate in sorted({at.rate, 2.0 ** float(np.round(np.log2(at.rate * at.steps / steps)))}):
                if found := self._noisy(replace(at, steps=steps, rate=rate)):
                    yield found

    def _batches(self, at: Choice) -> Iterator[Choice]:
        """Up to half of all records, where a batch has the least noise for its steps."""
        half = self.wanted.records // 2
        for batch in (*(b for b in BATCHES if b < half), min(half, BATCHES[-1])):
            if batch and (found := self._noisy(replace(at, batch=batch))):
                yield found

    def _clips(self, at: Choice) -> Iterator[tuple[float, float]]:
        """A smaller clip with a larger rate: as long a step."""
        for clip in CLIPS[self.wanted.model]:
            for rate in sorted({at.rate, at.rate * at.clip / clip}):
                yield clip, rate


def scaling_of(own: Own, choice: Choice) -> Scaling:
    """The constants that are handed out: of the vendor's table alone, of a few digits."""
    centre = own.raw.mean(axis=0)
    deviation = own.raw.std(axis=0)
    width = deviation if choice.scale.each else np.full_like(deviation, np.sqrt(np.mean(deviation**2)))
    lengths = np.linalg.norm((own.raw - centre) / width, axis=1)
    unit = 2**choice.feature
    bias = round(choice.scale.bias * unit) / unit
    width = width * max(float(np.quantile(lengths, choice.scale.share)), 1e-6) / np.sqrt(1 - bias**2)
    middle, spread = 0.0, 1.0
    if not own.classes:
        y = np.array([float(text) for text in own.labels])
        middle, spread = _short(float(y.mean())), _short(max(float(np.abs(y - y.mean()).max()), 1e-9))
    return Scaling(
        own.columns,
        own.label,
        own.classes,
        [_short(v) for v in centre],
        [_short(v) for v in width],
        bias,
        choice.feature,
        middle,
        spread,
    )


def _short(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def described(choice: Choice) -> str:
    by = "each column's" if choice.scale.each else "one"
    return (
        f"batch {choice.batch}, {choice.steps} steps, clip {choice.clip:g}, rate {choice.rate:g}, noise "
        f"{choice.noise:g}, by {by} deviation, {choice.scale.share:.0%} kept whole, bias {choice.scale.bias:g}"
    )
