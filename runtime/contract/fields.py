"""The kinds of values that a contract holds, each with one spelling."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction
from math import gcd
from typing import Annotated, LiteralString

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import AfterValidator, Field, PlainSerializer, PlainValidator
from pydantic_core import PydanticCustomError

from lang.numerals import spelled
from runtime.contract import amounts
from runtime.net.keys import fingerprint

_RATIO = re.compile(r"(0|[1-9][0-9]{0,29})(/[1-9][0-9]{0,29})?", re.ASCII)
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_LIKE_A_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", re.ASCII)
_PEM_LENGTH = 4096


def _wrong(reason: LiteralString, what: str) -> PydanticCustomError:
    # Braces would be taken for placeholders of the message's template.
    return PydanticCustomError(reason, "{what}", {"what": what})


def _amount(value: object) -> Fraction:
    if isinstance(value, Fraction):
        value = spelled(value)
    if not isinstance(value, str):
        raise _wrong("bad-number", f"{value!r:.40} is not a string of decimal digits")
    try:
        return amounts.decimal(value)
    except ValueError as error:
        raise _wrong("bad-number", str(error)) from None


def _ratio(value: object) -> Fraction:
    if isinstance(value, Fraction):
        value = str(value)
    if not isinstance(value, str) or not _RATIO.fullmatch(value):
        raise _wrong("bad-number", f"{value!r:.80} is not a fraction such as 169/100")
    above, _, below = value.partition("/")
    if below and (below == "1" or gcd(int(above), int(below)) != 1):
        raise _wrong("bad-number", f"{value} is not in lowest terms")
    return Fraction(value)


def _time(value: object) -> datetime:
    if isinstance(value, datetime):
        value = value.astimezone(UTC).strftime(_TIME)
    if not isinstance(value, str) or not _LIKE_A_TIME.fullmatch(value):
        raise _wrong("bad-time", f"{value!r:.40} is not a time like 2027-01-31T00:00:00Z")
    try:
        return datetime.fromisoformat(value)
    except ValueError as error:
        raise _wrong("bad-time", f"`{value}`: {error}") from None


def _matching(reason: LiteralString, pattern: str, what: str) -> Callable[[str], str]:
    compiled = re.compile(pattern, re.ASCII)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise _wrong(reason, f"`{value[:40]}` is not {what}")
        return value

    return check


def _certificate(value: str) -> str:
    try:
        public_key(value)
        why = "" if len(value) <= _PEM_LENGTH and _spelled(value) == value else "is not in the one spelling of PEM"
    except ValueError as error:
        why = str(error)
    if why:
        raise _wrong("bad-certificate", f"it {why}; a contract holds those of `ccr keys new`")
    return value


def _spelled(certificate: str) -> str:
    return x509.load_pem_x509_certificate(certificate.encode()).public_bytes(Encoding.PEM).decode()


def public_key(certificate: str | bytes) -> str:
    """A party's identity, 64 hexadecimal digits (`keys.fingerprint`).  Raises ValueError as that."""
    return fingerprint(certificate.encode() if isinstance(certificate, str) else certificate)


def _as_text(value: datetime) -> str:
    return value.strftime(_TIME)


Amount = Annotated[Fraction, PlainValidator(_amount), PlainSerializer(spelled)]
Ratio = Annotated[Fraction, PlainValidator(_ratio), PlainSerializer(str)]  # >= 0, lowest terms
Time = Annotated[datetime, PlainValidator(_time), PlainSerializer(_as_text)]  # UTC, whole seconds
Count = Annotated[int, Field(ge=1, le=1 << 40)]
NAME, PURPOSE = "[A-Za-z_][A-Za-z0-9_]{0,63}", "(?=.{1,64}\\Z)[a-z0-9]+(-[a-z0-9]+)*"
Name = Annotated[str, AfterValidator(_matching("bad-name", NAME, "a name of the program"))]
Text = Annotated[str, AfterValidator(_matching("bad-text", "[ -~]{1,200}", "1 to 200 printable ASCII characters"))]
Purpose = Annotated[str, AfterValidator(_matching("bad-purpose", PURPOSE, "a word like fraud-detection"))]
Digest = Annotated[str, AfterValidator(_matching("bad-digest", "[0-9a-f]{64}", "64 hexadecimal digits"))]
Key = Annotated[str, AfterValidator(_matching("bad-key", "[0-9a-f]{64}", "a key of 64 hexadecimal digits"))]
Signed = Annotated[str, AfterValidator(_matching("bad-signature", "[0-9a-f]{128}", "128 hexadecimal digits"))]
Certificate = Annotated[str, AfterValidator(_certificate)]
