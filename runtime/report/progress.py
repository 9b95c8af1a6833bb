"""How far a run is, held against what was foretold: what a bar, a line and an operator's log say of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import isfinite

from compiler.program import Compiled, owner
from compiler.schedule.plan import Plan, Repeat
from compiler.schedule.told import told_steps, trainings
from runtime.execute.backend import is_joint
from runtime.privacy import cost
from runtime.privacy.accountant import account, upward
from runtime.report.forecast.foretold import Foretold
from runtime.report.kept import cost_told
from runtime.report.privacy import usual_delta
from runtime.report.traffic import Link
from runtime.report.wording import count, duration, size
from runtime.session.watch import Moment

SURE = 0.1  # of a run, from which on its own speed says how long the rest takes


@dataclass(frozen=True, slots=True)
class Standing:
    """Of one party's run, or of all that it runs side by side."""

    moment: Moment
    steps: int  # that there are
    and_gates: int  # that were foretold
    bytes: int  # likewise
    left: float  # seconds
    epsilon: float | None  # that is spent, or will be when the step at hand is told; None where it is not known here

    @property
    def share(self) -> float:
        """Of the work that is done."""
        return _share(self.moment, self.bytes)

    @property
    def rate(self) -> float:
        """Bytes a second, since the greeting."""
        return self.moment.bytes / self.moment.seconds if self.moment.seconds else 0.0

    def __str__(self) -> str:
        now = self.moment
        said = [f"step {now.step} of {self.steps}"] if now.step else []
        said.append(f"{count(now.and_gates)} of {count(self.and_gates)} AND gates")
        said.append(f"{size(now.bytes)} of {size(self.bytes)}, {size(self.rate)}/s, {duration(self.left)} left")
        if self.epsilon is not None:
            said.append(f"epsilon {upward(self.epsilon) if self.epsilon else 0} spent")
        return ", ".join(said)

    @property
    def brief(self) -> str:
        """What matters most, beside a bar: a terminal has 80 columns."""
        said = [f"{duration(self.left)} left", f"{size(self.rate)}/s"]
        if self.epsilon is not None:
            said.append(f"epsilon {upward(self.epsilon) if self.epsilon else 0}")
        if self.moment.step:
            said.append(f"step {self.moment.step} of {self.steps}")
        return ", ".join(said)

    def as_json(self) -> dict[str, object]:
        now = self.moment
        return {
            "phase": "ended" if now.ended else now.phase,
            "step": now.step,
            "steps": self.steps,
            "and_gates": now.and_gates,
            "bytes": now.bytes,
            "bytes_foretold": self.bytes,
            "bytes_per_second": round(self.rate),
            "seconds": round(now.seconds, 3),
            "seconds_left": round(self.left, 3),
            "epsilon_spent": self.epsilon,
        }


def _share(moment: Moment, whole: int) -> float:
    return min(1.0, moment.bytes / whole) if whole else 1.0


@dataclass
class Expected:
    """What a run will come to, of one program or of all owners'."""

    programs: tuple[Compiled, ...]
    link: Link | None = None
    delta: float | None = None
    priced: bool = False  # what its mechanisms cost has been found before the run: it takes no second more
    workers: int = 0  # on both sides
    _from: dict[int, Foretold] = field(default_factory=dict[int, Foretold])  # a step that the run goes on with
    _spent: dict[tuple[int, bool], float | None] = field(default_factory=dict[tuple[int, bool], float | None])

    def standing(self, moment: Moment) -> Standing:
        foretold = self.foretold(moment.first)
        whole = foretold.bytes.total + foretold.setup_bytes
        return Standing(
            moment, self.steps, foretold.and_gates, whole, self._left(moment, foretold), self._epsilon(moment)
        )

    @cached_property
    def steps(self) -> int:
        return max(sum(step.count for step in _loops(program.plan)) for program in self.programs)

    def foretold(self, first: int) -> Foretold:
        """Of what is left where a run goes on with the step of this index."""
        if first not in self._from:
            self._from[first] = Foretold.of([(program, first) for program in self.programs], workers=self.workers)
        return self._from[first]

    def _left(self, moment: Moment, foretold: Foretold) -> float:
        """By what was foretold at first, and more and more by how long it has taken."""
        if moment.ended:
            return 0.0
        share = min(1.0, max(0, moment.bytes - foretold.setup_bytes) / (foretold.bytes.total or 1))
        own = min(1.0, share / SURE)
        told = own * moment.streaming / share if share else 0.0
        return (1 - share) * (told + (1 - own) * foretold.seconds(self.link))

    def _epsilon(self, moment: Moment) -> float | None:
        if not self.priced:
            return None
        at = (moment.step, moment.ended)
        if at not in self._spent:
            found = [_spent(program, self._of(program, moment.records), at, self.delta) for program in self.programs]
            known = [epsilon for epsilon in found if epsilon is not None and isfinite(epsilon)]
            self._spent[at] = max(known) if len(known) == len(found) else None
        return self._spent[at]

    def _of(self, program: Compiled, records: Mapping[str, int]) -> dict[str, int]:
        prefix = f"{owner(program)}." if len(self.programs) > 1 else ""
        return {d.name: records[prefix + d.name] for d in program.datasets if prefix + d.name in records}


def _spent(program: Compiled, records: Mapping[str, int], at: tuple[int, bool], delta: float | None) -> float | None:
    """Epsilon of what is told when the step at hand has been; of a run that tells none, nothing before its end."""
    step, ended = at
    begun = None if ended else _told(program.plan, step)
    if begun == 0 or not program.mechanisms:
        return 0.0
    delta = usual_delta(program, records) if delta is None else delta
    try:
        if begun is None:  # which has been told before the run: to find it again takes longer than a short run
            return cost_told(program, records, delta).epsilon
        return account(cost.up_to(program, cost.told(program, records), begun), delta).epsilon
    except ValueError:  # the number of records is not known here, or nothing of a noise
        return None


def _told(plan: Plan, step: int) -> int:
    """Of so many steps, those that are told."""
    of = {id(training.loop) for training in trainings(plan)}
    told = 0
    for loop in _loops(plan):
        told += min(step, loop.count) if id(loop) in of else 0
        step = max(0, step - loop.count)
    return min(told, told_steps(plan))


def _loops(plan: Plan) -> list[Repeat]:
    """Those of which a walk tells each iteration."""
    return [step for step in plan.steps if isinstance(step, Repeat) and not is_joint(step)]
