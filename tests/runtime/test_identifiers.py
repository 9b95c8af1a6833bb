"""Direct identifiers by pattern: an example of every kind, and what is none.

The numbers were made at random and held against another implementation of the same check digits (python-stdnum 2.2);
the others are those of the documents that define them, or of ranges kept free for examples.
"""

from __future__ import annotations

import random

import pytest

from runtime.data.deidentify import checksums
from runtime.data.deidentify.cells import Cells
from runtime.data.deidentify.identifiers import BIRTH, DAY, KINDS, Kind
from runtime.data.deidentify.patterns import Patterns, matches

EXAMPLES = {
    "e-mail address": ["ada@example.org", "a.b+c@mail.example.co.uk", "ä@exämple.de"],
    "web address": ["https://example.org/a?b", "see www.example.org"],
    "IPv4 address": ["192.0.2.17", "255.255.255.255:80"],
    "IPv6 address": ["2001:db8::17", "fe80:0:0:0:200:f8ff:fe21:67cf"],
    "MAC address": ["00:00:5e:00:53:af", "00-00-5E-00-53-AF"],
    "UUID": ["f81d4fae-7dec-11d0-a765-00a0c91e6bf6"],
    "IBAN": ["DE89370400440532013000", "GB29 NWBK 6016 1331 9268 19", "id12 FR1420041010050500013M02606 paid"],
    "payment card": ["4111111111111111", "4111-1111-1111-1111", "3782 822463 10005", "5555555555554444.0"],
    "telephone number": ["+49 30 1234567", "0044 20 7946 0958", "(030) 123456-78", "(212) 555-0123", "212-555-0123"],
    "date of birth": ["born 3.2.1956", "DOB: 1956-02-03", "geb. am 03.02.56"],
    "US social security number": ["540-77-3162"],
    "UK NHS number": ["834 468 7802", "5894419468"],
    "German tax number": ["48 005 371 604", "20786561369"],
    "German health insurance number": ["A123456780"],
    "French NIR": ["267102B20587731", "2 03 09 38 094 838 63"],
    "Italian fiscal code": ["ASEPUA55D16A935H"],
    "Spanish DNI or NIE": ["19387837X", "Z6514419L"],
    "Dutch BSN": ["327483398"],
    "Belgian national number": ["56.04.02-882.68", "71031528402"],
    "Swedish personal number": ["840711-4043", "8407114043", "19840711-4043"],
    "Finnish personal code": ["261208-833C"],
    "Norwegian birth number": ["25128638361", "050357 18453"],
    "Polish PESEL": ["86021280300"],
    "Swiss AHV number": ["756.5426.1138.55", "7565426113855"],
    "Brazilian CPF": ["473.216.646-60", "36205815176"],
    "Indian Aadhaar": ["6415 5717 1853", "958133868135"],
    "Chinese resident number": ["110101192205204995"],
    "South African identity number": ["4210085932094"],
    "Canadian SIN": ["749 353 702", "124756776"],
}
NONE = [
    "0.4111111111111111",
    "4111111111111112",
    "4111111111111111.5",
    "1700000000000",
    "-12345678.25",
    "6.02e23",
    "12:34:56",
    "2024-02-03 12:34:56",
    "1.2.3",
    "300.1.1.1",
    "a@b",
    "@home",
    "10115 Berlin",
    "paid on time, 3 items",
    "DE89370400440532013001",
    "840711-4044",
    "AB12CD",
    "27775d3ef6ccb0dd653ad80db190c1ed",
    "12-34-56-12-34-56",
]


def found(column: str, *texts: str) -> dict[str, list[int]]:
    """The rows, from 1, of each kind that fails a file."""
    patterns = Patterns(column)
    patterns.add(Cells(range(1, len(texts) + 1), texts))
    return {finding.what: list(finding.rows) for finding in patterns.findings() if finding.fails}


@pytest.mark.parametrize("kind", EXAMPLES)
def test_every_kind_is_found(kind: str) -> None:
    for text in EXAMPLES[kind]:
        assert found("note", "-", f"x, {text}")[kind] == [2], text
        for column in (alike(kind, text), [other.lower() for other in alike(kind, text)]):
            assert found("a", *column)[kind] == list(range(1, 11)), text


