"""`policy.toml` as a Policy, or an exact error: file, line, what is wrong and what it should be."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from difflib import get_close_matches
from fractions import Fraction
from pathlib import Path
from typing import NoReturn, cast

from runtime.contract.amounts import typed
from runtime.contract.fields import NAME, PURPOSE
from runtime.data.deidentify.rules import read as read_deidentification
from runtime.data.errors import InputError
from runtime.policy.rules import Policy

LARGEST = 1 << 13  # bytes of a file; its spelling in a ledger has some five times as many at most
MOST = 1 << 40  # of records, versions, measures
_KEYS: dict[str, tuple[str, ...]] = {
    "policy": ("name", "version", "issued-by", "expires", "purposes"),
    "privacy": (
        "epsilon-run",
        "epsilon-consumer",
        "epsilon-data-set",
        "delta",
        "least-records",
        "least-noise-multiplier",
    ),
    "releases": ("end", "step", "measures", "reveal"),
}
_DEIDENTIFICATION = "deidentification"
_SECTIONS = (*_KEYS, _DEIDENTIFICATION)
_TEXT = re.compile(r"[ -~]{1,100}", re.ASCII)


def read(path: Path) -> Policy:
    """Raises InputError."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise InputError(f"cannot read it: {error.strerror}", help="give the policy's file", file=str(path)) from None
    if len(data) > LARGEST:
        raise InputError(
            f"it has more than the {LARGEST} bytes of the largest policy",
            help="is this another file? docs/policy.md shows what a policy looks like",
            file=str(path),
        )
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise InputError("it is not UTF-8", help="save it as UTF-8 text", file=str(path)) from None
    return parse(text, str(path))


def parse(text: str, file: str) -> Policy:
    """The text of a policy; `file` is where it came from, for people.  Raises InputError."""
    try:
        document = tomllib.loads(text, parse_float=Decimal)
    except RecursionError:
        raise InputError("it is nested too deep", help="a policy has sections of keys", file=file) from None
    except ValueError as error:  # tomllib's own, and integers of thousands of digits
        raise InputError(f"it is not TOML: {error}", help="https://toml.io has the grammar", file=file) from None
    lines = _lines(text)
    whole = _Section("", document, file, lines)
    whole.known(_SECTIONS, "section")
    policy, privacy, releases = (_section(whole, name) for name in _KEYS)
    deidentification = whole.table(_DEIDENTIFICATION)
    deidentification.plain()
    deidentified = read_deidentification(deidentification.found, file)
    end, step = releases.flag("end", True), releases.flag("step", False)
    if step and not end:
        releases.wrong(
            "end", "each step may leave, but not what all of them made, which tells less", "write end = true"
        )
    return Policy(
        name=policy.text("name"),
        version=policy.count("version", 1),
        issued_by=policy.text("issued-by"),
        expires=policy.day("expires"),
        purposes=policy.names("purposes", PURPOSE, "words such as fraud-detection"),
        epsilon_run=privacy.amount("epsilon-run"),
        epsilon_consumer=privacy.amount("epsilon-consumer"),
        epsilon_data_set=privacy.amount("epsilon-data-set"),
        delta=privacy.delta("delta"),
        least_records=privacy.count("least-records", 1) if "least-records" in privacy.found else None,
        least_noise=privacy.amount("least-noise-multiplier"),
        end=end,
        step=step,
        measures=releases.count("measures", 0) if "measures" in releases.found else 0,
        reveal=releases.names("reveal", NAME, "names of outputs"),
        deidentification={k: v for k, v in deidentification.found.items() if (k, v) != ("report", False)},
        deidentified=deidentified,
        file=file,
        lines=lines if file else {},
    )


def _section(whole: _Section, name: str) -> _Section:
    found = whole.table(name)
    found.known(_KEYS[name], "key")
    return found


