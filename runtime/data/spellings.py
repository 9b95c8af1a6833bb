"""What a cell of text means to a mark, however it is spelled: numbers, truths, gaps, dates and times, words.

Where a spelling has two readings both may have one mark (2 January and 1 February of a year do): then two records look
alike, which charges a budget too much, never too little.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timedelta

_GAPS = frozenset({"", "-", "?", ".", "#n/a", "#na", "<na>", "n/a", "na", "nat", "none", "null", "nan", "-nan"})
_TRUTHS = {"true": 1.0, "false": 0.0}
_GROUPED = re.compile(r"([+-]?\d{1,3}(?P<group>[.,' ])\d{3}(?:(?P=group)\d{3})*)(?:(?!(?P=group))[.,](\d*))?")
_COMMA = re.compile(r"[+-]?\d*,\d+(e[+-]?\d+)?")
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<part>\d+))?)?(?: ?(?P<half>am|pm))?"
_TIME = re.compile(_CLOCK)
_DATE = re.compile(
    r"(?:(?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})"
    r"|(?P<one>\d{1,2})(?P<other_mark>[-/.])(?P<other>\d{1,2})(?P=other_mark)(?P<last>\d{4}))"
    rf"(?:[t ] ?{_CLOCK}(?: ?(?:z|utc|gmt|(?P<sign>[+-])(?P<hours>\d\d):?(?P<minutes>\d\d)?))?)?"
)


def meant(text: str) -> float | str:
    """A number; a date, a time of day or a word in one spelling; the empty text for a gap."""
    text = _plain(text)
    if text in _GAPS:
        return ""
    if text in _TRUTHS:
        return _TRUTHS[text]
    found = _number(text)
    return found if found is not None else _date(text) or _time(text) or text


def _plain(text: str) -> str:
    """One form of Unicode, one case, single spaces, and the quotes and minus of a keyboard."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(text.replace("\u2019", "'").replace("\u2212", "-").split())


def _number(text: str) -> float | None:
    """A point is decimal wherever it can be; what stands between groups of three digits is not."""
    try:
        return float(text)
    except ValueError:
        pass
    if grouped := _GROUPED.fullmatch(text):
        whole, group, rest = grouped.groups()
        return float(f"{whole.replace(group, '')}.{rest or 0}")
    return float(text.replace(",", ".")) if _COMMA.fullmatch(text) else None


def _date(text: str) -> str | None:
    """The year, month and day in ascending order, and the time of day in UTC, which it is in where no zone stands.

    Midnight is the date alone.
    """
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    year, one, other = (int(found[a] or found[b]) for a, b in (("year", "last"), ("month", "one"), ("day", "other")))
    month, day = (one, other) if one <= 12 else (other, one)
    clock = _clock(found) if found["hour"] else (0, 0, 0, "")
    try:
        at = datetime(year, month, day, *clock[:3]) - _offset(found)
    except (ValueError, OverflowError):
        return None
    less, more = sorted((at.month, at.day))
    date = f"{at.year:04}-{less:02}-{more:02}"
    seconds = f"{at:%H:%M:%S}{clock[3]}"
    return date if seconds == "00:00:00" else f"{date} {seconds}"


def _time(text: str) -> str | None:
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    hour, minute, second, part = _clock(found)
    return f"{hour:02}:{minute:02}:{second:02}{part}" if hour < 24 and minute < 60 and second < 60 else None


def _clock(found: re.Match[str]) -> tuple[int, int, int, str]:
    """Hours, minutes, seconds, and what is less than one: a point and digits, the last of them not 0."""
    hour, part = int(found["hour"]), (found["part"] or "").rstrip("0")
    if found["half"]:
        hour = hour % 12 + 12 * (found["half"] == "pm")
    return hour, int(found["minute"]), int(found["second"] or 0), f".{part}" if part else ""


def _offset(found: re.Match[str]) -> timedelta:
    """By which the time stands before UTC's."""
    if not found["sign"]:
        return timedelta()
    ahead = timedelta(hours=int(found["hours"]), minutes=int(found["minutes"] or 0))
    return ahead if found["sign"] == "+" else -ahead
