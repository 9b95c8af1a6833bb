"""The command as its users meet it: many files, standard input, programs that call it, terminals, full disks."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import sys
from pathlib import Path

import pytest
from support.command import EXAMPLES, HERE, MILLIONAIRES, RECORDS, TUMOUR, afresh, call, finish, start, wait_for
from typer.testing import CliRunner

from lang.syntax import load
from runtime.cli import ink, screen
from runtime.cli.app import app
from runtime.execute.engines import chosen

WRONG = "party a; party b;\ninput x: uint<8> from a;\noutput y to a;\n"
LONG = "a" * 300
FILE = RECORDS.partition("=")[2]
needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")


def test_the_version_names_the_backend() -> None:
    done = call("--version")
    assert (
        done.exit_code == 0
        and done.stdout.startswith("ccr 0.")
        and done.stdout.endswith(f", backend {chosen().backend}\n")
    )


# -- check


def test_check_many_files(tmp_path: Path) -> None:
    done = call("check", MILLIONAIRES, TUMOUR)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == f"{MILLIONAIRES}: no errors\n{TUMOUR}: no errors\n"
    first, second = tmp_path / "first.ccr", tmp_path / "second.ccr"
    first.write_text(WRONG)
    second.write_text(WRONG.replace("output y", "output q"))
    done = call("check", str(second), MILLIONAIRES, str(first), "--json")
    found = [(p["file"], p["line"]) for p in json.loads(done.stdout)["problems"]]
    assert done.exit_code == 2 and done.stderr.endswith("2 errors\n")
    assert found == [(str(first), 3), (str(second), 3)]


def test_what_two_programs_import_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "shared.ccr").write_text("fn half(x: uint<8>) -> uint<8> { x + none }\n")
    for name in ("one", "two"):
        (tmp_path / f"{name}.ccr").write_text('import "shared.ccr";\nparty a;\ninput x: uint<8> from a;\n')
    done = call("check", str(tmp_path / "one.ccr"), str(tmp_path / "two.ccr"))
    assert done.exit_code == 2 and done.stderr.count("`none`") == 1, done.stderr


def test_a_program_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device, say; it filled the memory until the process was killed."""
    monkeypatch.setattr(load, "PROGRAM", 1000)
    for command in ("check", "fmt", "inspect"):
        done = call(command, "/dev/zero")
        assert done.exit_code == 2 and "cannot read `/dev/zero`: it has more than 1000 bytes" in done.stderr
    assert "it has more than 1000 bytes" in CliRunner().invoke(app, ["check", "-"], input="x" * 1001).stderr
    assert "it has more than 1000 bytes" in CliRunner().invoke(app, ["fmt", "-"], input="x" * 1001).stderr


def test_check_standard_input() -> None:
    good = CliRunner().invoke(app, ["check", "-"], input=Path(MILLIONAIRES).read_text())
    assert (good.exit_code, good.stdout) == (0, "-: no errors\n")
    wrong = CliRunner().invoke(app, ["check", "-"], input=WRONG)
    assert wrong.exit_code == 2 and "--> <stdin>:3:8" in wrong.stderr
    bytes_ = CliRunner().invoke(app, ["check", "-"], input=b"\xff")
    assert bytes_.exit_code == 2 and "error[not-utf8]" in bytes_.stderr


# -- what calls it is a program


@pytest.mark.parametrize(
    ("arguments", "message", "help"),
    [
        (("check", "--json"), "Missing argument 'FILE'.", "`ccr check --help` says what it takes"),
        (("budget", "gran", "--json"), "No such command 'gran'. Did you mean 'grant'?", "`ccr budget --help`"),
        (("run", "x.ccr", "--wait", "soon", "--json"), "Invalid value for '--wait'", "`ccr run --help`"),
    ],
)
def test_a_wrong_command_line_as_json(arguments: tuple[str, ...], message: str, help: str) -> None:
    done = call(*arguments)
    error = json.loads(done.stdout)["error"]
    assert done.exit_code == 2 and f"Error: {message}" in done.stderr
    assert error["code"] == "usage" and error["message"].startswith(message) and error["help"].startswith(help)


def test_a_wrong_command_line_for_people() -> None:
    done = call("run", "--jsonn")
    assert (done.exit_code, done.stdout) == (2, "") and "No such option: --jsonn" in done.stderr


# -- what the system refuses


@pytest.mark.parametrize(
    "arguments",
    [
        ("compile", MILLIONAIRES, "-o", LONG),
        ("inspect", MILLIONAIRES, "--html", LONG),
        ("simulate", MILLIONAIRES, "--input", "a=1", "--input", "b=2", "--outputs", f"{LONG}.npz"),
        ("keys", "new", "me", "--folder", LONG),
        ("budget", "show", "--ledger", LONG),
        ("contract", "show", LONG),
        ("check", f"{LONG}.ccr"),
    ],
)
def test_a_name_that_is_too_long(arguments: tuple[str, ...]) -> None:
    done = call(*arguments, "--json")
    assert done.exit_code in (1, 2) and "file name too long" in done.stderr.lower()
    told = json.loads(done.stdout)
    assert "file name too long" in json.dumps(told).lower()


