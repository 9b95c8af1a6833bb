"""A policy in words, and a program held against it."""

from __future__ import annotations

from fractions import Fraction

from lang.numerals import spelled
from runtime.contract.amounts import Spend
from runtime.policy.hold import Breach
from runtime.policy.rules import Policy
from runtime.policy.spell import digest
from runtime.report.wording import amount, count, indent, listing


def lines(policy: Policy) -> list[str]:
    """What it allows, and what it leaves open."""
    return [
        f"{policy}, issued by {policy.issued_by}",
        *indent(
            [
                f"digest {digest(policy)}",
                f"in force up to {policy.expires}, by UTC",
                f"purposes: {', '.join(policy.purposes) or 'any'}",
            ]
        ),
        "privacy",
        *indent(
            [
                f"epsilon of a run: {_most(policy.epsilon_run)}",
                f"epsilon of all runs of a consumer: {_most(policy.epsilon_consumer)}",
                f"epsilon of all runs on a data set: {_most(policy.epsilon_data_set)}",
                f"delta of each of these: {_most(policy.delta)}, and below 1/n always",
                f"records of a data set: {_least(policy.least_records)}",
                f"noise multiplier: {_least_noise(policy.least_noise)}",
            ]
        ),
        "what may leave",
        *indent(
            [
                f"trained variables: {_releases(policy)}",
                f"measures of a run: {f'at most {policy.measures}' if policy.measures else 'none'}",
                f"outputs that no mechanism protects: {listing(policy.reveal) if policy.reveal else 'none'}",
            ]
        ),
        f"de-identification: {'a contract names a passing report' if policy.report else 'no report is asked for'}",
    ]


def as_json(policy: Policy) -> dict[str, object]:
    """None for what it leaves open; amounts as exact decimals."""
    return {
        "name": policy.name,
        "version": policy.version,
        "issued_by": policy.issued_by,
        "expires": str(policy.expires),
        "digest": digest(policy),
        "purposes": list(policy.purposes),
        "epsilon_run": _decimal(policy.epsilon_run),
        "epsilon_consumer": _decimal(policy.epsilon_consumer),
        "epsilon_data_set": _decimal(policy.epsilon_data_set),
        "delta": _decimal(policy.delta),
        "least_records": policy.least_records,
        "least_noise_multiplier": _decimal(policy.least_noise),
        "end": policy.end,
        "step": policy.step,
        "measures": policy.measures,
        "reveal": list(policy.reveal),
        "report": policy.report,
    }


def broken(policy: Policy, breaches: list[Breach]) -> list[str]:
    """A line for each rule that a program breaks."""
    return [f"{b.what}: {b.asked} is asked, {b.allowed} is allowed ({policy.place(b.rule)})" for b in breaches]


def check_json(policy: Policy, cost: Spend | None, breaches: list[Breach]) -> dict[str, object]:
    return {
        "policy": digest(policy),
        "cost": None if cost is None else amount(cost),
        "breaches": [
            {
                "rule": b.rule.value,
                "what": b.what,
                "asked": b.asked,
                "allowed": b.allowed,
                "line": policy.lines.get(b.rule.value),
            }
            for b in breaches
        ],
    }


def _most(bound: Fraction | None) -> str:
    return "not bounded" if bound is None else f"at most {spelled(bound)}"


def _least(records: int | None) -> str:
    return "any number" if records is None else f"{count(records)} or more"


def _least_noise(noise: Fraction | None) -> str:
    return "any" if noise is None else f"{spelled(noise)} or more"


def _releases(policy: Policy) -> str:
    return ("at the end" if policy.end else "none") + (", or step by step" if policy.step else "")


def _decimal(bound: Fraction | None) -> str | None:
    return None if bound is None else spelled(bound)
