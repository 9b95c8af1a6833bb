"""One party against mutated frames: `python -m support.fuzz_frames ROLE FIRST LAST SECONDS` prints what came out.

A session is played once with all randomness fixed; its frames to one party then fit that party again whenever it draws
the same, and are changed in between.  Every mutant has its own seed, its number; it ends early after so many seconds.
"""

from __future__ import annotations

import json
import random
import secrets
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from support.memory_channel import pair
from support.peak import peak

from compiler import artifact, pipeline
from compiler.words.integers import Array
from lang.source import Source
from runtime.execute.yao import ForgedOutput
from runtime.net.channel import HEADER, Channel
from runtime.net.errors import NetworkError
from runtime.net.frames import Frame
from runtime.ot import group
from runtime.ot.errors import CheatingDetected
from runtime.party.run import prepare, run
from runtime.privacy.randomness import RunSecret
from runtime.program import Program
from runtime.session.hello import Disagreement
from runtime.session.state import Role

COMPARING = """party p; party q;
input x: int<6> from p;
input y: int<6> from q;
output less = reveal(x < y) to p, q;
output most = reveal(max(x, y)) to q;
"""
TRAINING = """party vendor; party hospital;
input w0: fix<8, 5>[2] from vendor;
dataset records from hospital { x: fix<5, 4>[2] where norm2(x) <= 1.0; y: bit; }
var w = w0;
dpsgd w on records(batch = 1, steps = 2, clip = 1.0, noise = 1.0, rate = 1.0) as row {
    loss logistic(dot(w, row.x), row.y);
}
output w to vendor;
"""
RECORDS = "x0,x1,y\n0.5,0.25,1\n-0.25,0.5,0\n0,0.75,1\n"
EXPECTED = (NetworkError, Disagreement, CheatingDetected, ForgedOutput)  # what a run may end with
LONGEST = (1 << 32) - 1  # that a frame can announce
Frames = list[tuple[int, bytes]]


@dataclass
class Drawn(threading.local):
    """What `secrets` gives this thread."""

    stream: random.Random | None = None

    def token_bytes(self, count: int | None = None) -> bytes:
        assert self.stream is not None
        return self.stream.randbytes(32 if count is None else count)


@dataclass
class Recorded:
    """A channel that keeps what comes in."""

    inner: Channel
    frames: Frames = field(default_factory=list[tuple[int, bytes]])

    def receive(self, limit: int) -> tuple[int, bytes]:
        self.frames.append(self.inner.receive(limit))
        return self.frames[-1]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


@dataclass(frozen=True)
class Setting:
    """A program and what its parties bring."""

    program: Program
    given: Mapping[Role, Mapping[str, str]]

    @staticmethod
    def of(text: str, garbler: Mapping[str, str], evaluator: Mapping[str, str]) -> Setting:
        compiled = pipeline.compile(Source("frames.ccr", text))
        made = Program("frames.ccr", compiled, artifact.encode(compiled), None)
        return Setting(made, {Role.GARBLER: garbler, Role.EVALUATOR: evaluator})


def settings(folder: Path) -> list[Setting]:
    """One where both learn something, and one with products, joint noise and transfers in every step."""
    (folder / "records.csv").write_text(RECORDS)
    (folder / "w0.csv").write_text("w\n0.5\n-0.25\n")
    training = {"records": str(folder / "records.csv")}, {"w0": str(folder / "w0.csv")}
    comparing = Setting.of(COMPARING, {"x": "3"}, {"y": "-4"})
    assert (comparing.program.compiled.garbler, comparing.program.compiled.evaluator) == ("p", "q")
    return [comparing, Setting.of(TRAINING, *training)]


def played(of: Setting, role: Role, channel: Channel, drawn: Drawn) -> dict[str, Array]:
    """One party's run, whose randomness is its role's."""
    drawn.stream = random.Random(role.value)
    compiled = of.program.compiled
    party = compiled.garbler if role is Role.GARBLER else compiled.evaluator
    sources = prepare(of.program, party, of.given[role], RunSecret.from_seed(1))
    return run(of.program, party, sources, channel).outputs