@needs_full
def test_reports_on_a_full_disk(tmp_path: Path) -> None:
    key = [f"--key={tmp_path / 'me.key'}", f"--cert={tmp_path / 'me.crt'}", "--ledger", str(tmp_path / "ledger.db")]
    assert call("keys", "new", "me", "--folder", str(tmp_path)).exit_code == 0
    grant = ("budget", "grant", FILE, "--epsilon", "1", "--delta", "1e-5", "--ledger", str(tmp_path / "ledger.db"))
    assert call(*grant).exit_code == 0
    for arguments in (("budget", "export", "/dev/full"), ("budget", "checkpoint", "-o", "/dev/full")):
        done = call(*arguments, *key)
        assert done.exit_code == 1 and done.stderr.startswith(
            "error: cannot write /dev/full: No space left on device\n"
        )


@needs_full
def test_nobody_hears_an_error() -> None:
    with Path("/dev/full").open("w") as full:
        assert finish(afresh("check", "none.ccr", err=full))[0] == 2


def test_a_policy_without_an_end() -> None:
    done = call("data", "check", FILE, "--policy", "/dev/zero")
    assert done.exit_code == 2 and "more than the 8192 bytes of the largest policy" in done.stderr
    done = call("keys", "show", "/dev/zero")
    assert done.exit_code == 2 and "/dev/zero is no key or certificate" in done.stderr


# -- an officer's slips


@pytest.mark.parametrize("file", [FILE, str(EXAMPLES / "tumour" / "tumour.ccr")])
def test_an_audit_of_what_is_no_log(file: str) -> None:
    done = call("budget", "audit", file)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == (
        f"error: {file} is not a log: no line of it is one of a log\n  = help: give what `ccr budget export` wrote\n"
    )


def test_a_signer_that_is_neither() -> None:
    done = call("budget", "audit", FILE, "--signer", "deadbeef")
    assert done.exit_code == 2
    assert done.stderr.startswith(
        "error: --signer deadbeef is neither a fingerprint, 64 digits of 0-9 and a-f, nor a file"
    )
    assert "No such file or directory; `ccr keys show`" in done.stderr


# -- ends


def test_sigterm_is_said(tmp_path: Path) -> None:
    for name in ("alice", "bob"):
        assert call("keys", "new", name, "--folder", str(tmp_path)).exit_code == 0
    keys = {"--key": "alice.key", "--cert": "alice.crt", "--peer": "bob.crt"}
    given = [word for option, file in keys.items() for word in (option, str(tmp_path / file))]
    process = start("run", MILLIONAIRES, "--as", "alice", "--input", "a=1", "--listen", f"{HERE}:0", *given)
    wait_for(process, "waiting for")
    process.send_signal(signal.SIGTERM)
    status, out, err = finish(process)
    assert (status, out, err) == (143, "", "terminated by SIGTERM; the run has ended and no output was saved\n")


# -- colours

DRAWN = """\
error[unknown-name]: `y` is not bound
 --> x.ccr:12:8
   |
12 | output y to a;
   |        ^ not bound
   | ---- declared here
  = help: bind it
"""
COLOURED = """\
<1;31>error[unknown-name]:<0> `y` is not bound
<34> --><0> x.ccr:12:8
<34>   |<0>
<34>12 |<0> output y to a;
<34>   |<0>        <31>^ not bound<0>
<34>   |<0> <34>---- declared here<0>
<1;36>  = help:<0> bind it
"""


def test_a_problem_in_colours() -> None:
    painted = ink.painted(DRAWN)
    assert painted == re.sub("<([0-9;]+)>", "\x1b[\\1m", COLOURED)
    assert ink.painted("warning: --seed") == "\x1b[1;33mwarning:\x1b[0m --seed"
    for plain in ("no colour", "out = 1", "errors: none", "a | b", "error in x"):
        assert ink.painted(plain) == plain


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_colours_are_for_terminals(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], wanted: bool, tmp_path: Path
) -> None:
    for name in ("TERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    reading, writing = pty.openpty()
    with os.fdopen(writing, "w") as terminal, (tmp_path / "log").open("w") as file:
        assert ink.coloured(terminal) is wanted and not ink.coloured(file) and not ink.coloured(None)
        monkeypatch.setattr(sys, "stderr", terminal)
        screen.say("error: it is wrong")
        shown = os.read(reading, 100)
    os.close(reading)
    assert shown == (b"\x1b[1;31merror:\x1b[0m it is wrong\r\n" if wanted else b"error: it is wrong\r\n")
