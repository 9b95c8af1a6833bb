"""A policy: who may learn how much, of which records, for what, until when.  What it does not bound, it does not say.

Of what leaves a run it is closed: a step, a measure or a reveal that is not allowed by name is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction

from runtime.data.deidentify.rules import Rules


class Rule(StrEnum):
    """Each rule, by its section and key in the file."""

    PURPOSES = "policy.purposes"
    EXPIRES = "policy.expires"
    EPSILON_RUN = "privacy.epsilon-run"
    EPSILON_CONSUMER = "privacy.epsilon-consumer"
    EPSILON_DATA_SET = "privacy.epsilon-data-set"
    DELTA = "privacy.delta"
    LEAST_RECORDS = "privacy.least-records"
    LEAST_NOISE = "privacy.least-noise-multiplier"
    END = "releases.end"
    STEP = "releases.step"
    MEASURES = "releases.measures"
    REVEAL = "releases.reveal"
    REPORT = "deidentification.report"

    @property
    def section(self) -> str:
        return self.value.partition(".")[0]

    @property
    def key(self) -> str:
        return self.value.partition(".")[2]

    @property
    def reason(self) -> str:
        """What a refusal by this rule is called (`Refused.reason`)."""
        return f"policy-{self.key}"


class Release(StrEnum):
    """When the noisy sums of a training leave."""

    END = "end"  # what they have made of the variable, once
    STEP = "step"  # each by itself


@dataclass(frozen=True, slots=True)
class Policy:
    """None, and no purposes, stand for what the policy does not bound."""

    name: str
    version: int
    issued_by: str
    expires: date  # the last day, UTC, on which it is in force
    purposes: tuple[str, ...]
    epsilon_run: Fraction | None
    epsilon_consumer: Fraction | None  # of all runs of one consumer, whichever data they read
    epsilon_data_set: Fraction | None  # of all runs on one data set, whoever made them
    delta: Fraction | None  # that goes with each of these
    least_records: int | None
    least_noise: Fraction | None  # standard deviation of the noise over the clip
    end: bool
    step: bool
    measures: int  # of a run, at most
    reveal: tuple[str, ...]  # outputs that no mechanism need protect
    deidentification: Mapping[str, object]  # the section as it stands
    deidentified: Rules  # what it means
    file: str = field(default="", compare=False)  # from which it was read, and where its rules stand in it
    lines: Mapping[str, int] = field(default_factory=dict[str, int], compare=False, repr=False)

    def __str__(self) -> str:
        return f"policy `{self.name}` version {self.version}"

    @property
    def report(self) -> bool:
        """Whether a contract names a passing report of de-identification for each data set."""
        return self.deidentified.report

    def expired(self, now: datetime) -> bool:
        """`now` is UTC."""
        return now.date() > self.expires

    def place(self, rule: Rule) -> str:
        """`[privacy] delta, policy.toml line 7`; without file and line where it was remembered, not read."""
        line = self.lines.get(rule.value)
        return f"[{rule.section}] {rule.key}" + (f", {self.file} line {line}" if line else "")
