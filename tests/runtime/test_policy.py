"""Every rule refuses at each gate where it applies, and what is looser never passes where what is stricter does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.policies import policy

from runtime.contract.amounts import Spend
from runtime.data.deidentify.rules import Rules
from runtime.policy.hold import AgainstPolicy, breaches, hold
from runtime.policy.proposals import Agreement, Grant, Proposal, Run, Share, Training
from runtime.policy.rules import Policy, Release, Rule

NOW = datetime(2030, 1, 1, tzinfo=UTC)
ONE = Spend(Fraction(1), Fraction(1, 10**5))
GRANT = Grant("records.csv", 1000, ONE, frozenset())
SHARE = Share("vendor", ONE)
AGREED = Agreement(
    purpose="research",
    records={"records": 1000},
    reports={"records": None},
    trainings=(Training("records", Fraction(1), Release.END),),
    measures=0,
    reveals=frozenset(),
    per_run=ONE,
    total=ONE,
)
RUN = Run(AGREED, ONE, ONE, (("records.csv", ONE),))
MORE = Spend(Fraction(2), ONE.delta)
LOOSER = Spend(Fraction(1), Fraction(2, 10**5))


def agreed(**changes: Any) -> Agreement:
    return replace(AGREED, **changes)


def at(
    rule: Rule, value: str, *proposals: Proposal, now: datetime = NOW
) -> tuple[Rule, str, tuple[Proposal, ...], datetime]:
    return rule, value, proposals, now


EACH = {
    "purpose": at(Rule.PURPOSES, '["fraud-detection"]', AGREED, RUN),
    "no purpose": at(Rule.PURPOSES, '["research"]', agreed(purpose=None)),
    "expiry": at(Rule.EXPIRES, "2029-12-31", GRANT, SHARE, AGREED, RUN),
    "epsilon of a run": at(Rule.EPSILON_RUN, "1.5", agreed(per_run=MORE), replace(RUN, cost=MORE)),
    "epsilon of a consumer": at(
        Rule.EPSILON_CONSUMER, "1.5", Share("vendor", MORE), agreed(total=MORE), replace(RUN, consumer=MORE)
    ),
    "epsilon of a data set": at(
        Rule.EPSILON_DATA_SET,
        "1.5",
        replace(GRANT, budget=MORE),
        agreed(total=MORE),
        replace(RUN, data=(("records.csv", MORE), ("records.csv", ONE))),
    ),
    "delta": at(
        Rule.DELTA,
        "1e-5",
        replace(GRANT, budget=LOOSER),
        Share("vendor", LOOSER),
        agreed(total=LOOSER),
        replace(RUN, consumer=LOOSER),
        replace(RUN, data=(("records.csv", LOOSER), ("records.csv", ONE))),
    ),
    "delta of 1/n": at(
        Rule.DELTA,
        "0.1",
        replace(GRANT, budget=Spend(Fraction(1), Fraction(1, 1000))),
        agreed(total=Spend(Fraction(1), Fraction(1, 1000))),
    ),
    "records": at(Rule.LEAST_RECORDS, "1001", GRANT, AGREED, RUN),
    "noise": at(Rule.LEAST_NOISE, "1.000001", AGREED, RUN),
    "the end": at(Rule.END, "false", AGREED, RUN),
    "steps": at(Rule.STEP, "false", agreed(trainings=(Training("records", Fraction(1), Release.STEP),))),
    "a measure's noise": at(Rule.LEAST_NOISE, "1", agreed(trainings=(Training("records", Fraction(1, 2), None),))),
    "measures": at(Rule.MEASURES, "2", agreed(measures=3)),
    "a reveal": at(
        Rule.REVEAL, '["other"]', replace(GRANT, reveals=frozenset({"w", "other"})), agreed(reveals=frozenset({"w"}))
    ),
    "a report": at(Rule.REPORT, "true", AGREED, RUN),
}


@pytest.mark.parametrize("name", EACH)
def test_each_rule_refuses(name: str) -> None:
    rule, value, proposals, now = EACH[name]
    kept, broken = policy(), policy({rule.value: value})
    for proposal in proposals:
        with pytest.raises(AgainstPolicy) as refused:
            hold(broken, proposal, now)
        error = refused.value
        assert error.reason == rule.reason == f"policy-{rule.key}" and error.more["rule"] == rule.value
        assert {breach.rule for breach in breaches(broken, proposal, now)} == {rule}
        line = broken.lines[rule.value]
        assert error.more["line"] == line and f"([{rule.section}] {rule.key}, policy.toml line {line})" in error.what
        assert str(error.more["asked"]) in error.what and str(error.more["allowed"]) in error.what
        if rule in (Rule.STEP, Rule.MEASURES, Rule.REVEAL) or name == "delta of 1/n":
            continue  # refused by every policy that does not allow it
        hold(kept, proposal, now)


def test_no_rule_is_left_out() -> None:
    assert {rule for rule, *_ in EACH.values()} == set(Rule)


def test_what_is_allowed_passes() -> None:
    """To the last digit of each bound, and on the last day."""
    whole = policy(
        {
            "policy.purposes": '["research"]',
            "policy.expires": "2030-01-01",
            "privacy.epsilon-run": "1",
            "privacy.epsilon-consumer": "1",
            "privacy.epsilon-data-set": "1",
            "privacy.delta": "1e-5",
            "privacy.least-records": "1000",
            "privacy.least-noise-multiplier": "1",
            "releases.step": "true",
            "releases.measures": "1",
            "releases.reveal": '["w"]',
            "deidentification.report": "true",
        }
    )
    full = agreed(
        reports={"records": "a" * 64},
        trainings=(*AGREED.trainings, Training("records", Fraction(1), Release.STEP)),
        measures=1,
        reveals=frozenset({"w"}),
    )
    late = datetime(2030, 1, 1, 23, 59, 59, tzinfo=UTC)
    for proposal in (replace(GRANT, reveals=frozenset({"w"})), SHARE, full, replace(RUN, agreement=full)):
        hold(whole, proposal, late)
        with pytest.raises(AgainstPolicy, match="the policy has expired: 2030-01-02 is asked"):
            hold(whole, proposal, datetime(2030, 1, 2, tzinfo=UTC))


def test_all_that_is_broken_is_told() -> None:
    strict = policy({"privacy.least-records": "2000", "privacy.least-noise-multiplier": "4"})
    with pytest.raises(AgainstPolicy) as refused:
        hold(strict, AGREED, NOW)
    assert refused.value.reason == "policy-least-records"
    assert refused.value.help.startswith("it breaks privacy.least-noise-multiplier too; ")


def test_what_has_no_finite_cost_passes_by_its_name_alone() -> None:
    """No epsilon is stated then, so none could be compared."""
    bare = agreed(per_run=None, total=None, reveals=frozenset({"w"}))
    strict = {"privacy.epsilon-run": "1", "privacy.delta": "1e-9"}
    with pytest.raises(AgainstPolicy, match="policy-reveal"):
        hold(policy(strict), bare, NOW)
    hold(policy(strict | {"releases.reveal": '["w"]'}), bare, NOW)


# -- what is looser never passes where what is stricter is refused

AMOUNTS = st.sampled_from(
    [Fraction(1, 10**6), Fraction(1, 10**3), Fraction(1, 2), Fraction(1), Fraction(3, 2), Fraction(4)]
)
DELTAS = st.sampled_from([Fraction(1, 10**6), Fraction(1, 10**5), Fraction(1, 10**4), Fraction(1, 1000)])
SPENDS = st.builds(Spend, AMOUNTS, DELTAS)
NAMES = st.frozensets(st.sampled_from("uvw"))
COUNTS = st.sampled_from([1, 2, 999, 1000, 1001])


RULES: dict[str, st.SearchStrategy[Any]] = {
    "expires": st.builds(date, st.just(2030), st.just(1), st.integers(1, 28)),
    "purposes": st.sampled_from([("research",), ("fraud-detection", "research")]),
    **dict.fromkeys(("epsilon_run", "epsilon_consumer", "epsilon_data_set", "least_noise"), AMOUNTS),
    "delta": DELTAS,
    "least_records": COUNTS,
    "step": st.just(False),
    "measures": st.integers(0, 3),
    "reveal": NAMES.map(lambda names: tuple(sorted(names))),
    "deidentified": st.just(Rules(report=True)),
}
LAXEST = replace(policy(), step=True, measures=9, reveal=("u", "v", "w"))


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Of a few rules: where all may be broken, none is looked at closely."""
    chosen = draw(st.sets(st.sampled_from(sorted(RULES)), max_size=2))
    found = replace(LAXEST, **{name: draw(RULES[name]) for name in sorted(chosen)})
    return replace(found, end=False, step=False) if draw(st.integers(0, 9)) == 0 else found


