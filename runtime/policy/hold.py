"""A policy held against what somebody is about to do: one pure function, and a refusal for each rule.

Of the same records a looser proposal (more epsilon or delta, less noise, more that leaves) never passes where a
stricter one is refused, nor does a stricter policy let through what a looser one refuses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import assert_never

from lang.numerals import exact, spelled
from runtime.contract.amounts import Spend
from runtime.contract.refused import Refused
from runtime.policy.proposals import Agreement, Grant, Proposal, Run, Share, Training
from runtime.policy.rules import Policy, Release, Rule
from runtime.policy.spell import digest
from runtime.privacy.limits import too_large


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that a proposal breaks."""

    rule: Rule
    what: str  # the sentence up to what the policy says
    asked: str
    allowed: str


class AgainstPolicy(Refused):
    """A proposal that breaks a rule; `more` is that for programs."""

    def __init__(self, policy: Policy, breaches: tuple[Breach, ...]) -> None:
        first, *others = breaches
        also = ", ".join(dict.fromkeys(breach.rule.value for breach in others if breach.rule is not first.rule))
        super().__init__(
            first.rule.reason,
            f"{first.what}: {first.asked} is asked, {policy} allows {first.allowed} ({policy.place(first.rule)})",
            help=(f"it breaks {also} too; " if also else "") + "`ccr policy show` says what the policy allows",
        )
        self.more = {
            "rule": first.rule.value,
            "asked": first.asked,
            "allowed": first.allowed,
            "policy": digest(policy),
            "line": policy.lines.get(first.rule.value),
        }


def hold(policy: Policy, proposal: Proposal, now: datetime) -> None:
    """Raises AgainstPolicy, by the first rule that is broken, unless all are kept.  `now` is UTC."""
    if found := tuple(breaches(policy, proposal, now)):
        raise AgainstPolicy(policy, found)


def breaches(policy: Policy, proposal: Proposal, now: datetime) -> Iterator[Breach]:
    """Every rule that the proposal breaks, and how."""
    if policy.expired(now):
        yield Breach(Rule.EXPIRES, "the policy has expired", f"{now:%Y-%m-%d}", f"up to {policy.expires}")
    match proposal:
        case Grant():
            yield from _grant(policy, proposal)
        case Share():
            whose = f"the share of `{proposal.consumer}`"
            yield from _epsilon(Rule.EPSILON_CONSUMER, policy.epsilon_consumer, whose, proposal.budget)
            yield from _delta(policy, whose, proposal.budget, {})
        case Agreement():
            yield from _agreement(policy, proposal)
        case Run():
            yield from _agreement(policy, proposal.agreement)
            yield from _run(policy, proposal)
        case _:
            assert_never(proposal)


def _grant(policy: Policy, grant: Grant) -> Iterator[Breach]:
    whose = f"the budget of `{grant.label}`"
    yield from _epsilon(Rule.EPSILON_DATA_SET, policy.epsilon_data_set, whose, grant.budget)
    yield from _delta(policy, whose, grant.budget, {grant.label: grant.records})
    yield from _records(policy, {grant.label: grant.records})
    yield from _reveals(policy, grant.reveals)


def _agreement(policy: Policy, agreed: Agreement) -> Iterator[Breach]:
    if policy.purposes and agreed.purpose not in policy.purposes:
        yield Breach(Rule.PURPOSES, "the contract's purpose", agreed.purpose or "none", " or ".join(policy.purposes))
    if agreed.per_run is not None and agreed.total is not None:
        yield from _epsilon(Rule.EPSILON_RUN, policy.epsilon_run, "a run under the contract", agreed.per_run)
        whole = "all runs under the contract"
        yield from _epsilon(Rule.EPSILON_CONSUMER, policy.epsilon_consumer, whole, agreed.total)
        yield from _epsilon(Rule.EPSILON_DATA_SET, policy.epsilon_data_set, whole, agreed.total)
        trained = {name: agreed.records[name] for name in {t.dataset for t in agreed.trainings}}
        yield from _delta(policy, whole, agreed.total, trained)
    yield from _records(policy, agreed.records)
    for training in agreed.trainings:
        yield from _training(policy, training)
    if agreed.measures > policy.measures:
        yield Breach(Rule.MEASURES, "measures of a run", str(agreed.measures), f"at most {policy.measures}")
    yield from _reveals(policy, agreed.reveals)
    for name, report in agreed.reports.items():
        if policy.report and report is None:
            what = f"the report of de-identification of `{name}`"
            yield Breach(Rule.REPORT, what, "none", "a contract that names a passing one")


def _run(policy: Policy, run: Run) -> Iterator[Breach]:
    yield from _epsilon(Rule.EPSILON_RUN, policy.epsilon_run, "the run", run.cost)
    consumers = "all runs of this consumer, with this one"
    yield from _epsilon(Rule.EPSILON_CONSUMER, policy.epsilon_consumer, consumers, run.consumer)
    yield from _delta(policy, consumers, run.consumer, {})
    for label, spent in run.data:
        whose = f"all runs on `{label}`, with this one"
        yield from _epsilon(Rule.EPSILON_DATA_SET, policy.epsilon_data_set, whose, spent)
        yield from _delta(policy, whose, spent, {})


def _epsilon(rule: Rule, most: Fraction | None, whose: str, asked: Spend) -> Iterator[Breach]:
    if most is not None and asked.epsilon > most:
        yield Breach(rule, f"the epsilon of {whose}", spelled(asked.epsilon), f"at most {spelled(most)}")


def _delta(policy: Policy, whose: str, asked: Spend, records: Mapping[str, int]) -> Iterator[Breach]:
    """The policy's own bound, and 1/n, which no policy lifts."""
    if policy.delta is not None and asked.delta > policy.delta:
        yield Breach(Rule.DELTA, f"the delta of {whose}", spelled(asked.delta), f"at most {spelled(policy.delta)}")
    if name := too_large(asked.delta, records):
        what = f"the delta of {whose}"
        yield Breach(Rule.DELTA, what, spelled(asked.delta), f"below 1/{records[name]}, n the records of `{name}`")


def _records(policy: Policy, records: Mapping[str, int]) -> Iterator[Breach]:
    for name, n in records.items():
        if policy.least_records is not None and n < policy.least_records:
            yield Breach(Rule.LEAST_RECORDS, f"the records of `{name}`", str(n), f"{policy.least_records} or more")


def _training(policy: Policy, training: Training) -> Iterator[Breach]:
    what = "measure" if training.release is None else "training"
    noise, whose = training.noise_multiplier, f"the {what} on `{training.dataset}`"
    if policy.least_noise is not None and noise < policy.least_noise:
        most = f"{spelled(policy.least_noise)} or more"
        yield Breach(Rule.LEAST_NOISE, f"the noise multiplier of {whose}", exact(noise), most)
    match training.release:
        case Release.END:
            rule, allowed = Rule.END, policy.end
        case Release.STEP:
            rule, allowed = Rule.STEP, policy.step
        case None:
            return
        case _:
            assert_never(training.release)
    if not allowed:
        others = " or ".join(kind for kind, may in (("end", policy.end), ("step", policy.step)) if may)
        yield Breach(rule, f"the release of {whose}", training.release.value, others or "no training at all")


def _reveals(policy: Policy, reveals: frozenset[str]) -> Iterator[Breach]:
    for name in sorted(reveals - set(policy.reveal)):
        allowed = ", ".join(policy.reveal) or "none"
        yield Breach(Rule.REVEAL, "an output that no mechanism protects", name, allowed)
