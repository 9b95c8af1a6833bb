"""A policy is read with exact errors, and has one spelling, whose digest is the same however it was written."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.policies import NEEDED, policy, toml

from runtime.contract.refused import Refused
from runtime.data.errors import InputError
from runtime.policy.read import LARGEST, parse, read
from runtime.policy.rules import Rule
from runtime.policy.spell import digest, remembered, spell

FULL = {
    "policy.purposes": '["research", "fraud-detection"]',
    "privacy.epsilon-run": "2",
    "privacy.epsilon-consumer": "3.5",
    "privacy.epsilon-data-set": "8",
    "privacy.delta": "1e-5",
    "privacy.least-records": "400",
    "privacy.least-noise-multiplier": "1.1",
    "releases.end": "true",
    "releases.step": "true",
    "releases.measures": "5",
    "releases.reveal": '["rows", "mean"]',
    "deidentification.report": "true",
}


def test_a_whole_policy() -> None:
    found = policy(FULL)
    assert str(found) == "policy `records of tests` version 1" and found.issued_by == "an officer"
    assert found.expires == date(2099, 12, 31) and found.purposes == ("fraud-detection", "research")
    assert (found.epsilon_run, found.epsilon_consumer, found.epsilon_data_set) == (2, Fraction(7, 2), 8)
    assert (found.delta, found.least_records, found.least_noise) == (Fraction(1, 10**5), 400, Fraction(11, 10))
    assert (found.end, found.step, found.measures, found.reveal, found.report) == (
        True,
        True,
        5,
        ("mean", "rows"),
        True,
    )


def test_what_it_does_not_say() -> None:
    """Amounts are not bounded; what leaves is, but for what training makes at its end."""
    found = policy()
    assert found.epsilon_run is found.epsilon_consumer is found.epsilon_data_set is found.delta is None
    assert found.least_records is found.least_noise is None and found.purposes == ()
    assert (found.end, found.step, found.measures, found.reveal, found.report) == (True, False, 0, (), False)


def test_each_rule_has_its_place() -> None:
    found = policy(FULL)
    lines = toml(FULL).splitlines()
    for rule in Rule:
        line = found.lines[rule.value]
        assert lines[line - 1].startswith(f"{rule.key} = ")
        assert found.place(rule) == f"[{rule.section}] {rule.key}, policy.toml line {line}"
    assert parse(spell(found), "").place(Rule.DELTA) == "[privacy] delta"


WRONG = {
    "no TOML": ("[policy\n", "is not TOML: .*line 1", "toml.io"),
    "a digit string of thousands": (f"x = {'9' * 5000}", "is not TOML", "toml.io"),
    "nested without end": (f"x = {'[' * 4000}", "nested too deep|not TOML", ""),
    "an unknown section": (toml() + "[privcy]\n", "unknown section `privcy`", "did you mean `privacy`"),
    "an unknown key": (
        toml({"privacy.epsilon-runs": "1"}),
        r"unknown key `epsilon-runs` in \[privacy\]",
        "`epsilon-run`",
    ),
    "a key like none": (toml({"privacy.budget": "1"}), "unknown key `budget`", "there are `epsilon-run`, "),
    "a key above all sections": ("epsilon-run = 1\n" + toml(), "unknown section `epsilon-run`", "there are `policy`"),
    "a section that is a number": ("privacy = 3\n" + toml(), "`privacy` is no section", "write [privacy]"),
    "an epsilon as text": (toml({"privacy.epsilon-run": '"1"'}), "`epsilon-run` is not a number", "without quotes"),
    "an epsilon that is true": (toml({"privacy.epsilon-run": "true"}), "`epsilon-run` is not a number", ""),
    "no epsilon": (toml({"privacy.epsilon-run": "0"}), "must lie above 0", ""),
    "an epsilon below 0": (toml({"privacy.epsilon-run": "-1"}), "not a number above 0", ""),
    "an infinite epsilon": (toml({"privacy.epsilon-run": "inf"}), "not a number above 0", ""),
    "an epsilon that is none": (toml({"privacy.epsilon-run": "nan"}), "not a number above 0", ""),
    "an epsilon without end": (toml({"privacy.epsilon-run": "1e999999999"}), "not a number above 0", ""),
    "a delta of 1": (toml({"privacy.delta": "1"}), "does not lie below 1", "1e-5"),
    "no records": (toml({"privacy.least-records": "0"}), "whole number from 1 on", ""),
    "half a record": (toml({"privacy.least-records": "1.5"}), "whole number from 1 on", ""),
    "measures below 0": (toml({"releases.measures": "-1"}), "whole number from 0 on", ""),
    "a release that is a text": (toml({"releases.step": '"yes"'}), "neither true nor false", "step = true or"),
    "steps without the end": (toml({"releases.step": "true", "releases.end": "false"}), "tells less", "end = true"),
    "a reveal that is no list": (toml({"releases.reveal": '"w"'}), "not a list of names", ""),
    "a reveal that is no name": (
        toml({"releases.reveal": '["a b"]'}),
        "lists 'a b': it takes names of outputs",
        "write",
    ),
    "a reveal twice": (toml({"releases.reveal": '["a", "a"]'}), "lists `a` twice", ""),
    "a purpose in capitals": (toml({"policy.purposes": '["Fraud"]'}), "lists 'Fraud': it takes words such as", "write"),
    "a purpose and a line break": (toml({"policy.purposes": '["fraud\\n"]'}), "it takes words such as", "write"),
    "no purpose at all": (toml({"policy.purposes": "[]"}), "`purposes` is empty", "leave the key out"),
    "a date as text": (toml({"policy.expires": '"2099-12-31"'}), "not a date", "without quotes"),
    "a date with a time": (toml({"policy.expires": "2099-12-31T00:00:00Z"}), "not a date", ""),
    "a version as text": (toml({"policy.version": '"1.0"'}), "whole number from 1 on", ""),
    "a name of an escape": (toml({"policy.name": '"\\u001b[2J"'}), "printable ASCII", ""),
    "a report that is a text": (toml({"deidentification.report": '"yes"'}), "neither true nor false", ""),
    "a time in the other section": (toml({"deidentification.k": "12:00:00"}), "`k` holds what no policy does", ""),
    "a number without end there": (toml({"deidentification.k": "1e999999"}), "`k` holds what no policy does", ""),
    "a control character there": (toml({"deidentification.k": '["\\u0007"]'}), "`k` holds what no policy does", ""),
} | {
    f"no {place}": (
        "".join(toml().splitlines(True)[:number] + toml().splitlines(True)[number + 1 :]),
        "is missing in",
        "add",
    )
    for number, place in enumerate(NEEDED, 1)
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong(name: str) -> None:
    text, what, help = WRONG[name]
    with pytest.raises(InputError, match=what) as found:
        parse(text, "policy.toml")
    assert found.value.file == "policy.toml"
    assert help in found.value.help


def test_an_error_names_the_line() -> None:
    text = toml({"privacy.epsilon-run": "1", "privacy.delta": "2"})
    line = text.splitlines().index("delta = 2") + 1
    with pytest.raises(InputError) as found:
        parse(text, "policy.toml")
    assert (found.value.row, found.value.counted) == (line, "line")
    assert str(found.value).startswith(f"policy.toml, line {line}: ")


def test_files_that_are_no_policy(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    with pytest.raises(InputError, match="cannot read"):
        read(path)
    path.write_bytes(b"\xff")
    with pytest.raises(InputError, match="not UTF-8"):
        read(path)
    path.write_text(toml() + "#" * LARGEST)
    with pytest.raises(InputError, match=f"more than the {LARGEST} bytes"):
        read(path)
    path.write_text(toml())
    assert read(path) == policy()


# -- the one spelling


def test_how_it_is_written_makes_no_difference() -> None:
    other = """# a comment
        releases = {reveal = ["mean", 'rows'], measures = 5, step = true}
        deidentification.report = true
        [privacy]
        least-noise-multiplier = 1.10
        delta = 0.000_01
        least-records = 4_00
        epsilon-data-set = 8.0
        epsilon-consumer = +3.5
        epsilon-run = 2e0
        [policy]
        expires = 2099-12-31
        purposes = ["fraud-detection", "research"]
        issued-by = 'an officer'
        version = 1
        name = "records \\u006ff tests"
        """
    assert parse(other, "x") == policy(FULL) and digest(parse(other, "x")) == digest(policy(FULL))


def test_whatever_is_changed_makes_another_digest() -> None:
    whole = policy(FULL)
    others = {
        "policy.name": '"other"',
        "policy.version": "2",
        "policy.issued-by": '"other"',
        "policy.expires": "2099-12-30",
        "policy.purposes": '["research"]',
        "privacy.epsilon-run": "2.000001",
        "privacy.epsilon-consumer": "3",
        "privacy.epsilon-data-set": "9",
        "privacy.delta": "1e-6",
        "privacy.least-records": "401",
        "privacy.least-noise-multiplier": "1",
        "releases.step": "false",
        "releases.measures": "4",
        "releases.reveal": "[]",
        "deidentification.report": "false",
        "deidentification.direct": '["name"]',
    }
    assert set(NEEDED) | set(FULL) <= {*others, "releases.end"}
    digests = {digest(policy(FULL | {place: value})) for place, value in others.items()}
    digests.add(digest(policy(FULL | {"releases.step": "false", "releases.end": "false"})))
    assert len(digests) == len(others) + 1 and digest(whole) not in digests


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=12)
PLAIN = st.recursive(
    WORDS | st.booleans() | st.integers(-(10**14), 10**14),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(WORDS.filter(lambda key: key != "report"), PLAIN, max_size=4))
def test_a_section_is_read_back_from_its_spelling(section: dict[str, object]) -> None:
    """Whatever it holds."""
    text = spell(replace(policy(FULL), deidentification=section))
    found = tomllib.loads(text, parse_float=Decimal).get("deidentification", {})
    assert found == section and text.isascii()


def test_a_remembered_policy_is_the_one_of_its_digest() -> None:
    text = spell(policy(FULL))
    assert (
        remembered(text, digest(policy(FULL))) == policy(FULL) and spell(remembered(text, digest(policy(FULL)))) == text
    )
    unread = replace(policy(), deidentification={"k": 5})  # as of a version that knows other keys
    for spoiled, name in (
        (text.replace("epsilon-run = 2", "epsilon-run = 3"), digest(policy(FULL))),
        (spell(unread), digest(unread)),
    ):
        with pytest.raises(Refused) as refused:
            remembered(spoiled, name)
        assert refused.value.reason == "policy-damaged"


def test_what_is_as_if_it_were_left_out_makes_no_difference() -> None:
    """So a key that comes later changes no digest of a policy that has not got it; this one is for good."""
    said = {
        "releases.end": "true",
        "releases.step": "false",
        "releases.measures": "0",
        "releases.reveal": "[]",
        "deidentification.report": "false",
    }
    assert digest(policy(said)) == digest(policy())
    assert digest(policy()) == "e10b5473f62da2d151ee4e69d0de8bb4a35ed1ebea1d9290bb7616bc2c53f9e6"
