"""The base transfers: agreement, and refusal of everything an honest party would not send."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from nacl import bindings
from numpy.typing import NDArray
from support.memory_channel import pair

from runtime.net.errors import ProtocolError
from runtime.ot import base, group
from runtime.ot.errors import CheatingDetected
from runtime.ot.oracle import DIGEST_BYTES, Oracle, oracle

SESSION = b"session"
IDENTITY = b"\1" + bytes(31)
# A point of order 8 and one of order 4, and a point with a component of order 4: none is in the prime-order group.
ORDER_8 = bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")
ORDER_4 = bytes(32)
MIXED = bindings.crypto_core_ed25519_add(bindings.crypto_scalarmult_ed25519_base_noclamp(b"\5" + bytes(31)), ORDER_8)
NOT_CANONICAL = b"\xff" * 31 + b"\x7f"
BAD_POINTS = {"identity": IDENTITY, "order 8": ORDER_8, "order 4": ORDER_4, "mixed": MIXED, "encoding": NOT_CANONICAL}


def random_choices() -> NDArray[np.uint8]:
    return np.frombuffer(secrets.token_bytes(128), np.uint8) & np.uint8(1)


def flip(message: bytes, bit: int) -> bytes:
    out = bytearray(message)
    out[bit // 8] ^= 1 << bit % 8
    return bytes(out)


def test_the_receiver_gets_the_seed_it_chose() -> None:
    choices = random_choices()
    left, right = pair()
    with ThreadPoolExecutor() as pool:
        chosen = pool.submit(base.receive, left, SESSION, choices)
        zero, one = base.send(right, SESSION)
    assert chosen.result() == [pair_[bit] for bit, pair_ in zip(choices, zip(zero, one, strict=True), strict=True)]
    assert len(set(zero + one)) == 256
    assert {len(seed) for seed in zero + one} == {16}


@pytest.mark.parametrize("bit", [0, 1])
def test_all_choices_equal(bit: int) -> None:
    choosing = base.choose(SESSION, np.full(128, bit, dtype=np.uint8))
    offered = base.offer(SESSION, choosing.message)
    answer, seeds = choosing.answer(offered.message)
    assert offered.accept(answer)[bit] == seeds


def test_two_runs_share_nothing() -> None:
    choices = random_choices()
    first, second = base.choose(SESSION, choices), base.choose(SESSION, choices)
    assert first.message != second.message
    assert base.offer(SESSION, first.message).seeds != base.offer(SESSION, first.message).seeds


def test_equal_choices_do_not_show() -> None:
    """With one scalar for two transfers their points would be equal where the choices are: Δ, read off a message."""
    message = base.choose(SESSION, np.zeros(128, dtype=np.uint8)).message
    assert len({message[start : start + 32] for start in range(DIGEST_BYTES, len(message), 32)}) == 128


def test_the_target_is_new_and_nobodys() -> None:
    """Whoever knew its logarithm, the receiver or one before it, would have both pads of every pair."""
    seeds = {base.choose(SESSION, random_choices()).message[:DIGEST_BYTES] for _ in range(2)}
    assert len(seeds) == 2
    digest = oracle(b"target", SESSION, b"seed")
    halves = [bindings.crypto_core_ed25519_from_uniform(digest[i : i + 32]) for i in (0, 32)]
    assert group.hash_to_group(b"target", SESSION, b"seed") == group.add(*halves)


def test_a_scalar_is_any_below_the_order() -> None:
    scalars = [int.from_bytes(group.scalar(), "little") for _ in range(64)]
    order = 2**252 + 27742317777372353535851937790883648493
    assert max(scalars) < order and len({scalar >> 236 for scalar in scalars}) > 50


def test_no_two_lists_of_parts_are_hashed_alike() -> None:
    assert oracle(b"a", b"bc", b"") != oracle(b"a", b"b", b"c") != oracle(b"ab", b"c")
    assert oracle(b"a", b"bc") != oracle(b"ab", b"c") and oracle(b"a", b"") != oracle(b"a")
    begun = Oracle(b"a", b"bc")
    for last in (b"d", b"", b"d"):
        assert begun.of(last) == oracle(b"a", b"bc", last)


def test_a_pad_is_of_its_place() -> None:
    """Of the transcript, the index, the bit and the point, each: else a receiver has one pad of two places."""
    given = [(b"t", 1, 0, b"p"), (b"u", 1, 0, b"p"), (b"t", 2, 0, b"p"), (b"t", 1, 1, b"p"), (b"t", 1, 0, b"q")]
    assert len({base._pad(*place) for place in given}) == len(given)
    assert len({base._transcript(*said) for said in ((b"s", b"c", b"z"), (b"r", b"c", b"z"), (b"s", b"d", b"z"))}) == 3
    assert base._transcript(b"s", b"c", b"z") != base._transcript(b"s", b"c", b"y")


def test_what_is_shown_of_a_pad_tells_neither_pad_nor_seed() -> None:
    pad = secrets.token_bytes(DIGEST_BYTES)
    shown, seed = base._commit(b"t", pad), base._seed(b"t", pad)
    assert shown != pad and seed not in (pad[:16], shown[:16]) and len(seed) == 16
    assert base._commit(b"u", pad) != shown and base._seed(b"u", pad) != seed


def test_sessions_do_not_mix() -> None:
    choosing = base.choose(b"one", random_choices())
    offered = base.offer(b"another", choosing.message)
    with pytest.raises(CheatingDetected):
        choosing.answer(offered.message)


@pytest.mark.parametrize("bit", [0, 511])
def test_a_changed_seed_of_the_target_is_caught(bit: int) -> None:
    choosing = base.choose(SESSION, random_choices())
    with pytest.raises(CheatingDetected):
        choosing.answer(base.offer(SESSION, flip(choosing.message, bit)).message)


@pytest.mark.parametrize("index", [0, 64, 127])
def test_a_changed_point_is_caught(index: int) -> None:
    choosing = base.choose(SESSION, random_choices())
    start = DIGEST_BYTES + 32 * index
    other = group.base(group.scalar())
    message = choosing.message[:start] + other + choosing.message[start + 32 :]
    with pytest.raises(CheatingDetected):
        choosing.answer(base.offer(SESSION, message).message)


@pytest.mark.parametrize("bad", BAD_POINTS.values(), ids=BAD_POINTS.keys())
def test_a_receivers_point_outside_the_group_is_refused(bad: bytes) -> None:
    message = base.choose(SESSION, random_choices()).message
    start = DIGEST_BYTES + 32 * 77
    with pytest.raises(CheatingDetected, match="outside the group"):
        base.offer(SESSION, message[:start] + bad + message[start + 32 :])


def test_the_target_itself_is_refused() -> None:
    message = base.choose(SESSION, random_choices()).message
    target = group.hash_to_group(b"target", SESSION, message[:DIGEST_BYTES])
    with pytest.raises(CheatingDetected):
        base.offer(SESSION, message[:-32] + target)


@pytest.mark.parametrize("bad", BAD_POINTS.values(), ids=BAD_POINTS.keys())
def test_a_senders_point_outside_the_group_is_refused(bad: bytes) -> None:
    choosing = base.choose(SESSION, random_choices())
    with pytest.raises(CheatingDetected, match="outside the group"):
        choosing.answer(bad + base.offer(SESSION, choosing.message).message[32:])


@pytest.mark.parametrize("part", ["proof", "z"])
def test_a_changed_offer_is_caught(part: str) -> None:
    choosing = base.choose(SESSION, random_choices())
    message = base.offer(SESSION, choosing.message).message
    changed = flip(message, 8 * len(message) - 1) if part == "proof" else group.base(group.scalar()) + message[32:]
    with pytest.raises(CheatingDetected):
        choosing.answer(changed)


@pytest.mark.parametrize("bit", [0, 1])
def test_a_changed_challenge_is_a_guess_at_one_choice(bit: int) -> None:
    # The one attack the protocol leaves: it is caught exactly if the guess (here: 0) is wrong.
    choices = random_choices()
    choices[5] = bit
    choosing = base.choose(SESSION, choices)
    offered = base.offer(SESSION, choosing.message)
    changed = flip(offered.message, 8 * (32 + 64 * 5))
    if bit:
        with pytest.raises(CheatingDetected):
            choosing.answer(changed)
    else:
        assert offered.accept(choosing.answer(changed)[0])[0][5] == choosing.answer(changed)[1][5]


@pytest.mark.parametrize("bit", [0, 200, 511])
def test_a_changed_answer_is_caught(bit: int) -> None:
    choosing = base.choose(SESSION, random_choices())
    offered = base.offer(SESSION, choosing.message)
    with pytest.raises(CheatingDetected):
        offered.accept(flip(choosing.answer(offered.message)[0], bit))


@pytest.mark.parametrize("change", [-1, 1])
def test_wrong_lengths_are_refused(change: int) -> None:
    def stretch(message: bytes) -> bytes:
        return message[:-1] if change < 0 else message + b"\0"

    choosing = base.choose(SESSION, random_choices())
    offered = base.offer(SESSION, choosing.message)
    answer, _ = choosing.answer(offered.message)
    with pytest.raises(ProtocolError):
        base.offer(SESSION, stretch(choosing.message))
    with pytest.raises(ProtocolError):
        choosing.answer(stretch(offered.message))
    with pytest.raises(ProtocolError):
        offered.accept(stretch(answer))


def test_no_secret_in_a_representation() -> None:
    choosing = base.choose(SESSION, random_choices())
    offered = base.offer(SESSION, choosing.message)
    assert "scalars" not in repr(choosing)
    assert "choices" not in repr(choosing)
    assert "seeds" not in repr(offered)
