"""Policies for tests, as an officer writes them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from runtime.policy.read import parse
from runtime.policy.rules import Policy

NEEDED = {
    "policy.name": '"records of tests"',
    "policy.version": "1",
    "policy.issued-by": '"an officer"',
    "policy.expires": "2099-12-31",
}


def toml(rules: Mapping[str, str] | None = None) -> str:
    """What is needed, and these rules: TOML by section and key."""
    sections: dict[str, list[str]] = {}
    for place, value in (NEEDED | dict(rules or {})).items():
        section, _, key = place.partition(".")
        sections.setdefault(section, []).append(f"{key} = {value}")
    return "\n".join(f"[{name}]\n" + "\n".join(keys) + "\n" for name, keys in sections.items())


def policy(rules: Mapping[str, str] | None = None) -> Policy:
    return parse(toml(rules), "policy.toml")


def write(path: Path, rules: Mapping[str, str] | None = None) -> str:
    path.write_text(toml(rules))
    return str(path)
