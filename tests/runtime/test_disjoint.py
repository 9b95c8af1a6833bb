"""Data sets of which no person is in two: charged is the dearest, with whatever is not disjoint from it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from support.contracts import BUDGETS, HOSPITAL, NOW, VENDOR

from compiler import artifact
from runtime import api
from runtime.contract.agree import with_program
from runtime.contract.draft import Holding, terms_for
from runtime.contract.refused import Refused
from runtime.contract.terms import Contract, agrees_with_itself
from runtime.data.errors import InputError
from runtime.data.marks import alike
from runtime.privacy.accountant import Mechanism, account, persons, rdp
from runtime.privacy.calibrate import noise_for
from runtime.privacy.cost import cost_of
from runtime.report.contract import lines
from runtime.report.privacy import privacy

TEXT = """party vendor;
party hospital;
input w0: fix<8, 4>[2] from vendor;
dataset a from hospital { x: fix<6, 3>[2]; y: bit; }
dataset b from hospital { x: fix<6, 3>[2]; y: bit; }
dataset c from hospital { x: fix<6, 3>[2]; y: bit; }
DISJOINT
var w = w0;
dpsgd w on a(batch = 2, steps = 3, clip = 1.0, noise = 2.0 drawn by hospital, rate = 1.0) as row {
    loss squared(dot(w, row.x), row.y);
}
measure of_b on b(rows = 6, clip = 1.0, noise = 4.0 drawn by hospital) as row { (dot(w, row.x) > 0) == row.y }
measure of_c on c(rows = 6, clip = 1.0, noise = 8.0 drawn by hospital) as row { (dot(w, row.x) > 0) == row.y }
output w, of_b, of_c to vendor;
"""
RECORDS = dict.fromkeys("abc", 6)
DELTA = 1e-5
NOISE = {"a": 2.0, "b": 4.0, "c": 8.0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("disjoint")
    for number, name in enumerate("abc"):
        rows = [f"{(i + 6 * number) / 8},{i / 8},{i % 2}" for i in range(6)]
        (folder / f"{name}.csv").write_text("x0,x1,y\n" + "\n".join(rows) + "\n")
    return folder


def program(folder: Path, said: str) -> api.Program:
    path = folder / f"{'-'.join(said.split()) or 'all'}.ccr".replace(";", "").replace(",", "")
    path.write_text(TEXT.replace("DISJOINT", said))
    return api.compile(path)


def told(*names: str) -> list[Mechanism]:
    whole = {n: Mechanism(name=n, n=6, batch=6, slots=6, steps=1, noise_multiplier=NOISE[n]) for n in "bc"}
    trained = Mechanism(name="a", n=6, batch=2, slots=8, steps=3, noise_multiplier=2.0)
    return [{"a": trained, **whole}[name] for name in names]


@pytest.mark.parametrize(
    ("said", "classes"),
    [
        ("", ["abc"]),
        ("disjoint a, b;", ["ac", "bc"]),
        ("disjoint b, a;", ["ac", "bc"]),
        ("disjoint a, b, c;", ["a", "b", "c"]),
        ("disjoint b, c;", ["ab", "ac"]),
    ],
)
def test_the_dearest_person_is_charged(folder: Path, said: str, classes: list[str]) -> None:
    compiled = program(folder, said).compiled
    wanted = max(account(told(*names), DELTA).epsilon for names in classes)
    assert cost_of(compiled, RECORDS, DELTA).epsilon == wanted
    if said:
        assert wanted < account(told("a", "b", "c"), DELTA).epsilon - 0.01


def test_every_set_that_a_person_may_be_in_is_looked_at() -> None:
    """Two groups and one data set by itself, against all sets of data sets without two of one group."""
    groups = (frozenset("pq"), frozenset("rst"))
    made = [
        Mechanism(
            name=n, n=9, batch=9, slots=9, steps=1, noise_multiplier=4.0,
            apart=next((g - {n} for g in groups if n in g), frozenset()),
        )
        for n in "pqrstu"
    ]  # fmt: skip
    allowed = [
        set(some)
        for count in range(7)
        for some in combinations("pqrstu", count)
        if all(len(g & set(some)) <= 1 for g in groups)
    ]
    largest = [some for some in allowed if not any(some < other for other in allowed)]
    found = [{m.name for m in some} for some in persons(made)]
    assert sorted(map(sorted, found)) == sorted(map(sorted, largest))
    assert rdp(made, DELTA).epsilon < rdp([replace(m, apart=frozenset()) for m in made], DELTA).epsilon
    # a data set that is said to be apart from one that is not used
    assert [[m.name for m in some] for some in persons([m for m in made if m.name in "pu"])] == [["p", "u"]]


def test_a_budget_asks_for_less_noise(folder: Path) -> None:
    apart = [replace(m, apart=frozenset("ab") - {m.name}) for m in told("a", "b")]
    assert noise_for(apart, 1.0, DELTA)[0] < noise_for(told("a", "b"), 1.0, DELTA)[0]


def test_reports_say_what_epsilon_rests_on(folder: Path) -> None:
    compiled = program(folder, "disjoint a, b;").compiled
    found = privacy(compiled, RECORDS, DELTA)
    said = "no person is in two of `a` and `b`, as their owner says: epsilon is of whichever loses most"
    assert said in found.lines() and found.as_json()["disjoint"] == [["a", "b"]]


def test_a_contract_says_it(folder: Path) -> None:
    ran = program(folder, "disjoint a, b;")
    agreed = terms_for(
        ran,
        {"vendor": VENDOR.certificate, "hospital": HOSPITAL.certificate},
        {name: Holding(6, "5a" * 32, "00" * 32) for name in "abc"},
        BUDGETS,
        NOW,
        NOW + timedelta(days=1),
    )
    assert any("no person is in two of `a` and `b`" in line for line in lines(Contract(terms=agreed, signatures=())))
    with_program(agreed, ran)
    with pytest.raises(Refused, match="other-disjoint"):
        with_program(agreed.model_copy(update={"disjoint": (("a", "c"),)}), ran)
    for wrong, reason in (("a", "d"), "unknown-data"), (("a", "a"), "listed-twice"):
        with pytest.raises(Refused, match=reason):
            agrees_with_itself(agreed.model_copy(update={"disjoint": (wrong,)}))


def test_an_artifact_says_it(folder: Path) -> None:
    ran = program(folder, "disjoint a, b;")
    assert artifact.decode(ran.artifact).disjoint == (("a", "b"),)
    forged = artifact.encode(replace(program(folder, "").compiled, disjoint=(("a", "b"),)))
    with pytest.raises(artifact.ArtifactError, match="without a person in common"):
        artifact.decode(forged)
    with pytest.raises(artifact.ArtifactError, match="have no person in common, which it does not have"):
        artifact.decode(artifact.encode(replace(ran.compiled, disjoint=(("a", "d"),))))


def test_a_record_in_two_of_them_is_refused(folder: Path, tmp_path: Path) -> None:
    ran = program(folder, "disjoint a, b;")
    (tmp_path / "w.csv").write_text("w\n1\n0.5\n")
    given = {name: str(folder / f"{name}.csv") for name in "abc"} | {"w0": str(tmp_path / "w.csv")}
    assert api.simulate(ran, given, seed=1)
    assert api.simulate(ran, given | {"c": given["a"]}, seed=1)  # nothing is said of that one
    with pytest.raises(InputError, match="6 of its records are in `a` too"):
        api.simulate(ran, given | {"b": given["a"]}, seed=1)
    lines = (folder / "b.csv").read_text().splitlines()
    (tmp_path / "b.csv").write_text("\n".join([*lines[:-1], (folder / "a.csv").read_text().splitlines()[3]]) + "\n")
    with pytest.raises(InputError, match="1 of its records are in `a` too"):
        api.simulate(ran, given | {"b": str(tmp_path / "b.csv")}, seed=1)


def alike_in(tmp_path: Path, one: str, other: str) -> int:
    """How many records two files are said to have in common."""
    for name, text in ("one", one), ("other", other):
        (tmp_path / f"{name}.csv").write_text(text)
    first, second = alike([str(tmp_path / "one.csv"), str(tmp_path / "other.csv")], b"k" * 32)
    return len(first & second)


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [
        ("x,y\n0,1\n", "x,y\n1,0\n", 0),  # other people, whose values are the same numbers
        ("x,y\n0,1\n", "y,x\n1,0\n", 1),  # columns in another order
        ("x,y\n0,1\n", "x,y\n0.0,1.0\n", 1),
        ("x,y\n0,a\n", "y,x\na,0\n", 1),
        ("x,y\n0,a\n", "y,x\n0,a\n", 0),
        ("x,y\n0,1\n", "x,z\n1,0\n", 1),  # nobody knows which column is which
        ("id,x\n1,0\n", "id,x\n2,0\n", 0),  # who only look alike to the program
        ("id,x\n1,0\n", "id,x\n1,0\n", 1),
        ("id,x\n1,\n", "id,x\n1,NA\n", 1),
    ],
)
def test_records_that_may_be_one(tmp_path: Path, one: str, other: str, common: int) -> None:
    assert alike_in(tmp_path, one, other) == common


def test_columns_without_names_may_stand_anywhere(tmp_path: Path) -> None:
    for name, row in ("one", [1, 2, 3]), ("other", [3, 1, 2]):
        np.save(tmp_path / f"{name}.npy", np.array([row]))
    first, second = alike([str(tmp_path / "one.npy"), str(tmp_path / "other.npy")], b"k" * 32)
    assert first == second


def test_people_who_look_alike_are_told_apart_by_a_column_that_no_program_reads(folder: Path, tmp_path: Path) -> None:
    ran = program(folder, "disjoint a, b;")
    (tmp_path / "w.csv").write_text("w\n1\n0.5\n")
    given = {name: str(folder / f"{name}.csv") for name in "abc"} | {"w0": str(tmp_path / "w.csv")}
    rows = [f"{i % 2},{i % 3 > 1},1" for i in range(6)]  # coarse: few of them differ
    for numbered in (False, True):
        for name, first in ("a", 0), ("b", 6):
            lines = [f"{row},{first + i}" if numbered else row for i, row in enumerate(rows)]
            head = "x0,x1,y,number" if numbered else "x0,x1,y"
            (tmp_path / f"{name}.csv").write_text("\n".join([head, *lines, ""]))
        coarse = given | {name: str(tmp_path / f"{name}.csv") for name in "ab"}
        if numbered:
            assert api.simulate(ran, coarse, seed=1)
            continue
        with pytest.raises(InputError) as refused:
            api.simulate(ran, coarse, seed=1)
        assert "alike in every column" in str(refused.value) and "the program need not read it" in str(refused.value)
