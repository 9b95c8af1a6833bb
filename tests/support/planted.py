"""A file of records in which it is known what is to be found: identifiers, small groups, too many rows of a person."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

RULES = {
    "quasi-identifiers": ["age", "zip", "sex"],
    "sensitive": ["diagnosis"],
    "k": 5,
    "l": 2,
    "direct": ["Full Name"],
    "person": "patient",
    "most": 3,
}
Found = tuple[str, str, tuple[str, ...]]  # check, what, columns

_MEASURES = [f"m{i}" for i in range(6)]
_HEADER = ["record", "patient", "full_name", "age", "zip", "sex", "diagnosis", "remark", "contact", "nhs", "birth_date"]
_HEADER += ["amount", "city", "visit", *_MEASURES]
_IN_REMARKS = {
    "e-mail address": "write to ada@example.org",
    "IBAN": "DE89 3704 0044 0532 0130 00, see there",
    "payment card": "card 4111-1111-1111-1111 declined",
    "web address": "https://example.org/7",
    "IPv4 address": "from 192.0.2.17",
    "UUID": "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
    "date of birth": "born 3.2.1956",
    "Polish PESEL": "id 86021280300",
}
_IN_CONTACTS = {
    "telephone number": "+49 30 1234567",
    "US social security number": "540-77-3162",
    "Canadian SIN": "749 353 702",
}


@dataclass(slots=True)
class Planted:
    """Rows of a text by their lines, from 2, of each finding that must fail the file; no other may."""

    found: dict[Found, set[int]] = field(default_factory=dict[Found, set[int]])

    def add(self, check: str, what: str, columns: Sequence[str], *rows: int) -> None:
        self.found.setdefault((check, what, tuple(columns)), set()).update(rows)


def plant(path: Path, rows: int, seed: int = 1) -> Planted:
    """Write at least 400 rows of 20 columns; what they hold depends on the seed alone."""
    draw, planted = random.Random(seed), Planted()
    made = _rows(rows, draw)
    _plant_groups(made, draw, planted)
    _plant_persons(made, draw, planted)
    for column, texts in (("remark", _IN_REMARKS), ("contact", _IN_CONTACTS)):
        for what, text in texts.items():
            for i in draw.sample(range(rows), 3):
                made[i][column] += f" {text}"
                planted.add("direct identifiers", what, [column], i + 2)
    everywhere = range(2, rows + 2)
    planted.add("direct identifiers", "UK NHS number", ["nhs"], *everywhere)
    planted.add("direct identifiers", "a value that no other row has", ["nhs"], *everywhere)
    planted.add("direct identifiers", "a value that no other row has", ["record"], *everywhere)
    planted.add("direct identifiers", "date of birth", ["birth_date"], *everywhere)
    planted.add("direct identifiers", "named by the policy", ["full_name"], *everywhere)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, _HEADER)
        writer.writeheader()
        writer.writerows(made)
    return planted


def _rows(rows: int, draw: random.Random) -> list[dict[str, str]]:
    """In groups of 20 rows or more, each with every diagnosis, of persons with at most three rows."""
    groups = max(1, min(600, rows // 20))
    nhs = _nhs(draw)
    made: list[dict[str, str]] = []
    for i in range(rows):
        group = i % groups
        row = {
            "record": f"R{draw.randrange(16**6):06x}-{i}",
            "patient": f"p{i // 2}",
            "full_name": draw.choice(("Ada Moon", "Bob Sun", "Cyd Star")),
            "age": str(10 * (group % 6) + 20),
            "zip": f"{group // 12:02}",
            "sex": "fm"[group // 6 % 2],
            "diagnosis": ("flu", "cold", "cough")[i // groups % 3],
            "remark": draw.choice(("paid", "paid late, 2 reminders", "", "-")),
            "contact": draw.choice(("by mail", "at the desk")),
            "nhs": next(nhs),
            "birth_date": f"19{draw.randrange(5, 9)}7-03-1{draw.randrange(10)}",
            "amount": str(draw.randrange(5000)),
            "city": draw.choice(("Berlin", "Paris", "Łódź")),
            "visit": draw.choice(("first", "again")),
        }
        made.append(row | {name: f"{draw.gauss(0, 1):.6f}" for name in _MEASURES})
    draw.shuffle(made)
    return made


def _nhs(draw: random.Random) -> Iterator[str]:
    seen: set[str] = set()
    while True:
        number = f"{draw.randrange(10**8, 10**9)}"
        check = -sum(int(digit) * weight for digit, weight in zip(number, range(10, 1, -1), strict=True)) % 11
        if check < 10 and number not in seen:
            seen.add(number)
            yield f"{number}{check}"


def _plant_groups(made: list[dict[str, str]], draw: random.Random, planted: Planted) -> None:
    """Groups of 1 to 4 rows, and one of 6 with a single diagnosis."""
    places = iter(draw.sample(range(len(made)), 16))
    small = [[next(places) for _ in range(size)] for size in (1, 2, 3, 4)]
    alike = [next(places) for _ in range(6)]
    for number, group in enumerate([*small, alike]):
        for place, i in enumerate(group):
            made[i] |= {"age": str(91 + number), "diagnosis": "cold" if group is alike else ("flu", "cold")[place % 2]}
            made[i] |= {"zip": "99", "sex": "f"}
    rows = [i + 2 for group in small for i in group]
    planted.add("k-anonymity", "in 4 groups of fewer than 5 rows", RULES["quasi-identifiers"], *rows)
    rows = [i + 2 for i in (*small[0], *alike)]
    planted.add("l-diversity", "in 2 groups of fewer than 2 values", ["diagnosis"], *rows)


def _plant_persons(made: list[dict[str, str]], draw: random.Random, planted: Planted) -> None:
    """One person with seven rows, and two rows of nobody."""
    places = draw.sample(range(len(made)), 9)
    for i in places[:7]:
        made[i]["patient"] = "many"
    for i in places[7:]:
        made[i]["patient"] = ""
    rows = sorted(places[:7])[3:]
    planted.add("persons", "beyond the 3 rows of one person", ["patient"], *(i + 2 for i in rows))
    planted.add("persons", "of nobody: who it is of is left open", ["patient"], *(i + 2 for i in places[7:]))