AGREEMENTS = st.builds(
    Agreement,
    purpose=st.sampled_from(["research", "fraud-detection", None]),
    records=st.fixed_dictionaries({"records": COUNTS}),
    reports=st.fixed_dictionaries({"records": st.sampled_from([None, "a" * 64])}),
    trainings=st.lists(st.builds(Training, st.just("records"), AMOUNTS, st.sampled_from(Release)), max_size=2).map(
        tuple
    ),
    measures=st.integers(0, 4),
    reveals=NAMES,
    per_run=SPENDS,
    total=SPENDS,
)
PROPOSALS: st.SearchStrategy[Proposal] = st.one_of(
    st.builds(Grant, st.just("records.csv"), COUNTS, SPENDS, NAMES),
    st.builds(Share, st.just("vendor"), SPENDS),
    AGREEMENTS,
    st.builds(Run, AGREEMENTS, SPENDS, SPENDS, st.tuples(st.tuples(st.just("records.csv"), SPENDS))),
)


def looser_spend(draw: Callable[[Any], Any], spend: Spend) -> Spend:
    more = [Spend(Fraction(0), Fraction(0)), Spend(Fraction(3), Fraction(0)), Spend(Fraction(0), Fraction(1, 10**4))]
    return spend + draw(st.sampled_from(more))


