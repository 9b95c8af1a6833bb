"""An output is in its file before its party waits for anything more: from there on a kill loses nothing."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from support.command import HERE, LONG, MILLIONAIRES, finish, port, start

from runtime import api
from runtime.net import keys
from runtime.net.frames import Frame
from runtime.net.tls import connect
from runtime.party.run import prepare, run
from runtime.privacy.randomness import RunSecret
from runtime.session.session import PARTING


class Withheld:
    """A channel over which the last word is never said."""

    def __init__(self, channel: Any) -> None:
        self._channel, self.timeout, self.deadline = channel, channel.timeout, channel.deadline

    def send(self, kind: int, payload: Any) -> None:
        if kind != Frame.DONE:
            self._channel.send(kind, payload)

    def close(self) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        return getattr(self._channel, name)


def test_a_party_that_is_killed_once_it_has_its_outputs_has_them(tmp_path: Path) -> None:
    program = api.compile(MILLIONAIRES)
    own, peer = program.compiled.garbler, program.compiled.evaluator
    values = {"alice": "a=3", "bob": "b=2"}
    identities = {party: keys.new(party) for party in (own, peer)}
    for party, identity in identities.items():
        (tmp_path / f"{party}.key").write_bytes(identity.private_key)
        (tmp_path / f"{party}.key").chmod(0o600)
        (tmp_path / f"{party}.crt").write_bytes(identity.certificate)
    mine = ("--key", str(tmp_path / f"{own}.key"), "--cert", str(tmp_path / f"{own}.crt"))
    saved = tmp_path / "out.csv"
    garbler = start(
        *("run", MILLIONAIRES, "--as", own, "--listen", f"{HERE}:0", *mine, "--peer", str(tmp_path / f"{peer}.crt")),
        *("--input", values[own], "--output", f"out={saved}"),
    )
    try:
        link = connect(HERE, port(garbler), identities[peer], identities[own].certificate, LONG, LONG)
        channel: Any = Withheld(link)
        given = dict([values[peer].split("=")])
        run(program, peer, prepare(program, peer, given, RunSecret.of(None)), channel)
        end = time.monotonic() + 0.7 * PARTING  # it waits for the last word until then, and longer
        while not saved.exists() and time.monotonic() < end:
            time.sleep(0.05)
        assert garbler.poll() is None
    finally:
        garbler.kill()
    link.abort()
    finish(garbler)
    assert saved.read_text() == "out\n1\n"
