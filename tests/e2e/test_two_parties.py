"""Both parties as processes: what they learn, and what each says when something goes wrong."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.command import (
    BASE,
    HERE,
    MILLIONAIRES,
    RECORDS,
    TUMOUR,
    Relay,
    Started,
    afresh,
    call,
    finish,
    port,
    result,
    start,
    wait_for,
)

SMALL = ("-D", "STEPS=2", "-D", "BATCH=8")
LONG_RUN = ("-D", "STEPS=5000")
STREAMING = 2_000_000  # bytes down: the tables are on their way


class Party:
    """One party's part of the command line."""

    def __init__(self, folder: Path, name: str, peer: str, *given: str) -> None:
        keys = [f"--key={folder / name}.key", f"--cert={folder / name}.crt", f"--peer={folder / peer}.crt"]
        self.options = ["--as", name, *keys, *given]

    def listen(self, program: str, *more: str, by: Callable[..., Started] = start) -> Started:
        return by("run", program, *self.options, "--listen", f"{HERE}:0", *more)

    def connect(self, program: str, port: int, *more: str, by: Callable[..., Started] = start) -> Started:
        return by("run", program, *self.options, "--connect", f"{HERE}:{port}", *more)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys of everybody."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("alice", "bob", "hospital", "vendor", "mallory"):
        assert call("keys", "new", name, "--folder", str(folder)).exit_code == 0
    return folder