def looser(draw: Callable[[Any], Any], proposal: Any) -> Any:
    """A proposal that asks for at least as much, in each of its parts."""
    found: dict[str, Any] = {}
    for part in fields(proposal):
        value = getattr(proposal, part.name)
        match part.name:
            case "budget" | "per_run" | "total" | "cost" | "consumer" if isinstance(value, Spend):
                found[part.name] = looser_spend(draw, value)
            case "data":
                found[part.name] = tuple((label, looser_spend(draw, spend)) for label, spend in value)
            case "reveals":
                found[part.name] = value | draw(NAMES)
            case "measures":
                found[part.name] = value + draw(st.integers(0, 2))
            case "reports":
                found[part.name] = {name: draw(st.sampled_from([report, None])) for name, report in value.items()}
            case "trainings":
                found[part.name] = tuple(
                    replace(
                        t,
                        noise_multiplier=min(t.noise_multiplier, draw(AMOUNTS)),
                        release=draw(st.sampled_from([t.release, Release.STEP])),
                    )
                    for t in value
                )
            case "agreement":
                found[part.name] = looser(draw, value)
            case "purpose" | "label" | "consumer" | "records":
                pass  # nothing that is more or less: of records, few are against one rule, and many against 1/n
            case name:
                raise AssertionError(f"nothing says what is looser of `{name}`")
    return replace(proposal, **found)


def passes(rules: Policy, proposal: Proposal) -> bool:
    return not list(breaches(rules, proposal, datetime(2030, 1, 14, tzinfo=UTC)))


def spend(epsilon: Fraction) -> Spend:
    return Spend(epsilon, Fraction(1, 10**6))


TINY = spend(Fraction(1, 8))
SMALL = Run(agreed(per_run=TINY, total=TINY), TINY, TINY, (("a", TINY),))
STEPS = [Fraction(n, 4) for n in range(1, 20)]
ONE_PART: dict[str, tuple[str, Callable[[Fraction], Proposal]]] = {
    "a run's contract": ("epsilon_run", lambda e: agreed(per_run=spend(e))),
    "a run": ("epsilon_run", lambda e: replace(SMALL, cost=spend(e))),
    "a share": ("epsilon_consumer", lambda e: Share("vendor", spend(e))),
    "a contract": ("epsilon_consumer", lambda e: agreed(total=spend(e))),
    "a consumer": ("epsilon_consumer", lambda e: replace(SMALL, consumer=spend(e))),
    "a grant": ("epsilon_data_set", lambda e: replace(GRANT, budget=spend(e))),
    "a contract's data": ("epsilon_data_set", lambda e: agreed(total=spend(e))),
    "a data set": ("epsilon_data_set", lambda e: replace(SMALL, data=(("a", spend(e)), ("b", TINY)))),
    "delta": ("delta", lambda d: Share("vendor", Spend(Fraction(1), d / 10))),
    "no noise": ("least_noise", lambda s: agreed(trainings=(Training("records", 5 - s, Release.END),))),
    "measures": ("measures", lambda m: agreed(measures=int(m))),
}


@pytest.mark.parametrize("name", ONE_PART)
def test_each_bound_is_one_step_from_what_passes_to_what_is_refused(name: str) -> None:
    rule, asking = ONE_PART[name]
    for bound in STEPS:
        most = {"delta": bound / 10, "least_noise": 5 - bound, "measures": int(bound)}.get(rule, bound)
        rules = replace(LAXEST, **{rule: most})
        found = [passes(rules, asking(step)) for step in STEPS]
        assert found == [step <= bound or (rule == "measures" and int(step) == int(bound)) for step in STEPS]


@given(st.data(), policies(), PROPOSALS)
def test_a_looser_proposal_never_passes_where_a_stricter_one_is_refused(
    data: st.DataObject, rules: Policy, proposal: Proposal
) -> None:
    if not passes(rules, proposal):
        assert not passes(rules, looser(data.draw, proposal))


def stricter(draw: Callable[[Any], Any], rules: Policy) -> Policy:
    """A policy that allows no more, by each of its rules."""

    def bound(value: Any, other: Any, least: bool) -> Any:
        if value is None or other is None:
            return other if value is None else value
        return max(value, other) if least else min(value, other)

    other = draw(policies())
    both = set(rules.purposes) & set(other.purposes) if rules.purposes and other.purposes else ()
    names = ("epsilon_run", "epsilon_consumer", "epsilon_data_set", "delta", "measures", "end", "step", "expires")
    return replace(
        rules,
        **{name: bound(getattr(rules, name), getattr(other, name), False) for name in names},
        **{name: bound(getattr(rules, name), getattr(other, name), True) for name in ("least_records", "least_noise")},
        deidentified=Rules(report=rules.report or other.report),
        purposes=tuple(sorted(both)) or rules.purposes or other.purposes,
        reveal=tuple(sorted(set(rules.reveal) & set(other.reveal))),
    )


@given(st.data(), policies(), PROPOSALS)
def test_a_stricter_policy_lets_nothing_through_that_a_looser_one_refuses(
    data: st.DataObject, rules: Policy, proposal: Proposal
) -> None:
    if not passes(rules, proposal):
        assert not passes(stricter(data.draw, rules), proposal)
