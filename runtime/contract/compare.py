"""Two contracts field by field: what a signature cannot tell, which is where a text was altered."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from runtime.contract.terms import Terms

_SHOWN = 80  # characters of a value
_BEFORE = 8  # of them in front of a difference further on


def differences(one: Terms, other: Terms) -> list[str]:
    """Each field in which they differ, by its path, with both values."""
    found = _differ("", one.model_dump(mode="json"), other.model_dump(mode="json"))
    return [f"{path}: {_from(here, there)} here, {_from(there, here)} there" for path, here, there in found]


def _differ(path: str, one: object, other: object) -> Iterator[tuple[str, object, object]]:
    if isinstance(one, dict) and isinstance(other, dict):
        for name in sorted(one.keys() | other.keys()):
            yield from _differ(f"{path}.{name}" if path else str(name), one.get(name), other.get(name))
    elif isinstance(one, list) and isinstance(other, list):
        for i, (mine, theirs) in enumerate(zip_longest(one, other)):
            yield from _differ(f"{path}.{i}", mine, theirs)
    elif one != other:
        yield path, one, other


def _from(value: object, other: object) -> str:
    """The value; of a long one the part from where the other differs."""
    text, beside = _line(value), _line(other)
    if len(text) <= _SHOWN:
        return text
    start = next((i for i, (a, b) in enumerate(zip(text, beside, strict=False)) if a != b), len(beside))
    start = 0 if start < _SHOWN // 2 else start - _BEFORE
    return ("..." if start else "") + text[start : start + _SHOWN] + ("..." if start + _SHOWN < len(text) else "")


def _line(value: object) -> str:
    return "nothing" if value is None else " ".join(str(value).split())