def recorded(of: Setting, drawn: Drawn) -> dict[Role, Frames]:
    """The frames that an honest peer sends to each role."""
    left, right = map(Recorded, pair(20.0))
    ends: dict[Role, Any] = {Role.GARBLER: left, Role.EVALUATOR: right}
    other = threading.Thread(target=played, args=(of, Role.GARBLER, ends[Role.GARBLER], drawn))
    other.start()
    played(of, Role.EVALUATOR, ends[Role.EVALUATOR], drawn)
    other.join()
    return {role: end.frames for role, end in ends.items()}


def joined(frames: Iterable[tuple[int, int, bytes]]) -> bytes:
    """Kinds, the lengths that they announce, payloads."""
    return b"".join(HEADER.pack(kind, length) + payload for kind, length, payload in frames)


def mutated(frames: Frames, chance: random.Random) -> bytes:
    """The bytes of the frames with one to three changes."""
    changed = [(kind, len(payload), payload) for kind, payload in frames]
    for _ in range(chance.choice((1, 1, 2, 3))):
        i = chance.randrange(len(changed)) if changed else 0
        if not changed:
            break
        kind, length, payload = changed[i]
        match chance.randrange(8):
            case 0:
                del changed[i]
            case 1:
                changed.insert(i, changed[chance.randrange(len(changed))])
            case 2:
                changed[i] = chance.choice((*Frame, 99, 255)), length, payload
            case 3:
                changed[i] = kind, chance.choice((0, 1, min(length + 1, LONGEST), 1 << 20, LONGEST)), payload
            case 4:
                cut = payload[: chance.randrange(len(payload) + 1)]
                changed[i] = kind, len(cut), cut
            case 5:
                more = payload + chance.randbytes(chance.choice((1, 16, 5000)))
                changed[i] = kind, len(more), more
            case _:
                flipped = bytearray(payload)
                for _ in range(chance.choice((1, 1, 30))):
                    if flipped:
                        flipped[chance.randrange(len(flipped))] ^= chance.randrange(1, 256)
                changed[i] = kind, length, bytes(flipped)
    return joined(changed)


def answered(of: Setting, role: Role, sent: bytes, drawn: Drawn) -> str:
    """How the party's run ended, which was sent these bytes and then nothing."""
    own, peer = pair(20.0)
    peer.last(sent)
    try:
        played(of, role, own, drawn)
    except EXPECTED as error:
        assert str(error).isprintable(), str(error)
        return type(error).__name__
    return "ended well"


def fuzz(role: Role, first: int, last: int, seconds: float) -> Mapping[str, Any]:
    drawn = Drawn()
    secrets.token_bytes = drawn.token_bytes  # also what `token_hex` is made of
    for slow in ("multiply", "base", "add", "is_valid", "hash_to_group"):  # the same points come again and again
        setattr(group, slow, lru_cache(10_000)(getattr(group, slow)))
    with tempfile.TemporaryDirectory() as folder:
        plays = [(of, recorded(of, drawn)[role]) for of in settings(Path(folder))]
        for of, frames in plays:
            whole = joined((kind, len(payload), payload) for kind, payload in frames)
            assert answered(of, role, whole, drawn) == "ended well"
        return _fuzz(role, plays, drawn, range(first, last), seconds)


def _fuzz(
    role: Role, plays: list[tuple[Setting, Frames]], drawn: Drawn, numbers: range, seconds: float
) -> Mapping[str, Any]:
    begun, slowest, counts = time.process_time(), (0.0, -1), Counter[str]()
    for number in numbers:
        if time.process_time() - begun > seconds:
            break
        start = time.process_time()
        of, frames = plays[number % 4 == 3]  # the longer one less often
        counts[answered(of, role, mutated(frames, random.Random(number)), drawn)] += 1
        slowest = max(slowest, (time.process_time() - start, number))
    return {"tried": counts.total(), "counts": counts, "slowest": slowest, "peak": peak()}


if __name__ == "__main__":
    print(json.dumps(fuzz(Role(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))))
