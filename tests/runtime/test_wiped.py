"""What is left in memory of Δ once it is destroyed: nothing in the secret, the tiles and the transfers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from support.fuzz_frames import COMPARING, Drawn, Setting, recorded

from compiler.gates.knowledge import Half
from runtime.crypto.columns import Columns, Leaves
from runtime.crypto.labels import Labels, fresh, fresh_delta
from runtime.crypto.secret import LabelSecret, SecretDestroyed
from runtime.execute import engines
from runtime.execute.instructions import And
from runtime.execute.one_sided import OneSidedGarbler
from runtime.execute.portable import GarblerTile
from runtime.ot.extension import Sender

LANES = 8


def memory(of: object) -> Iterator[np.ndarray]:
    """Every array that an object of ours holds, at whatever depth."""
    if isinstance(of, np.ndarray):
        yield of
    elif isinstance(of, (tuple, list)):
        for each in of:
            yield from memory(each)
    elif isinstance(of, dict):
        yield from memory(list(of.values()))
    elif type(of).__module__.startswith("runtime."):
        names = [*getattr(of, "__dict__", {}), *getattr(type(of), "__slots__", ())]
        yield from memory([getattr(of, name) for name in names])


def blocks(arrays: Iterator[np.ndarray]) -> set[int]:
    """All their labels, as integers."""
    data = b"".join(array.tobytes() for array in arrays)
    return {int.from_bytes(data[i : i + 16], "little") for i in range(0, len(data) - 15, 16)}


def betrays(found: set[int], delta: int) -> bool:
    return delta in found or any(block ^ delta in found for block in found)


@pytest.mark.parametrize("inverted", [False, True])
def test_the_buffers_of_a_tile(inverted: bool) -> None:
    """Masks hold Δ where a permute bit is 1, and the hash's input is both labels of every wire."""
    delta = fresh_delta()
    number = int.from_bytes(delta.tobytes(), "little")
    secret = LabelSecret(delta)
    tile = GarblerTile(bytes(16), secret, LANES)
    left, right = fresh(LANES), fresh(LANES)
    right[:, 0] |= np.uint64(1)
    tables = np.empty((2, LANES, 2), dtype=np.uint64)
    tile.garble((left, right, np.empty_like(left)), And(0, 1, 2, inverted, False), 3, tables)
    assert betrays(blocks(memory([tile])), number)
    secret.destroy()
    assert not betrays(blocks(memory([tile, secret])), number)
    assert not any(array.any() for array in memory(secret))
    with pytest.raises(SecretDestroyed):
        GarblerTile(bytes(16), secret, LANES + 1)


@pytest.mark.parametrize("half", [Half.GARBLERS, Half.EVALUATORS, Half.OWN])
def test_the_buffers_of_one_half(half: Half) -> None:
    delta = fresh_delta()
    number = int.from_bytes(delta.tobytes(), "little")
    secret = LabelSecret(delta)
    tile = OneSidedGarbler(bytes(16), secret, LANES, half)
    left, right = fresh(LANES), fresh(LANES)
    right[:, 0] |= np.uint64(1)
    gate = And(0, 1, 2, False, False, half)
    tile.garble((left, right, np.empty_like(left)), gate, 3, np.empty((LANES, 2), dtype=np.uint64))
    assert betrays(blocks(memory([tile])), number)
    secret.destroy()
    assert not betrays(blocks(memory([tile, secret])), number)


def test_a_session_leaves_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of its labels, and that of its transfers."""
    engines.chosen()  # whose self-test has a label secret of its own, once in a process
    made: list[LabelSecret | Sender] = []

    def kept(secret: LabelSecret, delta: Labels) -> None:
        of_a_secret(secret, delta)
        made.append(secret)

    def kept_too(sender: Sender, session: bytes, delta: Labels, leaves: Leaves, by: Columns) -> None:
        of_a_sender(sender, session, delta, leaves, by)
        made.append(sender)

    of_a_secret, of_a_sender = LabelSecret.__init__, Sender.__init__
    monkeypatch.setattr(LabelSecret, "__init__", kept)
    monkeypatch.setattr(Sender, "__init__", kept_too)
    recorded(Setting.of(COMPARING, {"x": "3"}, {"y": "-4"}), Drawn())
    secret, sender = made
    assert isinstance(secret, LabelSecret) and isinstance(sender, Sender)
    assert list(memory(secret)) and not any(array.any() for array in memory(made))
    assert sender._streams is None
    with pytest.raises(SecretDestroyed), secret.in_use():
        pass
