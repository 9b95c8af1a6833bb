"""`ccr data check` and `ccr data mask`: statuses, what is told, what a report holds, and what is refused."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.command import call
from support.contracts import SOURCE

from runtime.cli import deidentification
from runtime.contract import canonical
from runtime.contract.commitment import report_key
from runtime.data.deidentify import report as reports
from runtime.data.deidentify.rules import Rules
from runtime.data.errors import InputError
from runtime.net import keys

POLICY = """
[deidentification]
quasi-identifiers = ["age"]
k = 2
direct = ["name"]
person = "patient"
most = 2
[deidentification.mask.name]
how = "drop"
[deidentification.mask.patient]
how = "hash"
[deidentification.mask.age]
how = "generalise"
step = 10
"""
ROWS = ["patient,name,age,note", "17,Ada Lovelace,36,ada@example.org", "21,Bob Stone,31,", "17,Ada Lovelace,38,paid"]
VALUES = ["Ada", "Lovelace", "Bob", "example.org", "17", "21", "36", "38"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policy.toml").write_text(POLICY)
    (tmp_path / "a.csv").write_text("\n".join(ROWS) + "\n")
    return tmp_path


def answer(*arguments: str, status: int = 0) -> Any:
    done = call("data", *arguments, "--json")
    assert done.exit_code == status, (done.stderr, done.exception)
    return json.loads(done.stdout)


CHECK = ("check", "a.csv", "--policy", "policy.toml")
MASK = ("mask", "a.csv", "--policy", "policy.toml", "--output", "b.csv", "--hash-key", "hash.key")


def test_a_file_before_and_after_it_is_masked(folder: Path) -> None:
    found = answer(*CHECK, status=3)
    assert not found["passed"] and (found["records"], found["k"], found["persons"]) == (3, 1, 2)
    assert {(f["check"], *f["columns"]): f["rows"] for f in found["findings"]} == {
        ("masks", "patient"): [2, 3, 4],
        ("direct identifiers", "name"): [2, 3, 4],
        ("masks", "age"): [2, 3, 4],
        ("direct identifiers", "note"): [2],
        ("k-anonymity", "age"): [2, 3, 4],
    }
    made = answer(*MASK)
    assert (made["records"], made["beyond"], made["dropped"]) == (3, 0, ["name"])
    assert (folder / "b.csv").read_text().splitlines()[0] == "patient,age,note"
    left = answer("check", "b.csv", "--policy", "policy.toml", status=3)
    assert [(f["what"], f["rows"]) for f in left["findings"]] == [("e-mail address", [2])]
    policy = POLICY + '[deidentification.mask.note]\nhow = "drop"\n'
    (folder / "policy.toml").write_text(policy)
    answer(*MASK)
    assert answer("check", "b.csv", "--policy", "policy.toml")["passed"]


def test_what_is_told_in_words(folder: Path) -> None:
    done = call("data", *CHECK)
    assert done.exit_code == 3 and not done.stderr
    assert done.stdout.splitlines() == [
        "a.csv: text, separated by commas, 4 columns, 3 records",
        "  masks: not masked as the policy says in `patient`: lines 2, 3, 4",
        "  direct identifiers: named by the policy in `name`: lines 2, 3, 4",
        "  masks: not masked as the policy says in `age`: lines 2, 3, 4",
        "  direct identifiers: e-mail address in `note`: line 2",
        "  k-anonymity: in 3 groups of fewer than 2 rows in `age`: lines 2, 3, 4",
        "  k = 1 over `age`, 2 asked",
        "  2 persons by `patient`, of one 2 rows at most, 2 allowed",
        "refused: 5 findings",
    ]
    done = call("data", *MASK, "--most", "1")
    assert done.stdout.splitlines() == [
        "b.csv: 2 records of a.csv, in their order",
        "  left out: `name`",
        "  hashed: `patient`",
        "  generalised: `age`",
        "  left out: 1 record beyond the 1 of one person",
    ]


def test_a_key_is_made_once(folder: Path) -> None:
    first = call("data", *MASK)
    assert first.exit_code == 0 and "hash.key: a new key" in first.stderr
    assert stat.S_IMODE((folder / "hash.key").stat().st_mode) == 0o600
    masked = (folder / "b.csv").read_bytes()
    assert call("data", *MASK).stderr == "" and (folder / "b.csv").read_bytes() == masked
    (folder / "hash.key").unlink()
    assert call("data", *MASK).exit_code == 0 and (folder / "b.csv").read_bytes() != masked


OWN = ("--report", "r.json", "--key", "me.key", "--cert", "me.crt")


def test_a_report_holds_no_value_and_is_tied_to_its_records(folder: Path) -> None:
    identity = keys.new("me")
    keys.save(identity, folder)
    told = answer(*CHECK, *OWN, status=3)
    report = (folder / "r.json").read_bytes()
    assert stat.S_IMODE((folder / "r.json").stat().st_mode) == 0o600
    found = reports.read(report, "r.json")
    text = json.dumps({name: value for name, value in found.items() if name != "data"})
    assert not [value for value in VALUES if value in text] and "a.csv" not in text
    assert canonical.encode(found) == report and found["person"] == "patient"
    key = report_key(identity)
    assert told["digest"] == reports.digest(report, key) != reports.digest(report, bytes(32))
    assert found["data"] == reports.data("a.csv", key) != reports.data("a.csv", report_key(keys.new("me")))
    (folder / "c.csv").write_text("\n".join([ROWS[0], *ROWS[:0:-1]]) + "\n")  # the same rows in another order
    assert reports.data("c.csv", key) == found["data"]
    (folder / "c.csv").write_text("\n".join(ROWS[:-1]) + "\n")
    assert reports.data("c.csv", key) != found["data"]
    assert "digest" in call("data", *CHECK, *OWN).stdout


def test_a_report_meets_the_rules_that_it_was_made_by(folder: Path) -> None:
    keys.save(keys.new("me"), folder)
    (folder / "a.csv").write_text("age\n30\n30\n")
    policy = '[deidentification]\nquasi-identifiers = ["age"]\nk = {k}\n'
    found: list[Any] = []
    for k in (2, 3):
        (folder / "policy.toml").write_text(policy.format(k=k))
        assert call("data", *CHECK, *OWN).exit_code == (0 if k == 2 else 3)
        found.append(reports.read((folder / "r.json").read_bytes(), "r.json"))
    two, three = Rules(quasi=("age",), k=2), Rules(quasi=("age",), k=3)
    assert reports.meets(found[0], two)
    assert not reports.meets(found[0], three) and not reports.meets(found[1], three)


@pytest.mark.parametrize(
    "edit",
    [
        lambda report: report.replace(b'"passed":false', b'"passed": true'),
        lambda report: report.replace(b"report 1", b"report 2"),
        lambda report: report[:-1],
        lambda report: b"[" * 10**5,
        lambda report: b"[1]",
        lambda report: b'{"form":"ccr de-identification report 1"}',
    ],
)
def test_what_is_no_report(folder: Path, edit: Callable[[bytes], bytes]) -> None:
    keys.save(keys.new("me"), folder)
    call("data", *CHECK, *OWN)
    with pytest.raises(InputError, match=r"r\.json: this is no report of `ccr data check`"):
        reports.read(edit((folder / "r.json").read_bytes()), "r.json")


def test_outliers_of_a_program(folder: Path) -> None:
    (folder / "small.ccr").write_text(SOURCE)
    (folder / "policy.toml").write_text("[deidentification]\n")
    (folder / "a.csv").write_text("x0,x1,y\n0.5,0.25,1\n0.9,0.9,0\n7.125,0.5,1\n0.5,high,2\n")
    found = answer(*CHECK, "--program", "small.ccr", status=3)
    assert {f["columns"][0]: f["rows"] for f in found["findings"] if f["check"] == "outliers"} == {
        "x": [3],
        "x0": [4],
        "x1": [5],
        "y": [5],
    }
    assert "7.125" not in json.dumps(found) and "high" not in json.dumps(found)
    (folder / "a.csv").write_text("a,b,y\n0.5,0.25,1\n0.25,0.5,0\n")
    assert answer(*CHECK, "--program", "small.ccr", "--columns", "x=a,b")["passed"]
    named = ("--program", "small.ccr", "--for", "w0")
    error = answer(*CHECK, *named, status=2)["error"]
    assert error["message"] == "the program has no data set `w0`" and error["help"] == "--for is one of `records`"
    assert "no column" in answer(*CHECK, "--program", "small.ccr", status=2)["error"]["message"]


@pytest.mark.parametrize(
    ("more", "what"),
    [
        (("--most", "3"), "--person, --most: the policy lets a person have 2 rows"),
        (("--person", "name"), "--person, --most: the policy tells persons apart by `patient`"),
        (("--report", "a.csv"), "--report a.csv would take the place of a.csv"),
        (("--report", "r.json"), "a report is tied to its owner's key"),
        (("--key", "me.key"), "--key and --cert go with --report"),
        (("--columns", "x=a"), "--for, --columns and -D go with --program"),
    ],
)
def test_what_does_not_go_together(folder: Path, more: tuple[str, ...], what: str) -> None:
    assert answer(*CHECK, *more, status=2)["error"]["message"] == what


@pytest.mark.parametrize(
    ("text", "what", "help"),
    [
        ("k = = 2", "this is no TOML: Invalid value (at line 1, column 5)", "mend it there"),
        ("[de-identification]\nk = 2", "there is no section [deidentification]", "is [de-identification] meant?"),
        ("[limits]", "there is no section [deidentification]", "add it, as docs/deidentification.md says"),
        (
            POLICY.replace("step", "stepp"),
            "[deidentification.mask.age]: there is no key `stepp`",
            "did you mean `step`?",
        ),
        (POLICY.replace('["age"]', '["aeg"]'), "there is no column `aeg`", "did you mean `age`?"),
    ],
)
def test_a_policy_that_is_none(folder: Path, text: str, what: str, help: str) -> None:
    (folder / "policy.toml").write_text(text)
    error = answer(*CHECK, status=2)["error"]
    assert what in error["message"] and error["help"].startswith(help)


@pytest.mark.parametrize(
    ("command", "what"),
    [
        (("check", "none.csv", "--policy", "policy.toml"), "there is no such file"),
        (("check", "a.csv", "--policy", "none.toml"), "there is no such file"),
        (("check", "empty.csv", "--policy", "policy.toml"), "the file is empty"),
        (("check", "header.csv", "--policy", "policy.toml"), "there are no rows below the header"),
        (("check", "policy.toml", "--policy", "policy.toml"), "this is no file whose records can be read"),
        ((*MASK[:5], "a.csv", *MASK[6:]), "--output a.csv would take the place of a.csv"),
        ((*MASK[:5], "hash.key", *MASK[6:]), "--output hash.key would take the place of hash.key"),
        ((*MASK[:5], "no/b.csv", *MASK[6:]), "cannot be written: No such file or directory"),
        (MASK[:6], "the policy hashes a column, which takes a key"),
        ((*MASK[:7], "policy.toml"), "this is no key of hashes"),
    ],
)
def test_a_wrong_file(folder: Path, command: tuple[str, ...], what: str) -> None:
    (folder / "empty.csv").write_text("")
    (folder / "header.csv").write_text("patient,age\n")
    assert answer(*command, status=2)["error"]["message"].endswith(what)
    assert (folder / "a.csv").read_text().splitlines() == ROWS


def test_a_key_that_nothing_takes(folder: Path) -> None:
    (folder / "policy.toml").write_text("[deidentification]\n")
    assert "--hash-key is of no use" in answer(*MASK, status=2)["error"]["message"]
    assert not (folder / "hash.key").exists()


def test_ctrl_c(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(deidentification, "mask_file", interrupted)
    assert call("data", *MASK).exit_code == 130 and not (folder / "b.csv").exists()


def test_a_file_that_changes_while_it_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = deidentification.checked_against

    def changed(*arguments: Any) -> Any:
        (folder / "a.csv").write_text("age\n1\n")
        return read(*arguments)

    monkeypatch.setattr(deidentification, "checked_against", changed)
    assert "changed while it was read" in answer(*CHECK, status=2)["error"]["message"]


def test_a_file_of_arrays_without_a_name(folder: Path) -> None:
    np.savez("a.npz", np.array([[1, 36], [2, 31]]))
    policy = '[deidentification]\n[deidentification.mask.1]\nhow = "generalise"\nstep = 10\n'
    (folder / "policy.toml").write_text(policy)
    answer("mask", "a.npz", "--policy", "policy.toml", "--output", "b.npz")
    assert np.load("b.npz")["arr_0"].tolist() == [[1, 30], [2, 30]]


WHOLE = """
[policy]
name = "ward"
version = 1
issued-by = "an officer"
expires = 2099-12-31
"""


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("[privacy]\nepsilon-rum = 2\n", "unknown key `epsilon-rum` in [privacy]"),
        ("[privcy]\nepsilon-run = 2\n", "unknown section `privcy`"),
        ('[releases]\nstep = "yes"\n', "`step` is neither true nor false"),
        ("[privacy]\nepsilon-run = 0\n", "`epsilon-run`"),
    ],
)
def test_a_fault_in_another_section_is_told(folder: Path, more: str, why: str) -> None:
    text = (folder / "policy.toml").read_text()
    (folder / "policy.toml").write_text(text + WHOLE)
    answer("check", "a.csv", "--policy", "policy.toml", status=3)
    (folder / "policy.toml").write_text(text + WHOLE + more)
    for command in (CHECK, MASK):
        done = call("data", *command)
        assert done.exit_code == 2 and why in done.stderr and "policy.toml, line" in done.stderr, done.stderr
    (folder / "policy.toml").write_text(text + more)  # a policy without a name is none
    assert call("data", *CHECK).exit_code == 2