def alike(kind: str, text: str) -> list[str]:
    """Ten of a kind: others with other digits, where it is weak."""
    draw, made = random.Random(text), [text]
    lines = [line for line in KINDS if line.name == kind and line.weak and line.pattern.fullmatch(text)]
    while lines and len(made) < 10:
        other = "".join(draw.choice("0123456789") if c.isdigit() and i else c for i, c in enumerate(text))
        if lines[0].pattern.fullmatch(other) and lines[0].valid(other) and other not in made:
            made.append(other)
    return made if lines else made * 10


def test_the_table_is_covered() -> None:
    """Each line by an example of its own, without which nothing would be seen of it."""
    for kind in KINDS:
        assert any(hits(kind, text) for text in EXAMPLES[kind.name]), kind
    assert {kind.name for kind in KINDS} == EXAMPLES.keys() and all(kind.source for kind in KINDS)


def hits(kind: Kind, text: str) -> bool:
    return any(matches(kind, text))


@pytest.mark.parametrize("text", NONE)
def test_what_is_none(text: str) -> None:
    assert found("a", *[text] * 10) == {}


def test_check_digits_decide() -> None:
    """Of the ten last digits one is right (of codes that check two, at most one)."""
    for kind in ("UK NHS number", "Dutch BSN", "Polish PESEL", "Canadian SIN", "payment card", "Indian Aadhaar"):
        text = next(text for text in EXAMPLES[kind] if text.isdigit())
        right = [digit for digit in "0123456789" if kind in found("a", f"no. {text[:-1] + digit}")]
        assert right == [text[-1]], kind


def test_a_weak_number_alone_counts_in_a_column_of_such_numbers_only() -> None:
    """One ten-digit number in eleven is an NHS number by chance; in a sentence nobody writes one for a measurement."""
    others = [str(3_000_000_000 + 7 * i) for i in range(100)]
    by_chance = [text for text in others if checksums.nhs(text)]
    assert 2 < len(by_chance) < 20
    assert found("amount", *others) == {}
    assert found("amount", *by_chance[:1] * 1000) == {}  # one number, however often it stands there
    ids, wrong = alike("UK NHS number", "5894419468"), [text for text in others if text not in by_chance]
    assert found("id", *ids[:9]) == {} and found("id", *ids, *wrong[:11]) == {}
    assert found("id", *ids, *["unknown"] * 90, *wrong[:10]) == {"UK NHS number": list(range(1, 11))}
    assert found("note", "patient 5894419468 called")["UK NHS number"] == [1]
    assert found("amount", *others, "4111111111111111") == {"payment card": [101]}


def test_dates_are_births_where_the_column_says_so() -> None:
    days = ["1956-02-03", "3/2/1956", "3 Feb 1956", "February 3, 1956", "19560203"]
    for column in ("birth_date", "DOB", "Geburtstag", "date de naissance", "fecha_nacimiento", "Date of Birth"):
        assert found(column, *days) == {BIRTH.name: [1, 2, 3, 4, 5]}, column
    assert found("paid", *days) == {}
    told = Patterns("paid")
    told.add(Cells(range(1, 6), days))
    assert [(f.what, f.count, f.fails) for f in told.findings()] == [(DAY.name, 4, False)]
    assert found("birth_year", "1956", "1960") == {}


def test_what_looks_alike_is_read_alike() -> None:
    """Other digits, other dashes, characters that nobody sees."""
    assert found("a", "４１１１１１１１１１１１１１１１") == {"payment card": [1]}
    assert found("a", "212‑555‑0123") == {"telephone number": [1]}
    assert found("a", "ada\u200b@example.org") == {"e-mail address": [1]}
    assert found("a", "٤١١١١١١١١١١١١١١١") == {"payment card": [1]}
    assert found("a", "İA89 3704 0044 0532 0130 00") == {"telephone number": [1]}


def test_cells_do_not_run_into_each_other() -> None:
    assert found("a", "4111 1111", "1111 1111") == {}
    assert found("a", "ada@", "example.org") == {}


def test_a_row_is_told_once() -> None:
    assert found("a", "+49 30 1234567 or (212) 555-0123")["telephone number"] == [1]


def test_long_text_is_searched_in_time_that_grows_with_it() -> None:
    """No pattern looks further than an identifier is long: what would take hours takes a moment, or this hangs."""
    for text in ("a" * 10**4 + "@", *(piece * 10**4 for piece in ("1 ", "1-", "ab12 ", "::", "+1(", "1.1."))):
        found("a", text)
