"""The report of a check: canonical JSON, which a contract may name by a keyed digest.

It has the rules, the numbers of records, of persons and of the rows of the one that has most, the k and l reached, and
of each finding its check, its columns by name, how many rows and the numbers of the first ones; no value of any record,
no name of a file.  It is tied to the records by a PRF of them under
its owner's key, so that it tells nobody else which file it is of: without the key guesses of records cannot be tried.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, cast

from runtime.data.deidentify.check import Checked
from runtime.data.deidentify.rules import Rules
from runtime.data.errors import InputError
from runtime.data.marks import marks

FORM = "ccr de-identification report 1"
LARGEST = 1 << 24  # bytes
_KEYS = frozenset(
    (
        "form",
        "data",
        "rules",
        "passed",
        "records",
        "k",
        "l",
        "person",
        "most",
        "persons",
        "rows_of_one_person",
        "findings",
    )
)
_RECORDS = b"ccr de-identified records 1\0"
_REPORT = b"ccr de-identification report digest 1\0"


def made(path: str, rules: Rules, checked: Checked, key: bytes) -> bytes:
    """The report of the records at `path`.  Raises InputError."""
    return _encode(
        {
            "form": FORM,
            "data": data(path, key),
            "rules": rules.document(),
            "passed": checked.passed,
            **counted(checked),
            "findings": [finding.document() for finding in checked.findings],
        }
    )


def counted(checked: Checked) -> dict[str, object]:
    """What has been counted, as JSON."""
    return {
        "records": checked.records,
        "k": checked.k,
        "l": checked.diversity,
        "person": checked.person,
        "most": checked.most,
        "persons": checked.persons,
        "rows_of_one_person": checked.largest,
    }


def data(path: str, key: bytes) -> str:
    """What a report holds of its records: the same in whatever format and order (`marks`).  Raises InputError."""
    return hmac.digest(key, _RECORDS + hashlib.sha256(marks(path, key)).digest(), "sha256").hex()


def digest(report: bytes, key: bytes) -> str:
    """HMAC-SHA-256, 64 hexadecimal digits: what a contract names the report by.

    The key is its owner's.  Who is not to see that two contracts name one report derives a key for each.
    """
    return hmac.digest(key, _REPORT + report, "sha256").hex()


def read(report: bytes, file: str) -> Mapping[str, Any]:
    """A report in its one spelling.  Raises InputError for anything else."""
    try:
        found = json.loads(report) if len(report) <= LARGEST else None
    except (ValueError, RecursionError):
        found = None
    document = cast("Mapping[str, Any]", found) if isinstance(found, dict) else {}
    if document.get("form") != FORM or document.keys() != _KEYS or _encode(document) != report:
        raise InputError(
            "this is no report of `ccr data check`, or it was edited",
            help="let `ccr data check FILE --policy POLICY --report REPORT` write it again",
            file=file,
        )
    return document


def meets(report: Mapping[str, Any], rules: Rules) -> bool:
    """Whether it tells of a file that has passed these very rules."""
    return report["passed"] is True and report["rules"] == rules.document()


def _encode(document: object) -> bytes:
    """As a contract is spelled (`runtime.contract.canonical`)."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()
