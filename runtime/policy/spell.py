"""The one spelling of a policy, and its digest: what a contract names and a ledger remembers.

It is TOML again, so that one reader serves both, and people can read what a ledger holds.  Comments, order, spacing and
how a number is written make no difference to it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import cast

from lang.numerals import spelled
from runtime.contract.refused import Refused
from runtime.data.errors import InputError
from runtime.policy.read import parse
from runtime.policy.rules import Policy

_NAMED = b"ccr policy 1 digest\0"


def spell(policy: Policy) -> str:
    """TOML in ASCII; `parse` makes the policy of it again.

    What is as if it were left out is left out: a key that a later version knows changes the digest of no policy that
    has not got it.
    """
    sections: dict[str, Mapping[str, object]] = {
        "policy": {
            "name": policy.name,
            "version": policy.version,
            "issued-by": policy.issued_by,
            "expires": policy.expires,
            "purposes": list(policy.purposes) or None,
        },
        "privacy": {
            "epsilon-run": policy.epsilon_run,
            "epsilon-consumer": policy.epsilon_consumer,
            "epsilon-data-set": policy.epsilon_data_set,
            "delta": policy.delta,
            "least-records": policy.least_records,
            "least-noise-multiplier": policy.least_noise,
        },
        "releases": {
            "end": None if policy.end else False,
            "step": policy.step or None,
            "measures": policy.measures or None,
            "reveal": list(policy.reveal) or None,
        },
        "deidentification": {key: policy.deidentification[key] for key in sorted(policy.deidentification)},
    }
    lines = {
        name: [f"{_key(k)} = {_value(v)}\n" for k, v in keys.items() if v is not None]
        for name, keys in sections.items()
    }
    return "".join(f"[{name}]\n{''.join(said)}" for name, said in lines.items() if said)


def digest(policy: Policy) -> str:
    """64 hexadecimal digits."""
    return _digest(spell(policy))


def remembered(text: str, name: str) -> Policy:
    """The policy that a ledger keeps under this digest.  Raises Refused (policy-damaged)."""
    if _digest(text) != name:
        raise Refused("policy-damaged", f"the ledger's policy {name[:16]} is another one than its digest says")
    try:
        return parse(text, "")
    except InputError as error:
        raise Refused("policy-damaged", f"the ledger's policy {name[:16]} cannot be read: {error.what}") from None


def _digest(text: str) -> str:
    return hashlib.sha256(_NAMED + text.encode()).hexdigest()


def _key(key: str) -> str:
    plain = key.isascii() and key and all(c.isalnum() or c in "-_" for c in key)
    return key if plain else _quoted(key)


def _value(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return _quoted(value)
        case int() | date():
            return str(value)
        case Fraction() | Decimal():
            return spelled(Fraction(value))
        case list():
            return f"[{', '.join(map(_value, cast('list[object]', value)))}]"
        case dict():
            table = cast("dict[str, object]", value)
            return f"{{{', '.join(f'{_key(k)} = {_value(table[k])}' for k in sorted(table))}}}"
        case _:
            raise ValueError(f"a policy holds no {type(value).__name__}")


def _quoted(text: str) -> str:
    """A basic string of TOML, in ASCII."""
    return '"' + "".join(map(_character, text)) + '"'


def _character(c: str) -> str:
    if c in '"\\':
        return f"\\{c}"
    return c if " " <= c <= "~" else f"\\U{ord(c):08x}"