class _Section:
    """A table of the file.  Each method takes one key and raises InputError unless its value is of that type."""

    def __init__(self, name: str, found: Mapping[str, object], file: str, lines: Mapping[str, int]) -> None:
        self.name, self.found, self._file, self._lines = name, found, file, lines

    def known(self, keys: tuple[str, ...], what: str) -> None:
        for key in self.found:
            if key not in keys:
                close = get_close_matches(key, keys, 1)
                help = f"did you mean `{close[0]}`?" if close else f"there are {', '.join(f'`{k}`' for k in keys)}"
                where = f" in [{self.name}]" if self.name else ""
                self.wrong(key, f"unknown {what} `{key[:40]}`{where}", help)

    def plain(self) -> None:
        """Numbers and texts of moderate length, and lists and tables of them."""
        for key, value in self.found.items():
            if not _plain(value):
                self.wrong(key, f"`{key[:40]}` holds what no policy does", "write texts, numbers, true and false")

    def table(self, key: str) -> _Section:
        value = self.found.get(key, {})
        if not isinstance(value, dict):
            self.wrong(key, f"`{key}` is no section", f"write [{key}], and its keys below")
        return _Section(key, cast("dict[str, object]", value), self._file, self._lines)

    def text(self, key: str) -> str:
        value = self._needed(key)
        if not isinstance(value, str) or not _TEXT.fullmatch(value):
            self.wrong(key, f"`{key}` is not a text of 1 to 100 printable ASCII characters", 'write it like "a name"')
        return value

    def count(self, key: str, least: int) -> int:
        value = self._needed(key)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= MOST:
            self.wrong(key, f"`{key}` is not a whole number from {least} on", f"write {key} = {max(least, 5)}")
        return value

    def day(self, key: str) -> date:
        value = self._needed(key)
        if not isinstance(value, date) or isinstance(value, datetime):
            self.wrong(key, f"`{key}` is not a date", f"write {key} = 2027-06-30, without quotes")
        return value

    def flag(self, key: str, otherwise: bool) -> bool:
        value = self.found.get(key, otherwise)
        if not isinstance(value, bool):
            self.wrong(key, f"`{key}` is neither true nor false", f"write {key} = true or {key} = false")
        return value

    def amount(self, key: str) -> Fraction | None:
        if key not in self.found:
            return None
        value = self.found[key]
        if not isinstance(value, int | Decimal) or isinstance(value, bool):
            self.wrong(key, f"`{key}` is not a number", f"write {key} = 1.5, without quotes")
        try:
            return typed(str(value).replace("+", ""))
        except ValueError as error:
            self.wrong(key, f"`{key}`: {error}", f"write a number above 0, such as {key} = 1.5 or 1e-5")

    def delta(self, key: str) -> Fraction | None:
        value = self.amount(key)
        if value is not None and value >= 1:
            self.wrong(key, f"`{key}` does not lie below 1: it would promise nothing", f"write {key} = 1e-5")
        return value

    def names(self, key: str, form: str, what: str) -> tuple[str, ...]:
        """Without order: sorted."""
        value = self.found.get(key, [])
        if not isinstance(value, list):
            self.wrong(key, f"`{key}` is not a list of {what}", f'write {key} = ["a", "b"]')
        listed = cast("list[object]", value)
        for name in listed:
            if not isinstance(name, str) or not re.fullmatch(form, name, re.ASCII):
                self.wrong(key, f"`{key}` lists {str(name)[:40]!r}: it takes {what}", f'write {key} = ["a", "b"]')
            if listed.count(name) > 1:
                self.wrong(key, f"`{key}` lists `{name}` twice", "leave one of them out")
        if key in self.found and not listed and key == "purposes":
            self.wrong(key, "`purposes` is empty: no contract could keep it", "name one, or leave the key out")
        return tuple(sorted(cast("list[str]", listed)))

    def _needed(self, key: str) -> object:
        if key not in self.found:
            self.wrong(key, f"`{key}` is missing in [{self.name}]", f"add {key} = ...")
        return self.found[key]

    def wrong(self, key: str, what: str, help: str) -> NoReturn:
        path = f"{self.name}.{key}" if self.name else key
        line = self._lines.get(path, self._lines.get(self.name))
        raise InputError(what, help=help, file=self._file, row=line, counted="line")


def _plain(value: object) -> bool:
    match value:
        case bool():
            return True
        case str():
            return value.isprintable()
        case int() | Decimal():
            return re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,15})?", str(value), re.ASCII) is not None
        case list():
            return all(map(_plain, cast("list[object]", value)))
        case dict():
            return all(_plain(k) and _plain(v) for k, v in cast("dict[str, object]", value).items())
        case _:
            return False


def _lines(text: str) -> dict[str, int]:
    """Where sections and their keys stand, as people write them; for messages alone."""
    found: dict[str, int] = {}
    section = ""
    for number, line in enumerate(text.split("\n"), 1):
        if header := re.match(r"\s*\[\s*([\w-]+)\s*\]", line):
            section = header[1]
            found.setdefault(section, number)
        elif key := re.match(r"\s*([\w-]+)\s*=", line):
            found.setdefault(f"{section}.{key[1]}" if section else key[1], number)
    return found
