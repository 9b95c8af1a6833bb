"""A file of records held against a policy's rules, in one reading."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np

from runtime.data.deidentify.cells import Cells, columns_of, place_of, places_of
from runtime.data.deidentify.duplicates import Duplicates
from runtime.data.deidentify.findings import Finding, Rows
from runtime.data.deidentify.groups import Coded, Codes, Groups, alike, small_groups
from runtime.data.deidentify.masks import Hash
from runtime.data.deidentify.patterns import Patterns
from runtime.data.deidentify.persons import Persons
from runtime.data.deidentify.rules import Rules
from runtime.data.deidentify.unique import Unique
from runtime.data.deidentify.unmasked import masks_of, named, spelled_right
from runtime.data.errors import InputError
from runtime.data.table import Part, Table


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found, and what was counted: `k` and `diversity` are those reached, None where none was asked for."""

    form: str
    columns: int
    counted: str
    records: int
    findings: tuple[Finding, ...]
    k: int | None = None
    diversity: int | None = None
    person: str | None = None  # the column that tells them apart
    most: int | None = None  # rows that one may have
    persons: int | None = None
    largest: int | None = None  # rows that one has

    @property
    def passed(self) -> bool:
        return not any(finding.fails for finding in self.findings)

    def also(self, findings: Sequence[Finding]) -> Checked:
        return replace(self, findings=(*self.findings, *findings))


def check(table: Table, rules: Rules) -> Checked:
    """Everything but what a program asks (`outliers`).  Raises InputError."""
    reading = _Reading(table, rules)
    for part in table.whole():
        reading.add(part)
    if not reading.rows:
        below = " below the header" if table.counted == "line" else ""
        raise InputError(f"there are no rows{below}", help="give at least one row", file=table.file)
    return reading.checked()


class _Reading:
    """What is kept of the rows that were read."""

    def __init__(self, table: Table, rules: Rules) -> None:
        """Raises InputError for columns that are not there."""
        self._table, self._rules = table, rules
        self._quasi = _places(table, rules.quasi, "the policy has as a quasi-identifier")
        self._sensitive = _places(table, rules.sensitive, "the policy has as sensitive")
        self._person = None if rules.person is None else place_of(table, rules.person, "is to tell persons apart")
        self._coded = {place: Coded() for place in (*self._quasi, *self._sensitive)}
        spelled_right(table, rules)
        masks = masks_of(table, rules)
        hashed = {place for place, (_, mask) in masks.items() if isinstance(mask, Hash)}
        known = {*self._coded, *hashed}
        self._named = named(table, rules)
        self._patterns = [Patterns(column.name) for column in table.columns]
        self._unique = {
            place: Unique(column.name)
            for place, column in enumerate(table.columns)
            if place not in known and place not in self._named
        }
        self._persons, self._beyond, self._nobody = Persons(rules.most), Rows(), Rows()
        self._duplicates = Duplicates()
        self.rows: list[Codes] = []

    def add(self, part: Part) -> None:
        self.rows.append(np.asarray(part.rows, np.int64))
        places = range(len(self._table.columns))
        for place, cells in zip(places, columns_of(self._table, part, places), strict=True):
            self._patterns[place].add(cells)
            for kept in (self._unique, self._coded, self._named):
                if place in kept:
                    kept[place].add(cells)
            if place == self._person:
                self._add_persons(cells)
        self._duplicates.add(part)

    def _add_persons(self, cells: Cells) -> None:
        found = zip(cells.rows, cells.texts, self._persons.beyond(cells.texts), strict=True)
        for row, person, beyond in found:
            if beyond:
                self._beyond.add([row])
            if not person:
                self._nobody.add([row])

    def checked(self) -> Checked:
        rows, rules = np.concatenate(self.rows), self._rules
        groups = Groups.by([self._coded[place].whole() for place in self._quasi]) if self._quasi else None
        sensitive = {self._table.columns[p].name: self._coded[p].whole() for p in self._sensitive}
        found = chain(
            *(kept.findings() for kept in self._named.values()),
            *(kept.findings() for kept in self._patterns),
            *(kept.findings() for kept in self._unique.values()),
            () if groups is None else small_groups(groups, rules.k, rows, self._called(self._quasi)),
            () if groups is None else alike(groups, sensitive, rules.diversity, rows),
            self._of_persons(),
            self._duplicates.findings(),
        )
        diversity = None if groups is None else _least(groups, sensitive)
        return Checked(
            form=self._table.form,
            columns=len(self._table.columns),
            counted=self._table.counted,
            records=len(rows),
            findings=tuple(found),
            k=None if groups is None else groups.k,
            diversity=diversity,
            person=rules.person,
            most=rules.most,
            persons=None if self._person is None else len(self._persons.rows),
            largest=None if self._person is None else self._persons.largest,
        )

    def _of_persons(self) -> Iterator[Finding]:
        if self._person is None:
            return
        columns = self._called([self._person])
        if self._beyond.count:
            yield self._beyond.finding("persons", f"beyond the {self._rules.most} rows of one person", columns)
        if self._nobody.count:
            yield self._nobody.finding("persons", "of nobody: who it is of is left open", columns)

    def _called(self, places: Sequence[int]) -> list[str]:
        return [self._table.columns[place].name for place in places]


def _places(table: Table, names: Sequence[str], what: str) -> list[int]:
    return list(dict.fromkeys(place for name in names for place in places_of(table, name, what)))


def _least(groups: Groups, sensitive: Mapping[str, Codes]) -> int | None:
    return min((int(groups.diversity(codes).min()) for codes in sensitive.values()), default=None)