@pytest.fixture(scope="module")
def endless(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An artifact whose run takes longer than any machine gives it before a test has ended it."""
    artifact = str(tmp_path_factory.mktemp("endless") / "tumour.ccrc")
    assert call("compile", TUMOUR, *LONG_RUN, "-o", artifact).exit_code == 0
    return artifact


@pytest.fixture
def alice(folder: Path) -> Party:
    return Party(folder, "alice", "bob", "--input", "a=900000")


@pytest.fixture
def bob(folder: Path) -> Party:
    return Party(folder, "bob", "alice", "--input", "b=1200000")


@pytest.fixture
def hospital(folder: Path) -> Party:
    return Party(folder, "hospital", "vendor", "--input", RECORDS)


@pytest.fixture
def vendor(folder: Path) -> Party:
    return Party(folder, "vendor", "hospital", "--input", BASE)


def test_millionaires_on_one_machine() -> None:
    told: Any = result(afresh("run", MILLIONAIRES, "--input", "a=1200000", "--input", "b=900000", "--json"))
    assert told["outputs"] == {"out": 1}
    assert [o["name"] for party in ("alice", "bob") for o in told["learned"][party]] == ["out", "out"]
    assert told["and_gates"] == 32 and told["epsilon"] is None
    assert told["bytes_sent"] == sum(p["bytes_sent"] for p in told["parties"].values()) > 32 * 32
    seconds = told["seconds"]
    assert seconds["total"] == pytest.approx(sum(v for name, v in seconds.items() if name != "total"))


def test_millionaires_on_two_terminals(alice: Party, bob: Party) -> None:
    listening = alice.listen(MILLIONAIRES, "--json", by=afresh)
    connecting = bob.connect(MILLIONAIRES, port(listening), "--json", by=afresh)
    first, second = result(listening), result(connecting)
    assert first["outputs"] == second["outputs"] == {"out": 0}
    ours, theirs = first["parties"]["alice"], second["parties"]["bob"]
    assert (ours["bytes_sent"], ours["bytes_received"]) == (theirs["bytes_received"], theirs["bytes_sent"])


def test_a_run_gives_the_bits_of_the_simulation(tmp_path: Path) -> None:
    inputs = ("--seed", "7", "--input", BASE, "--input", RECORDS)
    artifact, tuned, again = tmp_path / "small.ccrc", tmp_path / "w.npz", tmp_path / "again.npz"
    assert call("compile", TUMOUR, *SMALL, "-o", str(artifact)).exit_code == 0
    done = call("run", str(artifact), *inputs, "--output", f"w={tuned}")
    assert done.exit_code == 0, (done.stderr, done.exception)
    assert "NOT private" in done.stderr and "NOT private" in done.stdout
    assert "no contract: nothing was charged to any ledger" in done.stdout and "hospital learned nothing" in done.stdout
    assert "epsilon" in done.stdout and "zero-out of one record" in done.stdout
    assert call("simulate", TUMOUR, *SMALL, *inputs, "--output", f"w={again}").exit_code == 0
    assert tuned.read_bytes() == again.read_bytes()
    with np.load(tuned) as found, np.load(BASE.removeprefix("w0=")) as base:
        assert not np.array_equal(found["w"], base["w0"])
    from_artifact = json.loads(call("simulate", str(artifact), *inputs, "--json").stdout)
    with np.load(tuned) as found:
        assert from_artifact["outputs"]["w"] == found["w"].tolist()


def test_different_programs(alice: Party, bob: Party, tmp_path: Path) -> None:
    other = tmp_path / "other.ccr"
    other.write_text(Path(MILLIONAIRES).read_text().replace("a > b", "a >= b"))
    listening = alice.listen(MILLIONAIRES, "--json")
    connecting = bob.connect(str(other), port(listening), "--json")
    for status, out, err in (finish(listening), finish(connecting)):
        assert status == 1 and json.loads(out)["error"]["code"] == "DifferentPrograms"
        assert "different programs" in err and "Traceback" not in err


def test_different_products(hospital: Party, vendor: Party) -> None:
    listening = hospital.listen(TUMOUR, *SMALL, "--json", "--products", "gates")
    connecting = vendor.connect(TUMOUR, port(listening), *SMALL, "--json")
    for process, mine, theirs in ((listening, "gates", "shares"), (connecting, "shares", "gates")):
        status, out, err = finish(process)
        assert status == 1 and json.loads(out)["error"]["code"] == "DifferentProducts"
        assert f"you run with --products {mine}, the peer with {theirs}: choose the same" in err


def test_a_wrong_certificate(alice: Party, bob: Party, folder: Path) -> None:
    listening = alice.listen(MILLIONAIRES, "--json")
    where = port(listening)
    mallory = [f"--key={folder / 'mallory.key'}", f"--cert={folder / 'mallory.crt'}", f"--peer={folder / 'alice.crt'}"]
    calls = ("--as", "bob", *mallory, "--connect", f"{HERE}:{where}", "--input", "b=1", "--json")
    status, out, err = finish(start("run", MILLIONAIRES, *calls))
    assert status == 1 and json.loads(out)["error"]["code"] == "PeerNotTrusted"
    assert "does not accept this party's certificate" in err
    assert "told to expect" in wait_for(listening, "turned away")
    connecting = bob.connect(MILLIONAIRES, where, "--json")  # the wait has not ended
    assert [result(party)["outputs"] for party in (connecting, listening)] == [{"out": 0}] * 2


def test_the_peer_is_not_there(alice: Party, bob: Party) -> None:
    waiting, calling = alice.listen(MILLIONAIRES, "--wait", "1"), bob.connect(MILLIONAIRES, 9, "--wait", "1")
    for process, words in ((waiting, "nobody connected"), (calling, "nobody answered")):
        status, out, err = finish(process)
        assert (status, out) == (1, "") and words in err and "Traceback" not in err


@pytest.mark.parametrize("victim", ["hospital", "vendor"])
def test_a_party_dies_while_tables_stream(
    hospital: Party, vendor: Party, endless: str, tmp_path: Path, victim: str
) -> None:
    """kill -9: the other one says that the connection broke, and leaves no part of an output."""
    parties, relay = _long_run(endless, hospital, vendor, tmp_path)
    parties[victim].kill()
    status, out, err = finish(parties["vendor" if victim == "hospital" else "hospital"])
    assert (status, out) == (1, "") and "the connection to the peer at" in err and "Traceback" not in err
    assert list(tmp_path.iterdir()) == []
    assert finish(parties[victim])[0] == -signal.SIGKILL
    relay.close()


@pytest.mark.parametrize(
    ("victim", "sent", "ended", "said"),
    [
        ("hospital", signal.SIGINT, 130, "interrupted"),
        ("vendor", signal.SIGINT, 130, "interrupted"),
        ("hospital", signal.SIGTERM, 143, "terminated"),
    ],
)
def test_a_party_is_ended_while_tables_stream(
    hospital: Party, vendor: Party, endless: str, tmp_path: Path, victim: str, sent: int, ended: int, said: str
) -> None:
    """By Ctrl-C or by SIGTERM, and its peer is told by which."""
    parties, relay = _long_run(endless, hospital, vendor, tmp_path)
    parties[victim].send_signal(sent)
    status, out, err = finish(parties[victim])
    assert (status, out) == (ended, "") and said in err and "Traceback" not in err
    status, out, err = finish(parties["vendor" if victim == "hospital" else "hospital"])
    assert (status, out) == (1, "") and f"it was {said} there" in err and "Traceback" not in err
    assert list(tmp_path.iterdir()) == []
    relay.close()


def test_ctrl_c_while_waiting(alice: Party) -> None:
    waiting = alice.listen(MILLIONAIRES)
    wait_for(waiting, "waiting for bob")
    waiting.send_signal(signal.SIGINT)
    status, out, err = finish(waiting)
    assert (status, out) == (130, "") and "interrupted" in err and "Traceback" not in err


def _long_run(program: str, hospital: Party, vendor: Party, folder: Path) -> tuple[dict[str, Started], Relay]:
    """Both parties in the middle of streaming; the vendor would save its output in the folder."""
    garbling = hospital.listen(program)
    relay = Relay(port(garbling), STREAMING)
    evaluating = vendor.connect(program, relay.port, "--output", f"w={folder / 'tuned.npz'}")
    relay.wait()
    return {"hospital": garbling, "vendor": evaluating}, relay
