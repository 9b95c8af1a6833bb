"""The program of each of several owners is the one in which it owns the records alone."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from support.core_text import show

from lang.checker.check import check
from lang.checker.owners import of_owner, receiver
from lang.source import Source
from lang.typed import Measure, Moment, Program, Train

PROGRAM = (Path(__file__).parent / "programs" / "owners.ccr").read_text()
OWNERS = ("bank_a", "bank_b", "bank_c")
JOINT = PROGRAM.replace("noise = 1.5", "noise = 1.5 drawn by both").replace("noise = 4.0", "noise = 4.0 drawn by both")

SIZES = PROGRAM.replace("batch = BATCH", "batch = [8, 2 * BATCH + 1, 2]").replace("rows = 6", "rows = [6, 5, 9]")


def checked(text: str) -> Program:
    return check(Source("owners.ccr", text)).program


def alone(text: str, owner: str) -> str:
    """The text with one owner; a `measure` has no `release`, and its noise is the owner's only if that is said."""
    text = text.replace(", ".join(OWNERS), owner)
    text = re.sub(r"(batch|rows) = \[(.*?)\]", lambda m: f"{m[1]} = {m[2].split(', ')[OWNERS.index(owner)]}", text)
    return re.sub(r"noise = 4\.0(?! drawn)", f"noise = 4.0 drawn by {owner}", text)


@pytest.mark.parametrize("owner", OWNERS)
@pytest.mark.parametrize("text", [PROGRAM, JOINT, SIZES], ids=["own noise", "joint noise", "sizes of their own"])
def test_it_is_that_of_one_owner(text: str, owner: str) -> None:
    found = of_owner(checked(text), owner)
    others = "".join(f"party {name};\n" for name in OWNERS if name != owner)
    written = alone(text, owner)
    for line in others.splitlines(keepends=True):
        written = written.replace(line, "")
    wanted = checked(written)
    single = replace(found, datasets=tuple(replace(dataset, owners=()) for dataset in found.datasets))
    assert show(single) == show(wanted)
    assert found.parties == wanted.parties == ("vendor", owner)
    assert found.disjoint == wanted.disjoint
    assert [d.owners for d in found.datasets] == [OWNERS, OWNERS]


def test_all_of_them_tell_the_party_that_owns_nothing() -> None:
    program = checked(PROGRAM)
    assert program.owners == OWNERS and receiver(program) == "vendor"
    assert [s.release for s in program.statements if isinstance(s, Train)] == [Moment.STEP]
    drawn = {
        s.drawn_by for owner in OWNERS for s in of_owner(program, owner).statements if isinstance(s, Train | Measure)
    }
    assert drawn == set(OWNERS)


def test_the_noise_of_a_training_in_a_loop_is_that_of_each() -> None:
    """Where it cannot stay; but whoever looks at the program of one sees no other's name in it."""
    text = PROGRAM.replace("dpsgd w on", "for round in 0..2 {\ndpsgd w on").replace("row.y);\n}", "row.y);\n}\n}", 1)
    assert "bank_a" not in show(of_owner(checked(text), "bank_c"))
