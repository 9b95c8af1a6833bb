"""`[deidentification]`: what is read, and what is wrong with it, word by word."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from fractions import Fraction

import pytest

from runtime.data.deidentify.masks import Drop, Generalise, Hash
from runtime.data.deidentify.rules import Rules, read
from runtime.data.errors import InputError

WHOLE = """
quasi-identifiers = ["age", "zip"]
sensitive = ["diagnosis"]
k = 5
l = 2
direct = ["name"]
person = "patient"
most = 3
report = true
[mask.name]
how = "drop"
[mask.patient]
how = "hash"
[mask.age]
how = "generalise"
bins = [0, 18, 40.5]
[mask.dose]
how = "generalise"
step = 0.1
bottom = 0
top = 2.5
[mask.zip]
how = "generalise"
prefix = 3
"""


def test_all_that_can_be_said() -> None:
    expected = Rules(
        quasi=("age", "zip"),
        sensitive=("diagnosis",),
        k=5,
        diversity=2,
        direct=("name",),
        person="patient",
        most=3,
        report=True,
        mask={
            "name": Drop(),
            "patient": Hash(),
            "age": Generalise(bins=(Fraction(0), Fraction(18), Fraction(81, 2))),
            "dose": Generalise(step=Fraction(1, 10), bottom=Fraction(0), top=Fraction(5, 2)),
            "zip": Generalise(prefix=3),
        },
    )
    assert read(tomllib.loads(WHOLE), "policy.toml") == expected
    assert read(tomllib.loads(WHOLE, parse_float=Decimal), "policy.toml") == expected
    assert read({}, "policy.toml") == Rules()


def test_a_document_has_one_spelling() -> None:
    document = read(tomllib.loads(WHOLE), "policy.toml").document()
    assert document["mask"] == {
        "name": {"how": "drop"},
        "patient": {"how": "hash"},
        "age": {"how": "generalise", "bins": ["0", "18", "40.5"]},
        "dose": {"how": "generalise", "step": "0.1", "bottom": "0", "top": "2.5"},
        "zip": {"how": "generalise", "prefix": 3},
    }
    assert read(tomllib.loads(WHOLE.replace("0.1", "1e-1").replace("[0,", "[0.0,")), "p").document() == document


GROUP = 'quasi-identifiers = ["a"]\nk = 2\n'
A = "[mask.a]\n"
WRONG = [
    ("quasi_identifiers = []", "there is no key `quasi_identifiers`", "did you mean `quasi-identifiers`?"),
    ("sensitiv = []", "there is no key `sensitiv`", "did you mean `sensitive`?"),
    ("xyz = 1", "there is no key `xyz`", "its keys are `quasi-identifiers`, `sensitive`"),
    ('k = "5"', "`k` is no whole number from 1", "write `k = 3`"),
    ("k = 0", "`k` is no whole number from 1", "write `k = 3`"),
    ("most = true", "`most` is no whole number from 1", "write `most = 3`"),
    ("report = 1", "`report` is neither true nor false", "write `report = true`, without quotes"),
    ('direct = "name"', "`direct` is no list of names", 'write `direct = ["a", "b"]`'),
    ("direct = [1]", "`direct` is no list of names", 'write `direct = ["a", "b"]`'),
    ('direct = ["a", "a"]', "`direct` lists `a` twice", "leave out one of them"),
    ('person = ["a"]', "`person` is no text", 'write `person = "..."`'),
    ('quasi-identifiers = ["a"]', "`quasi-identifiers` are named, and no `k`", "write `k = 5` or another"),
    ("k = 5", "`k` is said, and no `quasi-identifiers`", 'write `quasi-identifiers = ["a", "b"]`'),
    ("l = 2", "`l` is said, and no `sensitive`", 'write `sensitive = ["a", "b"]`'),
    (
        'sensitive = ["b"]\nl = 2',
        "l-diversity is of groups, and no `quasi-identifiers` are named",
        "name them, and `k`",
    ),
    (
        GROUP + 'sensitive = ["a"]\nl = 2',
        "`a` is a quasi-identifier and sensitive at once",
        "name it in one of the lists",
    ),
    (GROUP + A + 'how = "drop"', "`a` is a quasi-identifier, and dropped", "hash or generalise it"),
    ('person = "a"\n' + A + 'how = "drop"', "`a` is what tells persons apart, and dropped", "hash or generalise it"),
    ("mask = 1", "`deidentification.mask` is not a table", "write [deidentification.mask] and its keys below"),
    (A + "", "`how` is missing", 'write `how = "..."`: one of drop, hash, generalise'),
    (A + 'how = "encrypt"', '`how = "encrypt"` is no way of masking', 'write "drop", "hash" or "generalise"'),
    (A + 'how = "drop"\nstep = 1', 'there is no key `step`: `how = "drop"` takes no more', "its keys are `how`"),
    (A + 'how = "generalise"', "nothing says how the column is generalised", "write constants"),
    (A + 'how = "generalise"\nsteps = 1', "there is no key `steps`", "did you mean `step`?"),
    (A + 'how = "generalise"\nstep = 0', "`step = 0` is not above 0", "write a step such as 10 or 0.5"),
    (A + 'how = "generalise"\nstep = nan', "`step` is no number", "write constants"),
    (A + 'how = "generalise"\nbins = [1, "x"]', "`bins` is no list of numbers", "write constants"),
    (A + 'how = "generalise"\nbins = [1, 1]', "the edges of `bins` do not ascend", "sort them, each once"),
    (A + 'how = "generalise"\nbins = [1]\ntop = 3', "`bins` has its ends and its steps already", "leave out `step`"),
    (
        A + 'how = "generalise"\nprefix = 2\ntop = 3',
        "`prefix` is for text, the others are for numbers",
        "leave out one",
    ),
    (A + 'how = "generalise"\nbottom = 2\ntop = 1', "`bottom` lies above `top`", "exchange them"),
]
LEARNED = [
    ('how = "standardise"', '`how = "standardise"` would be learned from the rows'),
    ('how = "rank"', '`how = "rank"` would be learned from the rows'),
    ('how = "generalise"\nbins = 4', "the edges of so many bins would be learned from the rows"),
    ('how = "generalise"\nquantiles = [0.5]', "`quantiles` would be learned from the rows"),
    ('how = "generalise"\nstep = "auto"', "`auto` would be learned from the rows"),
    ('how = "generalise"\ntop = "max"', "`max` would be learned from the rows"),
]


@pytest.mark.parametrize(("text", "what", "help"), WRONG)
def test_what_is_wrong(text: str, what: str, help: str) -> None:
    with pytest.raises(InputError) as error:
        read(tomllib.loads(text), "policy.toml")
    assert what in error.value.what and error.value.help.startswith(help)
    assert str(error.value).startswith("policy.toml: ")


@pytest.mark.parametrize(("text", "what"), LEARNED)
def test_what_would_be_learned_from_the_rows_is_refused(text: str, what: str) -> None:
    """One record more would change all the others: two neighbours would differ in more than one record."""
    with pytest.raises(InputError) as error:
        read(tomllib.loads(A + text), "policy.toml")
    assert error.value.what == f"[deidentification.mask.a]: {what}"
    assert error.value.help.startswith("write constants that were known beforehand: ")


def test_a_section_that_is_no_table() -> None:
    with pytest.raises(InputError, match=r"policy.toml: `deidentification` is not a table"):
        read(7, "policy.toml")


def test_what_is_said_of_persons_besides_may_be_stricter_only() -> None:
    rules = Rules(person="a", most=3)
    assert rules.of_persons(None, None) == rules and rules.of_persons("a", 2) == Rules(person="a", most=2)
    assert Rules().of_persons("b", 1) == Rules(person="b", most=1)
    for person, most in (("b", None), ("a", 4)):
        with pytest.raises(ValueError, match="the policy"):
            rules.of_persons(person, most)
    with pytest.raises(ValueError, match="nothing says by which column"):
        Rules(most=3).of_persons(None, None)
