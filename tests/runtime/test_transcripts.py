"""What either party sends where all randomness is fixed, frozen byte for byte: transfers, tables, whole sessions.

Where a line changes, peers of two versions no longer understand each other, or something else is drawn, hashed or
sent than before.  A session's tables change with its circuits too; its first frames and the transfers do not.
"""

from __future__ import annotations

import hashlib
import random
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from conftest import Golden
from support.fuzz_frames import Drawn, recorded, settings

from runtime.crypto.labels import encode
from runtime.net.frames import Frame
from runtime.ot import base
from runtime.ot.extension import Receiver, Sender
from runtime.ot.trees import plant, reach, turned
from runtime.session.state import Role

SESSION = b"a session's name"
FOLDER = Path(__file__).parent / "transcripts"
BITS = np.unpackbits(np.frombuffer(hashlib.sha512(b"bits").digest() * 4, np.uint8))


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Drawn:
    found = Drawn()
    monkeypatch.setattr(secrets, "token_bytes", found.token_bytes)
    return found


def line(name: str, *pieces: bytes) -> str:
    data = b"".join(pieces)
    return f"{name:32} {len(pieces):5} {len(data):8} {hashlib.sha256(data).hexdigest()}\n"


def test_base_transfers(golden: Golden, drawn: Drawn) -> None:
    drawn.stream = random.Random("receiver")
    choosing = base.choose(SESSION, BITS[:128])
    drawn.stream = random.Random("sender")
    offered = base.offer(SESSION, choosing.message)
    answer, seeds = choosing.answer(offered.message)
    zero, one = offered.accept(answer)
    told = [
        line("receiver sends choices", choosing.message),
        line("sender sends offer", offered.message),
        line("receiver sends answer", answer),
        line("receiver has seeds", *seeds),
        line("sender has seeds of 0", *zero),
        line("sender has seeds of 1", *one),
    ]
    golden.check(FOLDER / "base.txt", "".join(told))


def test_trees(golden: Golden, drawn: Drawn) -> None:
    drawn.stream = random.Random("receiver")
    pads = tuple([hashlib.sha256(bytes((half, i))).digest()[:16] for i in range(128)] for half in (0, 1))
    message, leaves = plant(SESSION, (pads[0], pads[1]))
    reached = reach(SESSION, [pads[bit][i] for i, bit in enumerate(BITS[:128])], BITS[:128], message)
    told = [
        line("receiver sends trees", message),
        line("receiver has leaves", leaves.tobytes()),
        line("sender has leaves", reached.tobytes()),
    ]
    golden.check(FOLDER / "trees.txt", "".join(told))


def test_extension(golden: Golden, drawn: Drawn) -> None:
    """Two batches of two blocks and of one."""
    drawn.stream = random.Random("receiver")
    digests = b"".join(hashlib.sha256(bytes((tree,))).digest() * 8 for tree in range(32))
    leaves = np.frombuffer(digests, np.uint8).reshape(32, 16, 16) ^ np.arange(16, dtype=np.uint8)[:, None]
    delta = np.packbits(BITS[:128] | (np.arange(128) == 0), bitorder="little").view(np.uint64).reshape(1, 2)
    seen = turned(leaves, np.unpackbits(delta.view(np.uint8), bitorder="little"))
    seen[:, 0] = 0
    receiver, sender = Receiver(SESSION, leaves), Sender(SESSION, delta, seen)
    told: list[str] = []
    for name, count in (("first", 200), ("second", 5)):
        message, active = receiver.extend(BITS[:count])
        told.append(line(f"receiver sends {name} batch", message))
        told.append(line(f"receiver has {name} labels", encode(active)))
        told.append(line(f"sender has {name} labels", encode(sender.accept(message, count))))
    golden.check(FOLDER / "extension.txt", "".join(told))


def sent(frames: Iterable[tuple[int, bytes]]) -> Iterator[str]:
    for kind, alike in groupby(frames, lambda frame: frame[0]):
        yield line(Frame(kind).name, *(payload for _, payload in alike))


@pytest.mark.parametrize("number", [0, 1], ids=["comparing", "training"])
def test_sessions(golden: Golden, drawn: Drawn, tmp_path: Path, number: int) -> None:
    setting = settings(tmp_path)[number]
    fixed = replace(setting, program=replace(setting.program, artifact=bytes(32)))  # its digest
    told: list[str] = []
    received = recorded(fixed, drawn)
    for role, peer in ((Role.GARBLER, Role.EVALUATOR), (Role.EVALUATOR, Role.GARBLER)):
        told += [f"{role.value} sends\n", *sent(received[peer])]
    golden.check(FOLDER / f"{('comparing', 'training')[number]}.txt", "".join(told))
