"""JSON with exactly one spelling for each document, so that what was signed is what was read.

Keys are sorted, nothing is padded, text is ASCII, numbers are integers; decimals and fractions are strings whose own
spelling is unique (`amounts.py`, `fields.py`).  A document in any other spelling is refused, with the reason.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

from runtime.contract.refused import Refused

LARGEST = 1 << 16  # bytes
DEEPEST = 8  # levels of lists and objects
_INTEGER_DIGITS = 19


def encode(document: object) -> bytes:
    """The one spelling; for documents of objects, lists, strings, integers, booleans and null."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()


def decode(data: bytes, largest: int = LARGEST) -> Any:
    """The document, of at most `largest` bytes; raises Refused with one of the reasons too-large, not-ascii, not-json,
    nested-too-deep, duplicate-key, not-finite, float, not-canonical."""
    if len(data) > largest:
        raise Refused(
            "too-large",
            f"the document has more than the {largest} bytes of the largest of its kind",
            help="is this another file? give the one that `ccr contract new` wrote",
        )
    if not data.isascii():
        raise Refused("not-ascii", "the document holds bytes that are not ASCII", help=_HELP)
    try:
        document = json.loads(
            data.decode("ascii"),
            object_pairs_hook=_unique,
            parse_float=_float,
            parse_constant=_not_finite,
            parse_int=_integer,
        )
    except RecursionError:
        raise Refused("nested-too-deep", f"the document is nested deeper than {DEEPEST} levels", help=_HELP) from None
    except ValueError as error:
        raise Refused("not-json", f"the document is not JSON: {error}", help=_HELP) from None
    _bounded(document, 0)
    if encode(document) != data:
        raise Refused(
            "not-canonical",
            "the document is not in the one spelling that can be signed (sorted keys, no "
            "spaces, no needless escapes or zeros)",
            help=_HELP,
        )
    return document


_HELP = "ask for the file again as `ccr contract` wrote it; it must not be edited or re-formatted"


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Refused(
            "duplicate-key",
            f"the key `{twice[:40]}` stands twice in one object: readers could differ on which one counts",
            help=_HELP,
        )
    return found


def _float(text: str) -> NoReturn:
    raise Refused("float", f"the number {text[:40]} is no integer: amounts are strings of exact decimals", help=_HELP)


def _not_finite(text: str) -> NoReturn:
    raise Refused("not-finite", f"{text} is not a number that anything can be compared with", help=_HELP)


def _integer(text: str) -> int:
    if len(text) > _INTEGER_DIGITS:
        raise ValueError(f"an integer of {len(text)} digits")
    return int(text)


def _bounded(document: Any, depth: int) -> None:
    if depth > DEEPEST:
        raise Refused("nested-too-deep", f"the document is nested deeper than {DEEPEST} levels", help=_HELP)
    match document:
        case dict():
            for value in document.values():
                _bounded(value, depth + 1)
        case list():
            for value in document:
                _bounded(value, depth + 1)
        case _:
            pass
