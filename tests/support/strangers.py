"""Strangers at the door of a party that waits, for as long as one likes, and the agreed peer after them.

    PYTHONPATH=.:tests python -m support.strangers SECONDS

prints who came, what the party said, and how its memory went.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import socket
import ssl
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

from support.command import BASE, HERE, RECORDS, TUMOUR, call, finish, port, start

from runtime.net import keys

SMALL = ("-D", "STEPS=2", "-D", "BATCH=8", "--seed", "7")
AT_ONCE = 200
BURST_EVERY = 10.0  # seconds
SLOW = 30  # callers that send a byte a second, at any time


class Strangers:
    """Come to a port of this machine, several at a time, from `start` to `stop`."""

    def __init__(self, port: int, folder: Path) -> None:
        self._port, self._stop = port, Event()
        self.came: Counter[str] = Counter()
        self._wrong = _context(folder, "stranger")
        quick = [self._closes, self._http, self._garbage, self._wrong_certificate, self._no_certificate]
        self._threads = [
            Thread(target=self._again, args=(act, pause))
            for act, pause in [*((act, 0.2) for act in quick), (self._slow, 0.0), (self._burst, BURST_EVERY)]
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _again(self, act: Callable[[], None], pause: float) -> None:
        while not self._stop.is_set():
            with contextlib.suppress(OSError):  # the door is shut once the peer is inside
                act()
                self.came[act.__name__.strip("_")] += 1
            self._stop.wait(pause)

    def _call(self) -> socket.socket:
        return socket.create_connection((HERE, self._port), timeout=5.0)

    def _closes(self) -> None:
        self._call().close()

    def _http(self) -> None:
        self._says(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50)

    def _garbage(self) -> None:
        self._says(secrets.token_bytes(100_000))

    def _says(self, words: bytes) -> None:
        with self._call() as caller:
            caller.sendall(words)
            while caller.recv(1 << 16):
                pass

    def _wrong_certificate(self) -> None:
        self._greets(self._wrong)

    def _no_certificate(self) -> None:
        self._greets(_trusting())

    def _greets(self, context: ssl.SSLContext) -> None:
        with self._call() as plain, contextlib.suppress(ssl.SSLError), context.wrap_socket(plain) as caller:
            assert not caller.recv(1000), "a stranger was told something"

    def _slow(self) -> None:
        """The beginning of a greeting, byte by byte, from many at once."""
        incoming, hello = ssl.MemoryBIO(), ssl.MemoryBIO()
        with contextlib.suppress(ssl.SSLWantReadError):
            self._wrong.wrap_bio(incoming, hello).do_handshake()
        words = hello.read()
        with contextlib.ExitStack() as stack:
            callers = [stack.enter_context(self._call()) for _ in range(SLOW)]
            self.came["slow"] += SLOW
            for byte in words:
                for caller in callers:
                    with contextlib.suppress(OSError):  # it has been turned away
                        caller.send(bytes([byte]))
                if self._stop.wait(1.0):
                    return

    def _burst(self) -> None:
        with contextlib.ExitStack() as stack:
            for _ in range(AT_ONCE):
                caller = stack.enter_context(socket.socket())
                caller.setblocking(False)
                caller.connect_ex((HERE, self._port))
            self._stop.wait(0.5)


def _trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _context(folder: Path, name: str) -> ssl.SSLContext:
    key, certificate = keys.save(keys.new(name), folder)
    context = _trusting()
    context.load_cert_chain(certificate, key)
    return context


@dataclass(frozen=True, slots=True)
class Seen:
    """What there was to see of a party that waited among strangers, and then met its peer."""

    came: dict[str, int]
    outputs: list[float]  # what the peer learned
    expected: list[float]
    memory: list[int]  # bytes of the party's process, once a second while it waited
    said: str  # on its standard error

    @property
    def growth(self) -> int:
        """Bytes from the first tenth of the wait to its last."""
        tenth = max(1, len(self.memory) // 10)
        return max(self.memory[-tenth:]) - max(self.memory[:tenth])


def beside_a_run(seconds: float) -> Seen:
    """A hospital waits among strangers for so long; then the vendor comes, while more strangers do."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for party in ("hospital", "vendor"):
            keys.save(keys.new(party), folder)
        artifact = str(folder / "small.ccrc")
        assert call("compile", TUMOUR, *SMALL[:4], "-o", artifact).exit_code == 0
        wait = ("--wait", str(seconds + 120.0))
        hospital = start(
            *_party(folder, "hospital", "vendor", artifact), "--listen", f"{HERE}:0", "--input", RECORDS, *wait
        )
        strangers = Strangers(port(hospital), folder)
        said: list[str] = []
        assert hospital.stderr is not None
        listening = Thread(target=lambda stream: said.extend(stream), args=(hospital.stderr,))
        listening.start()
        strangers.start()
        memory = _watched(hospital.pid, seconds)
        where = f"{HERE}:{strangers._port}"
        vendor = start(*_party(folder, "vendor", "hospital", artifact), "--connect", where, "--input", BASE, "--json")
        status, out, err = finish(vendor)
        strangers.stop()
        listening.join()
        assert status == 0, err
        assert hospital.wait(60.0) == 0, "".join(said)
        assert hospital.stdout is not None
        hospital.stdout.close()
        hospital.stderr.close()
        simulated = call("simulate", artifact, *SMALL[4:], "--input", BASE, "--input", RECORDS, "--json")
        expected = json.loads(simulated.stdout)["outputs"]["w"]
        return Seen(dict(strangers.came), json.loads(out)["outputs"]["w"], expected, memory, "".join(said))


def _party(folder: Path, party: str, peer: str, artifact: str) -> list[str]:
    keys_ = [f"--key={folder / party}.key", f"--cert={folder / party}.crt", f"--peer={folder / peer}.crt"]
    return ["run", artifact, "--as", party, *keys_, *SMALL[4:]]


def _watched(pid: int, seconds: float) -> list[int]:
    end, found = time.monotonic() + seconds, [_resident(pid)]
    while time.monotonic() < end:
        time.sleep(min(1.0, seconds))
        found.append(_resident(pid))
    return found


def _resident(pid: int) -> int:
    """Bytes."""
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) << 10


def main(seconds: float) -> None:
    seen = beside_a_run(seconds)
    print(f"{seconds:g} s; strangers: {seen.came}")
    print(
        f"memory {seen.memory[0] / 1e6:.1f} MB at first, {max(seen.memory) / 1e6:.1f} MB at most, grown {seen.growth}"
    )
    print(f"the run {'ended right' if seen.outputs == seen.expected else 'ENDED WRONG'}; the hospital said")
    print(seen.said)


if __name__ == "__main__":
    main(float(sys.argv[1]))
